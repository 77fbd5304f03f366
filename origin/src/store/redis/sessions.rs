//! Sessions and their rotation, each call a script.

use std::cmp::Reverse;
use std::time::Duration;

use async_trait::async_trait;
use common::{Epoch, SessionId, Subject, TokenId, UnixMillis};
use redis::Cmd;

use super::keys::Key;
use super::link::{Call, Resend};
use super::{RedisStore, corrupt, script};
use crate::port::{
    ACCESS_APART, AllEnded, Begun, Ended, NewSession, RevokeReason, Rotate, Rotation,
    RotationRules, Session, Sessions, StoreFault, Whose,
};
use crate::store::{REMEMBERED, ending};

#[async_trait]
impl Sessions for RedisStore {
    async fn now(&self) -> Result<UnixMillis, StoreFault> {
        let call = script::NOW.on(&[Key::Cutoff]);
        self.run(call, Resend::Harmless).await.map(UnixMillis::new)
    }

    async fn begin(&self, new: &NewSession) -> Result<Option<Begun>, StoreFault> {
        let keys = [Key::Session(new.sid), Key::Subject(&new.subject), Key::Cutoff];
        let call = script::BEGIN
            .on_log_and(&keys)
            .arg(new.sid.to_string())
            .arg(new.subject.as_str())
            .arg(new.jti.to_string())
            .arg(new.device.digest.as_deref().unwrap_or_default())
            .arg(u8::from(new.remember))
            .arg(new.idle.as_secs())
            .arg(new.absolute.as_secs())
            .arg(new.jitter_permille)
            .arg(REMEMBERED.as_secs())
            .arg(new.device.agent.as_deref().unwrap_or_default())
            .arg(new.device.place.as_deref().unwrap_or_default())
            .arg(id(new.access))
            .arg(new.most)
            .arg(new.retain.as_secs())
            .arg(Key::Sessions);
        // Where one is all, nearly every sign-in ends another session; elsewhere hardly any.
        let is_ending = new.most == 1;
        let reply: Option<String> = if is_ending {
            self.keep(call).await?
        } else {
            self.run(call, Resend::Harmless).await?
        };
        let Some(begun) = reply.as_deref().map(script::read_begun).transpose()? else {
            return Ok(None);
        };
        // Told again where it is waited for, as in `rotate`.
        if !is_ending && self.keepers.is_some() {
            let word = ending::revocation(RevokeReason::Superseded);
            for sid in &begun.ended {
                self.end(*sid, word, new.retain).await?;
            }
        }
        Ok(Some(begun))
    }

    async fn rotate(
        &self,
        request: &Rotate,
        rules: &RotationRules,
    ) -> Result<Rotation, StoreFault> {
        let call = script::ROTATE
            .on_log_and(&[Key::Session(request.sid), Key::Cutoff, Key::Changed(&request.subject)])
            .arg(request.sid.to_string())
            .arg(request.generation)
            .arg(request.jti.to_string())
            .arg(request.device.digest.as_deref().unwrap_or_default())
            .arg(request.next_jti.to_string())
            .arg(request.jitter_permille)
            .arg(milliseconds(rules.grace.window))
            .arg(milliseconds(rules.grace.late_retry))
            .arg(rules.retain.as_secs())
            .arg(REMEMBERED.as_secs())
            .arg(request.device.agent.as_deref().unwrap_or_default())
            .arg(request.device.place.as_deref().unwrap_or_default())
            .arg(id(request.next_access))
            .arg(milliseconds(ACCESS_APART));
        // With a grace, the second try finds the token to be the previous one and repeats the
        // successor. Without, it would look like a reuse, and end an honest session.
        let resend = if rules.grace.window >= Duration::from_secs(1) {
            Resend::Harmless
        } else {
            Resend::Never
        };
        let reply: String = self.run(call, resend).await?;
        match script::read_rotation(&reply)? {
            // Rotations do not wait for replicas: one that is lost is healed forward. Where one
            // revokes, or finds what is revoked, the revocation is told again where it is waited
            // for: this connection's primary may not be the one that replicas confirm to.
            Rotation::Ended { why, .. } if why != Ended::Expired && self.keepers.is_some() => {
                let epoch = self.end(request.sid, ending::verdict(why), rules.retain).await?;
                Ok(Rotation::Ended { why, epoch })
            }
            rotation => Ok(rotation),
        }
    }

    async fn revoke(
        &self,
        sid: SessionId,
        reason: RevokeReason,
        retain: Duration,
    ) -> Result<Epoch, StoreFault> {
        self.end(sid, ending::revocation(reason), retain).await
    }

    async fn revoke_all(
        &self,
        subject: &Subject,
        kept: Option<SessionId>,
        reason: RevokeReason,
        retain: Duration,
    ) -> Result<AllEnded, StoreFault> {
        let call = script::REVOKE_ALL
            .on_log_and(&[Key::Subject(subject), Key::Cutoff])
            .arg(Key::Sessions)
            .arg(ending::revocation(reason))
            .arg(retain.as_secs())
            .arg(kept.map(|sid| sid.to_string()).unwrap_or_default());
        let (epoch, count) = self.keep(call).await?;
        Ok(AllEnded { epoch: Epoch::new(epoch), count })
    }

    async fn cut_off(&self) -> Result<Epoch, StoreFault> {
        let call = script::CUT_OFF.on_log_and(&[Key::Cutoff]);
        self.keep(call).await.map(Epoch::new)
    }

    async fn of(&self, subject: &Subject) -> Result<Vec<Session>, StoreFault> {
        let call = script::OF.on(&[Key::Subject(subject), Key::Cutoff]).arg(Key::Sessions);
        let replies: Vec<String> = self.run(call, Resend::Harmless).await?;
        let mut sessions = replies
            .iter()
            .map(|reply| script::read_session(reply).map(|(session, _)| session))
            .collect::<Result<Vec<_>, _>>()?;
        // A UUIDv7 begins with its time: by sid is by the time of sign-in.
        sessions.sort_unstable_by_key(|session| Reverse(session.sid));
        Ok(sessions)
    }

    async fn whose(&self, sid: SessionId) -> Result<Option<Whose>, StoreFault> {
        let call = script::WHOSE.on(&[Key::Session(sid), Key::Cutoff]).arg(sid.to_string());
        let reply: Option<(String, u8)> = self.run(call, Resend::Harmless).await?;
        let read = |(subject, live): (String, u8)| {
            let subject = subject.parse();
            let subject =
                subject.map_err(|_| corrupt(format!("{}: subject", Key::Session(sid))))?;
            Ok(Whose { subject, live: live == 1 })
        };
        reply.map(read).transpose()
    }

    async fn account_changes(&self, subject: &Subject, told: Duration) -> Result<(), StoreFault> {
        let call = script::ACCOUNT_CHANGES.on(&[Key::Changed(subject)]).arg(told.as_secs());
        self.keep::<u8>(call).await.map(drop)
    }

    fn tenure(&self) -> u64 {
        self.link.tenure()
    }

    async fn ping(&self) -> Result<(), StoreFault> {
        let ping = Call::Command(Cmd::ping());
        self.link.send(&ping, Resend::Harmless).await
    }
}

impl RedisStore {
    /// Revokes a session. `word` says why; what is recorded already stays.
    async fn end(&self, sid: SessionId, word: &str, retain: Duration) -> Result<Epoch, StoreFault> {
        let call = script::REVOKE
            .on_log_and(&[Key::Session(sid), Key::Cutoff])
            .arg(sid.to_string())
            .arg(word)
            .arg(retain.as_secs());
        self.keep(call).await.map(Epoch::new)
    }
}

/// An id as scripts take it, nothing for none.
fn id(id: Option<TokenId>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

pub(super) fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
