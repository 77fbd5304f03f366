//! Who is asking.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use common::{SessionId, TokenId, UnixSeconds};

use crate::Refusal;

/// Who is asking. As an argument of a handler it refuses requests of nobody with 401;
/// `Option<Identity>` lets them in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user: 1 to 2048 visible ASCII characters. A user of another issuer is named
    /// `<issuer>|<name>`, so that no two issuers' users are the same.
    pub subject: String,
    /// The session. Tokens of other issuers need not have one.
    pub session: Option<SessionId>,
    /// The access token's own id. Tokens of other issuers need not have one.
    pub token_id: Option<TokenId>,
    /// The user's roles.
    pub roles: Vec<String>,
    /// Whether the user's e-mail address was proven.
    pub email_verified: bool,
    /// When the access token ends. Whatever goes on for longer, a stream say, should end then.
    pub expires: UnixSeconds,
}

impl Identity {
    /// Whether the user has this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|of_user| of_user == role)
    }

    /// Refuses a user without this role.
    ///
    /// # Errors
    /// [`Refusal::RoleRequired`].
    pub fn require_role(&self, role: &str) -> Result<(), Refusal> {
        if self.has_role(role) { Ok(()) } else { Err(Refusal::RoleRequired) }
    }
}

/// What the layer found out, for the extractors below. Without it nobody asked.
#[derive(Clone, Debug)]
pub(crate) struct Asking(pub(crate) Option<Identity>);

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        match parts.extensions.get::<Asking>() {
            Some(Asking(Some(identity))) => Ok(identity.clone()),
            Some(Asking(None)) => Err(Refusal::SignedOut),
            None => Err(Refusal::NoTrust),
        }
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Identity {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Refusal> {
        match parts.extensions.get::<Asking>() {
            Some(Asking(identity)) => Ok(identity.clone()),
            None => Err(Refusal::NoTrust),
        }
    }
}
