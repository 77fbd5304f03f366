//! Room for a session where its subject has as many as may be.

use std::time::Duration;

use common::{SessionId, UnixMillis};
use uuid::Uuid;

use super::fault;
use super::sessions::is_cut_off;
use super::writer::Batch;
use crate::port::{RevokeReason, Session, StoreFault};
use crate::store::sqlite::integer;
use crate::store::{REMEMBERED, ending};

impl Batch {
    /// Makes room for a session: of the others of its subject, those end that were unused for longest, and
    /// first those that are past their end, whose access tokens may live on, until `most` are left with it.
    pub(super) async fn make_room(
        &mut self,
        kept: &Session,
        most: u32,
        retain: Duration,
        cutoff: Option<UnixMillis>,
    ) -> Result<Vec<SessionId>, StoreFault> {
        if !self.has_more(kept, most).await? {
            return Ok(Vec::new());
        }
        let others = "SELECT sid FROM session \
             WHERE subject = $1 AND ended IS NULL AND sid <> $2 AND idle_end > $3 \
             ORDER BY CASE WHEN idle_end > $4 THEN rotated_at_ms ELSE 0 END DESC, sid DESC";
        let now = self.now.seconds().get();
        let others: Vec<Uuid> = sqlx::query_scalar(others)
            .bind(kept.subject.as_str())
            .bind(kept.sid.uuid())
            .bind(integer(now.saturating_sub(REMEMBERED.as_secs())))
            .bind(integer(now))
            .fetch_all(&mut *self.db)
            .await
            .map_err(fault)?;
        let room = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(1);
        let others = others.into_iter().map(SessionId::new);
        let surplus = others.filter(|sid| !is_cut_off(*sid, cutoff)).skip(room);
        let surplus: Vec<SessionId> = surplus.collect();
        for sid in &surplus {
            self.end(*sid, ending::revocation(RevokeReason::Superseded), retain).await?;
        }
        Ok(surplus)
    }

    /// Whether more sessions of its subject are listed than may be, dead ones too. Counts no further: all but
    /// few sign-ins are done with this.
    async fn has_more(&mut self, kept: &Session, most: u32) -> Result<bool, StoreFault> {
        let count = "SELECT count(*) FROM \
             (SELECT 1 FROM session WHERE subject = $1 AND ended IS NULL LIMIT $2)";
        let count: i64 = sqlx::query_scalar(count)
            .bind(kept.subject.as_str())
            .bind(i64::from(most) + 1)
            .fetch_one(&mut *self.db)
            .await
            .map_err(fault)?;
        Ok(count > i64::from(most))
    }
}
