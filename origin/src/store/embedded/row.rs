//! A session as it lies in its table.

use common::rotation::Held;
use common::{SessionId, Subject, TokenId, UnixMillis, UnixSeconds};
use sqlx::FromRow;
use uuid::Uuid;

use super::{FILE, fault};
use crate::port::{Session, StoreFault};

/// A row of `session`, its values as SQLite gives them.
#[derive(FromRow)]
struct Raw {
    sid: Uuid,
    subject: String,
    generation: i64,
    jti: Uuid,
    previous: Option<Uuid>,
    device: Option<String>,
    remember: bool,
    idle: i64,
    rotated_at_ms: i64,
    idle_end: i64,
    absolute_end: i64,
    ended: Option<String>,
    agent: Option<String>,
    place: Option<String>,
    access: Option<Uuid>,
    access_at_ms: Option<i64>,
}

/// A session, and what only the store needs of it.
pub(super) struct Row {
    pub(super) session: Session,
    pub(super) previous: Option<TokenId>,
    pub(super) device: Option<String>,
    /// The span that each use gives it, in seconds.
    pub(super) idle: u64,
    pub(super) rotated_at: UnixMillis,
    pub(super) revoked: bool,
    /// When its latest access token was made, where that is kept.
    pub(super) access_at: Option<UnixMillis>,
}

impl Row {
    /// Reads a row as a query answered it.
    pub(super) fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Self, StoreFault> {
        let raw = Raw::from_row(row).map_err(fault)?;
        let sid = raw.sid;
        raw.check().map_err(|column| FILE.corrupt(format!("session {sid}, column {column}")))
    }

    /// What [`common::rotation::judge`] looks at.
    pub(super) fn held(&self) -> Held<'_> {
        Held {
            revoked: self.revoked,
            generation: self.session.generation,
            jti: self.session.jti,
            previous: self.previous,
            rotated_at: self.rotated_at,
            idle_end: self.session.idle_end,
            absolute_end: self.session.absolute_end,
            device: self.device.as_deref(),
        }
    }
}

impl Raw {
    /// The row, or the column that no writer of ours filled.
    fn check(self) -> Result<Row, &'static str> {
        let natural = |value: i64, column| u64::try_from(value).map_err(|_| column);
        let rotated_at = UnixMillis::new(natural(self.rotated_at_ms, "rotated_at_ms")?);
        let access_at = self.access_at_ms.map(|at| natural(at, "access_at_ms")).transpose()?;
        let access_at = access_at.map(UnixMillis::new);
        let session = Session {
            sid: SessionId::new(self.sid),
            subject: Subject::try_from(self.subject).map_err(|_| "subject")?,
            generation: natural(self.generation, "generation")?,
            jti: TokenId::new(self.jti),
            rotated_at: rotated_at.seconds(),
            idle_end: UnixSeconds::new(natural(self.idle_end, "idle_end")?),
            absolute_end: UnixSeconds::new(natural(self.absolute_end, "absolute_end")?),
            remember: self.remember,
            agent: self.agent,
            place: self.place,
            access: self.access.map(TokenId::new),
        };
        Ok(Row {
            session,
            previous: self.previous.map(TokenId::new),
            device: self.device,
            idle: natural(self.idle, "idle")?,
            rotated_at,
            revoked: self.ended.is_some(),
            access_at,
        })
    }
}
