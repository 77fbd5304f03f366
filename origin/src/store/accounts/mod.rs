//! Accounts in SQL: a SQLite file for now. The queries are such that Postgres takes them as they
//! are, so its pool can stand beside this one.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use common::{Secret, Subject, UnixSeconds};
use sqlx::FromRow;
use sqlx::migrate::Migrator;

use super::OpenError;
use super::sqlite::{File, Pool, integer, pool};
use crate::port::{Account, AccountError, Accounts, Email, NewAccount, StoreFault};

pub(super) const FILE: File = File { name: "accounts.db", key: "database.url" };

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/accounts/migrations");

/// The accounts. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SqlAccounts {
    pool: Pool,
}

impl SqlAccounts {
    /// Opens the database: a path, or a URL like `sqlite:///var/lib/portcullis/accounts.db`.
    ///
    /// # Errors
    /// [`OpenError`] when the address is of no database we speak to, or its file cannot be read
    /// and written, or is not one of ours.
    pub(crate) async fn open(address: &str) -> Result<Self, OpenError> {
        let path = sqlite_path(address)?;
        let options = FILE.prepare(&path, &MIGRATIONS).await?;
        Ok(Self { pool: pool(4).connect_lazy_with(options) })
    }

    /// The same database, for what lies beside the accounts.
    pub(crate) fn pool(&self) -> Pool {
        self.pool.clone()
    }

    async fn one(&self, query: &'static str, value: &str) -> Result<Option<Account>, StoreFault> {
        let row: Option<Row> =
            sqlx::query_as(query).bind(value).fetch_optional(&self.pool).await.map_err(fault)?;
        row.map(Account::try_from).transpose()
    }
}

/// Says in the port's words what the database said.
pub(super) fn fault(error: sqlx::Error) -> StoreFault {
    FILE.fault(error)
}

/// The file that `address` names. The address is not repeated in the error: one of another
/// database may hold a password.
fn sqlite_path(address: &str) -> Result<PathBuf, OpenError> {
    let path = match address.split_once(':') {
        Some(("sqlite", rest)) => rest.strip_prefix("//").unwrap_or(rest),
        Some((_, rest)) if rest.starts_with("//") => "",
        _ => address,
    };
    if path.is_empty() || path == ":memory:" || path.contains('?') {
        return Err(OpenError::Setting {
            key: FILE.key,
            expected: "the path of a SQLite file, or sqlite: and the path",
        });
    }
    Ok(Path::new(path).to_owned())
}

#[async_trait]
impl Accounts for SqlAccounts {
    async fn create(&self, new: &NewAccount) -> Result<Account, AccountError> {
        let insert = "INSERT INTO account \
             (id, email, email_verified, name, roles, disabled, password_hash, created_at) \
             VALUES ($1, $2, $3, $4, '[]', $5, $6, $7) ON CONFLICT (email) DO NOTHING";
        let made = sqlx::query(insert)
            .bind(new.id.as_str())
            .bind(new.email.as_str())
            .bind(new.email_verified)
            .bind(new.name.as_deref())
            .bind(false)
            .bind(new.password_hash.as_ref().map(|hash| hash.expose().as_str()))
            .bind(integer(new.created_at.get()))
            .execute(&self.pool)
            .await
            .map_err(fault)?;
        if made.rows_affected() == 0 {
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
            created_at: new.created_at,
        })
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Account>, StoreFault> {
        self.one("SELECT * FROM account WHERE email = $1", email.as_str()).await
    }

    async fn by_id(&self, id: &Subject) -> Result<Option<Account>, StoreFault> {
        self.one("SELECT * FROM account WHERE id = $1", id.as_str()).await
    }

    async fn after(&self, email: &str, limit: u32) -> Result<Vec<Account>, StoreFault> {
        let page = "SELECT * FROM account WHERE email > $1 ORDER BY email LIMIT $2";
        let rows: Vec<Row> = sqlx::query_as(page)
            .bind(email)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(fault)?;
        rows.into_iter().map(Account::try_from).collect()
    }

    async fn set_roles(&self, id: &Subject, roles: &[String]) -> Result<bool, StoreFault> {
        let roles = serde_json::to_string(roles)
            .map_err(|error| FILE.corrupt(format!("roles without JSON form: {error}")))?;
        let changed = sqlx::query("UPDATE account SET roles = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(roles)
            .execute(&self.pool)
            .await
            .map_err(fault)?;
        Ok(changed.rows_affected() > 0)
    }

    async fn beginning_with(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Account>, StoreFault> {
        let page = "SELECT * FROM account WHERE email > $1 AND substr(email, 1, length($2)) = $2 \
             ORDER BY email LIMIT $3";
        let rows: Vec<Row> = sqlx::query_as(page)
            .bind(after)
            .bind(prefix)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(fault)?;
        rows.into_iter().map(Account::try_from).collect()
    }

    async fn set_disabled(&self, id: &Subject, disabled: bool) -> Result<bool, StoreFault> {
        let changed = sqlx::query("UPDATE account SET disabled = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(disabled)
            .execute(&self.pool)
            .await
            .map_err(fault)?;
        Ok(changed.rows_affected() > 0)
    }

    async fn others_with_role(&self, role: &str, id: &Subject) -> Result<bool, StoreFault> {
        // The list with the role in it, as JSON; a quote within a role has a backslash before it.
        let listed = "SELECT * FROM account WHERE id <> $1 AND disabled = $2 \
             AND replace(roles, $3, '') <> roles LIMIT 1";
        let row: Option<Row> = sqlx::query_as(listed)
            .bind(id.as_str())
            .bind(false)
            .bind(format!("\"{role}\""))
            .fetch_optional(&self.pool)
            .await
            .map_err(fault)?;
        Ok(row.is_some())
    }

    async fn ping(&self) -> Result<(), StoreFault> {
        sqlx::query("SELECT 1").fetch_one(&self.pool).await.map_err(fault)?;
        Ok(())
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
    created_at: i64,
}

impl TryFrom<Row> for Account {
    type Error = StoreFault;

    fn try_from(row: Row) -> Result<Self, StoreFault> {
        let wrong = |column| FILE.corrupt(format!("an account's column {column}"));
        let roles = serde_json::from_str(&row.roles).map_err(|_| wrong("roles"))?;
        let created_at = u64::try_from(row.created_at).map_err(|_| wrong("created_at"))?;
        Ok(Self {
            id: Subject::try_from(row.id).map_err(|_| wrong("id"))?,
            email: row.email,
            email_verified: row.email_verified,
            name: row.name,
            roles,
            disabled: row.disabled,
            password_hash: row.password_hash.map(Secret::new),
            created_at: UnixSeconds::new(created_at),
        })
    }
}

mod identities;
#[cfg(test)]
mod tests;
