//! What a presented refresh token means for its session: the table of RFC 9700 §4.14.2 with the
//! two mercies that keep honest users signed in. Pure; a store applies the judgement atomically.
//!
//! The Redis store needs the same table inside its script; the stores' contract suite compares
//! the two on random histories.

use core::time::Duration;

use crate::{TokenId, UnixMillis, UnixSeconds};

/// How forgiving rotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// How long the previous token still gets the same successor (a race, a lost response).
    pub window: Duration,
    /// How long after a rotation the same device may come back with the previous token, as long
    /// as the successor was never presented. Zero turns it off.
    pub late_retry: Duration,
}

/// The refresh token in hand, after its MAC was found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presented<'a> {
    /// Its generation.
    pub generation: u64,
    /// Its id.
    pub jti: TokenId,
    /// Digest of the device that sends it; `None` when nobody trusted reported one.
    pub device: Option<&'a str>,
}

/// What the store holds of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held<'a> {
    /// Whether it was revoked, for whatever reason.
    pub revoked: bool,
    /// The generation now current.
    pub generation: u64,
    /// The id of the refresh token now current.
    pub jti: TokenId,
    /// The id of the one before; `None` at the first generation.
    pub previous: Option<TokenId>,
    /// When the current token was made.
    pub rotated_at: UnixMillis,
    /// When the session dies unless it is used.
    pub idle_end: UnixSeconds,
    /// When it dies whatever happens.
    pub absolute_end: UnixSeconds,
    /// Digest of the device that got the current token.
    pub device: Option<&'a str>,
}

/// What to do. All that is not [`Rotate`](Self::Rotate), [`Repeat`](Self::Repeat),
/// [`Replace`](Self::Replace) or [`Heal`](Self::Heal) ends the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The current token: a new id, the next generation.
    Rotate,
    /// The previous one, within the grace: the same successor again.
    Repeat,
    /// The previous one, late, from the same device: a new id at the same generation.
    Replace,
    /// A generation the store does not know yet: it lost writes. Go on from the presented one.
    Heal,
    /// Unknown, or past its idle or absolute end.
    Expired,
    /// Revoked before.
    Revoked,
    /// Two holders of one generation.
    Forked,
    /// An older token.
    Reused(Reuse),
}

/// How a reused token came, for the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// From another device than the one that got the current token, or from an unknown one.
    OtherDevice,
    /// Within the grace of a later rotation.
    Concurrent,
    /// After it.
    Late,
}

/// Judges `presented` against what is held of its session at `now`.
#[must_use]
pub fn judge(
    held: Option<Held<'_>>,
    presented: Presented<'_>,
    grace: Grace,
    now: UnixMillis,
) -> Judgement {
    let Some(held) = held else {
        return Judgement::Expired;
    };
    if held.revoked {
        return Judgement::Revoked;
    }
    if now.seconds() >= held.idle_end || now.seconds() >= held.absolute_end {
        return Judgement::Expired;
    }
    if presented.generation > held.generation {
        return Judgement::Heal;
    }
    if presented.generation == held.generation {
        return if presented.jti == held.jti { Judgement::Rotate } else { Judgement::Forked };
    }

    let age = now.since(held.rotated_at);
    // An unknown device is never the same device: the late mercy needs a reason to be given.
    let same_device = presented.device.is_some() && presented.device == held.device;
    // The generation of `previous` is by construction the one before the current, so a token with
    // its id needs no look at the generation. That the successor was never presented is as sure:
    // presenting it would have moved the generation on.
    if held.previous == Some(presented.jti) {
        if age <= grace.window {
            return Judgement::Repeat;
        }
        if same_device && age <= grace.late_retry {
            return Judgement::Replace;
        }
    }
    Judgement::Reused(if !same_device {
        Reuse::OtherDevice
    } else if age <= grace.window {
        Reuse::Concurrent
    } else {
        Reuse::Late
    })
}

#[cfg(test)]
mod tests;
