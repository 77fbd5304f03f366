//! Of which kind an id is. One that is revoked as another kind ends nothing, and whoever was meant goes on.

use common::{SessionId, Subject, TokenId};

/// Why an id is not revoked as what it was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WrongKind {
    /// A session's, given for a token's or an account's.
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
    /// An account's, given for a token's or a session's.
    #[error("that is the id of an account: revoke it as `sub`")]
    Account,
    /// An address, given for an account's id.
    #[error("that is an e-mail address, and no account's id")]
    Address,
    /// One that no account has.
    #[error("no account has this id, and no session is its: there was nothing to revoke")]
    Nobody,
}

/// Judges whether a session of ours can have this id: they are of version 7 (RFC 9562 §5.7). For the words
/// alone it may be asked whether an account has it.
pub(crate) async fn check_session(
    sid: SessionId,
    is_account: impl Future<Output = bool> + Send,
) -> Result<(), WrongKind> {
    match sid.uuid().get_version_num() {
        7 => Ok(()),
        8 => Err(WrongKind::OtherIssuer),
        _ if is_account.await => Err(WrongKind::Account),
        _ => Err(WrongKind::NoSession),
    }
}

/// Judges whether an access token of ours can have this id. An account's is of the same form.
pub(crate) async fn check_token(
    jti: TokenId,
    is_account: impl Future<Output = bool> + Send,
) -> Result<(), WrongKind> {
    match jti.uuid().get_version_num() {
        7 => Err(WrongKind::Session),
        8 => Err(WrongKind::OtherIssuer),
        _ if is_account.await => Err(WrongKind::Account),
        _ => Ok(()),
    }
}

/// What it is that was given for an account's id, when no account has it.
pub(crate) fn no_account(id: &Subject) -> WrongKind {
    let id = id.as_str();
    match id.parse::<SessionId>() {
        Ok(sid) if sid.uuid().get_version_num() == 7 => WrongKind::Session,
        Ok(sid) if sid.uuid().get_version_num() == 8 => WrongKind::OtherIssuer,
        _ if id.contains('@') => WrongKind::Address,
        _ => WrongKind::Nobody,
    }
}
