//! What the end-to-end stories are told with: the whole of Portcullis on free ports in a folder of
//! its own, a client that is a browser or an API client, raw sockets, a Redis that can be killed; and, for
//! stories of failure, a fleet of origins and edges around a key-value store that fails as told.

pub mod bars;
pub mod client;
pub mod edge;
pub mod figures;
pub mod fleet;
pub mod foreign;
pub mod issuer;
pub mod keys;
pub mod kv;
pub mod load;
pub mod mail;
pub mod node_app;
pub mod process;
pub mod propagation;
pub mod provider;
pub mod proxy;
pub mod raw;
pub mod recorder;
pub mod redis;
pub mod revoked;
pub mod scale;
pub mod secrets;
pub mod sentinel;
pub mod session;
pub mod stub;
pub mod world;
pub mod wrangler;

#[path = "../../common/tests/hostile/cases/mod.rs"]
#[expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a table of tests: what is not where it should be must fail loudly"
)]
pub mod cases;

pub use client::{Answer, Client};
pub use edge::Edge;
pub use fleet::{Fleet, Plan};
pub use recorder::Recorder;
pub use world::{Store, World};

/// What a story fails with.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
/// How a story ends.
pub type Outcome<T = ()> = Result<T, Failure>;
