//! Portcullis at the edge: the part of the Worker that is Wasm. It reads the facts of a request, asks
//! `common` for the verdict, finds out what that wants to know, and answers with a plan. It decides
//! nothing itself; `js/` carries plans out.
#![cfg_attr(not(test), deny(clippy::expect_used, clippy::unimplemented, clippy::unreachable))]

mod answer;
mod assertion;
mod clock;
mod crypto;
mod desk;
mod fault;
mod forward;
mod gate;
mod isolate;
mod jwks;
mod mailbox;
mod origin;
mod panic;
mod plan;
mod platform;
mod refresh;
mod repeats;
mod request;
mod settings;
mod signatures;
mod sockets;
mod suspicion;
mod together;
mod upkeep;
pub mod verify;

use common::Epoch;
use js_sys::Function;
use wasm_bindgen::prelude::wasm_bindgen;

use isolate::Isolate;
use platform::Env;
use request::Asked;

/// Takes the configuration, once: the variables by name, as JSON.
#[wasm_bindgen]
pub fn configure(variables: &str) {
    Isolate::here().configure(variables);
}

/// Calls this function when the instance breaks.
#[wasm_bindgen(js_name = onPanic)]
pub fn on_panic(tell: Function) {
    panic::tell(tell);
}

/// Where the next request is to be written, as text: its method, its URL and its headers, a line each.
/// There is room for so many bytes, until more is asked for.
#[wasm_bindgen(js_name = roomFor)]
#[must_use]
pub fn room_for(bytes: usize) -> *mut u8 {
    Isolate::here().desk.borrow_mut().room_for(bytes)
}

/// What to do with the request of this length (see `desk.rs`); nothing when something must
/// be found out first. Reads no mailbox, makes no future.
#[wasm_bindgen]
#[must_use]
pub fn decide(length: usize) -> i32 {
    let isolate = Isolate::here();
    let reply = gate::decide(&isolate, &Asked::read(isolate.desk.borrow().request(length)));
    isolate.desk.borrow_mut().hand_back(reply)
}

/// The same once the signature is looked at that a plan named: whether it is good.
#[wasm_bindgen]
#[must_use]
pub fn answered(ticket: u32, signature_is_good: bool, length: usize) -> i32 {
    let isolate = Isolate::here();
    let reply = {
        let desk = isolate.desk.borrow();
        let asked = Asked::read(desk.request(length));
        gate::answered(&isolate, ticket, signature_is_good, &asked)
    };
    isolate.desk.borrow_mut().hand_back(reply)
}

/// Where the plan stands that was handed back last.
#[wasm_bindgen(js_name = planAt)]
#[must_use]
pub fn plan_at() -> *const u8 {
    Isolate::here().desk.borrow().plan()
}

/// The plan for a request, whatever has to be found out for it.
#[wasm_bindgen(js_name = findOut)]
pub async fn find_out(asked: Vec<u8>, env: Env) -> String {
    gate::find_out(&Isolate::here(), &Asked::read(&asked), &env).await
}

/// Keeps fresh what the isolate judges by, when a plan says that this is due.
#[wasm_bindgen]
pub async fn upkeep(env: Env) {
    upkeep::run(&Isolate::here(), &env).await;
}

/// Whether the origin, which said this epoch, knows of changes that this isolate does not.
#[wasm_bindgen(js_name = isBehind)]
#[must_use]
pub fn is_behind(epoch: &str) -> bool {
    epoch.parse().is_ok_and(|said| mailbox::is_behind(&Isolate::here(), Epoch::new(said)))
}

/// Asks the origin for a head of this epoch at least.
#[wasm_bindgen(js_name = catchUp)]
pub async fn catch_up(epoch: String, env: Env) {
    if let Ok(said) = epoch.parse() {
        mailbox::catch_up(&Isolate::here(), &env, Epoch::new(said)).await;
    }
}

/// The answer when the app, or the origin, gave none, or not in time.
#[wasm_bindgen]
#[must_use]
pub fn unreachable(origin: bool, late: bool) -> String {
    gate::unreachable(&Isolate::here(), origin, late)
}

/// Whether the token that opened this `WebSocket` is still good: nothing, or the code to close it with,
/// a space, and the reason.
#[wasm_bindgen(js_name = stillGood)]
pub async fn still_good(id: u32, env: Env) -> String {
    let verdict = sockets::verdict(&Isolate::here(), id, &env).await;
    verdict.map(|(code, reason)| format!("{code} {reason}")).unwrap_or_default()
}

/// Forgets a `WebSocket` that is closed.
#[wasm_bindgen]
pub fn forget(id: u32) {
    Isolate::here().sockets.borrow_mut().forget(id);
}
