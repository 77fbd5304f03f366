//! The issuer: signs people in, rotates their refresh tokens and tells every edge what is revoked.
//!
//! `http → service → port ← {store, oauth, kv, crypto}`; `app` alone names the adapters.

mod app;
mod cli;
mod config;
mod crypto;
mod http;
mod kv;
mod mail;
mod metrics;
mod oauth;
mod port;
mod service;
mod store;
mod telemetry;

pub use cli::main;
