//! The issuer's keys, fetched and kept fresh.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use common::keys::KeySet;
use tokio::sync::{Mutex, OwnedMutexGuard};
// Stands still and goes on as a test tells it.
use tokio::time::Instant;

use crate::UnusableKeys;
use crate::tokens::key_set;

/// From this age on they are fetched again.
const REFRESH: Duration = Duration::from_mins(5);
/// Beyond this age they are not gone by, although the issuer cannot be reached.
const USABLE: Duration = Duration::from_hours(24);
/// How often they are fetched at most, whatever keys tokens name and however often it fails.
const COOL_DOWN: Duration = Duration::from_secs(10);
/// How long the issuer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Far more than any issuer's keys take, in bytes.
const MAX_JWKS: usize = 64 * 1024;

/// Where the keys are, and those in hand.
#[derive(Debug)]
pub(crate) struct Issuer {
    place: Arc<Place>,
    /// When they were last asked for. Whoever holds it is asking.
    asked: Arc<Mutex<Option<Instant>>>,
}

#[derive(Debug)]
struct Place {
    url: String,
    http: reqwest::Client,
    in_hand: RwLock<Option<(Arc<KeySet>, Instant)>>,
}

impl Issuer {
    pub(crate) fn new(url: String) -> Result<Self, UnusableKeys> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            // Keys are where the app was told, not where somebody points on.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let place = Place { url, http, in_hand: RwLock::default() };
        Ok(Self { place: Arc::new(place), asked: Arc::default() })
    }

    /// The keys; nothing when there are none to go by.
    pub(crate) async fn keys(&self) -> Option<Arc<KeySet>> {
        match self.place.in_hand() {
            Some((keys, at)) if at.elapsed() < REFRESH => return Some(keys),
            // One asks for newer ones, the others go on by these.
            Some((_, at)) if at.elapsed() < USABLE => {
                if let Ok(turn) = Arc::clone(&self.asked).try_lock_owned() {
                    self.ask(turn).await;
                }
            }
            _ => self.ask_in_turn().await,
        }
        self.place.usable()
    }

    /// The keys, asked for anew unless that was just done.
    pub(crate) async fn newer_keys(&self) -> Option<Arc<KeySet>> {
        self.ask_in_turn().await;
        self.place.usable()
    }

    async fn ask_in_turn(&self) {
        self.ask(Arc::clone(&self.asked).lock_owned().await).await;
    }

    async fn ask(&self, mut turn: OwnedMutexGuard<Option<Instant>>) {
        if turn.is_some_and(|at| at.elapsed() < COOL_DOWN) {
            return;
        }
        let place = Arc::clone(&self.place);
        // A task of its own: a client that leaves ends its request, and must not end what others wait
        // for, nor leave them a turn that was taken and came to nothing.
        let asking = tokio::spawn(async move {
            *turn = Some(Instant::now());
            place.renew().await;
        });
        // It fails with the runtime alone, and then nobody waits any more.
        asking.await.ok();
    }
}

impl Place {
    async fn renew(&self) {
        match self.fetch().await {
            Ok(keys) => {
                let mut in_hand = self.in_hand.write().unwrap_or_else(PoisonError::into_inner);
                *in_hand = Some((Arc::new(keys), Instant::now()));
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, url = self.url, "fetching the issuer's keys failed");
            }
        }
    }

    async fn fetch(&self) -> Result<KeySet, UnusableKeys> {
        let mut response = self.http.get(&self.url).send().await?;
        if response.status() != 200 {
            return Err(UnusableKeys::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_JWKS {
                return Err(UnusableKeys::TooLong(MAX_JWKS));
            }
        }
        key_set(&body)
    }

    fn in_hand(&self) -> Option<(Arc<KeySet>, Instant)> {
        self.in_hand.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn usable(&self) -> Option<Arc<KeySet>> {
        self.in_hand().filter(|(_, at)| at.elapsed() < USABLE).map(|(keys, _)| keys)
    }
}
