//! Every decision Portcullis makes, as pure code.
//!
//! No IO, no clock, no randomness, no logging: facts and `now` come in as values, verdicts go out.
//! The same code runs in the Worker (wasm32), in the origin and in the tests.
//!
//! - [`token`]: strict reading and writing of the four kinds of JWS;
//! - [`issuers`]: whose tokens are accepted besides our own, and by which keys;
//! - [`json`]: the one strict reading of JSON, and of configuration in it;
//! - [`keys`]: the public keys that may have signed them;
//! - [`revocation`]: the signed head and the list of what is revoked;
//! - [`policy`]: which path asks for what;
//! - [`verdict`]: the decision on a request, the heart of it all;
//! - [`rotation`]: what a presented refresh token means for its session;
//! - [`problem`]: every error that a user of ours can meet;
//! - `spelling`: which name was meant, for tools alone;
//! - [`variable`]: what the Worker's configuration is called;
//! - [`vars`]: what it says, checked.
#![cfg_attr(not(test), deny(clippy::expect_used, clippy::unimplemented, clippy::unreachable))]

mod id;
mod secret;
mod text;
mod time;

pub mod base64url;
pub mod cookie;
pub mod identity;
pub mod issuers;
pub mod json;
pub mod keys;
pub mod policy;
pub mod problem;
pub mod revocation;
pub mod rotation;
pub mod same_origin;
#[cfg(not(target_arch = "wasm32"))]
pub mod spelling;
pub mod token;
pub mod variable;
pub mod vars;
pub mod verdict;

pub use id::{InvalidId, KeyId, SessionId, Subject, TokenId};
pub use revocation::Epoch;
pub use secret::Secret;
pub use time::{UnixMillis, UnixSeconds};
