//! Where an origin of a test keeps what it keeps: in files of its own, or on servers.

use std::any::Any;
use std::sync::Arc;

use crate::store::{database, redis};

pub(super) const DATABASE: &str = "PORTCULLIS__DATABASE__URL";
const REDIS: &str = "PORTCULLIS__REDIS__URL";

/// Accounts in the one, sessions and counters in the other.
#[derive(Default)]
pub(super) struct Stores {
    urls: Vec<(&'static str, String)>,
    /// The servers, which end with the last test that has them.
    _kept: Vec<Arc<dyn Any + Send + Sync>>,
}

impl Stores {
    /// Files.
    pub(super) fn files() -> Self {
        Self::default()
    }

    /// Postgres and Redis.
    pub(super) async fn servers() -> Self {
        let (accounts, sessions) =
            (database::server::Server::shared(), redis::server::Server::shared());
        let urls =
            vec![(DATABASE, accounts.fresh_database().await), (REDIS, sessions.fresh_database())];
        Self { urls, _kept: vec![accounts, sessions] }
    }

    /// What an origin has to be told.
    pub(super) fn settings(&self) -> Vec<(&str, &str)> {
        self.urls.iter().map(|(name, url)| (*name, url.as_str())).collect()
    }
}

/// Runs each story on both. One that is missing here is dead code, which the compiler tells.
macro_rules! on_both {
    ($($story:ident,)+) => {
        mod files {
            use super::Stores;

            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story(Stores::files()).await;
            })+
        }
        mod servers {
            use super::Stores;

            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story(Stores::servers().await).await;
            })+
        }
    };
}

pub(super) use on_both;
