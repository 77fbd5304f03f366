//! Of which kind an id is. One that is revoked as another kind ends nothing, and whoever was meant goes on.

use common::{SessionId, TokenId};

/// Why an id is not revoked as what it was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WrongKind {
    /// A session's, given for a token's.
    #[error("that is the id of a session: revoke it as `sid`")]
    Session,
    /// One that no session has.
    #[error("no session has such an id. Is it that of an access token? Then revoke it as `jti`")]
    NoSession,
    /// One that edges make of another issuer's, see `common::issuers::revocation_id`.
    #[error(
        "that is how the id of another issuer's token or session is shown: revoke it by \
         `origin revoke` with --issuer and --life"
    )]
    OtherIssuer,
}

/// Judges whether a session of ours can have this id: they are of version 7 (RFC 9562 §5.7).
pub(crate) fn check_session(sid: SessionId) -> Result<(), WrongKind> {
    match sid.uuid().get_version_num() {
        7 => Ok(()),
        8 => Err(WrongKind::OtherIssuer),
        _ => Err(WrongKind::NoSession),
    }
}

/// Judges whether an access token of ours can have this id.
pub(crate) fn check_token(jti: TokenId) -> Result<(), WrongKind> {
    match jti.uuid().get_version_num() {
        7 => Err(WrongKind::Session),
        8 => Err(WrongKind::OtherIssuer),
        _ => Ok(()),
    }
}
