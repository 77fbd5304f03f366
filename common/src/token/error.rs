//! Why a token is refused. For tests and counters: a client only ever learns "expired" or
//! "not valid".

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    /// Longer than is looked at.
    #[error("too long")]
    TooLong,
    /// Not three canonical base64url segments.
    #[error("not a compact JWS")]
    Form,
    /// The header is no clean JSON object, or bears a member that changes the meaning of the rest.
    #[error("header not acceptable")]
    Header,
    /// `typ` names another kind of token.
    #[error("wrong type")]
    Type,
    /// The key has another algorithm, or none of that name is enabled.
    #[error("wrong algorithm")]
    Algorithm,
    /// No such key, or not valid now.
    #[error("unknown key")]
    Key,
    /// The claims are no clean JSON object, or one is missing or of the wrong shape.
    #[error("claims not acceptable")]
    Claims,
    /// Another issuer's.
    #[error("wrong issuer")]
    Issuer,
    /// For somebody else.
    #[error("wrong audience")]
    Audience,
    /// Not valid yet, from the future, or made to live too long.
    #[error("times not acceptable")]
    Times,
    /// Its time has passed.
    #[error("expired")]
    Expired,
    /// The signature does not fit.
    #[error("wrong signature")]
    Signature,
}
