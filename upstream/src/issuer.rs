//! The issuer's keys, fetched and kept fresh.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use common::keys::KeySet;
use tokio::sync::Mutex;

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
    url: String,
    http: reqwest::Client,
    in_hand: RwLock<Option<(Arc<KeySet>, Instant)>>,
    /// When they were last asked for. Whoever holds it is asking.
    asked: Mutex<Option<Instant>>,
}

impl Issuer {
    pub(crate) fn new(url: String) -> Result<Self, UnusableKeys> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            // Keys are where the app was told, not where somebody points on.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { url, http, in_hand: RwLock::default(), asked: Mutex::default() })
    }

    /// The keys; nothing when there are none to go by.
    pub(crate) async fn keys(&self) -> Option<Arc<KeySet>> {
        let in_hand = self.in_hand();
        match in_hand {
            Some((keys, at)) if at.elapsed() < REFRESH => return Some(keys),
            // One asks for newer ones, the others go on by these.
            Some((_, at)) if at.elapsed() < USABLE => {
                if let Ok(mut asked) = self.asked.try_lock() {
                    self.ask(&mut asked).await;
                }
            }
            _ => self.ask(&mut *self.asked.lock().await).await,
        }
        self.usable()
    }

    /// The keys, asked for anew unless that was just done.
    pub(crate) async fn newer_keys(&self) -> Option<Arc<KeySet>> {
        self.ask(&mut *self.asked.lock().await).await;
        self.usable()
    }

    async fn ask(&self, asked: &mut Option<Instant>) {
        if asked.is_some_and(|at| at.elapsed() < COOL_DOWN) {
            return;
        }
        *asked = Some(Instant::now());
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
