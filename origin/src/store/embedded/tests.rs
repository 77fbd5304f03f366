//! What only a file can do to us: belong to others, be shared, be locked, be something else.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use common::Epoch;
use common::rotation::Judgement;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::EmbeddedStore;
use super::bench::EmbeddedBench;
use crate::port::{BlockLog, RevokeReason, Rotation, Sessions, StoreFault};
use crate::store::OpenError;
use crate::store::contract::Bench;
use crate::store::contract::bench::{IDLE, RETAIN, begun, is_live, rotate, subject};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_files_are_their_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let store = EmbeddedStore::open(&path).await.unwrap();
    begun(&store).await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = EmbeddedStore::open(&path).await.unwrap();
    let (kept, revoked) = (begun(&store).await, begun(&store).await);
    let epoch = store.revoke(revoked.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    drop(store);

    let store = EmbeddedStore::open(&path).await.unwrap();
    assert!(is_live(&rotate(&store, kept).await));
    assert!(matches!(rotate(&store, revoked).await, Ok(Rotation::Ended { .. })));
    assert_eq!(store.after(Epoch::ZERO, 1000).await.unwrap().entries[0].id, revoked.sid.uuid());
    assert_eq!(store.epoch().await.unwrap(), epoch);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_may_open_a_new_file_at_once_and_share_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let mut opening = JoinSet::new();
    for _ in 0..6 {
        let path = path.clone();
        opening.spawn(async move { EmbeddedStore::open(&path).await.unwrap() });
    }
    let stores = opening.join_all().await;

    for _ in 0..40 {
        let token = begun(&stores[0]).await;
        let mut racers = JoinSet::new();
        for store in &stores {
            let store = store.clone();
            racers.spawn(async move { rotate(&store, token).await.unwrap() });
        }
        let mut rotated = 0;
        let mut successors = std::collections::HashSet::new();
        for outcome in racers.join_all().await {
            let Rotation::Live { session, judgement, .. } = outcome else { panic!("{outcome:?}") };
            successors.insert(session.jti);
            rotated += usize::from(judgement == Judgement::Rotate);
        }
        assert_eq!((rotated, successors.len()), (1, 1));
    }
}

#[tokio::test]
async fn a_file_that_stays_locked_is_told_in_time_and_used_again_after() {
    let EmbeddedBench { store, folder } = EmbeddedBench::fresh().await;
    let token = begun(&store).await;
    let path = folder.path().join("sessions.db");
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let lock = other.begin_with("BEGIN EXCLUSIVE").await.unwrap();

    let started = Instant::now();
    let (one, two) = tokio::join!(rotate(&store, token), store.block(Uuid::now_v7(), RETAIN));
    assert!(matches!(one, Err(StoreFault::Unavailable { .. })), "{one:?}");
    assert!(matches!(two, Err(StoreFault::Unavailable { .. })), "{two:?}");
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    assert!(store.of(&subject("alice")).await.is_ok(), "readers need not wait");

    lock.rollback().await.unwrap();
    assert!(is_live(&rotate(&store, token).await));
    assert_eq!(store.epoch().await.unwrap(), Epoch::ZERO, "what failed left nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_harms_no_other_of_its_batch() {
    let bench = EmbeddedBench::fresh().await;
    let mut tried = JoinSet::new();
    for n in 0..100 {
        let token = begun(&bench.store).await;
        let spoilt = n % 10 == 0;
        if spoilt {
            bench.spoil(token.sid).await;
        }
        let store = bench.store.clone();
        tried.spawn(async move { (spoilt, rotate(&store, token).await) });
    }
    for (spoilt, outcome) in tried.join_all().await {
        match outcome {
            Ok(Rotation::Live { .. }) => assert!(!spoilt),
            Err(StoreFault::Corrupt { .. }) => assert!(spoilt),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_session_long_past_its_end_is_forgotten_by_a_prune() {
    let bench = EmbeddedBench::fresh().await;
    let (old, young) = (begun(&bench.store).await, begun(&bench.store).await);
    bench.age(old.sid, IDLE + crate::store::REMEMBERED).await;
    bench.store.prune().await.unwrap();
    let left: Vec<Uuid> =
        sqlx::query_scalar("SELECT sid FROM session").fetch_all(&bench.store.reader).await.unwrap();
    assert_eq!(left, [young.sid.uuid()]);
}

#[tokio::test]
async fn what_is_no_file_of_ours_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let Err(error) = EmbeddedStore::open(folder.path()).await else { panic!("a folder") };
    assert!(matches!(error, OpenError::File { .. }), "{error:?}");
    assert!(error.to_string().contains("state.dir"), "{error}");

    let text = folder.path().join("text.db");
    std::fs::write(&text, "a letter to a friend, longer than the head of a database ".repeat(9))
        .unwrap();
    let Err(error) = EmbeddedStore::open(&text).await else { panic!("a text") };
    assert!(matches!(&error, OpenError::Store { .. }), "{error:?}");
    assert!(error.to_string().contains("state.dir"), "{error}");

    let newer = folder.path().join("newer.db");
    drop(EmbeddedStore::open(&newer).await.unwrap());
    let mut later = SqliteConnectOptions::new().filename(&newer).connect().await.unwrap();
    sqlx::query("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1")
        .execute(&mut later)
        .await
        .unwrap();
    let Err(error) = EmbeddedStore::open(&newer).await else { panic!("a newer file") };
    assert!(matches!(error, OpenError::Migration { .. }), "{error:?}");
}
