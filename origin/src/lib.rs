//! The issuer: signs people in, rotates their refresh tokens and tells every edge what is revoked.
//!
//! `http → service → port ← {store, kv, crypto}`; `app` alone names the adapters.

mod crypto;
mod port;
