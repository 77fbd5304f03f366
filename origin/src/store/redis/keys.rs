//! Every key name, in one place and of one type.
//!
//! All keys bear one hash tag, so in a Redis Cluster they lie in one slot, on one node. That is on
//! purpose: the block log is one totally ordered log with one epoch, and marking a session and
//! entering it in the log must be one atomic step, which a script can only do within a slot. The
//! other nodes serve as replicas; a rotation is a few dozen microseconds of one node's time.

use std::fmt;

use common::revocation::SegmentName;
use common::{SessionId, Subject};
use redis::{RedisWrite, ToRedisArgs, ToSingleRedisArg};
use uuid::Uuid;
use uuid::fmt::Simple;

use crate::port::Counter;

/// A key.
#[derive(Clone, Copy)]
pub(super) enum Key<'a> {
    /// The block log's epoch.
    Epoch,
    /// Blocked ids by the epoch of the change that brought them.
    BlockedByEpoch,
    /// Blocked ids by when they expire.
    BlockedByExpiry,
    /// What the key of each session begins with.
    Sessions,
    /// One session.
    Session(SessionId),
    /// The sessions of a subject, by when they can be forgotten.
    Subject(&'a Subject),
    /// There while the account of a subject changes, and long after.
    Changed(&'a Subject),
    /// Counts what replicas were asked to confirm.
    Confirmed,
    /// A lease.
    Lease(&'static str),
    /// The time before which no session that began is alive.
    Cutoff,
    /// Which segments there are.
    Manifest,
    /// One segment.
    Segment(SegmentName),
    /// A rate of tries.
    Rate(Counter),
    /// Failures in a row.
    Row(Counter),
}

impl Key<'_> {
    /// The keys of the block log, in the order in which `log.lua` takes them.
    pub(super) const LOG: [Key<'static>; 3] =
        [Key::Epoch, Key::BlockedByEpoch, Key::BlockedByExpiry];
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{portcullis}:")?;
        match self {
            Key::Epoch => f.write_str("epoch"),
            Key::BlockedByEpoch => f.write_str("blocked:epoch"),
            Key::BlockedByExpiry => f.write_str("blocked:expiry"),
            // `session:` were hashes once: those are found no more, and fall away.
            Key::Sessions => f.write_str("sid:"),
            Key::Session(sid) => write!(f, "sid:{sid}"),
            Key::Subject(subject) => write!(f, "subject:{subject}"),
            Key::Changed(subject) => write!(f, "changed:{subject}"),
            Key::Confirmed => f.write_str("confirmed"),
            Key::Lease(name) => write!(f, "lease:{name}"),
            Key::Cutoff => f.write_str("cutoff"),
            Key::Manifest => f.write_str("manifest"),
            Key::Segment(name) => write!(f, "segment:{name}"),
            Key::Rate(counter) => write!(f, "rate:{}", hexadecimal(counter)),
            Key::Row(counter) => write!(f, "failures:{}", hexadecimal(counter)),
        }
    }
}

fn hexadecimal(counter: &Counter) -> Simple {
    Uuid::from_bytes(counter.0).simple()
}

impl ToSingleRedisArg for Key<'_> {}

impl ToRedisArgs for Key<'_> {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        out.write_arg_fmt(self);
    }
}
