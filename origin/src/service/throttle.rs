//! How often something may be tried: where passwords and mails are at stake.
//!
//! **By network** (an IPv4 address, an IPv6 /64): a rate. Who sprays passwords over many accounts from
//! one place is slowed down there. A sign-in that works takes back what it counted, so an office behind
//! one address is not held up by people who know their passwords.
//!
//! **By account**: failures in a row, each wait twice the one before, and no more than 50 (NIST SP
//! 800-63B-4 §3.2.2 allows 100). An account that nobody has counts the same: nothing tells it apart.
//! One counter for all would let strangers lock the owner out, so there are several: one for each
//! network that the account was signed in to from in the last 90 days (NIST names this), and one for
//! all strangers together. However many try from elsewhere, the owner's places have an allowance of
//! their own. Who owns the account and comes from a new place while it is attacked has to wait as
//! strangers do, or resets the password by mail: that forgets what strangers tried, and what failed at the
//! place where it is done, which is one of the owner's then.
//!
//! Tries are counted as failed before they are made: as many at once get no further than one after the
//! other. When the store does not answer nothing is tried: without counting there is no limit, and a
//! sign-in would need the store in any case.
//!
//! Sign-ins that work are counted by account too, generously: each leaves a session in the store, and when it
//! ends an entry in the block log. A reset forgets them: somebody else may have known the password.
//!
//! What an account is signed in with is changed so often an hour, whoever does it: its owner hears of each change by
//! a letter, and others' letters wait behind those. Where nobody has proven the address, the letters to it count
//! besides: they may be to anybody. A reset forgets the changes too.
//!
//! Refresh tokens are not counted, and no logout: nobody may be kept from it, and one that ends nothing
//! leaves nothing behind. Where a refresh ends the access token before, the next moment's brings the same one
//! again ([`ACCESS_APART`](crate::port::ACCESS_APART)), so that a loop of them does not fill the block log. A refresh token whose MAC is wrong is refused without a call to the store, for
//! less than counting it would cost, and there is nothing to guess in 256 bits.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use common::Subject;
use tracing::warn;

use super::Fault;
use crate::config::Limits;
use crate::port::{
    Account, Counter, Email, Leave, Patience, Proving, Rate, StoreFault, Tally, Tries,
};

/// Where somebody tries from: everybody there counts as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network(IpAddr);

impl Network {
    /// The network of an address. A household has an IPv6 /64 at least (RFC 6177), so that one of its
    /// addresses says nothing.
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            v4 @ IpAddr::V4(_) => v4,
            IpAddr::V6(v6) => IpAddr::from((v6.to_bits() >> 64 << 64).to_be_bytes()),
        })
    }
}

/// What is limited by network alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Making an account.
    Register,
    /// Having a letter sent, to whomever.
    Letter,
    /// Coming back from a login elsewhere; what leads to somebody is taken back.
    Arrive,
    /// Having an access token revoked.
    Revoke,
}

/// What of an account is changed by whoever is signed in; each counts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changing {
    /// Its password.
    Password,
    /// Its address.
    Address,
    /// The logins elsewhere that open it.
    Logins,
}

impl Changing {
    const ALL: [Self; 3] = [Self::Password, Self::Address, Self::Logins];

    const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Address => "address",
            Self::Logins => "logins",
        }
    }
}

/// Why something is not tried.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Limited {
    /// Too often; after so long there is another try.
    #[error("too many tries; another is possible in {} s", .0.as_secs())]
    Wait(Duration),
    /// Our fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreFault> for Limited {
    fn from(fault: StoreFault) -> Self {
        Self::Fault(fault.into())
    }
}

/// A try to sign in that is under way.
#[derive(Debug)]
pub(crate) struct Attempt(Proving);

/// Wrong passwords in a row wait this long at first, and at most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Wrong passwords in a row, of strangers or from one place.
const MOST: u32 = 50;

/// How long wrong passwords are remembered.
const FAILURES_LAST: Duration = Duration::from_hours(30 * 24);

/// Changes of one kind, of one account.
const CHANGES: Rate = Rate { tries: 10, span: Duration::from_hours(1) };

/// How long it is remembered from where an account was signed in to.
const SPOTS_LAST: Duration = Duration::from_hours(90 * 24);

/// Keeps the limits.
pub(crate) struct Throttle {
    pub(crate) tries: Arc<dyn Tries>,
    pub(crate) limits: Limits,
    pub(crate) tally: Arc<dyn Tally>,
}

impl Throttle {
    /// Counts a deed against the network that it comes from.
    pub(crate) async fn count(&self, deed: Deed, network: Network) -> Result<(), Limited> {
        let (name, rate) = self.rate(deed);
        let counter = counter(name, &[&network_bytes(network)]);
        self.limited(name, self.tries.count(counter, rate).await?)
    }

    /// Takes back what a deed counted: something came of it.
    pub(crate) async fn uncount(&self, deed: Deed, network: Network) -> Result<(), Fault> {
        let (name, rate) = self.rate(deed);
        Ok(self.tries.uncount(counter(name, &[&network_bytes(network)]), rate).await?)
    }

    fn rate(&self, deed: Deed) -> (&'static str, Rate) {
        match deed {
            Deed::Register => ("register", self.limits.register),
            Deed::Letter => ("mail", self.limits.mail),
            Deed::Arrive => ("arrive", self.limits.sign_in),
            Deed::Revoke => ("revoke", self.limits.sign_in),
        }
    }

    /// Counts a session that is to begin, by whatever it is signed in to.
    pub(crate) async fn session(&self, account: &Subject) -> Result<(), Limited> {
        self.limited("sessions", self.tries.count(begun(account), self.limits.sessions).await?)
    }

    /// Counts a letter that is asked for; the same whether or not anybody has the address.
    /// Each kind has a count of its own: who uses one up for somebody else leaves them the others.
    pub(crate) async fn letter(
        &self,
        kind: &str,
        to: &Email,
        network: Network,
    ) -> Result<(), Limited> {
        self.count(Deed::Letter, network).await?;
        self.letter_to(kind, to.as_str()).await
    }

    /// Counts a letter by its address alone: what leads to it is limited by network already.
    pub(crate) async fn letter_to(&self, kind: &str, to: &str) -> Result<(), Limited> {
        let counter = counter("mail-to", &[kind.as_bytes(), to.as_bytes()]);
        self.limited("mail-to", self.tries.count(counter, self.limits.mail_to).await?)
    }

    /// Counts a change of an account, by somebody who may make it, and the letter that tells its owner.
    pub(crate) async fn change(&self, what: Changing, of: &Account) -> Result<(), Limited> {
        self.limited("changes", self.tries.count(changes(what, &of.id), CHANGES).await?)?;
        if of.email_verified { Ok(()) } else { self.letter_to("notice", &of.email).await }
    }

    /// Counts a try to sign in, before the password is looked at. `email` is a normalised address, or
    /// what was sent in place of one.
    pub(crate) async fn begin(&self, email: &str, network: Network) -> Result<Attempt, Limited> {
        let proving = self.proving(email, network);
        self.limited("sign-in", self.tries.begin_proof(&proving).await?)?;
        Ok(Attempt(proving))
    }

    /// The try did not fail.
    pub(crate) async fn proven(&self, attempt: &Attempt) -> Result<(), Fault> {
        Ok(self.tries.proven(&attempt.0, SPOTS_LAST).await?)
    }

    /// Forgets what strangers tried, what failed here, the sessions that began and what was changed, and knows the
    /// owner here from now on: they have proven by mail who they are.
    pub(crate) async fn forgive(
        &self,
        account: &Subject,
        email: &str,
        network: Network,
    ) -> Result<(), Fault> {
        let proving = self.proving(email, network);
        self.tries.forget(proving.strangers).await?;
        self.tries.forget(begun(account)).await?;
        for what in Changing::ALL {
            self.tries.forget(changes(what, account)).await?;
        }
        Ok(self.tries.remember(proving.spot, SPOTS_LAST).await?)
    }

    fn limited(&self, what: &'static str, leave: Leave) -> Result<(), Limited> {
        match leave {
            Leave::Granted => Ok(()),
            Leave::Wait(wait) => {
                self.tally.limited(what);
                warn!(what, seconds = wait.as_secs(), "too many tries");
                Err(Limited::Wait(wait))
            }
        }
    }

    fn proving(&self, email: &str, network: Network) -> Proving {
        let (email, network) = (email.as_bytes(), network_bytes(network));
        Proving {
            network: counter("sign-in", &[&network]),
            rate: self.limits.sign_in,
            strangers: counter("strangers", &[email]),
            spot: counter("spot", &[email, &network]),
            patience: Patience {
                free: self.limits.account,
                first: FIRST_WAIT,
                longest: LONGEST_WAIT,
                most: MOST.max(self.limits.account),
                memory: FAILURES_LAST,
            },
        }
    }
}

fn network_bytes(network: Network) -> [u8; 16] {
    match network.0 {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// Counts the sessions of an account that began.
fn begun(account: &Subject) -> Counter {
    counter("sessions", &[account.as_str().as_bytes()])
}

/// Counts the changes of an account.
fn changes(what: Changing, of: &Subject) -> Counter {
    counter("changes", &[what.word().as_bytes(), of.as_str().as_bytes()])
}

/// A digest of what is counted, each part with its length.
fn counter(kind: &str, parts: &[&[u8]]) -> Counter {
    let mut hash = Context::new(&SHA256);
    for part in [kind.as_bytes()].iter().chain(parts) {
        hash.update(&part.len().to_be_bytes());
        hash.update(part);
    }
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(hash.finish().as_ref()) {
        *to = *from;
    }
    Counter(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_address_or_a_household() {
        let of = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(of("192.0.2.7"), of("::ffff:192.0.2.7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
        assert_eq!(of("2001:db8:1:2::3"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::3"), of("2001:db8:1:3::3"));
    }

    #[test]
    fn counters_of_different_things_differ() {
        assert_eq!(counter("a", &[b"b"]), counter("a", &[b"b"]));
        assert_ne!(counter("a", &[b"b", b"c"]), counter("a", &[b"bc"]));
        assert_ne!(counter("a", &[b"b"]), counter("ab", &[]));
    }
}
