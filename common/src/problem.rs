//! Every error that a client can meet: RFC 9457 documents with a stable `code`.
//!
//! What stands here is constant text. Nothing of a request, and no cause from inside, ever gets in.

use crate::json::Writer;

/// Makes the catalogue of its rows: variant, status, code, and what happened and what to do. The issuer's are not
/// in the Worker, which never says them and has room for little.
macro_rules! catalogue {
    (
        gate { $(
            $(#[$doc:meta])* $gate:ident = $status:literal, $code:literal, $detail:literal;
        )+ }
        issuer { $(
            $(#[$its_doc:meta])* $its:ident = $its_status:literal, $its_code:literal, $its_detail:literal;
        )+ }
    ) => {
        /// The stable codes. Clients act on these; the words may change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $gate,)+
            $($(#[$its_doc])* #[cfg(not(target_arch = "wasm32"))] $its,)+
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &[Self] = &[
                $(Self::$gate,)+
                $(#[cfg(not(target_arch = "wasm32"))] Self::$its,)+
            ];

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                self.row().0
            }

            /// The code as it stands in documents and in `portcullis-verdict`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                self.row().1
            }

            /// What happened and what to do about it, for the person who reads the answer.
            #[must_use]
            pub const fn detail(self) -> &'static str {
                self.row().2
            }

            const fn row(self) -> (u16, &'static str, &'static str) {
                match self {
                    $(Self::$gate => ($status, $code, $detail),)+
                    $(#[cfg(not(target_arch = "wasm32"))] Self::$its => ($its_status, $its_code, $its_detail),)+
                }
            }
        }
    };
}

catalogue! { gate {
    /// No credentials where some are needed.
    TokenMissing = 401, "token_missing",
        "Sign in first: send an access token as `Authorization: Bearer …` or by cookie.";
    /// The access token's time has passed.
    TokenExpired = 401, "token_expired",
        "The access token expired. Refresh it or sign in again.";
    /// The access token was revoked.
    TokenRevoked = 401, "token_revoked",
        "The access token was revoked. Sign in again.";
    /// The access token is not valid, for whatever other reason.
    TokenInvalid = 401, "token_invalid",
        "The access token is not valid. Sign in again.";
    /// The user lacks the role.
    RoleRequired = 403, "role_required",
        "The signed-in user lacks the role that this path requires.";
    /// The token lacks the scope.
    ScopeRequired = 403, "scope_required",
        "The access token lacks the scope that this path requires.";
    /// Another site triggered a request that changes state.
    CrossSite = 403, "cross_site",
        "A request that changes state by cookie must come from this site itself: send \
         `Sec-Fetch-Site: same-origin` or a matching `Origin`, or use a bearer token.";
    /// Two credentials of one kind.
    CredentialsAmbiguous = 400, "credentials_ambiguous",
        "Send one credential of a kind, not two.";
    /// A path that two programs could read differently.
    PathAmbiguous = 400, "path_ambiguous",
        "The path can be read in more than one way: send it without encoded or doubled \
         slashes, backslashes, dot segments, control characters and stray percent signs, and with \
         capital letters only where the app has them.";
    /// No host, or one that two programs could read differently.
    HostInvalid = 400, "host_invalid",
        "The `Host` is not acceptable: expected one name or address, and perhaps a port.";
    /// A protocol other than WebSocket.
    UpgradeRefused = 400, "upgrade_refused",
        "Only a GET may ask for another protocol here, and only for `websocket`.";
    /// Another site's script may not do this.
    CorsRefused = 403, "cors_refused",
        "Scripts of this origin may not send this request here: the rule for this path does not \
         allow the origin, the method or one of the headers.";
    /// A method that is never passed on.
    MethodRefused = 405, "method_refused",
        "This method is not passed on.";
    /// The gate does not know what is revoked.
    RevocationsUnknown = 503, "revocations_unknown",
        "It is not known here at the moment what is revoked. Try again shortly.";
    /// The gate has no keys.
    KeysUnknown = 503, "keys_unknown",
        "The issuer's keys are not known here at the moment. Try again shortly.";
    /// The gate cannot reach the origin.
    OriginUnreachable = 503, "origin_unreachable",
        "The sign-in service cannot be reached at the moment. Try again shortly.";
    /// The gate cannot reach the app.
    UpstreamUnreachable = 502, "upstream_unreachable",
        "The app cannot be reached at the moment.";
    /// The app takes too long.
    UpstreamTimeout = 504, "upstream_timeout",
        "The app did not answer in time.";
    /// The gate's configuration is wrong; its log says how.
    Misconfigured = 500, "misconfigured",
        "The gate is not configured properly. Its log says what to mend.";
    /// No such resource.
    NotFound = 404, "not_found",
        "There is nothing at this path.";
    /// A defect of ours.
    Internal = 500, "internal",
        "Something went wrong on our side. It was logged.";
} issuer {
    /// Wrong password or unknown account: which of them is not said.
    CredentialsInvalid = 401, "credentials_invalid",
        "E-mail address or password is wrong.";
    /// The credentials fit, but the address is not proven yet.
    EmailUnverified = 403, "email_unverified",
        "This e-mail address is not confirmed yet. Open the link in the letter that was sent there, \
         or ask for another at /auth/verify.";
    /// A link of a letter that is good no more.
    ProofInvalid = 400, "proof_invalid",
        "This link was used, is too old, or was replaced by a newer one. Ask for another.";
    /// The session is over.
    RefreshExpired = 401, "refresh_expired",
        "The session is over. Sign in again.";
    /// The session was revoked.
    RefreshRevoked = 401, "refresh_revoked",
        "The session was ended. Sign in again.";
    /// An old refresh token came back: the session was revoked.
    RefreshReused = 401, "refresh_reused",
        "This refresh token was used before, so the session was ended for safety. Sign in \
         again.";
    /// No refresh token of this issuer's.
    RefreshInvalid = 401, "refresh_invalid",
        "This is no refresh token of this issuer. Sign in again.";
    /// No refresh token at all.
    RefreshMissing = 401, "refresh_missing",
        "Send the refresh token: as `refresh_token` in the body or by cookie.";
    /// There is an account with this address.
    EmailTaken = 409, "email_taken",
        "There is an account with this e-mail address. Sign in instead.";
    /// No e-mail address.
    EmailInvalid = 400, "email_invalid",
        "`email` is no e-mail address like name@example.com.";
    /// Shorter than 8 characters.
    PasswordTooShort = 400, "password_too_short",
        "`password` needs at least 8 characters.";
    /// Longer than 256 bytes.
    PasswordTooLong = 400, "password_too_long",
        "`password` may have at most 256 bytes.";
    /// On the list of passwords that everybody tries first.
    PasswordCommon = 400, "password_common",
        "`password` is on the list of those that are tried first. Choose another.";
    /// There would be no administrator any more.
    LastAdmin = 409, "last_admin",
        "This is the last administrator. Make another one first.";
    /// A sign-in by a login elsewhere that was not begun here, is too old or was used.
    SignInStale = 400, "sign_in_stale",
        "This sign-in was not begun in this browser, took too long, or was used. Begin again.";
    /// What is asked for wants a sign-in of a moment ago.
    SignInTooOld = 403, "sign_in_too_old",
        "Sign in again: this wants a sign-in of the last ten minutes.";
    /// The provider, or the person there, said no.
    ProviderRefused = 400, "provider_refused",
        "Nothing came of it at the provider. Begin again, or sign in another way.";
    /// The provider failed.
    ProviderFailed = 502, "provider_failed",
        "The provider did not answer as it should. Try again shortly.";
    /// The provider shared no address.
    ProviderEmailMissing = 403, "provider_email_missing",
        "The provider shared no e-mail address that can be used. Allow it there.";
    /// A login that is linked otherwise.
    LoginLinked = 409, "login_linked",
        "The login is another account's, or the account has another one there. Unlink that.";
    /// The account is closed, or its owner is not let in.
    SignInForbidden = 403, "sign_in_forbidden",
        "This account may not sign in here.";
    /// Without it nobody could sign in to the account.
    LastSignIn = 409, "last_sign_in",
        "This is the only way to sign in. Set a password or link another login first.";
    /// The body or a parameter is not what is expected.
    RequestInvalid = 400, "request_invalid",
        "The request is not what is expected here.";
    /// The body is too large.
    BodyTooLarge = 413, "body_too_large",
        "The body is too large: at most 16 KiB are read.";
    /// The body is not of a type that is read here.
    MediaTypeUnsupported = 415, "media_type_unsupported",
        "Send the body as `Content-Type: application/json`.";
    /// No such method here.
    MethodNotAllowed = 405, "method_not_allowed",
        "This path does not know this method; see `Allow`.";
    /// Only the edge may ask this.
    EdgeOnly = 403, "edge_only",
        "Only the edge may ask this: the shared secret is missing or wrong.";
    /// Too many at once.
    Busy = 503, "busy",
        "Too many sign-ins at once. Try again shortly.";
    /// Too often.
    RateLimited = 429, "rate_limited",
        "Too many tries. Wait as long as `Retry-After` says, in seconds, then try again.";
    /// A store does not answer.
    StoreUnavailable = 503, "store_unavailable",
        "A store does not answer at the moment, so this is not done. It is safe to try \
         again.";
    /// The issuer has no key to sign with.
    SigningUnavailable = 503, "signing_unavailable",
        "No token can be signed at the moment, so this is not done. It is safe to try \
         again.";
} }

/// Seconds that a client is asked to wait before it tries again.
const RETRY_AFTER: u32 = 2;

impl Code {
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
#[derive(Clone, Debug)]
pub struct Problem {
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
        Self { code, detail: detail.into() }
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The document's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let status = self.code.status();
        Writer::default()
            // The code as a URI reference, as RFC 9457 §3.1.1 wants it: stable, for machines.
            .text("type", &["urn:portcullis:problem:", self.code.as_str()].concat())
            .text("title", title(status))
            .number("status", status.into())
            .text("code", self.code.as_str())
            .text("detail", &self.detail)
            .finish()
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
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
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
            serde_json::from_str(&Problem::new(Code::TokenRevoked).to_json()).unwrap();
        assert_eq!(json["code"], "token_revoked");
        assert_eq!(json["status"], 401);
        assert_eq!(json["type"], "urn:portcullis:problem:token_revoked");
    }
}
