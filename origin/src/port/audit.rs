//! What happened to accounts and sessions, for whoever has to answer for it later.

use async_trait::async_trait;
use common::{SessionId, Subject, TokenId, UnixMillis};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Device, StoreFault};

/// Makes the list of kinds, each with the word that is stored and shown.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal;)+) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind {
            $($(#[$doc])* $kind,)+
        }

        impl Kind {
            /// Every kind.
            pub(crate) const ALL: &[Self] = &[$(Self::$kind,)+];

            /// Its word.
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Self::$kind => $word,)+ }
            }
        }
    };
}

kinds! {
    /// An account was made; `detail.method` says by what.
    AccountMade = "account-made";
    /// Somebody signed in; `detail.method` says by what.
    SignedIn = "signed-in";
    /// Somebody was not signed in; `detail.method` and `detail.why` say by what and why not.
    SignInRefused = "sign-in-refused";
    /// A user ended a session.
    SignedOut = "signed-out";
    /// A user ended all sessions.
    SignedOutEverywhere = "signed-out-everywhere";
    /// A user ended all sessions but `session`.
    SignedOutElsewhere = "signed-out-elsewhere";
    /// An old refresh token came back: the session was ended. `detail.why` says how it was found.
    TokenReused = "token-reused";
    /// Two held one refresh token: the session was ended.
    TokenForked = "token-forked";
    /// A user chose another password.
    PasswordChanged = "password-changed";
    /// A user who had forgotten it did so by mail.
    PasswordReset = "password-reset";
    /// Somebody who was signed in was to show that they know the password, and did not: `detail.why`.
    ChangeRefused = "change-refused";
    /// A user proved the address that the account has.
    EmailVerified = "email-verified";
    /// A user asked for another address, which is to be proven.
    EmailChangeAsked = "email-change-asked";
    /// They proved it: it is the account's from now on.
    EmailChanged = "email-changed";
    /// A login at another site was linked; `detail.method` says which.
    LoginLinked = "login-linked";
    /// It was taken away again; `detail.why` says by which letter, if by one.
    LoginUnlinked = "login-unlinked";
    /// An administrator closed an account.
    UserDisabled = "user-disabled";
    /// An administrator opened it again.
    UserEnabled = "user-enabled";
    /// An account got other roles: `detail.before` and `detail.after`.
    RolesChanged = "roles-changed";
    /// An administrator ended all sessions of an account.
    ForcedLogout = "forced-logout";
    /// One session was ended from outside.
    SessionRevoked = "session-revoked";
    /// A session ended since its user began another and may have no more.
    SessionSuperseded = "session-superseded";
    /// One access token was revoked: `detail.token`.
    TokenRevoked = "token-revoked";
    /// All sessions there were are ended.
    EveryoneRevoked = "everyone-revoked";
}

impl PartialSchema for Kind {
    fn schema() -> RefOr<Schema> {
        let words = Self::ALL.iter().map(|kind| kind.word());
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
    }
}

impl ToSchema for Kind {}

impl Kind {
    /// The kind with this word.
    pub(crate) fn read(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

/// Who did it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Actor {
    /// Nobody knows.
    #[default]
    Unknown,
    /// The holder of an account, an administrator too.
    User(Subject),
    /// Whoever runs the commands.
    Operator,
    /// A service that knows the introspection secret of this name.
    Client(String),
}

/// Where somebody was, as an edge reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Whence {
    /// The network, not the address: `192.0.2.0/24`.
    pub(crate) network: Option<String>,
    /// Country and city, as far as known.
    pub(crate) place: Option<String>,
}

impl From<&Device> for Whence {
    fn from(device: &Device) -> Self {
        Self { network: device.network.clone(), place: device.place.clone() }
    }
}

/// More about it. Words of ours and ids; never what a stranger typed, never a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = EventDetail)]
pub(crate) struct Detail {
    /// By what: `pwd` for a password (RFC 8176), the name of a provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    /// Why, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    /// What was before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Vec<String>>,
    /// What is since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Vec<String>>,
    /// Which access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Uuid, required = false)]
    pub(crate) token: Option<TokenId>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    pub(crate) actor: Actor,
    /// Whose account it is about.
    pub(crate) subject: Option<Subject>,
    pub(crate) session: Option<SessionId>,
    pub(crate) whence: Whence,
    pub(crate) detail: Detail,
}

impl Event {
    /// The user did it to what is theirs.
    pub(crate) fn by_user(kind: Kind, subject: &Subject) -> Self {
        Self::by(Actor::User(subject.clone()), kind).about(subject)
    }

    /// Somebody did it.
    pub(crate) fn by(actor: Actor, kind: Kind) -> Self {
        let (whence, detail) = (Whence::default(), Detail::default());
        Self { kind, actor, subject: None, session: None, whence, detail }
    }

    /// Whose account it is about.
    pub(crate) fn about(self, subject: &Subject) -> Self {
        Self { subject: Some(subject.clone()), ..self }
    }

    /// Which session it is about.
    pub(crate) fn session(self, sid: SessionId) -> Self {
        Self { session: Some(sid), ..self }
    }

    /// Where whoever did it was.
    pub(crate) fn from(self, whence: Whence) -> Self {
        Self { whence, ..self }
    }

    /// By what: `pwd` for a password (RFC 8176), the name of a provider.
    pub(crate) fn method(mut self, method: &str) -> Self {
        self.detail.method = Some(String::from(method));
        self
    }

    /// Which access token it is about.
    pub(crate) fn token(mut self, jti: TokenId) -> Self {
        self.detail.token = Some(jti);
        self
    }

    /// Why, in a word of ours.
    pub(crate) fn why(mut self, why: &str) -> Self {
        self.detail.why = Some(String::from(why));
        self
    }
}

/// Takes note of what happened. Nobody waits for it: an event is kept soon after, and what is lost
/// because too many come at once is counted in the log.
pub(crate) trait Audit: Send + Sync {
    /// Takes note of `event`, which happened now.
    fn record(&self, event: Event);
}

/// An event as it was kept.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// Names it; grows with time.
    pub(crate) id: String,
    pub(crate) at: UnixMillis,
    pub(crate) event: Event,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) kind: Option<Kind>,
    pub(crate) subject: Option<Subject>,
    /// Those before the one of this id; the latest where it is `None`.
    pub(crate) before: Option<String>,
    /// At most so many.
    pub(crate) limit: u32,
}

/// Some of what was kept.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    /// Newest first. Those of a kind that this version does not know are left out.
    pub(crate) events: Vec<Recorded>,
    /// The [`Wanted::before`] of those that come next; `None` when there are none.
    pub(crate) next: Option<String>,
}

/// What was kept.
#[async_trait]
pub(crate) trait AuditTrail: Send + Sync {
    /// The wanted events, newest first.
    async fn events(&self, wanted: &Wanted) -> Result<Events, StoreFault>;

    /// Waits until everything recorded before is kept.
    async fn settled(&self);
}
