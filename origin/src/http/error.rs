//! From what went wrong to what the caller is told: the only mapping there is. Causes of our own
//! go to the log in full and to the caller not at all.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use common::problem::{Code, Problem};
use common::token::TokenError;
use tracing::{error, warn};

use crate::port::{PasswordFault, SigningFault, StoreFault};
use crate::service::{
    AccessError, AdminError, ChangeError, Fault, Limited, LoginError, ProofError, RefreshError,
    RegisterError, ResetError, SocialError, WeakPassword, WrongKind,
};
use crate::telemetry::chain;

/// The `realm` of challenges: which credentials are asked for.
const REALM: &str = "portcullis";

/// Says that the session is over, so that a client need not guess from a code.
pub(super) const SESSION: HeaderName = HeaderName::from_static("portcullis-session");

/// An answer that is no.
#[derive(Debug)]
pub(super) struct Refusal {
    problem: Problem,
    /// Seconds until another try makes sense, where that depends on the try.
    wait: Option<u64>,
}

impl Refusal {
    pub(super) fn new(code: Code) -> Self {
        Self { problem: Problem::new(code), wait: None }
    }

    /// With words that say which input it was; constant words, nothing of the request.
    pub(super) fn because(code: Code, detail: &'static str) -> Self {
        Self { problem: Problem::with_detail(code, detail), wait: None }
    }

    pub(super) fn code(&self) -> Code {
        self.problem.code()
    }

    /// What an answer says of it beside its status and its body.
    pub(super) fn mark(&self, response: &mut Response) {
        let code = self.code();
        let headers = response.headers_mut();
        if let Some(seconds) = self.wait.or(code.retry_after().map(u64::from)) {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        // The challenge holds only what may stand in a header, so this never fails.
        let challenge = code.challenge(REALM, None).and_then(|text| text.try_into().ok());
        if let Some(challenge) = challenge {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if matches!(code, Code::RefreshExpired | Code::RefreshRevoked | Code::RefreshReused) {
            headers.insert(SESSION, HeaderValue::from_static("ended"));
        }
        // For the request's line in the log.
        response.extensions_mut().insert(code);
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code().status());
        let mut response =
            (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), self.problem.to_json())
                .into_response();
        let media_type = HeaderValue::from_static(Problem::MEDIA_TYPE);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        self.mark(&mut response);
        response
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let code = match &fault {
            Fault::Password(PasswordFault::Busy) => Code::Busy,
            Fault::Store(StoreFault::Unavailable { .. }) => Code::StoreUnavailable,
            Fault::Signing(SigningFault::NoKey) => Code::SigningUnavailable,
            Fault::Store(StoreFault::Corrupt { .. })
            | Fault::Signing(SigningFault::Failed(_))
            | Fault::Segment(_)
            | Fault::Overflow { .. }
            | Fault::Password(PasswordFault::Failed(_)) => Code::Internal,
        };
        // What lasts is logged where it begins, not at each request that meets it.
        if ![Code::Busy, Code::SigningUnavailable].contains(&code) {
            error!(error = chain(&fault), "request failed");
        }
        Self::new(code)
    }
}

impl From<LoginError> for Refusal {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Refused => Self::new(Code::CredentialsInvalid),
            LoginError::Unverified => Self::new(Code::EmailUnverified),
            LoginError::Password(weak) => weak.into(),
            LoginError::Limited(limited) => limited.into(),
            LoginError::Fault(fault) => fault.into(),
        }
    }
}

impl From<Limited> for Refusal {
    fn from(limited: Limited) -> Self {
        match limited {
            // Rounded up: who comes back at that second finds room.
            Limited::Wait(wait) => {
                Self { wait: Some(wait.as_secs() + 1), ..Self::new(Code::RateLimited) }
            }
            Limited::Fault(fault) => fault.into(),
        }
    }
}

impl From<WeakPassword> for Refusal {
    fn from(weak: WeakPassword) -> Self {
        match weak {
            WeakPassword::Short => Self::new(Code::PasswordTooShort),
            WeakPassword::Long => Self::new(Code::PasswordTooLong),
            WeakPassword::Common => Self::new(Code::PasswordCommon),
            WeakPassword::Guessable => Self::because(
                Code::PasswordCommon,
                "The password is easily guessed from the e-mail address, the name, or the name of \
                 this site. Choose another.",
            ),
        }
    }
}

impl From<RegisterError> for Refusal {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Email(_) => Self::new(Code::EmailInvalid),
            RegisterError::Password(weak) => weak.into(),
            RegisterError::Name => Self::because(
                Code::RequestInvalid,
                "`name` needs 1 to 200 bytes without control characters; leave it away for none.",
            ),
            RegisterError::Full(_) => Self::new(Code::Busy),
            RegisterError::Limited(limited) => limited.into(),
            RegisterError::Taken => Self::new(Code::EmailTaken),
            RegisterError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ProofError> for Refusal {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Invalid => Self::new(Code::ProofInvalid),
            ProofError::Email(_) => Self::new(Code::EmailInvalid),
            ProofError::Full(_) => Self::new(Code::Busy),
            ProofError::Limited(limited) => limited.into(),
            ProofError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ResetError> for Refusal {
    fn from(error: ResetError) -> Self {
        match error {
            ResetError::Invalid => Self::new(Code::ProofInvalid),
            ResetError::Password(weak) => weak.into(),
            ResetError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Refused => {
                Self::because(Code::CredentialsInvalid, "`current_password` is wrong.")
            }
            ChangeError::Over => Self::new(Code::TokenRevoked),
            ChangeError::Limited(limited) => limited.into(),
            ChangeError::Password(weak) => weak.into(),
            ChangeError::Proof(error) => error.into(),
            ChangeError::Fault(fault) => fault.into(),
        }
    }
}

impl From<RefreshError> for Refusal {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Invalid => Self::new(Code::RefreshInvalid),
            RefreshError::OtherSession => Self::because(
                Code::RefreshInvalid,
                "The access token sent along belongs to another session. Send the refresh token \
                 with its own access token or with none; it was not used up.",
            ),
            RefreshError::Expired => Self::new(Code::RefreshExpired),
            RefreshError::Revoked => Self::new(Code::RefreshRevoked),
            RefreshError::Reused => Self::new(Code::RefreshReused),
            RefreshError::Fault(fault) => fault.into(),
        }
    }
}

impl From<AdminError> for Refusal {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Unknown => Self::because(Code::NotFound, "There is no account of this id."),
            AdminError::LastAdmin => Self::new(Code::LastAdmin),
            AdminError::Roles(_) => Self::because(
                Code::RequestInvalid,
                "A role is 1 to 64 characters of visible ASCII without comma; all roles of an \
                 account have at most 1024 characters together.",
            ),
            AdminError::Kind(kind) => kind.into(),
            AdminError::Fault(fault) => fault.into(),
        }
    }
}

impl From<WrongKind> for Refusal {
    fn from(kind: WrongKind) -> Self {
        let detail = match kind {
            WrongKind::Session => "That is the id of a session: send it as `sid`.",
            WrongKind::NoSession => {
                "No session has such an id. If it is that of an access token, send it as `jti`."
            }
            WrongKind::OtherIssuer => {
                "That is how the id of another issuer's token or session is shown: `origin revoke \
                 --issuer` revokes it."
            }
            WrongKind::Account => "That is the id of an account: send it as `sub`.",
            WrongKind::Address => {
                "That is an e-mail address. `sub` is the id of an account, as the list of users shows it."
            }
            WrongKind::Nobody => {
                let why =
                    "No account has this id, and no session is its: there was nothing to revoke.";
                return Self::because(Code::NotFound, why);
            }
        };
        Self::because(Code::RequestInvalid, detail)
    }
}

impl From<SocialError> for Refusal {
    fn from(error: SocialError) -> Self {
        let code = match error {
            SocialError::NoSuchProvider => Code::NotFound,
            SocialError::Stale => Code::SignInStale,
            SocialError::Refused => Code::ProviderRefused,
            SocialError::Provider { .. } => {
                warn!(error = chain(&error), "a provider failed");
                Code::ProviderFailed
            }
            SocialError::SignInTooOld => Code::SignInTooOld,
            SocialError::NoEmail => Code::ProviderEmailMissing,
            SocialError::Taken => Code::EmailTaken,
            SocialError::Linked => Code::LoginLinked,
            SocialError::NotLetIn => Code::SignInForbidden,
            SocialError::LastWay => Code::LastSignIn,
            SocialError::Limited(limited) => return limited.into(),
            SocialError::Fault(fault) => return fault.into(),
        };
        Self::new(code)
    }
}

impl From<AccessError> for Refusal {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Token(TokenError::Expired) => Self::new(Code::TokenExpired),
            // Which rule a token breaks is told to nobody who might be trying them out.
            AccessError::Token(_) => Self::new(Code::TokenInvalid),
            AccessError::Revoked => Self::new(Code::TokenRevoked),
            AccessError::Fault(fault) => fault.into(),
        }
    }
}

/// There is no such route.
pub(super) async fn not_found() -> Refusal {
    Refusal::new(Code::NotFound)
}

/// There is, for other methods; the router adds `Allow`.
pub(super) async fn method_not_allowed() -> Refusal {
    Refusal::new(Code::MethodNotAllowed)
}
