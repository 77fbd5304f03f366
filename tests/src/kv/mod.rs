//! A key-value store like Cloudflare's: its REST API for the origin, and for edges as many locations
//! as a story wants, each with a cache of its own as the platform has. It can be told to fail.

mod api;
mod fault;
mod location;
mod truth;

use std::sync::Arc;
use std::time::{Duration, Instant};

use xtask::stack::Served;

pub use fault::{Damage, Fault, Faults};
use location::Cache;
use truth::Truth;
pub use truth::{Write, epoch};

use crate::Outcome;

/// What the API asks its clients for.
pub const TOKEN: &str = "kv-token-of-the-stories";

/// How far apart the store and its locations are.
#[derive(Clone, Copy, Debug)]
pub struct Distance {
    /// How much later a location can see a write at all, however empty its cache.
    pub lag: Duration,
    /// What a second of `cacheTtl` lasts here: 1 is as on the platform.
    pub cache_scale: f64,
}

impl Default for Distance {
    fn default() -> Self {
        Self { lag: Duration::ZERO, cache_scale: 1.0 }
    }
}

/// A running store.
#[derive(Debug)]
pub struct KvServer {
    truth: Arc<Truth>,
    api: Side,
    locations: Vec<Side>,
    caches: Vec<Arc<Cache>>,
}

/// One way into the store.
#[derive(Debug)]
pub struct Side {
    port: u16,
    router: axum::Router,
    served: Option<Served>,
    /// How it fails at present.
    pub faults: Arc<Faults>,
}

impl KvServer {
    /// Starts one with an API and this many locations.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub fn start(locations: usize, distance: Distance) -> Outcome<Self> {
        let truth = Arc::new(Truth::default());
        let api = Side::open("kv-api", |faults| api::router(Arc::clone(&truth), faults))?;
        let caches: Vec<Arc<Cache>> = (0..locations).map(|_| Arc::default()).collect();
        let location = |cache: &Arc<Cache>| {
            Side::open("kv-location", |faults| {
                location::router(Arc::clone(&truth), distance, Arc::clone(cache), faults)
            })
        };
        let locations = caches.iter().map(location).collect::<Outcome<_>>()?;
        Ok(Self { truth, api, locations, caches })
    }

    /// The origin's `kv.api`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}/client/v4/accounts/stories", self.api.port)
    }

    /// The side that the origin writes to.
    pub fn api(&mut self) -> &mut Side {
        &mut self.api
    }

    /// The side that an edge at this place reads from.
    ///
    /// # Errors
    /// When there are not so many.
    pub fn location(&mut self, at: usize) -> Outcome<&mut Side> {
        self.locations.get_mut(at).ok_or_else(|| format!("the store has no location {at}").into())
    }

    /// Every side.
    pub fn sides(&mut self) -> impl Iterator<Item = &mut Side> {
        [&mut self.api].into_iter().chain(&mut self.locations)
    }

    /// Empties every location's cache.
    pub fn empty_caches(&self) {
        self.caches.iter().for_each(|cache| cache.clear());
    }

    /// Empties every location's cache and returns when each has been filled again, so long ago.
    ///
    /// # Errors
    /// When nobody reads this key within half a minute.
    pub async fn fresh_caches(&self, key: &str, since: Duration) -> Outcome {
        self.empty_caches();
        let deadline = Instant::now() + Duration::from_secs(30);
        for cache in &self.caches {
            while !cache.holds(key) {
                if Instant::now() > deadline {
                    return Err(format!("nobody reads {key} at one of the locations").into());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        tokio::time::sleep(since).await;
        Ok(())
    }

    /// Every attempt to write so far, oldest first.
    #[must_use]
    pub fn writes(&self) -> Vec<Write> {
        self.truth.writes()
    }

    /// What the store holds under a key at this moment.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.truth.now(key).map(|value| value.to_vec())
    }

    /// Removes a key as an operator would by mistake.
    pub fn lose(&self, key: &str) {
        self.truth.set(key, None, None);
    }

    /// Puts a value as an operator would by mistake.
    pub fn overwrite(&self, key: &str, value: impl Into<Vec<u8>>) {
        self.truth.set(key, Some(value.into().into()), None);
    }
}

impl Side {
    fn open(name: &str, router: impl Fn(Arc<Faults>) -> axum::Router) -> Outcome<Self> {
        let faults = Arc::new(Faults::default());
        let router = router(Arc::clone(&faults));
        let served = Served::start(name, 0, router.clone())?;
        Ok(Self { port: served.port(), router, served: Some(served), faults })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes the port and every connection: who connects is refused.
    pub fn go_dark(&mut self) {
        self.served = None;
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    /// When the port has been taken meanwhile.
    pub fn come_back(&mut self) -> Outcome {
        if self.served.is_none() {
            self.served = Some(Served::start("kv", self.port, self.router.clone())?);
        }
        Ok(())
    }
}
