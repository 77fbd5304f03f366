//! Keeps the head in hand fresh from its two mailboxes, KV and the origin. Neither is trusted: a
//! head counts by its signature.

use common::Epoch;
use common::revocation::UnverifiedHead;
use futures_util::future::join;
use worker::{Context, Env, console_warn};

use crate::fault::Fault;
use crate::isolate::Isolate;
use crate::settings::{self, Settings};
use crate::{clock, origin, verify};

/// How often an isolate with traffic looks for a new head, in the background.
const EVERY_MS: f64 = 5_000.0;
/// After this long without looking, a request waits for the look: an isolate that nobody used
/// would otherwise let in, by what it knew before, somebody who logged out meanwhile.
const IDLE_MS: f64 = 10_000.0;
/// How soon to look again when there is nothing to go by.
const RETRY_MS: f64 = 1_000.0;
/// KV's shortest `cacheTtl`, in seconds.
const KV_CACHE_TTL: u64 = 30;

/// Whether this request has to wait for [`refresh`] before it can be let in.
pub(crate) fn is_overdue(isolate: &Isolate) -> bool {
    age_of_last_look(isolate) >= IDLE_MS
}

/// Whether it makes sense to look again although the last look brought nothing usable.
pub(crate) fn may_retry(isolate: &Isolate) -> bool {
    age_of_last_look(isolate) >= RETRY_MS
}

/// Starts a look in the background when one is due; one at a time.
pub(crate) fn refresh_in_background(isolate: &Isolate, env: &Env, context: &Context) {
    if age_of_last_look(isolate) < EVERY_MS {
        return;
    }
    let env = env.clone();
    isolate.refreshed_at.set(clock::now_ms());
    context.wait_until(async move {
        let isolate = Isolate::here();
        if let Ok(settings) = isolate.settings(&env) {
            refresh(&isolate, &settings, &env).await;
        }
    });
}

/// Looks into both mailboxes and takes what is newest.
pub(crate) async fn refresh(isolate: &Isolate, settings: &Settings, env: &Env) {
    isolate.refreshed_at.set(clock::now_ms());
    let (durable, fresh) = join(from_kv(env), origin::head(settings, None)).await;
    for (mailbox, document) in [("KV", durable), ("the origin", fresh)] {
        accept(isolate, settings, mailbox, document).await;
    }
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
    kv.get("head").cache_ttl(KV_CACHE_TTL).text().await.map_err(|error| failed(error.to_string()))
}

fn age_of_last_look(isolate: &Isolate) -> f64 {
    clock::now_ms() - isolate.refreshed_at.get()
}
