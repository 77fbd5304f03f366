//! Signing in by a login at a provider.

use common::token::refresh::Presented;

use super::{PATIENCE, Social, SocialError};
use crate::port::{
    Account, AccountError, Actor, CLOCK_SKEW, Device, Email, Event, Kind, Linking, NewAccount,
    Proven, RECENT, Stranger,
};
use crate::service::letters::Language;
use crate::service::postman::Errand;
use crate::service::{Fault, Issued, Lasting, Means, SignIn, register};

impl Social {
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
        let by = Means::Provider {
            name: provider.into(),
            issuer: stranger.issuer.clone(),
            subject: stranger.subject.clone(),
        };
        let how = SignIn { by, lasting, device };
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
        self.issuer.leave(instead_of).await;
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
}
