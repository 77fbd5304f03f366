//! Accounts in SQL.

mod proofs;

use async_trait::async_trait;
use common::{Secret, Subject, UnixSeconds};
use sqlx::FromRow;

use super::database::{Database, corrupt};
use crate::port::{Account, AccountError, Accounts, Announced, Email, NewAccount, StoreFault};

/// The accounts. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SqlAccounts {
    database: Database,
}

impl SqlAccounts {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    async fn look_up(
        &self,
        query: &'static str,
        value: &str,
    ) -> Result<Option<Account>, StoreFault> {
        let row: Option<Row> = self.database.one(query, &[value.into()]).await?;
        row.map(Account::try_from).transpose()
    }
}

#[async_trait]
impl Accounts for SqlAccounts {
    async fn create(&self, new: &NewAccount) -> Result<Account, AccountError> {
        let insert = "INSERT INTO account \
             (id, email, email_verified, name, roles, disabled, password_hash, created_at) \
             VALUES ($1, $2, $3, $4, '[]', $5, $6, $7) ON CONFLICT (email) DO NOTHING";
        let values = [
            new.id.as_str().into(),
            new.email.as_str().into(),
            new.email_verified.into(),
            new.name.as_deref().into(),
            false.into(),
            new.password_hash.as_ref().map(|hash| hash.expose().as_str()).into(),
            new.created_at.get().into(),
        ];
        if self.database.execute(insert, &values).await? == 0 {
            return Err(AccountError::Taken);
        }
        Ok(Account {
            id: new.id.clone(),
            email: new.email.as_str().to_owned(),
            email_verified: new.email_verified,
            name: new.name.clone(),
            roles: Vec::new(),
            disabled: false,
            password_hash: new.password_hash.clone(),
            password_version: 0,
            contested: false,
            created_at: new.created_at,
        })
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Account>, StoreFault> {
        self.look_up("SELECT * FROM account WHERE email = $1", email.as_str()).await
    }

    async fn by_id(&self, id: &Subject) -> Result<Option<Account>, StoreFault> {
        self.look_up("SELECT * FROM account WHERE id = $1", id.as_str()).await
    }

    async fn after(&self, email: &str, limit: u32) -> Result<Vec<Account>, StoreFault> {
        let page = "SELECT * FROM account WHERE email > $1 ORDER BY email LIMIT $2";
        let values = [email.into(), u64::from(limit).into()];
        let rows: Vec<Row> = self.database.all(page, &values).await?;
        rows.into_iter().map(Account::try_from).collect()
    }

    async fn set_roles(&self, of: &Announced, roles: &[String]) -> Result<bool, StoreFault> {
        let roles = serde_json::to_string(roles)
            .map_err(|error| corrupt(format!("roles without JSON form: {error}")))?;
        let update = "UPDATE account SET roles = $2 WHERE id = $1";
        let values = [of.subject().as_str().into(), roles.as_str().into()];
        Ok(self.database.execute(update, &values).await? > 0)
    }

    async fn replace_password(
        &self,
        then: &Account,
        hash: &Secret<String>,
    ) -> Result<bool, StoreFault> {
        let update = "UPDATE account SET password_hash = $3, password_version = password_version + 1 \
             WHERE id = $1 AND password_version = $2 AND disabled = $4";
        let hash = hash.expose().as_str();
        let values =
            [then.id.as_str().into(), then.password_version.into(), hash.into(), false.into()];
        Ok(self.database.execute(update, &values).await? > 0)
    }

    async fn reset_password(
        &self,
        of: &Announced,
        email: &str,
        hash: &Secret<String>,
    ) -> Result<bool, StoreFault> {
        let update = "UPDATE account SET password_hash = $3, password_version = password_version + 1, \
             email_verified = $4, contested = $5 WHERE id = $1 AND email = $2 AND disabled = $5";
        let hash = hash.expose().as_str();
        let values =
            [of.subject().as_str().into(), email.into(), hash.into(), true.into(), false.into()];
        Ok(self.database.execute(update, &values).await? > 0)
    }

    async fn rehash(
        &self,
        id: &Subject,
        old: &Secret<String>,
        new: &Secret<String>,
    ) -> Result<bool, StoreFault> {
        let update = "UPDATE account SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
        let (old, new) = (old.expose().as_str(), new.expose().as_str());
        let values = [id.as_str().into(), old.into(), new.into()];
        Ok(self.database.execute(update, &values).await? > 0)
    }

    async fn contest(&self, id: &Subject) -> Result<bool, StoreFault> {
        let update = "UPDATE account SET password_hash = NULL, contested = $2, \
             password_version = password_version + 1 WHERE id = $1 AND email_verified = $3";
        let values = [id.as_str().into(), true.into(), false.into()];
        Ok(self.database.execute(update, &values).await? > 0)
    }

    async fn verify_email(
        &self,
        of: &Announced,
        then: &Account,
        email: &Email,
    ) -> Result<bool, StoreFault> {
        // Two accounts that prove one address in the same instant meet at the column's uniqueness:
        // the second gets a fault, and this answer when it tries again.
        let update = "UPDATE account SET email = $2, email_verified = $3, contested = $4 \
             WHERE id = $1 AND disabled = $4 AND (contested = $4 OR contested = $5) \
             AND NOT EXISTS (SELECT 1 FROM account WHERE email = $2 AND id <> $1)";
        let values = [
            of.subject().as_str().into(),
            email.as_str().into(),
            true.into(),
            false.into(),
            then.contested.into(),
        ];
        Ok(self.database.execute(update, &values).await? > 0)
    }

    async fn beginning_with(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Account>, StoreFault> {
        let page = "SELECT * FROM account WHERE email > $1 AND substr(email, 1, length($2)) = $2 \
             ORDER BY email LIMIT $3";
        let values = [after.into(), prefix.into(), u64::from(limit).into()];
        let rows: Vec<Row> = self.database.all(page, &values).await?;
        rows.into_iter().map(Account::try_from).collect()
    }

    async fn set_disabled(&self, of: &Announced, disabled: bool) -> Result<bool, StoreFault> {
        let update = "UPDATE account SET disabled = $2 WHERE id = $1";
        let values = [of.subject().as_str().into(), disabled.into()];
        Ok(self.database.execute(update, &values).await? > 0)
    }

    async fn others_with_role(&self, role: &str, id: &Subject) -> Result<bool, StoreFault> {
        // The list with the role in it, as JSON; a quote within a role has a backslash before it.
        let listed = "SELECT * FROM account WHERE id <> $1 AND disabled = $2 \
             AND replace(roles, $3, '') <> roles LIMIT 1";
        let role = format!("\"{role}\"");
        let values = [id.as_str().into(), false.into(), role.as_str().into()];
        let row: Option<Row> = self.database.one(listed, &values).await?;
        Ok(row.is_some())
    }

    async fn ping(&self) -> Result<(), StoreFault> {
        self.database.ping().await
    }
}

/// A row of `account`, its values as the database gives them.
#[derive(FromRow)]
struct Row {
    id: String,
    email: String,
    email_verified: bool,
    name: Option<String>,
    roles: String,
    disabled: bool,
    password_hash: Option<String>,
    password_version: i64,
    contested: bool,
    created_at: i64,
}

impl TryFrom<Row> for Account {
    type Error = StoreFault;

    fn try_from(row: Row) -> Result<Self, StoreFault> {
        let wrong = |column| corrupt(format!("an account's column {column}"));
        let roles = serde_json::from_str(&row.roles).map_err(|_| wrong("roles"))?;
        let created_at = u64::try_from(row.created_at).map_err(|_| wrong("created_at"))?;
        let password_version = u64::try_from(row.password_version);
        Ok(Self {
            id: Subject::try_from(row.id).map_err(|_| wrong("id"))?,
            email: row.email,
            email_verified: row.email_verified,
            name: row.name,
            roles,
            disabled: row.disabled,
            password_hash: row.password_hash.map(Secret::new),
            password_version: password_version.map_err(|_| wrong("password_version"))?,
            contested: row.contested,
            created_at: UnixSeconds::new(created_at),
        })
    }
}

mod identities;
#[cfg(test)]
mod tests;
