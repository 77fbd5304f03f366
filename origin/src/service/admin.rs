//! What administrators and operators do to other people's accounts and sessions. What returns `Ok`
//! is kept, and felt by whom it concerns: at every edge within the bound of a logout, and at the
//! next refresh at once.

use std::sync::Arc;
use std::time::Duration;

use common::{SessionId, Subject, TokenId};
use tokio::time::timeout;
use tracing::info;
use uuid::Uuid;

use super::roles::InvalidRoles;
use super::{Epochs, Fault, WrongKind, check_roles, check_session, check_token, no_account};
use crate::port::{
    Account, Accounts, Actor, AllEnded, Announced, Audit, AuditTrail, BlockLog, Event, Events,
    Kind, Proofs, Purpose, RevokeReason, Session, Sessions, Wanted,
};

/// The role whose holders may do all of this.
const ADMIN: &str = "admin";

/// How long a look at the accounts may hold up a revocation that needs none.
pub(crate) const HINT: Duration = Duration::from_secs(2);

/// Proof of who may do it: an administrator by what the account says now, or whoever runs the
/// commands.
#[derive(Clone, Debug)]
pub(crate) struct Authority(Actor);

impl Authority {
    /// That of an account as it was read just now; `None` when it is no administrator's.
    pub(crate) fn of(account: &Account) -> Option<Self> {
        is_admin(account).then(|| Self(Actor::User(account.id.clone())))
    }

    /// That of whoever can run the commands.
    pub(crate) const fn operator() -> Self {
        Self(Actor::Operator)
    }

    /// An event that they caused.
    fn did(&self, kind: Kind) -> Event {
        Event::by(self.0.clone(), kind)
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    /// There is no such account.
    #[error("there is no account of this id")]
    Unknown,
    /// Then there would be no administrator any more.
    #[error("this is the last administrator")]
    LastAdmin,
    /// The roles.
    #[error(transparent)]
    Roles(#[from] InvalidRoles),
    /// The id to revoke.
    #[error(transparent)]
    Kind(#[from] WrongKind),
    /// Our fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Does it.
pub(crate) struct Admin {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) proofs: Arc<dyn Proofs>,
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) log: Arc<dyn BlockLog>,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) trail: Arc<dyn AuditTrail>,
    /// How long the block log keeps an entry.
    pub(crate) retain: Duration,
}

impl Admin {
    /// At most `limit` accounts whose addresses begin with `prefix`, by address, after `after`.
    pub(crate) async fn find(
        &self,
        _: &Authority,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Account>, Fault> {
        // As addresses are normalised.
        let prefix = prefix.trim().to_lowercase();
        Ok(self.accounts.beginning_with(&prefix, after, limit).await?)
    }

    /// One account.
    pub(crate) async fn user(&self, _: &Authority, id: &Subject) -> Result<Account, AdminError> {
        let account = self.accounts.by_id(id).await.map_err(Fault::from)?;
        account.ok_or(AdminError::Unknown)
    }

    /// The live sessions of an account, newest first.
    pub(crate) async fn sessions(
        &self,
        _: &Authority,
        id: &Subject,
    ) -> Result<Vec<Session>, Fault> {
        Ok(self.sessions.of(id).await?)
    }

    /// What happened, newest first.
    pub(crate) async fn events(&self, _: &Authority, wanted: &Wanted) -> Result<Events, Fault> {
        Ok(self.trail.events(wanted).await?)
    }

    /// Closes an account: nobody signs in to it, its sessions are over, and no letter on its way does anything.
    pub(crate) async fn disable(&self, by: &Authority, id: &Subject) -> Result<(), AdminError> {
        let account = self.user(by, id).await?;
        self.spare_the_last(by, &account).await?;
        // In this order: a session that begins in between is ended below, a later one by
        // `Issuer::begin`.
        let announced = self.announce(id).await?;
        self.accounts.set_disabled(&announced, true).await.map_err(Fault::from)?;
        if !account.disabled {
            self.audit.record(by.did(Kind::UserDisabled).about(id));
        }
        self.end_all(id).await?;
        self.void_letters(id).await?;
        Ok(())
    }

    /// Opens it again. Its sessions stay ended, and letters from before are worth nothing.
    pub(crate) async fn enable(&self, by: &Authority, id: &Subject) -> Result<(), AdminError> {
        let account = self.user(by, id).await?;
        // Again: one may have been written while the account was being closed.
        if account.disabled {
            self.void_letters(id).await?;
        }
        let announced = self.announce(id).await?;
        self.accounts.set_disabled(&announced, false).await.map_err(Fault::from)?;
        if account.disabled {
            self.audit.record(by.did(Kind::UserEnabled).about(id));
        }
        Ok(())
    }

    /// Gives an account these roles in place of those it has. A role that is added counts from the
    /// next refresh on. For one that is taken away all its sessions end, since access tokens that
    /// bear it are out, and only the user's own sessions name them all.
    pub(crate) async fn set_roles(
        &self,
        by: &Authority,
        id: &Subject,
        roles: &[String],
    ) -> Result<(), AdminError> {
        check_roles(roles)?;
        let account = self.user(by, id).await?;
        if !roles.iter().any(|role| role == ADMIN) {
            self.spare_the_last(by, &account).await?;
        }
        let loses = account.roles.iter().any(|role| !roles.contains(role));
        // Before and after: a store that does not answer leaves all as it was, and a session that
        // begins in between is ended too.
        if loses {
            self.end_all(id).await?;
        }
        let announced = self.announce(id).await?;
        self.accounts.set_roles(&announced, roles).await.map_err(Fault::from)?;
        if account.roles != roles {
            let mut event = by.did(Kind::RolesChanged).about(id);
            event.detail.before = Some(account.roles);
            event.detail.after = Some(roles.to_vec());
            self.audit.record(event);
        }
        if loses {
            self.end_all(id).await?;
        }
        Ok(())
    }

    /// Ends all sessions of an account, which may sign in anew.
    pub(crate) async fn sign_out(&self, by: &Authority, id: &Subject) -> Result<(), Fault> {
        self.end_all(id).await?;
        self.audit.record(by.did(Kind::ForcedLogout).about(id));
        Ok(())
    }

    /// The same for whoever has this id. One that nobody has is revoked to no effect, while whoever was meant
    /// goes on: that is no success.
    pub(crate) async fn sign_out_by_id(
        &self,
        by: &Authority,
        id: &Subject,
    ) -> Result<(), AdminError> {
        // Before accounts are asked: a database that does not answer keeps nobody from it.
        let ended = self.end_all(id).await?;
        if ended == 0 && self.accounts.by_id(id).await.map_err(Fault::from)?.is_none() {
            return Err(no_account(id).into());
        }
        self.audit.record(by.did(Kind::ForcedLogout).about(id));
        Ok(())
    }

    /// Ends one session, whatever state it is in.
    pub(crate) async fn end_session(
        &self,
        by: &Authority,
        sid: SessionId,
    ) -> Result<(), AdminError> {
        check_session(sid, self.is_account(sid.uuid())).await?;
        // For the trail of whoever's it is; what cannot be read keeps nobody from ending it.
        let known = self.sessions.whose(sid).await.ok().flatten();
        let revoked = self.sessions.revoke(sid, RevokeReason::Operator, self.retain).await;
        let epoch = revoked.map_err(Fault::from)?;
        self.epochs.observe(epoch);
        let mut event = by.did(Kind::SessionRevoked).session(sid);
        event.subject = known.map(|known| known.subject);
        self.audit.record(event);
        info!(session.id = %sid, %epoch, "session ended from outside");
        Ok(())
    }

    /// Has one access token refused; its session goes on.
    pub(crate) async fn revoke_token(
        &self,
        by: &Authority,
        jti: TokenId,
    ) -> Result<(), AdminError> {
        check_token(jti, self.is_account(jti.uuid())).await?;
        let epoch = self.log.block(jti.uuid(), self.retain).await.map_err(Fault::from)?;
        self.epochs.observe(epoch);
        self.audit.record(by.did(Kind::TokenRevoked).token(jti));
        info!(token.id = %jti, %epoch, "access token revoked");
        Ok(())
    }

    /// Whoever had a letter sent is not to get at the account by it once it is open again.
    async fn void_letters(&self, id: &Subject) -> Result<(), Fault> {
        for purpose in [Purpose::Verify, Purpose::Reset] {
            self.proofs.forget(purpose, id).await?;
        }
        Ok(())
    }

    /// Whether an account has this id. Where they cannot be read at once, that keeps nobody from revoking.
    async fn is_account(&self, id: Uuid) -> bool {
        let Ok(id) = id.to_string().parse() else { return false };
        matches!(timeout(HINT, self.accounts.by_id(&id)).await, Ok(Ok(Some(_))))
    }

    async fn announce(&self, id: &Subject) -> Result<Announced, Fault> {
        Ok(Announced::to(&*self.sessions, id).await?)
    }

    /// Ends them all; how many there were.
    async fn end_all(&self, id: &Subject) -> Result<u64, Fault> {
        let reason = RevokeReason::Operator;
        let done = self.sessions.revoke_all(id, None, reason, self.retain).await?;
        let AllEnded { epoch, count } = done;
        self.epochs.observe(epoch);
        info!(user.id = %id, %epoch, count, "all sessions of a user ended from outside");
        Ok(count)
    }

    /// An administrator never closes the door behind the last of them; the commands open it again.
    /// Of two who take the role from each other in the same instant both may succeed.
    async fn spare_the_last(&self, by: &Authority, account: &Account) -> Result<(), AdminError> {
        if by.0 == Actor::Operator || !is_admin(account) {
            return Ok(());
        }
        let others = self.accounts.others_with_role(ADMIN, &account.id).await;
        if others.map_err(Fault::from)? { Ok(()) } else { Err(AdminError::LastAdmin) }
    }
}

fn is_admin(account: &Account) -> bool {
    !account.disabled && account.roles.iter().any(|role| role == ADMIN)
}
