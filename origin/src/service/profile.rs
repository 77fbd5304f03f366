//! What people see of themselves: their account and their sessions.

use std::sync::Arc;

use common::Subject;

use super::Fault;
use crate::port::{Account, Accounts, Session, Sessions};

/// Shows people what is theirs.
pub(crate) struct Profiles {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) sessions: Arc<dyn Sessions>,
}

impl Profiles {
    /// The account; `None` when it is gone or disabled.
    pub(crate) async fn account(&self, subject: &Subject) -> Result<Option<Account>, Fault> {
        let account = self.accounts.by_id(subject).await?;
        Ok(account.filter(|account| !account.disabled))
    }

    /// The live sessions, newest first.
    pub(crate) async fn sessions(&self, subject: &Subject) -> Result<Vec<Session>, Fault> {
        Ok(self.sessions.of(subject).await?)
    }
}
