//! Logins elsewhere, in the database of the accounts.

use async_trait::async_trait;
use common::{SessionId, Subject, UnixSeconds};
use sqlx::FromRow;

use super::{Row, SqlAccounts};
use crate::port::{Account, Identities, Identity, Linking, StoreFault, Unlinking};
use crate::store::database::corrupt;

#[async_trait]
impl Identities for SqlAccounts {
    async fn account(&self, issuer: &str, subject: &str) -> Result<Option<Account>, StoreFault> {
        let query = "SELECT account.* FROM account JOIN identity ON identity.account_id = account.id \
                     WHERE identity.issuer = $1 AND identity.subject = $2";
        let values = [issuer.into(), subject.into()];
        let row: Option<Row> = self.database.one(query, &values).await?;
        row.map(Account::try_from).transpose()
    }

    async fn link(&self, account: &Subject, identity: &Identity) -> Result<Linking, StoreFault> {
        let insert = "INSERT INTO identity (issuer, subject, account_id, provider, linked_at) \
                      VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let values = [
            identity.issuer.as_str().into(),
            identity.subject.as_str().into(),
            account.as_str().into(),
            identity.provider.as_str().into(),
            identity.linked_at.get().into(),
        ];
        if self.database.execute(insert, &values).await? > 0 {
            return Ok(Linking::Linked);
        }
        let whose = Identities::account(self, &identity.issuer, &identity.subject).await?;
        Ok(match whose {
            Some(whose) if whose.id == *account => Linking::Before,
            Some(_) => Linking::OfAnother,
            None => Linking::Another,
        })
    }

    async fn unlink(
        &self,
        account: &Subject,
        provider: &str,
        others: &[String],
    ) -> Result<Unlinking, StoreFault> {
        let linked = self.of(account).await?;
        if !linked.iter().any(|identity| identity.provider == provider) {
            return Ok(Unlinking::None);
        }
        let other = linked.iter().find(|identity| others.contains(&identity.provider));
        // What was read may have changed: the way in that remains must be there still. By the account's row
        // one comes after the other: of two at once each would find the login that the other takes away.
        let in_turn = "UPDATE account SET id = id WHERE id = $1";
        let delete = "DELETE FROM identity WHERE account_id = $1 AND provider = $2 AND (\
                      EXISTS (SELECT 1 FROM account WHERE id = $1 AND password_hash IS NOT NULL) OR \
                      EXISTS (SELECT 1 FROM identity WHERE account_id = $1 AND provider = $3))";
        let other = other.map(|identity| identity.provider.as_str());
        let values = [account.as_str().into(), provider.into(), other.into()];
        let whose = [account.as_str().into()];
        let gone = self.database.execute_both((in_turn, &whose), (delete, &values)).await?;
        Ok(if gone > 0 { Unlinking::Unlinked } else { Unlinking::Last })
    }

    async fn unlink_all(&self, account: &Subject) -> Result<Vec<String>, StoreFault> {
        let delete = "DELETE FROM identity WHERE account_id = $1 RETURNING provider";
        let gone: Vec<(String,)> = self.database.all(delete, &[account.as_str().into()]).await?;
        Ok(gone.into_iter().map(|(provider,)| provider).collect())
    }

    async fn of(&self, account: &Subject) -> Result<Vec<Identity>, StoreFault> {
        let query = "SELECT issuer, subject, provider, linked_at FROM identity \
                     WHERE account_id = $1 ORDER BY linked_at, provider";
        let rows: Vec<Link> = self.database.all(query, &[account.as_str().into()]).await?;
        rows.into_iter().map(Identity::try_from).collect()
    }

    async fn doubt(&self, sid: SessionId, until: UnixSeconds) -> Result<(), StoreFault> {
        self.mark(&doubted(sid), until).await.map(drop)
    }

    async fn is_doubted(&self, sid: SessionId) -> Result<bool, StoreFault> {
        let query = "SELECT state FROM spent_state WHERE state = $1";
        let mark: Option<(String,)> =
            self.database.one(query, &[doubted(sid).as_str().into()]).await?;
        Ok(mark.is_some())
    }

    async fn spend(
        &self,
        state: &str,
        now: UnixSeconds,
        until: UnixSeconds,
    ) -> Result<bool, StoreFault> {
        let old = "DELETE FROM spent_state WHERE until < $1";
        self.database.execute(old, &[now.get().into()]).await?;
        self.mark(state, until).await
    }
}

impl SqlAccounts {
    async fn mark(&self, what: &str, until: UnixSeconds) -> Result<bool, StoreFault> {
        let mark = "INSERT INTO spent_state (state, until) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        Ok(self.database.execute(mark, &[what.into(), until.get().into()]).await? > 0)
    }
}

/// The mark of a session, beside those of states: none of these has a colon.
fn doubted(sid: SessionId) -> String {
    format!("session:{sid}")
}

/// A row of `identity`.
#[derive(FromRow)]
struct Link {
    issuer: String,
    subject: String,
    provider: String,
    linked_at: i64,
}

impl TryFrom<Link> for Identity {
    type Error = StoreFault;

    fn try_from(link: Link) -> Result<Self, StoreFault> {
        let Link { issuer, subject, provider, linked_at } = link;
        let linked_at = u64::try_from(linked_at)
            .map_err(|_| corrupt(String::from("an identity's column linked_at")))?;
        Ok(Self { issuer, subject, provider, linked_at: UnixSeconds::new(linked_at) })
    }
}
