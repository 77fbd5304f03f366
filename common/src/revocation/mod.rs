//! What is revoked, as the edge learns it: an exact tail in the head, filters for what is older.

mod answers;
mod blocklist;
mod compact;
mod epoch;
mod head;
mod segment;

pub use answers::Answers;
pub use blocklist::{Blocked, Blocklist, InvalidTail};
pub use compact::{Build, Manifest, Plan, Sealed, TAIL, plan};
pub use epoch::Epoch;
pub use head::{
    Announced, Head, HeadClaims, HeadError, HeadSerial, MAX_HEAD, Standing, UnverifiedHead,
};
pub use segment::{
    Digest, InvalidName, MAX_SEGMENT, Segment, SegmentError, SegmentName, SegmentRef, build_segment,
};
