//! Who is asking, for an axum app behind Portcullis.
//!
//! The edge lets nobody in who is not signed in, and tells the app who it let in. This crate reads
//! what it tells: put [`Trust`] around the routes as a layer, which says by what the app knows that
//! it is the edge that speaks, and take [`Identity`] as an argument.
//!
//! ```
//! use axum::{Router, routing::get};
//! use portcullis_upstream::{Identity, Refusal, Trust};
//!
//! async fn orders(identity: Identity) -> String {
//!     format!("orders of {}", identity.subject)
//! }
//!
//! async fn everybodys_orders(identity: Identity) -> Result<String, Refusal> {
//!     identity.require_role("admin")?;
//!     Ok("orders of everybody".into())
//! }
//!
//! // On a path that is public at the edge, nobody need be signed in.
//! async fn front(identity: Option<Identity>) -> String {
//!     identity.map_or("hello".into(), |identity| format!("hello {}", identity.subject))
//! }
//!
//! let app: Router = Router::new()
//!     .route("/", get(front))
//!     .route("/orders", get(orders))
//!     .route("/admin/orders", get(everybodys_orders))
//!     .layer(Trust::headers());
//! ```
//!
//! | what is trusted | `hand` at the edge | good when |
//! |---|---|---|
//! | [`Trust::headers`] | any | nothing but the edge can reach the app |
//! | `Trust::assertions` (feature `signed`) | `"assertion"` | others could reach it too |
//! | `Trust::tokens` (features `signed`, `fetch`) | `"token"` | the app also calls others with the user's token |
//!
//! Every refusal is an RFC 9457 document with the same codes as the edge's own.

#[cfg(feature = "signed")]
mod assertions;
mod headers;
mod identity;
#[cfg(feature = "fetch")]
mod issuer;
mod layer;
mod refusal;
#[cfg(feature = "signed")]
mod signature;
#[cfg(feature = "signed")]
mod tokens;
mod trust;

pub use common::{SessionId, TokenId, UnixSeconds};
pub use identity::Identity;
pub use layer::Gate;
pub use refusal::Refusal;
#[cfg(feature = "signed")]
pub use tokens::{UnusableKeys, Verifier};
pub use trust::Trust;
