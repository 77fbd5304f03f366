//! Every error that a client can meet: RFC 9457 documents with a stable `code`.
//!
//! What stands here is constant text. Nothing of a request, and no cause from inside, ever gets in.

use serde::Serialize;

/// The stable codes. Clients act on these; the words may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    // The gate's.
    /// No credentials where some are needed.
    TokenMissing,
    /// The access token's time has passed.
    TokenExpired,
    /// The access token was revoked.
    TokenRevoked,
    /// The access token is not valid, for whatever other reason.
    TokenInvalid,
    /// The user lacks the role.
    RoleRequired,
    /// The token lacks the scope.
    ScopeRequired,
    /// Another site triggered a request that changes state.
    CrossSite,
    /// Two credentials of one kind.
    CredentialsAmbiguous,
    /// A path that two programs could read differently.
    PathAmbiguous,
    /// A method that is never passed on.
    MethodRefused,
    /// The gate does not know what is revoked.
    RevocationsUnknown,
    /// The gate has no keys.
    KeysUnknown,
    /// The gate cannot reach the origin.
    OriginUnreachable,
    /// The gate cannot reach the app.
    UpstreamUnreachable,
    /// The gate's configuration is wrong; its log says how.
    Misconfigured,

    // The issuer's.
    /// Wrong password or unknown account: which of them is not said.
    CredentialsInvalid,
    /// The session is over.
    RefreshExpired,
    /// The session was revoked.
    RefreshRevoked,
    /// An old refresh token came back: the session was revoked.
    RefreshReused,
    /// No refresh token of this issuer's.
    RefreshInvalid,
    /// No refresh token at all.
    RefreshMissing,
    /// There is an account with this address.
    EmailTaken,
    /// No e-mail address.
    EmailInvalid,
    /// Shorter than 8 characters.
    PasswordTooShort,
    /// Longer than 256 bytes.
    PasswordTooLong,
    /// On the list of passwords that everybody tries first.
    PasswordCommon,
    /// The body or a parameter is not what is expected.
    RequestInvalid,
    /// The body is too large.
    BodyTooLarge,
    /// The body is not of a type that is read here.
    MediaTypeUnsupported,
    /// No such resource.
    NotFound,
    /// No such method here.
    MethodNotAllowed,
    /// Only the edge may ask this.
    EdgeOnly,
    /// Too many at once.
    Busy,
    /// A store does not answer.
    StoreUnavailable,
    /// A defect of ours.
    Internal,
}

/// Seconds that a client is asked to wait before it tries again.
const RETRY_AFTER: u32 = 2;

impl Code {
    /// Every code, in the order of the catalogue.
    pub const ALL: [Self; 35] = [
        Self::TokenMissing,
        Self::TokenExpired,
        Self::TokenRevoked,
        Self::TokenInvalid,
        Self::RoleRequired,
        Self::ScopeRequired,
        Self::CrossSite,
        Self::CredentialsAmbiguous,
        Self::PathAmbiguous,
        Self::MethodRefused,
        Self::RevocationsUnknown,
        Self::KeysUnknown,
        Self::OriginUnreachable,
        Self::UpstreamUnreachable,
        Self::Misconfigured,
        Self::CredentialsInvalid,
        Self::RefreshExpired,
        Self::RefreshRevoked,
        Self::RefreshReused,
        Self::RefreshInvalid,
        Self::RefreshMissing,
        Self::EmailTaken,
        Self::EmailInvalid,
        Self::PasswordTooShort,
        Self::PasswordTooLong,
        Self::PasswordCommon,
        Self::RequestInvalid,
        Self::BodyTooLarge,
        Self::MediaTypeUnsupported,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::EdgeOnly,
        Self::Busy,
        Self::StoreUnavailable,
        Self::Internal,
    ];

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::TokenMissing
            | Self::TokenExpired
            | Self::TokenRevoked
            | Self::TokenInvalid
            | Self::CredentialsInvalid
            | Self::RefreshExpired
            | Self::RefreshRevoked
            | Self::RefreshReused
            | Self::RefreshInvalid
            | Self::RefreshMissing => 401,
            Self::RoleRequired | Self::ScopeRequired | Self::CrossSite | Self::EdgeOnly => 403,
            Self::CredentialsAmbiguous
            | Self::PathAmbiguous
            | Self::EmailInvalid
            | Self::PasswordTooShort
            | Self::PasswordTooLong
            | Self::PasswordCommon
            | Self::RequestInvalid => 400,
            Self::NotFound => 404,
            Self::MethodRefused | Self::MethodNotAllowed => 405,
            Self::EmailTaken => 409,
            Self::BodyTooLarge => 413,
            Self::MediaTypeUnsupported => 415,
            Self::Misconfigured | Self::Internal => 500,
            Self::UpstreamUnreachable => 502,
            Self::RevocationsUnknown
            | Self::KeysUnknown
            | Self::OriginUnreachable
            | Self::Busy
            | Self::StoreUnavailable => 503,
        }
    }

    /// The code as it stands in documents and in `portcullis-verdict`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenMissing => "token_missing",
            Self::TokenExpired => "token_expired",
            Self::TokenRevoked => "token_revoked",
            Self::TokenInvalid => "token_invalid",
            Self::RoleRequired => "role_required",
            Self::ScopeRequired => "scope_required",
            Self::CrossSite => "cross_site",
            Self::CredentialsAmbiguous => "credentials_ambiguous",
            Self::PathAmbiguous => "path_ambiguous",
            Self::MethodRefused => "method_refused",
            Self::RevocationsUnknown => "revocations_unknown",
            Self::KeysUnknown => "keys_unknown",
            Self::OriginUnreachable => "origin_unreachable",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::Misconfigured => "misconfigured",
            Self::CredentialsInvalid => "credentials_invalid",
            Self::RefreshExpired => "refresh_expired",
            Self::RefreshRevoked => "refresh_revoked",
            Self::RefreshReused => "refresh_reused",
            Self::RefreshInvalid => "refresh_invalid",
            Self::RefreshMissing => "refresh_missing",
            Self::EmailTaken => "email_taken",
            Self::EmailInvalid => "email_invalid",
            Self::PasswordTooShort => "password_too_short",
            Self::PasswordTooLong => "password_too_long",
            Self::PasswordCommon => "password_common",
            Self::RequestInvalid => "request_invalid",
            Self::BodyTooLarge => "body_too_large",
            Self::MediaTypeUnsupported => "media_type_unsupported",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::EdgeOnly => "edge_only",
            Self::Busy => "busy",
            Self::StoreUnavailable => "store_unavailable",
            Self::Internal => "internal",
        }
    }

    /// What happened and what to do about it, for the person who reads the answer.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::TokenMissing => {
                "Sign in first: send an access token as `Authorization: Bearer …` or by cookie."
            }
            Self::TokenExpired => "The access token expired. Refresh it or sign in again.",
            Self::TokenRevoked => "The access token was revoked. Sign in again.",
            Self::TokenInvalid => "The access token is not valid. Sign in again.",
            Self::RoleRequired => "The signed-in user lacks the role that this path requires.",
            Self::ScopeRequired => "The access token lacks the scope that this path requires.",
            Self::CrossSite => {
                "A request that changes state by cookie must come from this site itself: send \
                 `Sec-Fetch-Site: same-origin` or a matching `Origin`, or use a bearer token."
            }
            Self::CredentialsAmbiguous => "Send one credential of a kind, not two.",
            Self::PathAmbiguous => {
                "The path can be read in more than one way: send it without encoded or doubled \
                 slashes, backslashes, dot segments, control characters and stray percent signs."
            }
            Self::MethodRefused => "This method is not passed on.",
            Self::RevocationsUnknown => {
                "It is not known here at the moment what is revoked. Try again shortly."
            }
            Self::KeysUnknown => {
                "The issuer's keys are not known here at the moment. Try again shortly."
            }
            Self::OriginUnreachable => {
                "The sign-in service cannot be reached at the moment. Try again shortly."
            }
            Self::UpstreamUnreachable => "The app cannot be reached at the moment.",
            Self::Misconfigured => {
                "The gate is not configured properly. Its log says what to mend."
            }
            Self::CredentialsInvalid => "E-mail address or password is wrong.",
            Self::RefreshExpired => "The session is over. Sign in again.",
            Self::RefreshRevoked => "The session was ended. Sign in again.",
            Self::RefreshReused => {
                "This refresh token was used before, so the session was ended for safety. Sign in \
                 again."
            }
            Self::RefreshInvalid => "This is no refresh token of this issuer. Sign in again.",
            Self::RefreshMissing => {
                "Send the refresh token: as `refresh_token` in the body or by cookie."
            }
            Self::EmailTaken => "There is an account with this e-mail address. Sign in instead.",
            Self::EmailInvalid => "`email` is no e-mail address like name@example.com.",
            Self::PasswordTooShort => "`password` needs at least 8 characters.",
            Self::PasswordTooLong => "`password` may have at most 256 bytes.",
            Self::PasswordCommon => {
                "`password` is on the list of those that are tried first. Choose another."
            }
            Self::RequestInvalid => "The request is not what is expected here.",
            Self::BodyTooLarge => "The body is too large: at most 16 KiB are read.",
            Self::MediaTypeUnsupported => "Send the body as `Content-Type: application/json`.",
            Self::NotFound => "There is nothing at this path.",
            Self::MethodNotAllowed => "This path does not know this method; see `Allow`.",
            Self::EdgeOnly => "Only the edge may ask this: the shared secret is missing or wrong.",
            Self::Busy => "Too many sign-ins at once. Try again shortly.",
            Self::StoreUnavailable => {
                "A store does not answer at the moment, so this is not done. It is safe to try again."
            }
            Self::Internal => "Something went wrong on our side. It was logged.",
        }
    }

    /// Seconds for `Retry-After`, where trying again makes sense.
    #[must_use]
    pub const fn retry_after(self) -> Option<u32> {
        if self.status() == 503 { Some(RETRY_AFTER) } else { None }
    }

    /// The `WWW-Authenticate` challenge (RFC 6750 §3), for those that have one. `needed` is the
    /// scope that was missing.
    #[must_use]
    pub fn challenge(self, realm: &str, needed: Option<&str>) -> Option<String> {
        let (error, description) = match self {
            // RFC 6750 §3.1: no error code for a request without credentials.
            Self::TokenMissing => ("", ""),
            Self::TokenExpired => ("invalid_token", "The access token expired"),
            Self::TokenRevoked => ("invalid_token", "The access token was revoked"),
            Self::TokenInvalid => ("invalid_token", "The access token is not valid"),
            Self::RoleRequired | Self::ScopeRequired => ("insufficient_scope", ""),
            Self::CredentialsAmbiguous => ("invalid_request", ""),
            _ => return None,
        };
        let mut text = format!("Bearer realm=\"{}\"", quotable(realm));
        for (name, value) in
            [("error", error), ("error_description", description), ("scope", needed.unwrap_or(""))]
        {
            if !value.is_empty() {
                text += ", ";
                text += name;
                text += "=\"";
                text += &quotable(value);
                text.push('"');
            }
        }
        Some(text)
    }
}

/// RFC 6750 §3: only %x20-21 / %x23-5B / %x5D-7E may stand between the quotes.
fn quotable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='!' | '#'..='[' | ']'..='~')).collect()
}

/// An RFC 9457 document.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// The code as a URI reference, as RFC 9457 §3.1.1 wants it: stable, for machines.
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    code: Code,
    detail: String,
}

impl Problem {
    /// The media type of the document.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// The document of a code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self::with_detail(code, code.detail())
    }

    /// The same with words of its own, for an error that can say which input it was. The words
    /// must be constant or made of names of ours: nothing of the request.
    #[must_use]
    pub fn with_detail(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:portcullis:problem:{}", code.as_str()),
            title: title(code.status()),
            status: code.status(),
            code,
            detail: detail.into(),
        }
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The document's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A struct of texts and numbers always serialises; an empty object would still be JSON.
        serde_json::to_string(self).unwrap_or_else(|_| String::from("{}"))
    }
}

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn brr_01_02_06_challenges_are_those_of_rfc_6750() {
        for (code, scope, expected) in [
            (Code::TokenMissing, None, r#"Bearer realm="app""#),
            (
                Code::TokenExpired,
                None,
                r#"Bearer realm="app", error="invalid_token", error_description="The access token expired""#,
            ),
            (
                Code::ScopeRequired,
                Some("orders:write"),
                r#"Bearer realm="app", error="insufficient_scope", scope="orders:write""#,
            ),
        ] {
            assert_eq!(code.challenge("app", scope).as_deref(), Some(expected));
        }
        assert_eq!(Code::CrossSite.challenge("app", None), None);
    }

    #[test]
    fn brr_07_nothing_breaks_out_of_the_quotes() {
        let challenge = Code::TokenMissing.challenge("a\"b\\c\r\nSet-Cookie: x=ü", None);
        assert_eq!(challenge.as_deref(), Some(r#"Bearer realm="abcSet-Cookie: x=""#));
    }

    #[test]
    fn a_document_has_the_code_and_the_status() {
        let json: serde_json::Value =
            serde_json::from_str(&Problem::new(Code::RefreshReused).to_json()).unwrap();
        assert_eq!(json["code"], "refresh_reused");
        assert_eq!(json["status"], 401);
        assert_eq!(json["type"], "urn:portcullis:problem:refresh_reused");
    }
}
