//! Signing in by a login at a provider, and linking one with an account.

use std::sync::Arc;
use std::time::Duration;

use common::token::refresh::Presented;
use common::{Secret, SessionId, Subject, UnixMillis, UnixSeconds};

use super::letters::Language;
use super::postman::{Errand, Outbox};
use super::{
    Deed, Fault, Issued, Issuer, Lasting, Limited, Means, Network, SignIn, Throttle, register,
};
use crate::config::Label;
use crate::port::{
    Account, AccountError, Accounts, Actor, Audit, Brought, CLOCK_SKEW, Clock, Device, Email,
    Event, Identities, Identity, Kind, Linking, NewAccount, Proven, Provider, ProviderFault,
    RECENT, Random, Stranger, Ties, Unlinking,
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

    /// Signs in whoever came back.
    pub(crate) async fn sign_in(
        &self,
        provider: &str,
        stranger: &Stranger,
        lasting: Lasting,
        device: Device,
        instead_of: Option<Presented>,
        language: Language,
    ) -> Result<Issued, SocialError> {
        let account = self.account_of(provider, stranger, language).await?;
        if account.disabled {
            let event = Event::by(Actor::Unknown, Kind::SignInRefused).about(&account.id);
            self.audit.record(event.method(provider).why("disabled"));
            return Err(SocialError::NotLetIn);
        }
        // Made before proof was required.
        if self.require_verification && !account.email_verified {
            return Err(SocialError::NotLetIn);
        }
        let by = Means::Provider(provider.into());
        // The session before is left once the new one is sure to be.
        let how = SignIn { by, lasting, device, instead_of: None };
        let issued = self.issuer.begin(&account, how).await?.ok_or(SocialError::NotLetIn)?;
        if !self.is_proof(stranger.proven, &account) {
            // Before anybody has its tokens.
            let (sid, until) =
                (issued.session.sid, self.clock.now().plus(RECENT + PATIENCE + 2 * CLOCK_SKEW));
            if let Err(fault) = self.identities.doubt(sid, until).await {
                self.issuer.revocation.session(&account.id, sid).await?;
                return Err(Fault::from(fault).into());
            }
        }
        if let Some(left) = &instead_of {
            self.issuer.leave(left).await;
        }
        Ok(issued)
    }

    /// Whether a sign-in shows that its owner is there, and not somebody who found a browser open that the
    /// provider knows. Where it never tells, the password is wanted; whoever has none is not shut out.
    fn is_proof(&self, proven: Proven, account: &Account) -> bool {
        let now = self.clock.now();
        match proven {
            // OpenID Connect Core §3.1.3.7, rule 13.
            Proven::At(then) => then <= now.plus(CLOCK_SKEW) && now.since(then) <= RECENT,
            Proven::Untold => false,
            Proven::Unknown => account.password_hash.is_none(),
        }
    }

    /// Links whoever came back with the account of whoever asked for that, by the session `sid`: the one
    /// that `account` is signed in to now, and that of the attempt.
    pub(crate) async fn link(
        &self,
        provider: &str,
        stranger: &Stranger,
        account: &Account,
        sid: SessionId,
        language: Language,
    ) -> Result<(), SocialError> {
        // Again, since an attempt is but the word of whoever brings it.
        self.proven_within(RECENT + PATIENCE, sid).await?;
        match self.put(&account.id, provider, stranger).await? {
            Linking::Linked => {
                self.tell(Errand::LoginLinked, account.clone(), provider, language);
                Ok(())
            }
            Linking::Before => Ok(()),
            Linking::OfAnother | Linking::Another => Err(SocialError::Linked),
        }
    }

    /// Takes a link away, but never the last way in.
    pub(crate) async fn unlink(
        &self,
        caller: &Subject,
        provider: &str,
        language: Language,
    ) -> Result<(), SocialError> {
        let others = self.providers.iter().map(|named| named.name.clone());
        let others: Vec<_> = others.filter(|name| name != provider).collect();
        let unlinked = self.identities.unlink(caller, provider, &others).await;
        match unlinked.map_err(Fault::from)? {
            Unlinking::Unlinked => {
                let event = Event::by_user(Kind::LoginUnlinked, caller);
                self.audit.record(event.method(provider));
                if let Some(account) = self.accounts.by_id(caller).await.map_err(Fault::from)? {
                    self.tell(Errand::LoginUnlinked, account, provider, language);
                }
                Ok(())
            }
            Unlinking::None => Err(SocialError::NoSuchProvider),
            Unlinking::Last => Err(SocialError::LastWay),
        }
    }

    /// Tells the owner of the account.
    fn tell(
        &self,
        errand: fn(Box<Account>, String) -> Errand,
        account: Account,
        provider: &str,
        language: Language,
    ) {
        let label = self.named(provider).map_or(provider, |named| match language {
            Language::English => &named.label.english,
            Language::Korean => &named.label.korean,
        });
        if let Some(outbox) = &self.outbox {
            // A full queue keeps nobody from what is done.
            outbox.put(errand(Box::new(account), label.to_owned()), language).ok();
        }
    }

    /// Whether the session began so short a time ago, with a proof of who it is: its id bears the time. A
    /// login that is linked is a way in for good: whoever has got hold of a token, or finds a browser open,
    /// has to show that the account is theirs.
    async fn proven_within(&self, span: Duration, sid: SessionId) -> Result<(), SocialError> {
        let now = self.clock.now();
        let is_recent = |began: UnixMillis| now.since(began.seconds()) <= span;
        let is_proof = sid.began_at().is_some_and(is_recent)
            && !self.identities.is_doubted(sid).await.map_err(Fault::from)?;
        if is_proof { Ok(()) } else { Err(SocialError::SignInTooOld) }
    }

    /// The logins that are linked with an account.
    pub(crate) async fn linked(&self, account: &Subject) -> Result<Vec<Identity>, Fault> {
        Ok(self.identities.of(account).await?)
    }

    /// The account that is theirs: by the identity alone, if it is known. A new one is linked by an
    /// address that is proven on both sides, or gets an account of its own.
    async fn account_of(
        &self,
        provider: &str,
        stranger: &Stranger,
        language: Language,
    ) -> Result<Account, SocialError> {
        // Another sign-in of the same person may come in between, once.
        for _ in 0..2 {
            let known = self.identities.account(&stranger.issuer, &stranger.subject).await;
            if let Some(account) = known.map_err(Fault::from)? {
                return Ok(account);
            }
            let email = stranger.email.as_ref().ok_or(SocialError::NoEmail)?;
            if self.require_verification && !stranger.email_verified {
                return Err(SocialError::NoEmail);
            }
            let (account, is_new) =
                match self.accounts.by_email(email).await.map_err(Fault::from)? {
                    Some(local) if stranger.email_verified && local.email_verified => {
                        (local, false)
                    }
                    // Whoever wrote the address first may not be who it belongs to: with an account that is
                    // not proven, its maker would keep a way in; with a login that is not, it would give one.
                    Some(_) => return Err(SocialError::Taken),
                    None => match self.make(provider, stranger, email.clone()).await? {
                        Some(account) => (account, true),
                        None => continue,
                    },
                };
            match self.put(&account.id, provider, stranger).await? {
                Linking::Linked => {
                    if !is_new {
                        self.tell(Errand::LoginLinked, account.clone(), provider, language);
                    }
                    return Ok(account);
                }
                Linking::Before => return Ok(account),
                Linking::OfAnother => {}
                // The same address at the same provider, but somebody else: it has changed hands.
                Linking::Another => return Err(SocialError::Taken),
            }
        }
        Err(SocialError::Taken)
    }

    /// An account without a password; `None` when somebody else has just taken the address.
    async fn make(
        &self,
        provider: &str,
        stranger: &Stranger,
        email: Email,
    ) -> Result<Option<Account>, SocialError> {
        let new = NewAccount {
            id: register::new_id(&*self.random),
            email,
            email_verified: stranger.email_verified,
            name: stranger.name.as_deref().and_then(|name| register::name(name).ok()),
            password_hash: None,
            created_at: self.clock.now(),
        };
        match self.accounts.create(&new).await {
            Ok(account) => {
                let event = Event::by_user(Kind::AccountMade, &account.id);
                self.audit.record(event.method(provider));
                Ok(Some(account))
            }
            Err(AccountError::Taken) => Ok(None),
            Err(AccountError::Store(fault)) => Err(Fault::from(fault).into()),
        }
    }

    async fn put(
        &self,
        account: &Subject,
        provider: &str,
        stranger: &Stranger,
    ) -> Result<Linking, Fault> {
        let identity = Identity {
            issuer: stranger.issuer.clone(),
            subject: stranger.subject.clone(),
            provider: provider.into(),
            linked_at: self.clock.now(),
        };
        let linked = self.identities.link(account, &identity).await?;
        if linked == Linking::Linked {
            self.audit.record(Event::by_user(Kind::LoginLinked, account).method(provider));
        }
        Ok(linked)
    }

    fn named(&self, name: &str) -> Result<&Named, SocialError> {
        let named = self.providers.iter().find(|named| named.name == name);
        named.ok_or(SocialError::NoSuchProvider)
    }
}
