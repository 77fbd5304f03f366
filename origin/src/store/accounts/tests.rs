use std::os::unix::fs::PermissionsExt;

use common::{Secret, Subject, UnixSeconds};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::SqlAccounts;
use crate::port::{AccountError, Accounts, Email, NewAccount, StoreFault};
use crate::store::OpenError;

async fn fresh() -> (SqlAccounts, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.db");
    (SqlAccounts::open(path.to_str().unwrap()).await.unwrap(), folder)
}

fn new(id: &str, email: &str) -> NewAccount {
    NewAccount {
        id: id.parse().unwrap(),
        email: Email::parse(email).unwrap(),
        name: Some("Ada \"x'; DROP TABLE account;--".to_owned()),
        email_verified: false,
        password_hash: Some(Secret::new("$argon2id$v=19$…".to_owned())),
        created_at: UnixSeconds::new(1_800_000_000),
    }
}

#[tokio::test]
async fn an_account_comes_back_as_it_was_made() {
    let (accounts, folder) = fresh().await;
    let made = accounts.create(&new("u1", "Ada@Example.com")).await.unwrap();
    // As after a restart.
    let again =
        SqlAccounts::open(folder.path().join("accounts.db").to_str().unwrap()).await.unwrap();
    let email = Email::parse(" ada@example.COM").unwrap();
    for found in [
        accounts.by_email(&email).await.unwrap().unwrap(),
        again.by_id(&"u1".parse().unwrap()).await.unwrap().unwrap(),
    ] {
        assert_eq!(format!("{found:?}"), format!("{made:?}"));
        assert_eq!(found.email, "ada@example.com");
        assert_eq!(found.password_hash.unwrap().expose(), "$argon2id$v=19$…");
        assert!(found.roles.is_empty() && !found.email_verified && !found.disabled);
    }
}

#[tokio::test]
async fn nobody_is_found_who_was_not_made() {
    let (accounts, _folder) = fresh().await;
    let email = Email::parse("a'OR'1'='1@example.com").unwrap();
    assert!(accounts.by_email(&email).await.unwrap().is_none());
    let id: Subject = "'OR'1'='1".parse().unwrap();
    assert!(accounts.by_id(&id).await.unwrap().is_none());
    assert!(!accounts.set_roles(&id, &["admin".to_owned()]).await.unwrap());
    accounts.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_taken_once_however_many_ask_for_it() {
    let (accounts, _folder) = fresh().await;
    let mut asking = JoinSet::new();
    for n in 0..32 {
        let accounts = accounts.clone();
        let email = if n % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
        asking.spawn(async move { accounts.create(&new(&format!("u{n}"), email)).await });
    }
    let outcomes = asking.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let taken = |outcome: &&Result<_, _>| matches!(outcome, Err(AccountError::Taken));
    assert_eq!(outcomes.iter().filter(taken).count(), 31);
}

#[tokio::test]
async fn roles_are_replaced_as_a_whole() {
    let (accounts, _folder) = fresh().await;
    let id = accounts.create(&new("u1", "ada@example.com")).await.unwrap().id;
    for roles in [vec!["admin", "a \"quoted\" one"], vec!["editor"], vec![]] {
        let roles: Vec<String> = roles.into_iter().map(str::to_owned).collect();
        assert!(accounts.set_roles(&id, &roles).await.unwrap());
        assert_eq!(accounts.by_id(&id).await.unwrap().unwrap().roles, roles);
    }
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_a_fault_without_its_content() {
    let (accounts, _folder) = fresh().await;
    let id = accounts.create(&new("u1", "ada@example.com")).await.unwrap().id;
    for spoil in ["UPDATE account SET roles = 'admin'", "UPDATE account SET roles = X'FF'"] {
        sqlx::query(spoil).execute(&accounts.pool).await.unwrap();
        let outcome = accounts.by_id(&id).await;
        let Err(StoreFault::Corrupt { what, .. }) = outcome else { panic!("{outcome:?}") };
        assert!(!what.contains("ada") && !what.contains("argon"), "{what}");
    }
}

#[tokio::test]
async fn the_file_is_its_owners_alone() {
    let (accounts, folder) = fresh().await;
    accounts.create(&new("u1", "ada@example.com")).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[tokio::test]
async fn an_address_is_a_path_or_a_sqlite_url() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("with space.db");
    let path = path.to_str().unwrap();
    for address in [path.to_owned(), format!("sqlite:{path}"), format!("sqlite://{path}")] {
        SqlAccounts::open(&address).await.unwrap();
    }
    for address in [
        "",
        "sqlite:",
        "sqlite::memory:",
        ":memory:",
        "sqlite://a.db?mode=memory",
        "postgres://portcullis:hunter2@localhost/portcullis",
        "mysql://portcullis:hunter2@localhost/portcullis",
    ] {
        let Err(error) = SqlAccounts::open(address).await else { panic!("{address} works") };
        assert!(matches!(error, OpenError::Setting { .. }), "{error:?}");
        let told = format!("{error} {error:?}");
        assert!(told.contains("database.url") && !told.contains("hunter2"), "{told}");
    }
}
