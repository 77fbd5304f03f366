//! Refreshes and revocations, counted around the store that decides on them.

use std::time::Duration;

use async_trait::async_trait;
use common::rotation::{Judgement, Reuse};
use common::{Epoch, SessionId, Subject, UnixMillis};
use prometheus::{IntCounter, IntCounterVec};
use uuid::Uuid;

use super::{Counted, Metrics};
use crate::port::{
    AllEnded, Begun, BlockLog, Ended, LogPage, NewSession, RevokeReason, Rotate, Rotation,
    RotationRules, Session, Sessions, StoreFault, Whose,
};

/// Refresh tokens presented, by what came of them.
pub(super) struct Refreshes {
    rotated: IntCounter,
    repeated: IntCounter,
    replaced: IntCounter,
    healed: IntCounter,
    expired: IntCounter,
    revoked: IntCounter,
    forked: IntCounter,
    reused: IntCounter,
    pub(super) invalid: IntCounter,
    failed: IntCounter,
    reuse: Reuses,
}

/// Tokens that came back, by how it was found.
struct Reuses {
    forked: IntCounter,
    other_device: IntCounter,
    concurrent: IntCounter,
    late: IntCounter,
}

/// Revocations that are kept, by kind.
pub(super) struct Revocations {
    logout: IntCounter,
    everywhere: IntCounter,
    password: IntCounter,
    operator: IntCounter,
    superseded: IntCounter,
    reuse: IntCounter,
    token: IntCounter,
    token_superseded: IntCounter,
}

impl Refreshes {
    pub(super) fn new(outcomes: &IntCounterVec, reuses: &IntCounterVec) -> Self {
        let outcome = |word| outcomes.with_label_values(&[word]);
        let how = |word| reuses.with_label_values(&[word]);
        Self {
            rotated: outcome("rotated"),
            repeated: outcome("repeated"),
            replaced: outcome("replaced"),
            healed: outcome("healed"),
            expired: outcome("expired"),
            revoked: outcome("revoked"),
            forked: outcome("forked"),
            reused: outcome("reused"),
            invalid: outcome("invalid"),
            failed: outcome("failed"),
            reuse: Reuses {
                forked: how("forked"),
                other_device: how("other-device"),
                concurrent: how("concurrent"),
                late: how("late"),
            },
        }
    }

    fn ended(&self, why: Ended) {
        match why {
            Ended::Expired => self.expired.inc(),
            Ended::Revoked => self.revoked.inc(),
            Ended::Forked => {
                self.forked.inc();
                self.reuse.forked.inc();
            }
            Ended::Reused(reuse) => {
                self.reused.inc();
                match reuse {
                    Reuse::OtherDevice => self.reuse.other_device.inc(),
                    Reuse::Concurrent => self.reuse.concurrent.inc(),
                    Reuse::Late => self.reuse.late.inc(),
                }
            }
        }
    }

    fn live(&self, judgement: Judgement) {
        match judgement {
            Judgement::Rotate => self.rotated.inc(),
            Judgement::Repeat => self.repeated.inc(),
            Judgement::Replace => self.replaced.inc(),
            Judgement::Heal => self.healed.inc(),
            // These end a session.
            Judgement::Expired | Judgement::Revoked | Judgement::Forked | Judgement::Reused(_) => {}
        }
    }
}

impl Revocations {
    pub(super) fn new(kinds: &IntCounterVec) -> Self {
        let kind = |word| kinds.with_label_values(&[word]);
        Self {
            logout: kind("logout"),
            everywhere: kind("everywhere"),
            password: kind("password"),
            operator: kind("operator"),
            superseded: kind("superseded"),
            reuse: kind("reuse"),
            token: kind("token"),
            token_superseded: kind("token-superseded"),
        }
    }

    fn by(&self, reason: RevokeReason) -> &IntCounter {
        match reason {
            RevokeReason::Logout => &self.logout,
            RevokeReason::LogoutAll => &self.everywhere,
            RevokeReason::Password => &self.password,
            RevokeReason::Operator => &self.operator,
            RevokeReason::Superseded => &self.superseded,
        }
    }
}

impl Metrics {
    fn rotation(&self, outcome: &Result<Rotation, StoreFault>) {
        match outcome {
            Ok(Rotation::Live { judgement, epoch, .. }) => {
                self.refreshes.live(*judgement);
                if epoch.is_some() {
                    self.revocations.token_superseded.inc();
                }
            }
            Ok(Rotation::Ended { why, .. }) => {
                self.refreshes.ended(*why);
                if matches!(why, Ended::Forked | Ended::Reused(_)) {
                    self.revocations.reuse.inc();
                }
            }
            Err(_) => self.refreshes.failed.inc(),
        }
    }
}

#[async_trait]
impl<P: Sessions + ?Sized> Sessions for Counted<P> {
    async fn now(&self) -> Result<UnixMillis, StoreFault> {
        self.session_call(self.inner.now().await)
    }

    async fn begin(&self, new: &NewSession) -> Result<Option<Begun>, StoreFault> {
        let begun = self.session_call(self.inner.begin(new).await)?;
        let ended = begun.as_ref().map_or(0, |begun| begun.ended.len());
        self.metrics.revocations.superseded.inc_by(ended as u64);
        Ok(begun)
    }

    async fn rotate(
        &self,
        request: &Rotate,
        rules: &RotationRules,
    ) -> Result<Rotation, StoreFault> {
        let outcome = self.inner.rotate(request, rules).await;
        self.metrics.rotation(&outcome);
        self.session_call(outcome)
    }

    async fn revoke(
        &self,
        sid: SessionId,
        reason: RevokeReason,
        retain: Duration,
    ) -> Result<Epoch, StoreFault> {
        let epoch = self.session_call(self.inner.revoke(sid, reason, retain).await)?;
        self.metrics.revocations.by(reason).inc();
        Ok(epoch)
    }

    async fn revoke_all(
        &self,
        subject: &Subject,
        kept: Option<SessionId>,
        reason: RevokeReason,
        retain: Duration,
    ) -> Result<AllEnded, StoreFault> {
        let outcome = self.inner.revoke_all(subject, kept, reason, retain).await;
        let ended = self.session_call(outcome)?;
        self.metrics.revocations.by(reason).inc();
        Ok(ended)
    }

    async fn cut_off(&self) -> Result<Epoch, StoreFault> {
        self.session_call(self.inner.cut_off().await)
    }

    async fn of(&self, subject: &Subject) -> Result<Vec<Session>, StoreFault> {
        self.session_call(self.inner.of(subject).await)
    }

    async fn whose(&self, sid: SessionId) -> Result<Option<Whose>, StoreFault> {
        self.session_call(self.inner.whose(sid).await)
    }

    async fn account_changes(&self, subject: &Subject, told: Duration) -> Result<(), StoreFault> {
        self.session_call(self.inner.account_changes(subject, told).await)
    }

    fn tenure(&self) -> u64 {
        self.inner.tenure()
    }

    async fn ping(&self) -> Result<(), StoreFault> {
        self.session_call(self.inner.ping().await)
    }
}

#[async_trait]
impl<P: BlockLog + ?Sized> BlockLog for Counted<P> {
    async fn block(&self, id: Uuid, retain: Duration) -> Result<Epoch, StoreFault> {
        let epoch = self.session_call(self.inner.block(id, retain).await)?;
        self.metrics.revocations.token.inc();
        Ok(epoch)
    }

    async fn advance(&self, known: Epoch) -> Result<Epoch, StoreFault> {
        self.session_call(self.inner.advance(known).await)
    }

    async fn epoch(&self) -> Result<Epoch, StoreFault> {
        self.session_call(self.inner.epoch().await)
    }

    async fn after(&self, epoch: Epoch, limit: u32) -> Result<LogPage, StoreFault> {
        self.session_call(self.inner.after(epoch, limit).await)
    }

    async fn blocked(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, StoreFault> {
        self.session_call(self.inner.blocked(ids).await)
    }

    async fn prune(&self) -> Result<u64, StoreFault> {
        self.session_call(self.inner.prune().await)
    }
}
