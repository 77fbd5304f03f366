//! `GET /auth/openapi.json`: the description of the API, made of what stands beside the handlers.

mod key;
mod refusals;

use std::sync::LazyLock;

use super::oauth_error::Body as OAuthErrorDocument;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use common::cookie::Cookie;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, PathItem, RefOr, Schema, Type};
use utoipa::{Modify, OpenApi, openapi};

pub(super) use key::KeyDocument;
pub(super) use refusals::{
    Missing, NoRefresh, NoToken, OAuthRefusals, PageRefusals, Refuses, Refusing,
};

/// What holds for the whole. The version is the origin's.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Portcullis",
        description = "Signing in, sessions and revocation: what the origin answers, through the edge, \
            under the site's own address.\n\n\
            JSON in and out: unknown and doubled members are refused, bodies have at most 16 KiB. \
            A refusal is a problem document (RFC 9457) with a stable `code`; besides those listed \
            with each call the edge in front may refuse by codes of its own, and a method that a \
            path does not know is 405 `method_not_allowed` with `Allow`.\n\n\
            Requests that change state with nothing but our cookies to show must come from pages of \
            this site (`Sec-Fetch-Site: same-origin` or a matching `Origin`).\n\n\
            Left out: the pages at `/auth/account` and `/auth/admin` with their forms, the forms of \
            the pages that are listed, and what edges alone may ask (`/auth/edge/…`).",
    ),
    tags(
        (name = "sign-in", description = "Accounts, and ways in."),
        (name = "session", description = "What is open, and ending it."),
        (name = "password", description = "Passwords and addresses; some of it by letters."),
        (name = "token", description = "For services: RFC 7009 and RFC 7662."),
        (name = "admin", description = "For accounts that have the role `admin` now."),
        (name = "discovery", description = "What everybody may know of this issuer."),
        (name = "page", description = "Pages for people, in HTML."),
    ),
    components(schemas(refusals::ProblemDocument, OAuthErrorDocument)),
    modifiers(&Credentials),
)]
struct Whole;

/// By what callers show who they are.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let http = |scheme| HttpBuilder::new().scheme(scheme);
        let bearer = http(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let service = http(HttpAuthScheme::Basic)
            .description(Some("A name and secret of `[clients]`."))
            .build();
        let cookie = |cookie: Cookie| {
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie.name())))
        };
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("service", SecurityScheme::Http(service));
        components.add_security_scheme("cookie", cookie(Cookie::Access));
        components.add_security_scheme("refresh_cookie", cookie(Cookie::Refresh));
    }
}

/// The document, written once.
pub(super) static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut document = Whole::openapi();
    document.merge(super::described().into_openapi());
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        absent_is_not_null(operation);
    }
    // It is made of names and texts alone.
    document.to_json().unwrap_or_default()
});

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, .. } = path;
    [get, put, post, delete].into_iter().flatten()
}

/// A body or a parameter that may be missing, an `Option` beside its handler, is never `null` when it
/// is there.
fn absent_is_not_null(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(Parameter { schema: Some(RefOr::T(Schema::Object(object))), .. }) =
            parameter
            && let SchemaType::Array(types) = &mut object.schema_type
        {
            types.retain(|kind| *kind != Type::Null);
        }
    }
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        if let RefOr::T(Content { schema: Some(RefOr::T(Schema::OneOf(either))), .. }) = content {
            either.items.retain(|item| !is_null(item));
        }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == Type::Null.into())
}

/// This description.
///
/// For programs that make clients and tests of it.
#[utoipa::path(get, path = "/auth/openapi.json", tag = "discovery",
    responses((status = 200, description = "The document", content_type = "application/json", body = Object,
        headers(("cache-control" = String))), Refusing<()>))]
pub(super) async fn show() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, DOCUMENT.as_str())
}
