//! An event as it lies in its table.

use common::{SessionId, Subject, UnixMillis};
use sqlx::FromRow;
use uuid::Uuid;

use crate::port::{Actor, Detail, Event, Kind, Recorded, StoreFault, Whence};
use crate::store::database::{Value, corrupt};
use crate::store::sqlite::integer;

/// Stand for an actor without an account; a subject has no colon.
const OPERATOR: &str = ":operator";
const CLIENT: &str = ":client:";

/// A row of `audit`, its values as the database gives them.
#[derive(FromRow)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) at: i64,
    pub(super) kind: String,
    pub(super) actor: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) session: Option<String>,
    pub(super) network: Option<String>,
    pub(super) place: Option<String>,
    pub(super) detail: String,
}

impl Row {
    /// The row of an event whose id, a `UUIDv7`, bears the time of it.
    pub(super) fn of(id: Uuid, event: &Event) -> Self {
        let (high, _) = id.as_u64_pair();
        Self {
            id: id.to_string(),
            at: integer(high >> 16),
            kind: String::from(event.kind.word()),
            actor: match &event.actor {
                Actor::Unknown => None,
                Actor::User(subject) => Some(subject.as_str().to_owned()),
                Actor::Operator => Some(OPERATOR.to_owned()),
                Actor::Client(name) => Some(format!("{CLIENT}{name}")),
            },
            subject: event.subject.as_ref().map(|subject| subject.as_str().to_owned()),
            session: event.session.map(|session| session.to_string()),
            network: event.whence.network.clone(),
            place: event.whence.place.clone(),
            // Texts and lists of texts always have a JSON form.
            detail: serde_json::to_string(&event.detail).unwrap_or_else(|_| String::from("{}")),
        }
    }

    /// Its values, in the order of the columns.
    pub(super) fn values(&self) -> [Value<'_>; 9] {
        [
            self.id.as_str().into(),
            self.at.into(),
            self.kind.as_str().into(),
            self.actor.as_deref().into(),
            self.subject.as_deref().into(),
            self.session.as_deref().into(),
            self.network.as_deref().into(),
            self.place.as_deref().into(),
            self.detail.as_str().into(),
        ]
    }

    /// The event; `None` when it is of a kind that another version recorded.
    pub(super) fn read(self) -> Result<Option<Recorded>, StoreFault> {
        let Some(kind) = Kind::read(&self.kind) else { return Ok(None) };
        let id = self.id;
        let wrong = |column: &str| corrupt(format!("audit event {id}, column {column}"));
        let subject = |text: String| Subject::try_from(text).map_err(|_| wrong("subject"));
        let actor = match self.actor {
            None => Actor::Unknown,
            Some(text) if text == OPERATOR => Actor::Operator,
            Some(text) => match text.strip_prefix(CLIENT) {
                Some(name) => Actor::Client(name.to_owned()),
                None => Actor::User(subject(text)?),
            },
        };
        let session = |text: String| text.parse::<SessionId>().map_err(|_| wrong("session"));
        let event = Event {
            kind,
            actor,
            subject: self.subject.map(subject).transpose()?,
            session: self.session.map(session).transpose()?,
            whence: Whence { network: self.network, place: self.place },
            detail: serde_json::from_str::<Detail>(&self.detail).map_err(|_| wrong("detail"))?,
        };
        let at = UnixMillis::new(u64::try_from(self.at).map_err(|_| wrong("at"))?);
        Ok(Some(Recorded { id, at, event }))
    }
}
