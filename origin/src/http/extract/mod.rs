//! What handlers take in, each judged before they see it.

mod body;
mod caller;
mod client;
mod client_auth;
mod form;
mod query;
mod segment;

pub(super) use body::{Body, Expected, OptionalBody, has_type, read as read_body};
pub(super) use caller::{Caller, same_origin};
pub(super) use client::{Client, Peer};
pub(super) use client_auth::{Authenticated, ServiceClient};
pub(super) use form::{Form, Parameters};
pub(super) use query::Query;
pub(super) use segment::Segment;
