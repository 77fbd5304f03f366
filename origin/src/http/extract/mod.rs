//! What handlers take in, each judged before they see it.

mod body;
mod caller;
mod client;

pub(super) use body::{Body, Expected, OptionalBody};
pub(super) use caller::Caller;
pub(super) use client::Client;
