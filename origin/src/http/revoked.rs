//! `POST /auth/edge/revoked`: the exact answer to an edge's suspicion.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use common::problem::Code;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Services;
use super::error::Refusal;
use super::extract::{Body, Client, Expected};

/// An edge asks about the two ids of a token; some more fit for what may come.
const MAX_IDS: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    ids: Vec<Uuid>,
}

impl Expected for Question {
    const SHAPE: &'static str = "Send a JSON object with `ids`, a list of at most 64 UUIDs.";
}

#[derive(Serialize)]
struct Answer {
    revoked: Vec<Uuid>,
}

pub(super) async fn revoked(
    State(services): State<Arc<Services>>,
    client: Client,
    Body(question): Body<Question>,
) -> Result<impl IntoResponse, Refusal> {
    client.edge.ok_or_else(|| Refusal::new(Code::EdgeOnly))?;
    if question.ids.len() > MAX_IDS {
        return Err(Refusal::because(Code::RequestInvalid, Question::SHAPE));
    }
    Ok(Json(Answer { revoked: services.revocation.revoked(&question.ids).await? }))
}
