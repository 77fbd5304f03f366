//! Says what the gate would do with a request and why, and tests a policy against expectations.
//!
//! Every decision is `common`'s, the code that runs in the Worker; here is only what reads files
//! and prints. [`explain`] follows one request, [`trial`] runs a list of them.

mod config;
mod error;
pub mod explain;
mod known;
mod request;
mod signature;
pub mod trial;

pub use config::Config;
pub use error::Error;
pub use known::{Knowledge, Sources};
pub use request::Request;
