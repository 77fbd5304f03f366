//! Sessions: each change a step of the writer.

use std::time::Duration;

use async_trait::async_trait;
use common::{Epoch, SessionId, Subject, TokenId, UnixMillis, UnixSeconds};
use sqlx::sqlite::SqliteRow;

use super::block_log::cutoff;
use super::row::Row;
use super::writer::Batch;
use super::{EmbeddedStore, FILE, NOW_MS, fault};
use crate::port::{
    AllEnded, Begun, NewSession, RevokeReason, Rotate, Rotation, RotationRules, Session, Sessions,
    StoreFault, Whose,
};
use crate::store::ending;
use crate::store::sqlite::integer;

#[async_trait]
impl Sessions for EmbeddedStore {
    async fn now(&self) -> Result<UnixMillis, StoreFault> {
        let now: i64 = sqlx::query_scalar(NOW_MS).fetch_one(&self.reader).await.map_err(fault)?;
        let now = UnixMillis::new(now.unsigned_abs());
        Ok(cutoff(&self.reader).await?.map_or(now, |cutoff| now.max(cutoff)))
    }

    async fn begin(&self, new: &NewSession) -> Result<Option<Begun>, StoreFault> {
        let new = new.clone();
        self.writer.write(move |batch| Box::pin(async move { batch.begin(new).await })).await
    }

    async fn rotate(
        &self,
        request: &Rotate,
        rules: &RotationRules,
    ) -> Result<Rotation, StoreFault> {
        let (request, rules) = (request.clone(), *rules);
        self.writer
            .write(move |batch| Box::pin(async move { batch.rotate(&request, &rules).await }))
            .await
    }

    async fn revoke(
        &self,
        sid: SessionId,
        reason: RevokeReason,
        retain: Duration,
    ) -> Result<Epoch, StoreFault> {
        let word = ending::revocation(reason);
        self.writer
            .write(move |batch| Box::pin(async move { batch.end(sid, word, retain).await }))
            .await
    }

    async fn revoke_all(
        &self,
        subject: &Subject,
        kept: Option<SessionId>,
        reason: RevokeReason,
        retain: Duration,
    ) -> Result<AllEnded, StoreFault> {
        let (subject, word) = (subject.clone(), ending::revocation(reason));
        self.writer
            .write(move |batch| {
                Box::pin(async move { batch.end_all(&subject, kept, word, retain).await })
            })
            .await
    }

    async fn cut_off(&self) -> Result<Epoch, StoreFault> {
        self.writer.write(|batch| Box::pin(async move { batch.cut_off().await })).await
    }

    async fn of(&self, subject: &Subject) -> Result<Vec<Session>, StoreFault> {
        // A UUIDv7 begins with its time: by sid is by the time of sign-in.
        let live = "SELECT * FROM session \
             WHERE subject = $1 AND ended IS NULL AND idle_end > unixepoch() \
             AND absolute_end > unixepoch() ORDER BY sid DESC";
        let rows = sqlx::query(live)
            .bind(subject.as_str())
            .fetch_all(&self.reader)
            .await
            .map_err(fault)?;
        let cutoff = cutoff(&self.reader).await?;
        let mut sessions = rows
            .iter()
            .map(|row| Ok(Row::read(row)?.session))
            .collect::<Result<Vec<_>, StoreFault>>()?;
        sessions.retain(|session| !is_cut_off(session.sid, cutoff));
        Ok(sessions)
    }

    async fn whose(&self, sid: SessionId) -> Result<Option<Whose>, StoreFault> {
        let known = "SELECT subject, ended IS NULL AND idle_end > unixepoch() \
             AND absolute_end > unixepoch() FROM session WHERE sid = $1";
        let known: Option<(String, bool)> = sqlx::query_as(known)
            .bind(sid.uuid())
            .fetch_optional(&self.reader)
            .await
            .map_err(fault)?;
        let Some((subject, live)) = known else { return Ok(None) };
        let subject = subject.parse();
        let subject =
            subject.map_err(|_| FILE.corrupt(format!("session {sid}, column subject")))?;
        let live = live && !is_cut_off(sid, cutoff(&self.reader).await?);
        Ok(Some(Whose { subject, live }))
    }

    async fn account_changes(&self, subject: &Subject, told: Duration) -> Result<(), StoreFault> {
        let subject = subject.clone();
        self.writer
            .write(move |batch| {
                Box::pin(async move { batch.account_changes(&subject, told).await })
            })
            .await
    }

    fn tenure(&self) -> u64 {
        // The file that was opened at start.
        0
    }

    async fn ping(&self) -> Result<(), StoreFault> {
        sqlx::query(NOW_MS).fetch_one(&self.reader).await.map_err(fault)?;
        Ok(())
    }
}

/// Whether the session began before everybody was signed out.
pub(super) fn is_cut_off(sid: SessionId, cutoff: Option<UnixMillis>) -> bool {
    cutoff.is_some_and(|cutoff| sid.began_at().is_none_or(|began| began < cutoff))
}

impl Batch {
    async fn cut_off(&mut self) -> Result<Epoch, StoreFault> {
        // Above this millisecond: what began in it began before.
        sqlx::query("UPDATE log SET sessions_before_ms = max(sessions_before_ms, $1 + 1)")
            .bind(integer(self.now.get()))
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        self.advance(Epoch::ZERO).await
    }

    async fn begin(&mut self, new: NewSession) -> Result<Option<Begun>, StoreFault> {
        let cutoff = cutoff(&mut *self.db).await?;
        if is_cut_off(new.sid, cutoff) {
            return Ok(None);
        }
        let rotated_at = self.now.seconds();
        let absolute_end = rotated_at.plus(new.absolute);
        let session = Session {
            sid: new.sid,
            subject: new.subject,
            generation: 0,
            jti: new.jti,
            rotated_at,
            idle_end: idle_end(rotated_at, new.idle.as_secs(), new.jitter_permille, absolute_end),
            absolute_end,
            remember: new.remember,
            agent: new.device.agent,
            place: new.device.place,
            access: new.access,
        };
        let insert = "INSERT INTO session (sid, subject, generation, jti, device, remember, \
             idle, rotated_at_ms, idle_end, absolute_end, agent, place, access, access_at_ms) \
             VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
             ON CONFLICT DO NOTHING";
        let made = sqlx::query(insert)
            .bind(session.sid.uuid())
            .bind(session.subject.as_str())
            .bind(session.jti.uuid())
            .bind(new.device.digest)
            .bind(session.remember)
            .bind(integer(new.idle.as_secs()))
            .bind(integer(self.now.get()))
            .bind(integer(session.idle_end.get()))
            .bind(integer(session.absolute_end.get()))
            .bind(&session.agent)
            .bind(&session.place)
            .bind(session.access.map(TokenId::uuid))
            .bind(session.access.map(|_| integer(self.now.get())))
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        if made.rows_affected() == 0 {
            return Err(FILE.corrupt(format!("session {} exists already", session.sid)));
        }
        let ended = self.make_room(&session, new.most, new.retain, cutoff).await?;
        let epoch = if ended.is_empty() { None } else { Some(self.epoch().await?) };
        Ok(Some(Begun { session, ended, epoch }))
    }

    async fn account_changes(
        &mut self,
        subject: &Subject,
        told: Duration,
    ) -> Result<(), StoreFault> {
        let change = "INSERT INTO changed_account (subject, told_until) VALUES ($1, $2) \
             ON CONFLICT (subject) DO UPDATE SET told_until = max(told_until, excluded.told_until)";
        sqlx::query(change)
            .bind(subject.as_str())
            .bind(integer(self.now.seconds().plus(told).get()))
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        Ok(())
    }

    pub(super) async fn session(&mut self, sid: SessionId) -> Result<Option<Row>, StoreFault> {
        let row: Option<SqliteRow> = sqlx::query("SELECT * FROM session WHERE sid = $1")
            .bind(sid.uuid())
            .fetch_optional(&mut *self.db)
            .await
            .map_err(fault)?;
        row.as_ref().map(Row::read).transpose()
    }

    /// Blocks the session's tokens and marks it, if it is there; its first reason stays.
    pub(super) async fn end(
        &mut self,
        sid: SessionId,
        word: &'static str,
        retain: Duration,
    ) -> Result<Epoch, StoreFault> {
        let open = "UPDATE session SET ended = $2 WHERE sid = $1 AND ended IS NULL";
        let marked = sqlx::query(open)
            .bind(sid.uuid())
            .bind(word)
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        if marked.rows_affected() == 0 {
            // No token was made for it since it was blocked: to ask again is no news.
            return self.block_once(sid.uuid(), retain).await;
        }
        self.block(sid.uuid(), retain).await
    }

    async fn end_all(
        &mut self,
        subject: &Subject,
        kept: Option<SessionId>,
        word: &'static str,
        retain: Duration,
    ) -> Result<AllEnded, StoreFault> {
        let open = "SELECT sid FROM session WHERE subject = $1 AND ended IS NULL ORDER BY sid";
        let sids: Vec<uuid::Uuid> = sqlx::query_scalar(open)
            .bind(subject.as_str())
            .fetch_all(&mut *self.db)
            .await
            .map_err(fault)?;
        let cutoff = cutoff(&mut *self.db).await?;
        let mut count = 0;
        for sid in sids.into_iter().map(SessionId::new).filter(|sid| Some(*sid) != kept) {
            self.end(sid, word, retain).await?;
            // Who is cut off was out before.
            count += u64::from(!is_cut_off(sid, cutoff));
        }
        Ok(AllEnded { epoch: self.epoch().await?, count })
    }
}

/// When the session dies unless it is used. The jitter keeps refreshes from coming in herds; the
/// absolute end stands whatever happens.
pub(super) fn idle_end(
    now: UnixSeconds,
    idle: u64,
    jitter_permille: u16,
    absolute_end: UnixSeconds,
) -> UnixSeconds {
    let kept = 1000_u64.saturating_sub(u64::from(jitter_permille));
    let span = Duration::from_secs(idle.saturating_mul(kept) / 1000);
    now.plus(span).min(absolute_end)
}
