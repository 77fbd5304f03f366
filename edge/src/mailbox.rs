//! Keeps the head in hand fresh from its two mailboxes, KV and the origin. Neither is trusted: a
//! head counts by its signature, a segment by its name.

use core::mem;
use std::pin::pin;
use std::sync::Arc;

use common::Epoch;
use common::revocation::{
    Announced, HeadError, MAX_HEAD, MAX_SEGMENT, Segment, SegmentName, UnverifiedHead,
};

use crate::fault::Fault;
use crate::isolate::Isolate;
use crate::platform::{self, Env};
use crate::settings::Settings;
use crate::together::{First, all, first};
use crate::{clock, crypto, origin, verify};

/// How often an isolate with traffic looks for a new head, in the background.
const EVERY_MS: f64 = 5_000.0;
/// After this long without a look, a request waits for one: an isolate that nobody used would
/// otherwise let in, by what it knew before, somebody who logged out meanwhile.
const IDLE_MS: f64 = 10_000.0;
/// How soon to look again when there is nothing to go by.
const RETRY_MS: f64 = 1_000.0;
/// How soon to look again for a key that no head has named: whoever makes key ids up gets no more.
const SEARCH_MS: f64 = 10_000.0;
/// A look that takes longer was cut off with the request that took it.
const LOST_MS: f64 = 3_000.0;
/// How long KV may take in the background, in milliseconds.
const PATIENCE: u32 = 2_000;
/// How long it may take when a request waits and the origin has answered: one replica of the origin
/// may be behind, but a KV that hangs is not worth waiting for.
const COURTESY: u32 = 100;
/// Between two glances at what another request has begun, in milliseconds.
const PAUSE: u32 = 10;
/// KV's shortest `cacheTtl`, in seconds: for the head.
const HEAD_CACHE: u32 = 30;
/// For segments: they never change, but that there was none is remembered as long, and an edge whose
/// location has not seen a new one yet would stay blind for all that time.
const SEGMENT_CACHE: u32 = 30;

/// Where a document lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mailbox {
    /// Survives the origin.
    Kv,
    /// Knows first.
    Origin,
}

/// Whether the head in hand is from so long ago that a look must come before it is trusted.
pub(crate) fn is_overdue(isolate: &Isolate) -> bool {
    clock::since(isolate.look_ended.get()) >= IDLE_MS
}

/// Whether it makes sense to look again although the last look brought nothing usable.
pub(crate) fn may_retry(isolate: &Isolate) -> bool {
    clock::since(isolate.look_ended.get()) >= RETRY_MS
}

/// Whether to look for a key that the head does not name. Says yes once in [`SEARCH_MS`], and to all
/// that can wait for a look which is under way: a new key comes with many at once.
pub(crate) fn may_search(isolate: &Isolate) -> bool {
    is_looking(isolate) || clock::since(isolate.searched.get()) >= SEARCH_MS
}

/// Notes that a key is looked for.
pub(crate) fn begin_search(isolate: &Isolate) {
    if !is_looking(isolate) {
        isolate.searched.set(clock::now_ms());
    }
}

fn is_looking(isolate: &Isolate) -> bool {
    isolate.look_began.get() > isolate.look_ended.get()
        && clock::since(isolate.look_began.get()) < LOST_MS
}

/// Whether an isolate with traffic should look for a new head again.
pub(crate) fn is_due(isolate: &Isolate) -> bool {
    clock::since(isolate.look_began.get()) >= EVERY_MS
}

/// Looks when that is due; one request at a time does.
pub(crate) async fn look_if_due(isolate: &Isolate, settings: &Settings, env: &Env) {
    if is_due(isolate) {
        look_now(isolate, settings, env, PATIENCE).await;
    }
}

/// Looks into the mailboxes and takes what is newest, or waits for the look that another request
/// has begun: what one request awaits, another may not, so the waiting is by the clock.
pub(crate) async fn look(isolate: &Isolate, settings: &Settings, env: &Env) {
    let last = isolate.look_ended.get();
    while isolate.look_began.get() > last && clock::since(isolate.look_began.get()) < LOST_MS {
        platform::sleep(PAUSE).await;
        if isolate.look_ended.get() > last {
            return;
        }
    }
    look_now(isolate, settings, env, COURTESY).await;
}

/// KV is waited for so much longer than for the origin, which knows first.
async fn look_now(isolate: &Isolate, settings: &Settings, env: &Env, courtesy: u32) {
    isolate.look_began.set(clock::now_ms());
    let mut durable = pin!(announced(settings, Mailbox::Kv, from_kv(env)));
    let mut fresh = pin!(announced(settings, Mailbox::Origin, origin::head(settings, None)));
    let (mut better, mut other) = match first(durable.as_mut(), fresh.as_mut()).await {
        First::One(durable) => (durable, fresh.await),
        First::Other(None) => (durable.await, None),
        First::Other(fresh) => match first(durable, pin!(platform::sleep(courtesy))).await {
            First::One(durable) => (durable, fresh),
            First::Other(()) => (None, fresh),
        },
    };
    let epoch = |found: &Option<(Announced, Mailbox)>| found.as_ref().map(|(head, _)| head.epoch());
    if epoch(&better) < epoch(&other) {
        mem::swap(&mut better, &mut other);
    }
    for (head, mailbox) in [better, other].into_iter().flatten() {
        if take(isolate, settings, env, head, mailbox).await {
            break;
        }
    }
    isolate.look_ended.set(clock::now_ms());
}

/// Looks into the fresh mailbox at once when the origin says that it is ahead of us. One request
/// at a time does; the others wait, since it may bring what they want, too.
pub(crate) async fn catch_up(isolate: &Isolate, env: &Env, said: Epoch) {
    let Some(settings) = isolate.settings() else { return };
    while is_behind(isolate, said) && clock::since(isolate.catching_up.get()) < LOST_MS {
        platform::sleep(PAUSE).await;
    }
    if !is_behind(isolate, said) {
        return;
    }
    isolate.catching_up.set(clock::now_ms());
    let document = origin::head(&settings, Some(said));
    if let Some((head, mailbox)) = announced(&settings, Mailbox::Origin, document).await {
        take(isolate, &settings, env, head, mailbox).await;
    }
    isolate.catching_up.set(f64::NEG_INFINITY);
}

/// Whether there is no head in hand of this epoch or a later one.
pub(crate) fn is_behind(isolate: &Isolate, said: Epoch) -> bool {
    isolate.head().is_none_or(|head| head.epoch() < said)
}

/// Reads and verifies what lies in a mailbox.
async fn announced(
    settings: &Settings,
    mailbox: Mailbox,
    document: impl Future<Output = Result<Option<String>, Fault>>,
) -> Option<(Announced, Mailbox)> {
    let text = match document.await {
        Ok(text) => text?,
        Err(fault) => {
            platform::warn(&format!("No head from {mailbox:?}. {fault}"));
            return None;
        }
    };
    match verified(settings, &text).await {
        Ok(head) => Some((head, mailbox)),
        Err(error) => {
            platform::warn(&format!("The head from {mailbox:?} was not taken: {error}"));
            None
        }
    }
}

async fn verified(settings: &Settings, text: &str) -> Result<Announced, HeadError> {
    let head = UnverifiedHead::parse(text, &settings.anchor)?;
    let signature_is_good = verify::verify(&head.check).await;
    head.answered(signature_is_good, &settings.vars.rules.issuer, clock::now())
}

/// Takes a head in hand, after the segments that it names and we lack. Says whether the head in
/// hand is then at least as new.
async fn take(
    isolate: &Isolate,
    settings: &Settings,
    env: &Env,
    head: Announced,
    mailbox: Mailbox,
) -> bool {
    let hand = isolate.head();
    if hand.as_ref().is_some_and(|hand| !head.supersedes(hand)) {
        return true;
    }
    let mut segments = isolate.loaded.take();
    segments.extend(hand.iter().flat_map(|hand| hand.segments()).cloned());
    let missing = head.missing(&segments, clock::now());
    let loading = missing.into_iter().map(|name| segment(settings, env, name, mailbox));
    segments.extend(all(loading).await.into_iter().flatten().map(Arc::new));
    match head.complete(&segments, clock::now()) {
        Ok(head) => {
            isolate.take(head);
            true
        }
        Err(error) => {
            platform::warn(&format!("The head from {mailbox:?} was not taken: {error}"));
            // What was loaded need not be loaded again for the next try.
            isolate.loaded.replace(segments);
            false
        }
    }
}

/// A segment, from the mailbox that named it or else from the other.
async fn segment(
    settings: &Settings,
    env: &Env,
    name: SegmentName,
    mailbox: Mailbox,
) -> Option<Segment> {
    let order = match mailbox {
        Mailbox::Kv => [Mailbox::Kv, Mailbox::Origin],
        Mailbox::Origin => [Mailbox::Origin, Mailbox::Kv],
    };
    for mailbox in order {
        match load(settings, env, name, mailbox).await {
            Ok(segment) => return Some(segment),
            Err(fault) => {
                platform::warn(&format!("Segment {name} from {mailbox:?} was not taken. {fault}"));
            }
        }
    }
    None
}

async fn load(
    settings: &Settings,
    env: &Env,
    name: SegmentName,
    mailbox: Mailbox,
) -> Result<Segment, Fault> {
    let failed = |why: &str| Fault::new("loading a segment", why);
    let bytes = match mailbox {
        Mailbox::Kv => platform::kv_get(env, &format!("segment:{name}"), SEGMENT_CACHE)
            .await?
            .ok_or_else(|| failed("it is not there"))?,
        Mailbox::Origin => origin::segment(settings, name).await?,
    };
    if bytes.len() > MAX_SEGMENT {
        return Err(failed("it is too large to be one"));
    }
    let digest = crypto::sha256(&bytes).await.ok_or_else(|| failed("it cannot be hashed"))?;
    Segment::open(name, &bytes, digest).map_err(|error| failed(&error.to_string()))
}

async fn from_kv(env: &Env) -> Result<Option<String>, Fault> {
    let failed = |why: &str| Fault::new("reading the head in KV", why);
    match platform::kv_get(env, "head", HEAD_CACHE).await? {
        None => Ok(None),
        Some(bytes) if bytes.len() > MAX_HEAD => Err(failed("it is too large to be one")),
        Some(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| failed("it is no text")),
    }
}
