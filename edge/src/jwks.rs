//! Keeps other issuers' keys in hand: from the issuer itself, or, while it cannot be reached, from
//! the copy of them that lies in KV. Whoever can write to KV is not trusted with keys, so the copy
//! counts by its code (HMAC with `EDGE_SECRET`) alone.

use core::time::Duration;

use common::issuers::{Issuer, IssuerIndex, Jwks};
use common::keys::{KeySet, UnusableKeySet};
use common::token::access::LEEWAY;
use common::{UnixSeconds, base64url};

use crate::fault::Fault;
use crate::isolate::Isolate;
use crate::platform::{self, Env, Question};
use crate::settings::Settings;
use crate::together::all;
use crate::{clock, crypto};

/// The largest set that is read, in bytes. Google's has 2,000, Entra's 20,000.
const MAX_SET: usize = 64 * 1024;
/// A copy in KV that is older is written anew, though nothing changed.
const RENEW: Duration = Duration::from_hours(1);
/// When KV forgets a copy by itself, in seconds: keys are not used for longer without their issuer.
const KEPT: u32 = 24 * 3600;
/// How long KV's caches may keep one, in seconds: KV's own default.
const CACHED: u32 = 60;
/// Between two glances at what another request has begun, in milliseconds.
const PAUSE: u32 = 10;

/// Looks for an issuer's keys, or waits for the look that another request has begun: what one
/// request awaits, another may not, so the waiting is by the clock. What it brings is in
/// [`Isolate::keyring`].
pub(crate) async fn load(isolate: &Isolate, settings: &Settings, env: &Env, index: IssuerIndex) {
    let is_looking = || isolate.keyring().ring(index).is_looking(clock::now());
    if is_looking() {
        while is_looking() {
            platform::sleep(PAUSE).await;
        }
        return;
    }
    look(isolate, settings, env, index).await;
}

/// Whether keys are old enough to be looked for again, or are still to be kept.
pub(crate) fn is_due(isolate: &Isolate, settings: &Settings) -> bool {
    !isolate.unkept.borrow().is_empty() || due(isolate, settings).next().is_some()
}

fn due(isolate: &Isolate, settings: &Settings) -> impl Iterator<Item = IssuerIndex> {
    let keyring = isolate.keyring();
    let issuers = settings.vars.issuers.iter().map(|(index, _)| index);
    issuers.filter(move |index| keyring.ring(*index).is_due(clock::now()))
}

/// Refreshes what is old enough, and leaves in KV what it lacks.
pub(crate) async fn upkeep(isolate: &Isolate, settings: &Settings, env: &Env) {
    let due: Vec<_> = due(isolate, settings).collect();
    all(due.into_iter().map(|index| look(isolate, settings, env, index))).await;
    for Unkept { index, copy } in isolate.unkept.take() {
        keep(settings, env, index, copy).await;
    }
}

/// What an issuer said, until it is in KV.
#[derive(Debug)]
pub(crate) struct Unkept {
    index: IssuerIndex,
    copy: Copy,
}

/// Takes what is found in hand.
async fn look(isolate: &Isolate, settings: &Settings, env: &Env, index: IssuerIndex) {
    let Some(issuer) = settings.vars.issuers.get(index) else { return };
    isolate.change_keyring(|keyring| keyring.begin(index, clock::now()));
    let found = match ask(issuer).await {
        Ok((keys, copy)) => {
            isolate.unkept.borrow_mut().push(Unkept { index, copy });
            Some(keys)
        }
        Err(fault) => {
            platform::warn(&format!("No keys from {}. {fault}", issuer.name()));
            kept(settings, env, issuer).await
        }
    };
    isolate.change_keyring(|keyring| keyring.end(index, found));
}

async fn ask(issuer: &Issuer) -> Result<(Jwks, Copy), Fault> {
    let document = fetched(issuer).await?;
    let copy = Copy { fetched_at: clock::now(), document };
    Ok((copy.keys(issuer).map_err(unusable)?, copy))
}

async fn fetched(issuer: &Issuer) -> Result<String, Fault> {
    let doing = "asking an issuer for its keys";
    // A redirect is no answer: it would let whoever made it choose the keys.
    let question = Question {
        method: "GET",
        url: issuer.jwks_url(),
        headers: "",
        body: "",
        past_caches: true,
        most: MAX_SET,
    };
    let document = platform::ask(&question).await?.good(doing)?;
    String::from_utf8(document).map_err(|_| Fault::new(doing, "its answer is no text"))
}

fn unusable(error: UnusableKeySet) -> Fault {
    Fault::new("reading an issuer's keys", error.to_string())
}

/// A set as it lies in KV: `<seconds>.<code>.<document>`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Copy {
    fetched_at: UnixSeconds,
    document: String,
}

impl Copy {
    fn keys(&self, issuer: &Issuer) -> Result<Jwks, UnusableKeySet> {
        let keys = KeySet::from_document(self.document.as_bytes(), issuer.algorithms())?;
        Ok(Jwks { keys, fetched_at: self.fetched_at })
    }

    /// What the code is made of. No member but the last can hold a line break, so two different
    /// copies never have one text.
    fn message(&self, issuer: &Issuer) -> String {
        let Self { fetched_at, document } = self;
        let (name, url) = (issuer.name(), issuer.jwks_url());
        format!("portcullis-jwks\n{name}\n{url}\n{fetched_at}\n{document}")
    }

    fn write(&self, mac: &[u8]) -> String {
        format!("{}.{}.{}", self.fetched_at, base64url::encode(mac), self.document)
    }

    /// The copy and its code, not verified.
    fn read(text: &str) -> Option<(Self, Vec<u8>)> {
        let (seconds, rest) = text.split_once('.')?;
        let (mac, document) = rest.split_once('.')?;
        let fetched_at = UnixSeconds::new(seconds.parse().ok()?);
        Some((Self { fetched_at, document: document.into() }, base64url::decode(mac)?))
    }
}

/// The copy in KV, if an edge of ours wrote it.
async fn copy(settings: &Settings, env: &Env, issuer: &Issuer) -> Result<Option<Copy>, Fault> {
    let Some(bytes) = platform::kv_get(env, &key(issuer).await?, CACHED).await? else {
        return Ok(None);
    };
    let read = core::str::from_utf8(&bytes).ok().and_then(Copy::read);
    let (copy, code) = read.ok_or_else(|| kv_failed("it is no set"))?;
    if copy.fetched_at > clock::now().plus(LEEWAY) {
        return Err(kv_failed("it is from the future: is a clock wrong?"));
    }
    if crypto::verify_mac(&settings.edge_secret, &copy.message(issuer), code).await {
        Ok(Some(copy))
    } else {
        Err(kv_failed("no edge with this EDGE_SECRET and entry of ISSUERS wrote it"))
    }
}

async fn kept(settings: &Settings, env: &Env, issuer: &Issuer) -> Option<Jwks> {
    let read = async {
        let copy = copy(settings, env, issuer).await?;
        copy.map(|copy| copy.keys(issuer)).transpose().map_err(unusable)
    };
    read.await.unwrap_or_else(|fault| {
        platform::warn(&format!("The copy of {}'s keys was not taken. {fault}", issuer.name()));
        None
    })
}

/// Leaves a copy in KV.
async fn keep(settings: &Settings, env: &Env, index: IssuerIndex, copy: Copy) {
    let Some(issuer) = settings.vars.issuers.get(index) else { return };
    if let Err(fault) = try_keep(settings, env, issuer, copy).await {
        platform::warn(&format!("The keys of {} were not kept. {fault}", issuer.name()));
    }
}

/// Only what is new: KV takes one write a second for each key, and all edges write to the same.
async fn try_keep(settings: &Settings, env: &Env, issuer: &Issuer, new: Copy) -> Result<(), Fault> {
    if let Ok(Some(old)) = copy(settings, env, issuer).await
        && old.document == new.document
        && new.fetched_at.since(old.fetched_at) < RENEW
    {
        return Ok(());
    }
    let code = crypto::mac(&settings.edge_secret, &new.message(issuer)).await;
    let code = code.ok_or_else(|| Fault::new("writing to KV", "it cannot be signed"))?;
    platform::kv_put(env, &key(issuer).await?, &new.write(&code), KEPT).await
}

async fn key(issuer: &Issuer) -> Result<String, Fault> {
    let digest = crypto::sha256(issuer.name().as_bytes()).await;
    let digest = digest.ok_or_else(|| kv_failed("the issuer cannot be hashed"))?;
    Ok(format!("jwks:{}", base64url::encode(digest)))
}

fn kv_failed(why: &str) -> Fault {
    Fault::new("reading keys from KV", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_read_as_it_was_written() {
        let copy = Copy {
            fetched_at: UnixSeconds::new(1_800_000_000),
            document: r#"{"keys":[{"kid":"a.b"}]}"#.into(),
        };
        assert_eq!(Copy::read(&copy.write(&[1, 2, 3])), Some((copy, vec![1, 2, 3])));
        for bad in ["", ".", "1.", "x.AAAA.{}", "1.=.{}", "-1.AAAA.{}", "{}"] {
            assert_eq!(Copy::read(bad), None, "{bad}");
        }
    }
}
