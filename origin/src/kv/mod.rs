//! The mailbox at Cloudflare, and what keeps it filled.

mod client;
mod delivery;
mod publisher;
mod standing;

pub(crate) use client::KvClient;
pub(crate) use delivery::HEAD;
pub(crate) use publisher::Publisher;
pub(crate) use standing::Standing;
