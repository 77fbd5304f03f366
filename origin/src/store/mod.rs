//! Where things are kept: sessions, block log and leases in Redis or in an embedded file, accounts
//! in SQL. Adapters behind [`crate::port`]; they decide nothing that `common` or a service could.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod database;
pub(crate) mod embedded;
mod ending;
mod manifest;
mod open;
pub(crate) mod redis;
mod sqlite;
mod tables;

#[cfg(test)]
mod contract;

use std::time::Duration;

pub(crate) use open::OpenError;
pub(crate) use tables::Tables;

/// How long a session is remembered past its idle end: longer than any access token of it can live
/// (an hour, plus leeway), so that signing out everywhere still finds what it has to block.
const REMEMBERED: Duration = Duration::from_hours(2);
