//! Sessions and the rotation of their refresh tokens. The store keeps generations and ids, never a
//! token; each call is one atomic step, timed by the store's own clock.

use std::time::Duration;

use async_trait::async_trait;
use common::rotation::{Grace, Reuse};
use common::{Epoch, SessionId, Subject, TokenId, UnixMillis, UnixSeconds};

use super::StoreFault;

/// Where one access token is all: a refresh sooner than this after one was made brings it again, with the same
/// id, so that whoever refreshes all the time does not fill the block log.
pub(crate) const ACCESS_APART: Duration = Duration::from_secs(10);

/// What is known of the device that a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Device {
    /// Digest of user agent and network, as the edge reports them; no two devices without one are
    /// the same.
    pub(crate) digest: Option<String>,
    /// The user agent, as it calls itself; without control characters, as `place`.
    pub(crate) agent: Option<String>,
    /// The network that it is in, as the edge reports it: `192.0.2.0/24`. For the audit log alone.
    pub(crate) network: Option<String>,
    /// Where it is, as the edge reports it, in words like `Seoul, KR`.
    pub(crate) place: Option<String>,
}

/// A session about to begin.
#[derive(Clone, Debug)]
pub(crate) struct NewSession {
    /// Its time is that of the store, see [`Sessions::now`].
    pub(crate) sid: SessionId,
    pub(crate) subject: Subject,
    /// The id of its first refresh token (generation 0).
    pub(crate) jti: TokenId,
    pub(crate) device: Device,
    /// Whether its cookies outlive the browser.
    pub(crate) remember: bool,
    /// How long it lives unused.
    pub(crate) idle: Duration,
    /// How long it lives at most.
    pub(crate) absolute: Duration,
    /// Taken off each idle span, in thousandths (0 to 50), so that refreshes do not come in herds.
    pub(crate) jitter_permille: u16,
    /// The id of its first access token, where a new one is to end the one before.
    pub(crate) access: Option<TokenId>,
    /// How many sessions the subject may have, this one among them; at least one.
    pub(crate) most: u32,
    /// How long the block log keeps those that end for it.
    pub(crate) retain: Duration,
}

/// A session that began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) session: Session,
    /// The sessions that ended for it.
    pub(crate) ended: Vec<SessionId>,
    /// Of their end; there too when that cannot be told any more, since the call was sent a second time.
    pub(crate) epoch: Option<Epoch>,
}

/// The sessions of a subject are ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AllEnded {
    pub(crate) epoch: Epoch,
    /// How many of them nobody had ended before.
    pub(crate) count: u64,
}

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whose {
    pub(crate) subject: Subject,
    /// Whether it lives.
    pub(crate) live: bool,
}

/// A live session: all that is needed to sign its current refresh token, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) sid: SessionId,
    pub(crate) subject: Subject,
    pub(crate) generation: u64,
    pub(crate) jti: TokenId,
    /// When the current refresh token was made (its `iat`).
    pub(crate) rotated_at: UnixSeconds,
    /// When the session dies unless it is used (the current refresh token's `exp`); never after
    /// `absolute_end`.
    pub(crate) idle_end: UnixSeconds,
    pub(crate) absolute_end: UnixSeconds,
    pub(crate) remember: bool,
    /// The user agent that used it last.
    pub(crate) agent: Option<String>,
    /// Where it was used last.
    pub(crate) place: Option<String>,
    /// The id of its latest access token, where a new one is to end the one before.
    pub(crate) access: Option<TokenId>,
}

/// A refresh token presented, its MAC found good.
#[derive(Clone, Debug)]
pub(crate) struct Rotate {
    pub(crate) sid: SessionId,
    /// Whose session it is.
    pub(crate) subject: Subject,
    pub(crate) generation: u64,
    pub(crate) jti: TokenId,
    pub(crate) device: Device,
    /// The id of the successor, should there be a new one.
    pub(crate) next_jti: TokenId,
    /// As in [`NewSession::jitter_permille`].
    pub(crate) jitter_permille: u16,
    /// The id of the access token that comes with the successor, if that is to end the one before.
    pub(crate) next_access: Option<TokenId>,
}

/// What holds for every session of this issuer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RotationRules {
    pub(crate) grace: Grace,
    /// How long the block log keeps the `sid` of an ended session: the longest life of an access
    /// token, plus leeway.
    pub(crate) retain: Duration,
}

/// Why a presented refresh token ends its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Unknown, or past its idle or absolute end.
    Expired,
    /// Revoked before.
    Revoked,
    /// Two holders of one generation.
    Forked,
    /// An old token.
    Reused(Reuse),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// The session goes on with this successor: a new one (rotated, replaced, healed) or the one
    /// an earlier call got (`repeated`).
    Live {
        session: Session,
        /// How it went, for the audit trail.
        judgement: common::rotation::Judgement,
        /// Of the end of the access token before, if one ended.
        epoch: Option<Epoch>,
        /// Whether the account may be another than it was, see [`Sessions::account_changes`].
        account_changed: bool,
    },
    /// It ended; its `sid` is in the block log at this epoch.
    Ended { why: Ended, epoch: Epoch },
}

/// Why a session is revoked from outside of rotation. Recorded with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RevokeReason {
    /// Its user signed out here.
    Logout,
    /// Its user signed out everywhere, or everywhere else.
    LogoutAll,
    /// Its user chose another password.
    Password,
    /// Somebody who runs this ended it.
    Operator,
    /// Its user signed in anew, and has as many sessions as may be.
    Superseded,
}

/// The sessions. A revocation of any kind marks the session **and** enters its `sid` in the block
/// log in one atomic step.
#[async_trait]
pub(crate) trait Sessions: Send + Sync {
    /// The time for a session that begins: the store's, and not before the last cutoff. Sessions
    /// and cutoffs are timed by one clock, so that their order is what it looks like.
    async fn now(&self) -> Result<UnixMillis, StoreFault>;

    /// Begins a session. Where the subject has more than it may then, those end in the same step that were
    /// unused for longest. Its id is fresh; one that exists is a fault. `None` when everybody was signed out since the time that the id bears:
    /// begin again with a later one.
    async fn begin(&self, new: &NewSession) -> Result<Option<Begun>, StoreFault>;

    /// Applies [`common::rotation::judge`]. With `next_access`, a new successor ends the access token
    /// that came with the one before, and one that is repeated comes with the same again; so does a new one
    /// within [`ACCESS_APART`], unless that access token was revoked.
    async fn rotate(&self, request: &Rotate, rules: &RotationRules)
    -> Result<Rotation, StoreFault>;

    /// Revokes one session. One that is unknown or ended is blocked all the same, unless it is
    /// already: what was asked for is that its tokens die.
    async fn revoke(
        &self,
        sid: SessionId,
        reason: RevokeReason,
        retain: Duration,
    ) -> Result<Epoch, StoreFault>;

    /// Revokes every session of `subject`, but for the one that is kept, if one is.
    async fn revoke_all(
        &self,
        subject: &Subject,
        kept: Option<SessionId>,
        reason: RevokeReason,
        retain: Duration,
    ) -> Result<AllEnded, StoreFault>;

    /// Ends every session there is. One that begins after this has returned lives.
    async fn cut_off(&self) -> Result<Epoch, StoreFault>;

    /// The live sessions of `subject`, newest first.
    async fn of(&self, subject: &Subject) -> Result<Vec<Session>, StoreFault>;

    /// Whose session this is; `None` when there is none, or none is remembered.
    async fn whose(&self, sid: SessionId) -> Result<Option<Whose>, StoreFault>;

    /// Says that the account of `subject` is about to change. For so long, each rotation of its
    /// sessions says so too.
    async fn account_changes(&self, subject: &Subject, told: Duration) -> Result<(), StoreFault>;

    /// Counts the connections that there were to where this is kept. With another one, what was announced
    /// may be lost: a failover, a restart, another copy.
    fn tenure(&self) -> u64;

    /// Whether the store answers, for `/readyz`.
    async fn ping(&self) -> Result<(), StoreFault>;
}
