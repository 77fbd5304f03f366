//! Portcullis at the edge: a Worker that gathers the facts of a request, asks `common` for the
//! verdict, and forwards, refuses or passes on. It decides nothing itself.

mod body;
mod clock;
mod digest;
mod facts;
mod fault;
mod forward;
mod gate;
mod isolate;
mod jwks;
mod mac;
mod mailbox;
mod origin;
mod refuse;
mod report;
mod settings;
mod suspicion;
pub mod verify;

use worker::{Context, Env, event};

/// The Worker's entry. Whatever fails inside is answered as a refusal: nothing reaches the app but
/// by a permit.
#[event(fetch)]
async fn fetch(
    request: web_sys::Request,
    env: Env,
    context: Context,
) -> worker::Result<web_sys::Response> {
    Ok(gate::answer(&request, &env, &context).await?)
}
