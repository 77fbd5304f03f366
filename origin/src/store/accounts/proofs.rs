//! Proofs of an address, beside the accounts that they are of.

use async_trait::async_trait;
use common::{Subject, UnixSeconds};
use sqlx::FromRow;

use super::SqlAccounts;
use crate::port::{Email, NewProof, Proof, Proofs, Purpose, StoreFault};
use crate::store::database::{Value, corrupt};

const fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Verify => "verify",
        Purpose::Reset => "reset",
        Purpose::Notice => "notice",
        Purpose::Alarm => "alarm",
    }
}

#[async_trait]
impl Proofs for SqlAccounts {
    async fn keep(&self, new: &NewProof, pause: UnixSeconds) -> Result<bool, StoreFault> {
        let upsert = "INSERT INTO proof \
             (account, purpose, digest, email, made_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (account, purpose) DO UPDATE SET digest = excluded.digest, \
             email = excluded.email, made_at = excluded.made_at, expires_at = excluded.expires_at \
             WHERE proof.made_at <= excluded.made_at AND CASE \
             WHEN proof.email = excluded.email THEN proof.made_at <= $7 \
             ELSE $8 OR proof.expires_at <= excluded.made_at END";
        let values = [
            new.account.as_str().into(),
            word(new.purpose).into(),
            new.digest.as_str().into(),
            new.email.as_str().into(),
            new.made_at.get().into(),
            new.expires_at.get().into(),
            pause.get().into(),
            new.outweighs.into(),
        ];
        Ok(self.database.execute(upsert, &values).await? > 0)
    }

    async fn find(
        &self,
        purpose: Purpose,
        digest: &str,
        now: UnixSeconds,
    ) -> Result<Option<Proof>, StoreFault> {
        let select = "SELECT account, email FROM proof \
             WHERE digest = $1 AND purpose = $2 AND expires_at > $3";
        self.proof(select, &[digest.into(), word(purpose).into(), now.get().into()]).await
    }

    async fn take(
        &self,
        purpose: Purpose,
        digest: &str,
        now: UnixSeconds,
    ) -> Result<Option<Proof>, StoreFault> {
        let delete = "DELETE FROM proof WHERE digest = $1 AND purpose = $2 AND expires_at > $3 \
             RETURNING account, email";
        self.proof(delete, &[digest.into(), word(purpose).into(), now.get().into()]).await
    }

    async fn forget(&self, purpose: Purpose, account: &Subject) -> Result<(), StoreFault> {
        let delete = "DELETE FROM proof WHERE account = $1 AND purpose = $2";
        let values = [account.as_str().into(), word(purpose).into()];
        self.database.execute(delete, &values).await.map(drop)
    }

    async fn forget_others(
        &self,
        purpose: Purpose,
        account: &Subject,
        email: &Email,
        asked: UnixSeconds,
    ) -> Result<(), StoreFault> {
        let delete = "DELETE FROM proof \
             WHERE account = $1 AND purpose = $2 AND email <> $3 AND made_at <= $4";
        let values = [
            account.as_str().into(),
            word(purpose).into(),
            email.as_str().into(),
            asked.get().into(),
        ];
        self.database.execute(delete, &values).await.map(drop)
    }

    async fn prune(&self, before: UnixSeconds) -> Result<(), StoreFault> {
        let delete = "DELETE FROM proof WHERE expires_at <= $1";
        self.database.execute(delete, &[before.get().into()]).await.map(drop)
    }
}

impl SqlAccounts {
    async fn proof(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<Proof>, StoreFault> {
        let row: Option<Row> = self.database.one(sql, values).await?;
        row.map(|row| {
            let account = Subject::try_from(row.account);
            Ok(Proof {
                account: account.map_err(|_| corrupt(String::from("a proof's account")))?,
                email: row.email,
            })
        })
        .transpose()
    }
}

/// A row of `proof`, as far as it is read.
#[derive(FromRow)]
struct Row {
    account: String,
    email: String,
}
