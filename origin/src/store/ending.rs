//! Why a session ended, as the word that is recorded with it. The Lua scripts write the same words.

use common::rotation::Reuse;

use crate::port::{Ended, RevokeReason};

/// The word for a revocation from outside of rotation.
pub(super) const fn revocation(reason: RevokeReason) -> &'static str {
    match reason {
        RevokeReason::Logout => "logout",
        RevokeReason::LogoutAll => "logout-all",
        RevokeReason::Password => "password",
        RevokeReason::Operator => "operator",
        RevokeReason::Superseded => "superseded",
    }
}

/// The word for the verdict on a presented token.
pub(super) const fn verdict(why: Ended) -> &'static str {
    match why {
        Ended::Expired => "expired",
        Ended::Revoked => "revoked",
        Ended::Forked => "forked",
        Ended::Reused(Reuse::OtherDevice) => "reused-other-device",
        Ended::Reused(Reuse::Concurrent) => "reused-concurrent",
        Ended::Reused(Reuse::Late) => "reused-late",
    }
}

/// The verdict with this word.
pub(super) fn read_verdict(word: &str) -> Option<Ended> {
    [
        Ended::Expired,
        Ended::Revoked,
        Ended::Forked,
        Ended::Reused(Reuse::OtherDevice),
        Ended::Reused(Reuse::Concurrent),
        Ended::Reused(Reuse::Late),
    ]
    .into_iter()
    .find(|why| verdict(*why) == word)
}
