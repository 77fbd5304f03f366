//! What calls refuse, by the parts that they are made of.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use common::problem::{Code, Problem};
use serde_json::json;
use utoipa::openapi::header::Header;
use utoipa::openapi::{
    AllOfBuilder, Content, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type,
};
use utoipa::{IntoResponses, ToSchema};

use super::super::extract::{Body, Caller, OptionalBody, Query};
use crate::service::{
    AccessError, AdminError, ChangeError, Fault, Limited, LoginError, ProofError, RefreshError,
    RegisterError, ResetError, SocialError, WeakPassword, WrongKind,
};

/// A part of a call, an extractor or the error of a service, that may refuse it.
pub(in super::super) trait Refuses {
    /// With which codes.
    fn codes() -> Vec<Code>;
}

/// The refusals of a call that is made of these parts, as they are described: one response for each
/// status, with the codes that come with it.
pub(in super::super) struct Refusing<T>(PhantomData<T>);

/// An RFC 9457 document. Clients act on `code`, which is stable; the words may change.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "the shape of what `Problem::to_json` writes, for the description")]
pub(super) struct ProblemDocument {
    /// `urn:portcullis:problem:` and the code.
    #[schema(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    status: u16,
    code: String,
    /// What happened and what to do about it, for the person who reads the answer.
    detail: String,
}

impl<T: Refuses> IntoResponses for Refusing<T> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        // A request without a `Host`, one that takes too long, a defect of ours: any call.
        let anywhere = [Code::RequestInvalid, Code::Busy, Code::Internal];
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in anywhere.into_iter().chain(T::codes()) {
            let codes = by_status.entry(code.status()).or_default();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        let described = |(status, codes): (u16, Vec<Code>)| {
            (status.to_string(), RefOr::T(response(status, &codes)))
        };
        by_status.into_iter().map(described).collect()
    }
}

fn response(status: u16, codes: &[Code]) -> Response {
    let told: Vec<_> =
        codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.detail())).collect();
    let names = codes.iter().map(|code| code.as_str());
    let narrowed = ObjectBuilder::new()
        .property(
            "status",
            ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some([json!(status)])),
        )
        .property("code", ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)));
    let schema = AllOfBuilder::new().item(Ref::from_schema_name("Problem")).item(narrowed);
    let mut response = ResponseBuilder::new()
        .description(told.join("\n\n"))
        .content(Problem::MEDIA_TYPE, Content::new(Some(schema)));
    if codes.iter().any(|code| code.challenge("", None).is_some()) {
        response = response.header("www-authenticate", Header::default());
    }
    if codes.iter().any(|code| code.retry_after().is_some() || *code == Code::RateLimited) {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        response = response.header("retry-after", Header::new(seconds));
    }
    response.build()
}

/// Each part by the codes that [`Refusal`](super::super::error::Refusal) makes of it.
macro_rules! refuses {
    ($($part:ty: [$($code:ident),*] $(, $other:ty)*;)+) => {
        $(impl Refuses for $part {
            fn codes() -> Vec<Code> {
                let own: Vec<Code> = vec![$(Code::$code),*];
                [own, $(<$other>::codes()),*].concat()
            }
        })+
    };
}

refuses! {
    (): [];
    Caller: [CredentialsAmbiguous, TokenInvalid, CrossSite];
    AccessError: [TokenMissing, TokenExpired, TokenRevoked, TokenInvalid], Fault;
    Fault: [Busy, StoreUnavailable, SigningUnavailable, Internal];
    Limited: [RateLimited], Fault;
    WeakPassword: [PasswordTooShort, PasswordTooLong, PasswordCommon];
    LoginError: [CredentialsInvalid, EmailUnverified, PasswordTooLong], Limited;
    RegisterError: [EmailInvalid, EmailTaken, RequestInvalid], WeakPassword, Limited;
    ProofError: [ProofInvalid, EmailInvalid], Limited;
    ResetError: [ProofInvalid], WeakPassword, Fault;
    ChangeError: [CredentialsInvalid, TokenRevoked], WeakPassword, ProofError;
    RefreshError: [RefreshInvalid, RefreshExpired, RefreshRevoked, RefreshReused], Fault;
    AdminError: [NotFound, LastAdmin, RequestInvalid], Fault;
    WrongKind: [RequestInvalid, NotFound];
    SocialError: [NotFound, LastSignIn], Fault;
}

/// Whoever does not ask with the parameters expected.
impl<T> Refuses for Query<T> {
    fn codes() -> Vec<Code> {
        vec![Code::RequestInvalid]
    }
}

impl<T> Refuses for Body<T> {
    fn codes() -> Vec<Code> {
        vec![Code::RequestInvalid, Code::BodyTooLarge, Code::MediaTypeUnsupported]
    }
}

impl<T> Refuses for OptionalBody<T> {
    fn codes() -> Vec<Code> {
        Body::<T>::codes()
    }
}

/// What is refused by the call itself.
macro_rules! by_itself {
    ($($(#[$doc:meta])* $name:ident = $code:ident;)+) => {
        $(
            $(#[$doc])*
            pub(in super::super) struct $name;

            impl Refuses for $name {
                fn codes() -> Vec<Code> {
                    vec![Code::$code]
                }
            }
        )+
    };
}

by_itself! {
    /// There is no such thing.
    Missing = NotFound;
    /// No refresh token came along.
    NoRefresh = RefreshMissing;
    /// A body that is too large.
    TooLarge = BodyTooLarge;
    /// What was shown on purpose is no token.
    NoToken = TokenInvalid;
}

/// What RFC 7009 and RFC 7662 have refused in OAuth's own form (RFC 6749 §5.2), and the rest.
pub(in super::super) struct OAuthRefusals<T>(PhantomData<T>);

impl<T: Refuses> IntoResponses for OAuthRefusals<T> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let body = || Content::new(Some(Ref::from_schema_name("OAuthError")));
        let mut responses = Refusing::<(TooLarge, T)>::responses();
        if let Some(RefOr::T(refused)) = responses.get_mut("400") {
            refused.description += "\n\n`invalid_request`: the parameters. `invalid_grant`: a token of \
                                    another client.";
            refused.content.insert(String::from("application/json"), body().into());
        }
        let unknown = ResponseBuilder::new()
            .description("`invalid_client`: the client is not who it says, or does not say.")
            .content("application/json", body())
            .header("www-authenticate", Header::default());
        responses.insert(String::from("401"), unknown.into());
        responses
    }
}

/// What a browser is shown in place of what it wanted: a page that says why, or a problem.
pub(in super::super) struct PageRefusals;

impl IntoResponses for PageRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let told = |description: &str| {
            let text = ObjectBuilder::new().schema_type(Type::String);
            let problem = Ref::from_schema_name("Problem");
            RefOr::from(
                ResponseBuilder::new()
                    .description(description)
                    .content("text/html", Content::new(Some(text)))
                    .content(Problem::MEDIA_TYPE, Content::new(Some(problem))),
            )
        };
        [("4XX", "Why not, in words."), ("5XX", "What does not work at the moment.")]
            .map(|(status, description)| (String::from(status), told(description)))
            .into()
    }
}

macro_rules! together {
    ($($part:ident)+) => {
        impl<$($part: Refuses),+> Refuses for ($($part,)+) {
            fn codes() -> Vec<Code> {
                let mut codes = Vec::new();
                $(codes.extend($part::codes());)+
                codes
            }
        }
    };
}

together!(A B);
together!(A B C);
together!(A B C D);
together!(A B C D E);
