//! Links between accounts and logins at providers.

use std::time::Duration;

use common::{SessionId, Subject, UnixMillis};

use super::{PATIENCE, Social, SocialError};
use crate::port::{
    Account, Audit, Event, Identities, Identity, Kind, Linking, RECENT, StoreFault, Stranger,
    Unlinking,
};
use crate::service::letters::Language;
use crate::service::postman::Errand;
use crate::service::{Changing, Fault};

impl Social {
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
        self.throttle.change(Changing::Logins, account).await?;
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
    pub(super) fn tell(
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
    pub(super) async fn proven_within(
        &self,
        span: Duration,
        sid: SessionId,
    ) -> Result<(), SocialError> {
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

    pub(super) async fn put(
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
}

/// Takes every login elsewhere from an account whose owner has shown by a letter who they are: whoever linked
/// one before that keeps no way in. `why` says what the letter was for.
pub(in crate::service) async fn unlink_all(
    identities: &dyn Identities,
    audit: &dyn Audit,
    account: &Subject,
    why: &str,
) -> Result<(), StoreFault> {
    for provider in identities.unlink_all(account).await? {
        audit.record(Event::by_user(Kind::LoginUnlinked, account).method(&provider).why(why));
    }
    Ok(())
}
