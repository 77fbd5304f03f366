//! Who looks at a page that is for people who are signed in; everybody else is sent to sign in.
//!
//! The edge passes what is under `/auth/` as it is, so an access cookie that has run out is renewed
//! here, by the rules by which the edge does so elsewhere: not for what another site triggers, unless
//! the user goes there by it, and the new cookies go out whatever comes of the request.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use common::SessionId;
use common::cookie::Cookie;
use common::problem::Code;

use super::super::Services;
use super::super::answer::sign_in_cookies;
use super::super::error::Refusal;
use super::super::extract::{Caller, Client, same_origin};
use super::{ReturnTo, see_other};
use crate::port::Account;
use crate::service::{AccessError, Issued, RefreshError};

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(in super::super) struct Visitor {
    pub(in super::super) account: Arc<Account>,
    /// The session that they look by.
    pub(in super::super) sid: SessionId,
}

impl Visitor {
    /// Who the caller is, and the tokens that came of it where a new access token was needed. Those go out
    /// whatever comes of the request. `ours`: whether what is asked for is this browser's own doing.
    pub(in super::super) async fn find(
        services: &Services,
        caller: &Caller,
        client: Client,
        ours: bool,
    ) -> Result<Option<(Self, Option<Issued>)>, Refusal> {
        if let Some(visitor) = by_access(services, caller).await? {
            return Ok(Some((visitor, None)));
        }
        let renewed = renew(services, caller, client, ours).await?;
        Ok(renewed.map(|(visitor, issued)| (visitor, Some(issued))))
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        // There is one on every route behind `admit`.
        parts.extensions.get().cloned().ok_or_else(|| Refusal::new(Code::Internal))
    }
}

/// Lets in who is signed in, as a [`Visitor`].
pub(in super::super) async fn admit(
    State(services): State<Arc<Services>>,
    caller: Caller,
    client: Client,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let ours = is_page_load(&request) || same_origin(request.headers(), &services);
    let Some((visitor, issued)) = Visitor::find(&services, &caller, client, ours).await? else {
        return Ok(see_other(&sign_in(&request)));
    };
    request.extensions_mut().insert(visitor);
    let mut response = next.run(request).await;
    if let Some(issued) = issued
        && !has_our_cookies(response.headers())
    {
        sign_in_cookies(response.headers_mut(), &issued, services.clock.now())?;
    }
    Ok(response)
}

async fn by_access(services: &Services, caller: &Caller) -> Result<Option<Visitor>, Refusal> {
    let Some(token) = caller.access() else { return Ok(None) };
    let signed_in = match services.credentials.signed_in(token).await {
        Ok(signed_in) => signed_in,
        Err(AccessError::Fault(fault)) => return Err(fault.into()),
        Err(AccessError::Token(_) | AccessError::Revoked) => return Ok(None),
    };
    let account = services.profiles.account(&signed_in.subject).await?;
    Ok(account.map(|account| Visitor { account: Arc::new(account), sid: signed_in.sid }))
}

/// Refreshes the session that the cookies name, if it is our own page that wants it, or the user.
async fn renew(
    services: &Services,
    caller: &Caller,
    client: Client,
    ours: bool,
) -> Result<Option<(Visitor, Issued)>, Refusal> {
    // A bearer token is sent on purpose: no cookie makes up for it.
    let (Some(token), None, true) = (&caller.refresh_cookie, &caller.bearer, ours) else {
        return Ok(None);
    };
    let access = caller.access_cookie.as_ref().map(|access| access.expose().as_str());
    let outcome = services.rotator.refresh(token.expose(), access, client.device).await;
    match services.refreshed(outcome) {
        Ok((account, issued)) => {
            let sid = issued.session.sid;
            // A page shows more than a rotation remembers, and what holds now.
            let account = services.profiles.account(&account.id).await?;
            let visitor = account.map(|account| Visitor { account: Arc::new(account), sid });
            Ok(visitor.map(|visitor| (visitor, issued)))
        }
        Err(RefreshError::Fault(fault)) => Err(fault.into()),
        Err(_) => Ok(None),
    }
}

/// Whether the answer is to be the page that the user sees, and loading it changes nothing.
fn is_page_load(request: &Request) -> bool {
    let says = |name, wanted: &str| {
        let mut values = request.headers().get_all(name).iter();
        values.next().is_some_and(|value| value == wanted) && values.next().is_none()
    };
    request.method() == Method::GET
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document")
}

/// Whether an answer sets or clears our cookies itself: it has ended the session.
fn has_our_cookies(headers: &HeaderMap) -> bool {
    headers.get_all(SET_COOKIE).iter().any(|cookie| {
        let name = Cookie::Refresh.name().as_bytes();
        cookie.as_bytes().strip_prefix(name).is_some_and(|rest| rest.starts_with(b"="))
    })
}

/// The page to sign in at, which leads back to this one; what was sent by a form is not sent again.
fn sign_in(request: &Request) -> ReturnTo {
    let here = match *request.method() {
        Method::GET => request.uri().path_and_query().map_or("", |here| here.as_str()),
        _ => super::account::PATH,
    };
    ReturnTo::from(ReturnTo::from(String::from(here)).after("/auth/login"))
}
