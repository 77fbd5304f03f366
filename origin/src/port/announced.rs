//! Changes of accounts are announced where their sessions lie, so that an account can be remembered
//! and yet nobody goes on with what it was.

use std::time::Duration;

use common::Subject;

use super::{Sessions, StoreFault};

/// How long an account may be remembered.
pub(crate) const REMEMBERED: Duration = Duration::from_hours(1);

/// How long rotations tell of a change: no clock is so wrong that something from before is still
/// remembered then.
const TOLD: Duration = Duration::from_hours(2);

/// Leave to change an account, soon: from now on every rotation of its sessions says that it may be
/// another. There is no other way to one, so nothing changes unannounced.
#[derive(Debug)]
pub(crate) struct Announced(Subject);

impl Announced {
    /// Announces that the account of `subject` is about to change.
    pub(crate) async fn to(sessions: &dyn Sessions, subject: &Subject) -> Result<Self, StoreFault> {
        sessions.account_changes(subject, TOLD).await?;
        Ok(Self(subject.clone()))
    }

    /// Whose account.
    pub(crate) const fn subject(&self) -> &Subject {
        &self.0
    }
}
