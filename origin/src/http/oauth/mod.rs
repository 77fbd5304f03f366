//! `/auth/oauth/{provider}`: to a login elsewhere and back, and the links with it.

mod attempt;

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use common::problem::Code;
use common::{Secret, SessionId};
use url::form_urlencoded;

use super::Services;
use super::answer::sign_in_cookies;
use super::error::Refusal;
use super::extract::{Caller, Client, Segment, has_type, read_body};
use super::openapi::{PageRefusals, Refusing};
use super::pages::social::{Back, failed};
use super::pages::{FORM, ReturnTo, Visitor, Words, is_wanted, see_other};
use crate::port::Stranger;
use crate::service::{AccessError, Lasting, Purpose, Returned, SocialError};
pub(super) use attempt::Kept;

/// Sends a browser to a provider.
#[utoipa::path(get, path = "/auth/oauth/{provider}", operation_id = "sign_in_elsewhere", tag = "page",
    params(("provider" = String, Path), ("return_to" = Option<String>, Query),
        ("remember" = Option<String>, Query, description = "`true` to stay signed in"),
        ("afresh" = Option<String>, Query, description = "`true` to prove again who one is, where the provider can be asked for it")),
    responses((status = 303, description = "On to the provider"), PageRefusals))]
pub(super) async fn depart(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    headers: HeaderMap,
    Segment(provider): Segment,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    let ours = sites.next().is_some_and(|site| site == "same-origin" || site == "none");
    let return_to = ReturnTo::of(query.as_deref());
    let is_wanted = |what| is_wanted(query.as_deref(), what);
    let lasting = if is_wanted("remember") { Lasting::Remembered } else { Lasting::Browser };
    let purpose = Purpose::SignIn(lasting);
    let afresh = is_wanted("afresh");
    match services.social.depart(&provider, purpose, afresh).await {
        Ok((there, attempt)) => {
            let mut response = StatusCode::SEE_OTHER.into_response();
            go(response.headers_mut(), &there)?;
            keep(response.headers_mut(), &Kept { attempt, return_to, ours, afresh }.cookie())?;
            Ok(response)
        }
        Err(error) => {
            let back = Back::SignIn { return_to, afresh };
            Ok(failed(&services, words, &error.into(), &back))
        }
    }
}

/// Takes a browser that comes back.
#[utoipa::path(get, path = "/auth/oauth/{provider}/callback", operation_id = "come_back", tag = "page",
    params(("provider" = String, Path), ("code" = Option<String>, Query), ("state" = Option<String>, Query),
        ("iss" = Option<String>, Query), ("error" = Option<String>, Query)),
    responses((status = 303, description = "On to `return_to`, with both cookies"), PageRefusals))]
pub(super) async fn arrive(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    client: Client,
    caller: Caller,
    headers: HeaderMap,
    Segment(provider): Segment,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let (Some(kept), Some(returned)) = (Kept::of(&headers), returned(query.as_deref())) else {
        let back = Back::SignIn { return_to: ReturnTo::default(), afresh: false };
        let refusal = Refusal::from(SocialError::Stale);
        services.metrics.sign_in(&provider, Err(refusal.code()));
        return Ok(failed(&services, words, &refusal, &back));
    };
    let arrived = services.social.arrive(&provider, &kept.attempt, returned, client.network).await;
    let mut response = match (arrived, kept.attempt.purpose) {
        // Another one, begun later, may be under way: its cookie stays.
        (Err(error @ SocialError::Stale), purpose) => {
            let refusal = Refusal::from(error);
            if matches!(purpose, Purpose::SignIn(_)) {
                services.metrics.sign_in(&provider, Err(refusal.code()));
            }
            return Ok(failed(&services, words, &refusal, &kept.to_sign_in()));
        }
        (Err(error), Purpose::SignIn(_)) => {
            let refusal = Refusal::from(error);
            services.metrics.sign_in(&provider, Err(refusal.code()));
            failed(&services, words, &refusal, &kept.to_sign_in())
        }
        (Err(error), Purpose::Link(_)) => failed(&services, words, &error.into(), &Back::Account),
        (Ok(stranger), Purpose::SignIn(lasting)) => {
            let who = Arrived { provider: &provider, stranger: &stranger };
            sign_in(&services, words, &caller, client, who, lasting, &kept).await?
        }
        (Ok(stranger), Purpose::Link(asked_in)) => {
            let who = Arrived { provider: &provider, stranger: &stranger };
            link(&services, words, &caller, client, who, asked_in, &kept.return_to).await?
        }
    };
    keep(response.headers_mut(), &attempt::cleared())?;
    Ok(response)
}

/// Who came back, and from where.
struct Arrived<'a> {
    provider: &'a str,
    stranger: &'a Stranger,
}

/// Signs them in.
async fn sign_in(
    services: &Services,
    words: &Words,
    caller: &Caller,
    client: Client,
    Arrived { provider, stranger }: Arrived<'_>,
    lasting: Lasting,
    kept: &Kept,
) -> Result<Response, Refusal> {
    let (device, language) = (client.device, words.spoken());
    let left = caller.leaves(services).filter(|_| kept.ours);
    let social = &services.social;
    let outcome = social.sign_in(provider, stranger, lasting, device, left, language).await;
    match services.signed_in(provider, outcome) {
        Ok(issued) => {
            let mut response = see_other(&kept.return_to);
            sign_in_cookies(response.headers_mut(), &issued, services.clock.now())?;
            Ok(response)
        }
        Err(refusal) => Ok(failed(services, words, &refusal, &kept.to_sign_in())),
    }
}

/// Links a login with the account of who is signed in to this browser. That this took longer than their
/// access token lived is no obstacle: the state has shown that they began it here.
async fn link(
    services: &Services,
    words: &Words,
    caller: &Caller,
    client: Client,
    Arrived { provider, stranger }: Arrived<'_>,
    asked_in: SessionId,
    return_to: &ReturnTo,
) -> Result<Response, Refusal> {
    let (outcome, renewed) = match Visitor::find(services, caller, client, true).await? {
        None => (Err(SocialError::SignInTooOld), None),
        // Somebody else may have signed in to this browser meanwhile.
        Some((visitor, renewed)) if visitor.sid != asked_in => (Err(SocialError::Stale), renewed),
        Some((Visitor { account, sid }, renewed)) => {
            let social = &services.social;
            (social.link(provider, stranger, &account, sid, words.spoken()).await, renewed)
        }
    };
    let mut response = match outcome {
        Ok(()) => see_other(return_to),
        Err(error) => {
            let refusal = error.into();
            failed(services, words, &refusal, &Back::to_account(&refusal))
        }
    };
    if let Some(issued) = renewed {
        sign_in_cookies(response.headers_mut(), &issued, services.clock.now())?;
    }
    Ok(response)
}

/// The same for a provider that has the browser post a form (OAuth 2.0 Form Post Response Mode), as Apple
/// does. Browsers send no cookie of ours along with a form of another site; with the GET that this becomes
/// they do, so none needs `SameSite=None`.
#[utoipa::path(post, path = "/auth/oauth/{provider}/callback", operation_id = "come_back_by_form", tag = "page",
    params(("provider" = String, Path)),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "On to the same by `GET`"), PageRefusals))]
pub(super) async fn arrive_by_form(
    Segment(provider): Segment,
    request: Request,
) -> Result<Response, Refusal> {
    if !has_type(request.headers(), FORM) {
        return Err(Refusal::because(Code::MediaTypeUnsupported, "A form is expected here."));
    }
    let body = read_body(request).await?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    let known = |name: &str| ["code", "state", "iss", "error"].contains(&name);
    query.extend_pairs(form_urlencoded::parse(&body).filter(|(name, _)| known(name)));
    let mut response = StatusCode::SEE_OTHER.into_response();
    let mut there = String::from("/auth/oauth/");
    there.extend(form_urlencoded::byte_serialize(provider.as_bytes()));
    go(response.headers_mut(), &format!("{there}/callback?{}", query.finish()))?;
    Ok(response)
}

/// Takes a link away, for a program.
#[utoipa::path(delete, path = "/auth/oauth/{provider}", operation_id = "unlink", tag = "sign-in",
    params(("provider" = String, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "That login opens this account no more"),
        Refusing<(Caller, AccessError, SocialError)>))]
pub(super) async fn unlink(
    State(services): State<Arc<Services>>,
    caller: Caller,
    words: &'static Words,
    Segment(provider): Segment,
) -> Result<StatusCode, Refusal> {
    let token = caller.access().ok_or_else(|| Refusal::new(Code::TokenMissing))?;
    let who = services.credentials.signed_in(token).await?;
    services.social.unlink(&who.subject, &provider, words.spoken()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the provider says, each of it once (RFC 6749 §3.1); what else it sends is its own affair.
fn returned(query: Option<&str>) -> Option<Returned> {
    let mut found: [Option<String>; 4] = [const { None }; 4];
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let at = ["code", "state", "iss", "error"].iter().position(|known| *known == name);
        let Some(slot) = at.and_then(|at| found.get_mut(at)) else { continue };
        if slot.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    let [code, state, iss, error] = found;
    let code = code.filter(|code| error.is_none() && !code.is_empty()).map(Secret::new);
    Some(Returned { state, code, iss })
}

fn go(headers: &mut HeaderMap, there: &str) -> Result<(), Refusal> {
    let there = HeaderValue::try_from(there).map_err(|_| Refusal::new(Code::Internal))?;
    headers.insert(LOCATION, there);
    Ok(())
}

/// Sets a cookie.
pub(super) fn keep(headers: &mut HeaderMap, cookie: &str) -> Result<(), Refusal> {
    let mut value = HeaderValue::try_from(cookie).map_err(|_| Refusal::new(Code::Internal))?;
    value.set_sensitive(true);
    headers.append(SET_COOKIE, value);
    Ok(())
}
