//! Keeps the head in hand fresh from its two mailboxes, KV and the origin. Neither is trusted: a
//! head counts by its signature.

use core::time::Duration;
use std::pin::pin;

use common::Epoch;
use common::revocation::UnverifiedHead;
use futures_util::future::{Either, join, select};
use worker::{Context, Delay, Env, console_warn};

use crate::fault::Fault;
use crate::isolate::Isolate;
use crate::settings::{self, Settings};
use crate::{clock, origin, verify};

/// How often an isolate with traffic looks for a new head, in the background.
const EVERY_MS: f64 = 5_000.0;
/// After this long without a look, a request waits for one: an isolate that nobody used would
/// otherwise let in, by what it knew before, somebody who logged out meanwhile.
const IDLE_MS: f64 = 10_000.0;
/// How soon to look again when there is nothing to go by.
const RETRY_MS: f64 = 1_000.0;
/// A look that takes longer was cut off with the request that took it.
const LOST_MS: f64 = 3_000.0;
/// How long KV may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// KV's shortest `cacheTtl`, in seconds.
const KV_CACHE_TTL: u64 = 30;

/// Whether the head in hand is from so long ago that a look must come before it is trusted.
pub(crate) fn is_overdue(isolate: &Isolate) -> bool {
    since(isolate.look_ended.get()) >= IDLE_MS
}

/// Whether it makes sense to look again although the last look brought nothing usable.
pub(crate) fn may_retry(isolate: &Isolate) -> bool {
    since(isolate.look_ended.get()) >= RETRY_MS
}

/// Starts a look in the background when one is due; one at a time.
pub(crate) fn look_in_background(isolate: &Isolate, env: &Env, context: &Context) {
    if since(isolate.look_began.get()) < EVERY_MS {
        return;
    }
    let env = env.clone();
    isolate.look_began.set(clock::now_ms());
    context.wait_until(async move {
        let isolate = Isolate::here();
        if let Ok(settings) = isolate.settings(&env) {
            look_now(&isolate, &settings, &env).await;
        }
    });
}

/// Looks into both mailboxes and takes what is newest, or waits for the look that another request
/// has begun: what one request awaits, another may not, so the waiting is by the clock.
pub(crate) async fn look(isolate: &Isolate, settings: &Settings, env: &Env) {
    let last = isolate.look_ended.get();
    while isolate.look_began.get() > last && since(isolate.look_began.get()) < LOST_MS {
        Delay::from(Duration::from_millis(10)).await;
        if isolate.look_ended.get() > last {
            return;
        }
    }
    look_now(isolate, settings, env).await;
}

async fn look_now(isolate: &Isolate, settings: &Settings, env: &Env) {
    isolate.look_began.set(clock::now_ms());
    let durable = async { accept(isolate, settings, "KV", from_kv(env).await).await };
    let fresh =
        async { accept(isolate, settings, "the origin", origin::head(settings, None).await).await };
    join(durable, fresh).await;
    isolate.look_ended.set(clock::now_ms());
}

/// Looks into the fresh mailbox at once when the origin says that it is ahead of us.
pub(crate) async fn catch_up(isolate: &Isolate, settings: &Settings, said: Epoch) {
    if isolate.head().is_some_and(|head| head.epoch() >= said) {
        return;
    }
    let document = origin::head(settings, Some(said)).await;
    accept(isolate, settings, "the origin", document).await;
}

async fn accept(
    isolate: &Isolate,
    settings: &Settings,
    mailbox: &str,
    document: Result<Option<String>, Fault>,
) {
    let text = match document {
        Ok(Some(text)) => text,
        Ok(None) => return,
        Err(fault) => return console_warn!("No head from {mailbox}. {fault}"),
    };
    let head = match UnverifiedHead::parse(&text, &settings.anchor) {
        Ok(head) => {
            let signature_is_good = verify::verify(&head.check).await;
            head.answered(signature_is_good, &settings.rules.issuer, clock::now())
        }
        Err(error) => Err(error),
    };
    match head {
        Ok(head) => isolate.take(head),
        Err(error) => console_warn!("The head from {mailbox} was not taken: {error}"),
    }
}

async fn from_kv(env: &Env) -> Result<Option<String>, Fault> {
    let failed = |error: String| Fault::new("reading KV", error);
    let kv = settings::kv(env).map_err(|error| failed(error.to_string()))?;
    let read = pin!(kv.get("head").cache_ttl(KV_CACHE_TTL).text());
    match select(read, Delay::from(PATIENCE)).await {
        Either::Left((read, _)) => read.map_err(|error| failed(error.to_string())),
        Either::Right(_) => Err(failed("no answer in time".into())),
    }
}

fn since(then_ms: f64) -> f64 {
    clock::now_ms() - then_ms
}
