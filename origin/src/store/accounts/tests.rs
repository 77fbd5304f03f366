//! What accounts must do, on a SQLite file and on a real Postgres.

mod proofs;

use std::any::Any;
use std::sync::Arc;

use common::{Secret, Subject, UnixSeconds};
use tokio::task::JoinSet;

use self::proofs::{
    a_newer_proof_replaces_the_older_after_a_pause,
    a_proof_for_another_address_replaces_the_older_at_once,
    a_proof_is_good_for_its_purpose_and_time, a_proof_is_taken_once_however_many_bring_it,
};
use super::SqlAccounts;
use crate::port::{
    AccountError, Accounts, Announced, Email, Identities, Identity, Linking, NewAccount,
    StoreFault, Unlinking,
};
use crate::store::database::Database;
use crate::store::database::server::Server;
use crate::store::embedded::EmbeddedStore;

/// A database of one test.
struct Bench {
    accounts: SqlAccounts,
    database: Database,
    url: String,
    /// Where changes are announced.
    sessions: EmbeddedStore,
    /// What ends when the test does: the files' folders, or the server with its last test.
    _kept: [Arc<dyn Any + Send + Sync>; 2],
}

impl Bench {
    async fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("accounts.db").to_str().unwrap().to_owned();
        Self::open(url, Arc::new(folder)).await
    }

    async fn server() -> Self {
        let server = Server::shared();
        Self::open(server.fresh_database().await, server).await
    }

    async fn open(url: String, kept: Arc<dyn Any + Send + Sync>) -> Self {
        let database = Database::open(&url).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let sessions = EmbeddedStore::open(&folder.path().join("sessions.db")).await.unwrap();
        let accounts = SqlAccounts::new(database.clone());
        Self { accounts, database, url, sessions, _kept: [kept, Arc::new(folder)] }
    }

    async fn announced(&self, id: &Subject) -> Announced {
        Announced::to(&self.sessions, id).await.unwrap()
    }

    /// As after a restart.
    async fn again(&self) -> SqlAccounts {
        SqlAccounts::new(Database::open(&self.url).await.unwrap())
    }
}

/// Runs every row on both databases. A row that is missing here is dead code, which the compiler
/// tells.
macro_rules! on_both {
    ($($row:ident,)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $row() {
                super::$row(&super::Bench::file().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $row() {
                super::$row(&super::Bench::server().await).await;
            })+
        }
    };
}

on_both! {
    an_account_comes_back_as_it_was_made,
    nobody_is_found_who_was_not_made,
    an_address_is_taken_once_however_many_ask_for_it,
    roles_are_replaced_as_a_whole,
    accounts_are_listed_page_by_page,
    a_login_elsewhere_is_one_accounts_and_its_state_is_spent_once,
    of_two_unlinks_at_once_one_leaves_the_last_way_in,
    what_administrators_ask_is_answered,
    a_password_is_replaced_unless_it_changed_meanwhile,
    an_address_is_contested_until_somebody_proves_it,
    a_proof_for_another_address_replaces_the_older_at_once,
    an_address_that_another_has_is_not_verified,
    a_proof_is_taken_once_however_many_bring_it,
    a_newer_proof_replaces_the_older_after_a_pause,
    a_proof_is_good_for_its_purpose_and_time,
    an_entry_that_cannot_be_read_is_a_fault_without_its_content,
}

const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);

fn new(id: &str, email: &str) -> NewAccount {
    NewAccount {
        id: id.parse().unwrap(),
        email: Email::parse(email).unwrap(),
        name: Some("Ada \"x'; DROP TABLE account;--".to_owned()),
        email_verified: false,
        password_hash: Some(Secret::new("$argon2id$v=19$…".to_owned())),
        created_at: NOW,
    }
}

async fn an_account_comes_back_as_it_was_made(bench: &Bench) {
    let accounts = &bench.accounts;
    let made = accounts.create(&new("u1", "Ada@Example.com")).await.unwrap();
    let again = bench.again().await;
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

async fn nobody_is_found_who_was_not_made(bench: &Bench) {
    let accounts = &bench.accounts;
    let email = Email::parse("a'OR'1'='1@example.com").unwrap();
    assert!(accounts.by_email(&email).await.unwrap().is_none());
    let id: Subject = "'OR'1'='1".parse().unwrap();
    assert!(accounts.by_id(&id).await.unwrap().is_none());
    assert!(!accounts.set_roles(&bench.announced(&id).await, &["admin".to_owned()]).await.unwrap());
    accounts.ping().await.unwrap();
}

async fn an_address_is_taken_once_however_many_ask_for_it(bench: &Bench) {
    let accounts = &bench.accounts;
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

async fn roles_are_replaced_as_a_whole(bench: &Bench) {
    let accounts = &bench.accounts;
    let id = accounts.create(&new("u1", "ada@example.com")).await.unwrap().id;
    for roles in [vec!["admin", "a \"quoted\" one"], vec!["editor"], vec![]] {
        let roles: Vec<String> = roles.into_iter().map(str::to_owned).collect();
        assert!(accounts.set_roles(&bench.announced(&id).await, &roles).await.unwrap());
        assert_eq!(accounts.by_id(&id).await.unwrap().unwrap().roles, roles);
    }
}

async fn accounts_are_listed_page_by_page(bench: &Bench) {
    for n in [3, 1, 2, 0, 4] {
        bench.accounts.create(&new(&format!("u{n}"), &format!("{n}@example.com"))).await.unwrap();
    }
    let (mut last, mut found) = (String::new(), Vec::new());
    loop {
        let page = bench.accounts.after(&last, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(end) = page.last() else { break };
        last.clone_from(&end.email);
        found.extend(page.into_iter().map(|account| account.id.as_str().to_owned()));
    }
    assert_eq!(found, ["u0", "u1", "u2", "u3", "u4"]);
}

async fn a_login_elsewhere_is_one_accounts_and_its_state_is_spent_once(bench: &Bench) {
    let accounts = &bench.accounts;
    let ada = accounts.create(&new("u1", "ada@example.com")).await.unwrap().id;
    let bob = accounts.create(&new("u2", "bob@example.com")).await.unwrap().id;
    let identity = Identity {
        issuer: "https://a.example".to_owned(),
        subject: "s'1".to_owned(),
        provider: "a".to_owned(),
        linked_at: NOW,
    };
    assert!(matches!(accounts.link(&ada, &identity).await.unwrap(), Linking::Linked));
    assert!(matches!(accounts.link(&bob, &identity).await.unwrap(), Linking::OfAnother));
    let found = Identities::account(accounts, "https://a.example", "s'1").await.unwrap();
    assert_eq!(found.unwrap().id, ada);
    assert_eq!(accounts.of(&ada).await.unwrap().len(), 1);
    assert_eq!(accounts.unlink_all(&ada).await.unwrap(), ["a"]);
    assert!(accounts.unlink_all(&ada).await.unwrap().is_empty());
    assert!(matches!(accounts.link(&ada, &identity).await.unwrap(), Linking::Linked));
    let unlinked = accounts.unlink(&ada, "a", &[]).await.unwrap();
    assert!(matches!(unlinked, Unlinking::Unlinked));
    assert!(accounts.of(&ada).await.unwrap().is_empty());
    let until = UnixSeconds::new(NOW.get() + 600);
    assert!(accounts.spend("state", NOW, until).await.unwrap());
    assert!(!accounts.spend("state", NOW, until).await.unwrap());
}

async fn of_two_unlinks_at_once_one_leaves_the_last_way_in(bench: &Bench) {
    let accounts = &bench.accounts;
    let mut ada = new("u1", "ada@example.com");
    ada.password_hash = None;
    let ada = accounts.create(&ada).await.unwrap().id;
    for _ in 0..100 {
        for login in ["a", "b"] {
            let identity = Identity {
                issuer: format!("https://{login}.example"),
                subject: "s1".to_owned(),
                provider: login.to_owned(),
                linked_at: NOW,
            };
            accounts.link(&ada, &identity).await.unwrap();
        }
        let mut unlinking = JoinSet::new();
        for [login, other] in [["a", "b"], ["b", "a"]] {
            let (accounts, ada, others) = (accounts.clone(), ada.clone(), [other.to_owned()]);
            unlinking.spawn(async move { accounts.unlink(&ada, login, &others).await.unwrap() });
        }
        let outcomes = unlinking.join_all().await;
        let last = outcomes.iter().filter(|outcome| **outcome == Unlinking::Last).count();
        assert_eq!((last, accounts.of(&ada).await.unwrap().len()), (1, 1), "{outcomes:?}");
    }
}

async fn what_administrators_ask_is_answered(bench: &Bench) {
    let accounts = &bench.accounts;
    let ada = accounts.create(&new("u1", "ada@example.com")).await.unwrap().id;
    let adam = accounts.create(&new("u2", "adam%_@example.com")).await.unwrap().id;
    let found = accounts.beginning_with("ada", "", 10).await.unwrap();
    assert_eq!(found.len(), 2);
    let found = accounts.beginning_with("adam%", "", 10).await.unwrap();
    assert!(found.len() == 1 && found[0].id == adam);
    let admin = ["admin".to_owned()];
    assert!(accounts.set_roles(&bench.announced(&ada).await, &admin).await.unwrap());
    assert!(accounts.others_with_role("admin", &adam).await.unwrap());
    assert!(!accounts.others_with_role("admin", &ada).await.unwrap());
    assert!(accounts.set_disabled(&bench.announced(&ada).await, true).await.unwrap());
    assert!(!accounts.others_with_role("admin", &adam).await.unwrap());
}

async fn a_password_is_replaced_unless_it_changed_meanwhile(bench: &Bench) {
    let accounts = &bench.accounts;
    let made = accounts.create(&new("u1", "ada@example.com")).await.unwrap();
    let [anew, second, third] =
        ["anew", "second", "third"].map(|hash| Secret::new(hash.to_owned()));
    let old = made.password_hash.clone().unwrap();
    let now = || async { accounts.by_id(&made.id).await.unwrap().unwrap() };
    // The same one, hashed anew, is no other.
    assert!(accounts.rehash(&made.id, &old, &anew).await.unwrap());
    assert!(!accounts.rehash(&made.id, &old, &third).await.unwrap());
    assert!(now().await.has_password_of(&made));
    assert!(accounts.replace_password(&made, &second).await.unwrap());
    assert!(!accounts.replace_password(&made, &third).await.unwrap());
    let then = now().await;
    assert_eq!(then.password_hash.as_ref().unwrap().expose(), "second");
    assert!(!then.has_password_of(&made));
    // By a letter, whatever it was; but only for the address that the letter went to.
    let announced = bench.announced(&made.id).await;
    assert!(!accounts.reset_password(&announced, "bob@example.com", &third).await.unwrap());
    assert!(accounts.reset_password(&announced, "ada@example.com", &third).await.unwrap());
    assert!(now().await.email_verified && !now().await.has_password_of(&then));
    assert!(!accounts.replace_password(&then, &second).await.unwrap());
    // And none for one that is closed.
    let open = now().await;
    assert!(accounts.set_disabled(&announced, true).await.unwrap());
    assert!(!accounts.replace_password(&open, &second).await.unwrap());
    assert!(!accounts.reset_password(&announced, "ada@example.com", &second).await.unwrap());
    let email = Email::parse("ada@example.com").unwrap();
    assert!(!accounts.verify_email(&announced, &open, &email).await.unwrap());
    assert_eq!(now().await.password_hash.unwrap().expose(), "third");
}

async fn an_address_is_contested_until_somebody_proves_it(bench: &Bench) {
    let accounts = &bench.accounts;
    let made = accounts.create(&new("u1", "ada@example.com")).await.unwrap();
    let now = || async { accounts.by_id(&made.id).await.unwrap().unwrap() };
    let announced = bench.announced(&made.id).await;
    let email = Email::parse("ada@example.com").unwrap();
    assert!(accounts.contest(&made.id).await.unwrap());
    let contested = now().await;
    assert!(contested.contested && contested.password_hash.is_none());
    assert!(!contested.has_password_of(&made));
    // Whoever read the account before that has not done what is to be done then.
    assert!(!accounts.verify_email(&announced, &made, &email).await.unwrap());
    assert!(accounts.verify_email(&announced, &contested, &email).await.unwrap());
    let proven = now().await;
    assert!(proven.email_verified && !proven.contested);
    // From now on nobody takes the password away.
    assert!(accounts.replace_password(&proven, &Secret::new("h".to_owned())).await.unwrap());
    assert!(!accounts.contest(&made.id).await.unwrap());
    assert!(now().await.password_hash.is_some());
}

async fn an_address_that_another_has_is_not_verified(bench: &Bench) {
    let accounts = &bench.accounts;
    let made = accounts.create(&new("u1", "ada@example.com")).await.unwrap();
    let ada = made.id.clone();
    accounts.create(&new("u2", "bob@example.com")).await.unwrap();
    let [ada_at, bob_at, new_at] = ["ada@example.com", "bob@example.com", "new@example.com"]
        .map(|text| Email::parse(text).unwrap());
    let announced = bench.announced(&ada).await;
    assert!(!accounts.verify_email(&announced, &made, &bob_at).await.unwrap());
    assert!(accounts.verify_email(&announced, &made, &ada_at).await.unwrap());
    assert!(accounts.by_id(&ada).await.unwrap().unwrap().email_verified);
    assert!(accounts.verify_email(&announced, &made, &new_at).await.unwrap());
    assert!(accounts.by_email(&ada_at).await.unwrap().is_none());
    assert_eq!(accounts.by_email(&new_at).await.unwrap().unwrap().id, ada);
    let nobody = bench.announced(&"nobody".parse().unwrap()).await;
    assert!(!accounts.verify_email(&nobody, &made, &ada_at).await.unwrap());
}

async fn an_entry_that_cannot_be_read_is_a_fault_without_its_content(bench: &Bench) {
    let accounts = &bench.accounts;
    let id = accounts.create(&new("u1", "ada@example.com")).await.unwrap().id;
    for spoil in ["UPDATE account SET roles = 'admin'", "UPDATE account SET created_at = -1"] {
        bench.database.execute(spoil, &[]).await.unwrap();
        let outcome = accounts.by_id(&id).await;
        let Err(StoreFault::Corrupt { what, .. }) = outcome else { panic!("{outcome:?}") };
        assert!(!what.contains("ada") && !what.contains("argon"), "{what}");
    }
}
