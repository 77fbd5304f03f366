//! Logins at providers: the way of a browser there and back. What comes of it is a session
//! ([`sign_in`]) or a link with an account ([`link`]).

mod link;
mod sign_in;

pub(super) use link::unlink_all;

use std::sync::Arc;
use std::time::Duration;

use common::{Secret, SessionId, UnixSeconds};

use super::postman::Outbox;
use super::{Deed, Fault, Issuer, Lasting, Limited, Network, Throttle};
use crate::config::Label;
use crate::port::{
    Accounts, Audit, Brought, CLOCK_SKEW, Clock, Identities, Provider, ProviderFault, RECENT,
    Random, Stranger, Ties,
};

/// How long somebody may take at the provider.
const PATIENCE: Duration = Duration::from_mins(10);

/// What a browser is sent to a provider for, and keeps until it comes back.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// The provider's name.
    pub(crate) provider: String,
    pub(crate) ties: Ties,
    pub(crate) begun: UnixSeconds,
    pub(crate) purpose: Purpose,
}

/// What is to come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A session.
    SignIn(Lasting),
    /// A link with the account of this session, which began a moment ago.
    Link(SessionId),
}

/// What the provider sent the browser back with.
#[derive(Debug)]
pub(crate) struct Returned {
    pub(crate) state: Option<String>,
    /// `None` when the provider says that nothing came of it.
    pub(crate) code: Option<Secret<String>>,
    pub(crate) iss: Option<String>,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocialError {
    /// There is no such provider.
    #[error("no provider of this name")]
    NoSuchProvider,
    /// Not begun in this browser, too long ago, or used before.
    #[error("this sign-in was not begun here, is too old, or was used before")]
    Stale,
    /// The person or the provider said no.
    #[error("the provider lets nobody in")]
    Refused,
    /// The provider failed.
    #[error("provider {provider}: {fault}")]
    Provider {
        /// Its name.
        provider: String,
        /// What it did.
        fault: ProviderFault,
    },
    /// It shared no address, and an account needs one.
    #[error("the provider shared no e-mail address")]
    NoEmail,
    /// There is an account with the address, and who comes has not shown that it is theirs.
    #[error("an account with this e-mail address exists")]
    Taken,
    /// The session began too long ago to link a login by it, or with no proof of who it is, or is over.
    #[error("this wants a sign-in of a moment ago, with a proof of who it is")]
    SignInTooOld,
    /// The login is another account's, or the account has another login of this provider.
    #[error("this login cannot be linked with this account")]
    Linked,
    /// The account is disabled, or its owner is none of those who may come.
    #[error("this account may not sign in")]
    NotLetIn,
    /// It is the last way into the account.
    #[error("it is the last way to sign in")]
    LastWay,
    /// Too often.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// Our fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A provider by its name.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) label: Label,
    pub(crate) provider: Arc<dyn Provider>,
}

impl Named {
    fn fault(&self, fault: ProviderFault) -> SocialError {
        match fault {
            ProviderFault::Code => SocialError::Refused,
            ProviderFault::NotLetIn => SocialError::NotLetIn,
            ProviderFault::Failed(_) => {
                SocialError::Provider { provider: self.name.clone(), fault }
            }
        }
    }
}

/// Signs people in by logins elsewhere.
pub(crate) struct Social {
    pub(crate) providers: Vec<Named>,
    /// Whether an account is of use only once its address is proven.
    pub(crate) require_verification: bool,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) identities: Arc<dyn Identities>,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) throttle: Arc<Throttle>,
    /// `None`: nobody is told of links.
    pub(crate) outbox: Option<Outbox>,
}

impl Social {
    /// Begins: where to send the browser, and what it has to keep; `afresh` where the sign-in is to be a proof.
    pub(crate) async fn depart(
        &self,
        name: &str,
        purpose: Purpose,
        afresh: bool,
    ) -> Result<(String, Attempt), SocialError> {
        let named = self.named(name)?;
        if let Purpose::Link(sid) = purpose {
            self.proven_within(RECENT, sid).await?;
        }
        let ties = Ties {
            state: self.random.opaque(),
            nonce: self.random.opaque(),
            verifier: Secret::new(self.random.opaque()),
        };
        let there = named.provider.departure(&ties, afresh).await;
        let there = there.map_err(|fault| named.fault(fault))?;
        let begun = self.clock.now();
        Ok((there, Attempt { provider: named.name.clone(), ties, begun, purpose }))
    }

    /// Takes what the browser came back with. Once only, and only in the browser that was sent: nothing is
    /// asked of the provider otherwise.
    pub(crate) async fn arrive(
        &self,
        name: &str,
        attempt: &Attempt,
        returned: Returned,
        network: Network,
    ) -> Result<Stranger, SocialError> {
        let named = self.named(name)?;
        let now = self.clock.now();
        let is_ours = attempt.provider == named.name
            && returned.state.as_ref() == Some(&attempt.ties.state)
            && attempt.begun <= now.plus(CLOCK_SKEW)
            && now.since(attempt.begun) <= PATIENCE;
        if !is_ours {
            return Err(SocialError::Stale);
        }
        let code = returned.code.ok_or(SocialError::Refused)?;
        // Anybody can write an attempt and what is to come of it, and would have us ask the provider.
        self.throttle.count(Deed::Arrive, network).await?;
        // Before the code is redeemed: of two that come at once, one asks.
        let until = now.plus(PATIENCE + 2 * CLOCK_SKEW);
        let state = &attempt.ties.state;
        if !self.identities.spend(state, now, until).await.map_err(Fault::from)? {
            return Err(SocialError::Stale);
        }
        let brought = Brought { code, iss: returned.iss };
        let arrival = named.provider.arrival(&attempt.ties, &brought).await;
        let stranger = arrival.map_err(|fault| named.fault(fault))?;
        self.throttle.uncount(Deed::Arrive, network).await?;
        Ok(stranger)
    }

    fn named(&self, name: &str) -> Result<&Named, SocialError> {
        let named = self.providers.iter().find(|named| named.name == name);
        named.ok_or(SocialError::NoSuchProvider)
    }
}
