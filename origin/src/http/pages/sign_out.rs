//! `POST /auth/logout` by a form, as a page's button sends it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::super::Services;
use super::super::error::Refusal;
use super::super::extract::Caller;
use super::super::logout::end;
use super::ReturnTo;
use super::see_other;

pub(in super::super) async fn send(
    State(services): State<Arc<Services>>,
    caller: Caller,
) -> Result<Response, Refusal> {
    end(&services, &caller, None, see_other(&ReturnTo::default())).await
}
