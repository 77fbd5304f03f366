//! A rotation: the judgement of `common`, and what becomes of the session by it.

use common::rotation::{Judgement, Presented, judge};
use common::{Epoch, TokenId};

use super::block_log::cutoff;
use super::fault;
use super::row::Row;
use super::sessions::{idle_end, is_cut_off};
use super::writer::Batch;
use crate::port::{ACCESS_APART, Ended, Rotate, Rotation, RotationRules, Session, StoreFault};
use crate::store::ending;
use crate::store::sqlite::integer;

impl Batch {
    pub(super) async fn rotate(
        &mut self,
        request: &Rotate,
        rules: &RotationRules,
    ) -> Result<Rotation, StoreFault> {
        let mut held = self.session(request.sid).await?;
        let cutoff = cutoff(&mut *self.db).await?;
        if let Some(held) = &mut held {
            held.revoked |= is_cut_off(request.sid, cutoff);
        }
        let presented = Presented {
            generation: request.generation,
            jti: request.jti,
            device: request.device.digest.as_deref(),
        };
        let judgement = judge(held.as_ref().map(Row::held), presented, rules.grace, self.now);
        let why = match (judgement, held) {
            (Judgement::Repeat, Some(held)) => {
                return self.live(held.session, judgement, None).await;
            }
            (Judgement::Replace, Some(held)) => {
                let generation = held.session.generation;
                return self.succeed(held, request, rules, generation, judgement).await;
            }
            (Judgement::Rotate | Judgement::Heal, Some(held)) => {
                let generation = request.generation.saturating_add(1);
                return self.succeed(held, request, rules, generation, judgement).await;
            }
            (Judgement::Revoked, _) => Ended::Revoked,
            (Judgement::Forked, _) => Ended::Forked,
            (Judgement::Reused(how), _) => Ended::Reused(how),
            // All that is left is a session that is not there, or no longer.
            _ => Ended::Expired,
        };
        let epoch = match why {
            // Revoked means blocked: there is nothing to add, and whoever keeps presenting a dead
            // token cannot make every edge fetch a new head.
            Ended::Revoked => self.epoch().await?,
            Ended::Expired => self.block_once(request.sid.uuid(), rules.retain).await?,
            Ended::Forked | Ended::Reused(_) => {
                self.end(request.sid, ending::verdict(why), rules.retain).await?
            }
        };
        Ok(Rotation::Ended { why, epoch })
    }

    /// What a rotation that went well answers.
    async fn live(
        &mut self,
        session: Session,
        judgement: Judgement,
        epoch: Option<Epoch>,
    ) -> Result<Rotation, StoreFault> {
        let lately = "SELECT EXISTS (SELECT 1 FROM changed_account \
             WHERE subject = $1 AND told_until > $2)";
        let account_changed = sqlx::query_scalar(lately)
            .bind(session.subject.as_str())
            .bind(integer(self.now.seconds().get()))
            .fetch_one(&mut *self.db)
            .await
            .map_err(fault)?;
        Ok(Rotation::Live { session, judgement, epoch, account_changed })
    }

    /// Gives the session its next refresh token. The presented one is the previous one by then,
    /// whichever judgement led here.
    async fn succeed(
        &mut self,
        held: Row,
        request: &Rotate,
        rules: &RotationRules,
        generation: u64,
        judgement: Judgement,
    ) -> Result<Rotation, StoreFault> {
        let rotated_at = self.now.seconds();
        let absolute_end = held.session.absolute_end;
        // The access token that ends, and the one that comes with the successor.
        let before = held.session.access.filter(|_| request.next_access.is_some());
        let again = match before {
            Some(before) if self.is_recent(&held) => {
                (!self.is_blocked(before.uuid()).await?).then_some(before)
            }
            _ => None,
        };
        let access = again.or(request.next_access);
        let access_at = match again {
            Some(_) => held.access_at,
            None => access.map(|_| self.now),
        };
        let session = Session {
            generation,
            jti: request.next_jti,
            rotated_at,
            idle_end: idle_end(rotated_at, held.idle, request.jitter_permille, absolute_end),
            agent: request.device.agent.clone(),
            place: request.device.place.clone(),
            access,
            ..held.session
        };
        let update = "UPDATE session SET generation = $2, jti = $3, previous = $4, device = $5, \
             rotated_at_ms = $6, idle_end = $7, agent = $8, place = $9, access = $10, \
             access_at_ms = $11 WHERE sid = $1";
        sqlx::query(update)
            .bind(session.sid.uuid())
            .bind(integer(generation))
            .bind(session.jti.uuid())
            .bind(request.jti.uuid())
            .bind(request.device.digest.as_deref())
            .bind(integer(self.now.get()))
            .bind(integer(session.idle_end.get()))
            .bind(&session.agent)
            .bind(&session.place)
            .bind(session.access.map(TokenId::uuid))
            .bind(access_at.map(|at| integer(at.get())))
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        let epoch = match before.filter(|_| again.is_none()) {
            Some(before) => Some(self.block(before.uuid(), rules.retain).await?),
            None => None,
        };
        self.live(session, judgement, epoch).await
    }

    /// Whether the session's access token was made a moment ago.
    fn is_recent(&self, held: &Row) -> bool {
        held.access_at.is_some_and(|at| {
            let age = self.now.get().checked_sub(at.get());
            age.is_some_and(|age| u128::from(age) < ACCESS_APART.as_millis())
        })
    }
}
