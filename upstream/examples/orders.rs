//! An app without any auth code of its own, behind the gate.
//!
//! ```sh
//! cargo run -p portcullis-upstream --example orders --features fetch
//! cargo xtask dev --var APP_URL=http://localhost:8888
//! ```
//!
//! With `ASSERTION_PUBLIC_KEY` in its environment it believes assertions alone; with `JWKS_URL`,
//! access tokens; with neither, headers.

use std::env;
use std::error::Error;

use axum::{Json, Router, routing::get};
use portcullis_upstream::{Identity, Refusal, Trust, Verifier};
use serde_json::{Value, json};

async fn front(identity: Option<Identity>) -> String {
    match identity {
        Some(identity) => format!("hello {}\n", identity.subject),
        None => "hello\n".into(),
    }
}

async fn orders(identity: Identity) -> Json<Value> {
    Json(json!({
        "orders_of": identity.subject,
        "session": identity.session.map(|session| session.to_string()),
        "roles": identity.roles,
        "until": identity.expires.get(),
    }))
}

async fn everybodys_orders(identity: Identity) -> Result<Json<Value>, Refusal> {
    identity.require_role("admin")?;
    Ok(Json(json!({"orders_of": "everybody", "seen_by": identity.subject})))
}

fn trust() -> Result<Trust, Box<dyn Error>> {
    let variable = |name| env::var(name).ok();
    let audience = variable("AUDIENCE").unwrap_or_else(|| "portcullis-app".into());
    if let Some(key) = variable("ASSERTION_PUBLIC_KEY") {
        return Ok(Trust::assertions(&key, audience)?);
    }
    if let Some(url) = variable("JWKS_URL") {
        let issuer = variable("ISSUER").unwrap_or_else(|| "http://localhost:8787".into());
        return Ok(Trust::tokens(Verifier::fetching(issuer, audience, url)?));
    }
    Ok(Trust::headers())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = Router::new()
        .route("/", get(front))
        .route("/orders", get(orders))
        .route("/admin/orders", get(everybodys_orders))
        .layer(trust()?);
    let port = env::var("PORT").unwrap_or_else(|_| "8888".into());
    // Loopback only: who is not the edge must not reach it.
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
