//! The strict reading of our tokens. Libraries are too lax (see each rule), so form, header and
//! claims are judged here; the signature itself is always a library's or the platform's.
//!
//! The way is the same for all: [`Jws::parse`] reads the form, a kind of token (access, refresh,
//! assertion, head) judges header and claims and asks for a [`SignatureCheck`]; whoever can verify answers it;
//! only then the content comes out.

pub mod access;
pub mod assertion;
mod cache;
mod claims;
mod compact;
mod error;
mod header;
pub mod id_token;
pub mod refresh;
mod signature;

pub use access::{AccessClaims, AccessRules, Ids, Verified};
pub use cache::{Seen, VerifiedCache};
pub(crate) use claims::{Claims, is_word};
pub use compact::{Jws, join, signing_input};
pub use error::TokenError;
pub use header::{Header, Typ};
pub use signature::{Algorithm, Mac, SignatureCheck};

use crate::SessionId;

/// What a token of ours says of its session. Verified by nobody: for telling two apart, not for trust.
pub(crate) fn unverified_session(text: &str) -> Option<SessionId> {
    let jws = Jws::parse(text, MAX_TOKEN).ok()?;
    Claims::parse(jws.unverified_payload()).ok()?.id("sid").ok()
}

/// The longest token that is looked at, in bytes. Anything longer is refused before any parsing.
pub const MAX_TOKEN: usize = 8 * 1024;
