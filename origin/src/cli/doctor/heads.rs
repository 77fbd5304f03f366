//! Heads where edges find them: in KV, and behind an edge.

use common::revocation::{HeadClaims, UnverifiedHead};
use common::token::Jws;
use common::{Epoch, UnixSeconds};

use super::finding::Finding;
use super::stores;
use crate::config::Config;
use crate::crypto::{KeyRing, SystemClock};
use crate::port::{Clock as _, Signer as _};

/// An edge takes a head for fresh up to this age, and lets nobody in by one that is older than that, unless it is
/// configured otherwise.
const FRESH: u64 = 90;
const STALE: u64 = 900;

/// Bytes that a head may have.
const MAX: usize = common::revocation::MAX_HEAD;

/// By what heads are judged.
pub(super) struct Judge<'a> {
    pub(super) keys: &'a KeyRing,
    pub(super) config: &'a Config,
    /// Whether the store answers.
    pub(super) has_store: bool,
}

impl Judge<'_> {
    /// A head as it lay at `what`.
    pub(super) async fn head(&self, what: &str, document: &[u8]) -> Finding {
        match self.read(document) {
            Err(why) => Finding::wrong(
                what,
                format!(
                    "the head there is none of ours: {why}; edges that trust our anchor take none by it. See that \
                     it is the namespace and the issuer of this origin, and that origins serve with these keys"
                ),
            ),
            Ok((epoch, issued_at)) => {
                self.age(what, epoch, SystemClock.now().since(issued_at).as_secs()).await
            }
        }
    }

    fn read(&self, document: &[u8]) -> Result<(Epoch, UnixSeconds), String> {
        let text = str::from_utf8(document).map_err(|_| String::from("it is no text"))?;
        let head =
            UnverifiedHead::parse(text, self.keys.anchor()).map_err(|error| error.to_string())?;
        let good = self.keys.signature_is_good(&head.check);
        let jws = Jws::parse(text, MAX).map_err(|error| error.to_string())?;
        let claims =
            HeadClaims::parse(jws.unverified_payload()).map_err(|error| error.to_string())?;
        let issuer = &self.config.tokens.issuer;
        if good && claims.iss != *issuer {
            return Err(format!(
                "it is signed by our anchor for the issuer {}, and tokens.issuer is {issuer} here",
                claims.iss
            ));
        }
        let head =
            head.answered(good, issuer, SystemClock.now()).map_err(|error| error.to_string())?;
        Ok((head.epoch(), claims.issued_at))
    }

    /// A head of this epoch that is so many seconds old.
    pub(super) async fn age(&self, what: &str, epoch: Epoch, age: u64) -> Finding {
        // After the head was: what is revoked meanwhile would put it ahead of the store.
        let store = if self.has_store { stores::epoch(self.config).await } else { None };
        let told = format!("a head of epoch {epoch}, {age} s old");
        if age > STALE {
            let todo = "edges let nobody in by it. See that an origin serves, and its log for \"the head was \
                        not published\"";
            return Finding::wrong(what, format!("{told}: {todo}"));
        }
        if store.is_some_and(|store| epoch > store) {
            let todo = "ahead of the store: that was rolled back, or is another one. An origin that serves from \
                        the right one overtakes it";
            return Finding::wrong(what, format!("{told}, {todo}"));
        }
        if age > FRESH {
            return Finding::doubtful(
                what,
                format!("{told}, older than {FRESH} s: does an origin serve?"),
            );
        }
        match store {
            Some(store) if epoch < store => Finding::doubtful(
                what,
                format!(
                    "{told}, behind the store's {store}: right for some seconds after a change; ask again"
                ),
            ),
            Some(_) => Finding::good(what, format!("{told}, as the store's")),
            None => Finding::good(what, told),
        }
    }
}
