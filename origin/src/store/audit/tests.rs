use common::{SessionId, Subject, TokenId};
use tempfile::TempDir;

use super::*;
use crate::port::{Actor, Detail, Kind, Whence};
use crate::store::database::Database;
use crate::store::database::server::Server;

const DAY: Duration = Duration::from_hours(24);

async fn fresh() -> (SqlAudit, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.db");
    (SqlAudit::start(Database::file(&path).await.unwrap(), 90 * DAY), folder)
}

fn all() -> Wanted {
    Wanted { limit: 100, ..Wanted::default() }
}

#[tokio::test]
async fn an_event_comes_back_as_it_was_recorded() {
    let (audit, _folder) = fresh().await;
    comes_back(&audit).await;
}

#[tokio::test]
async fn an_event_comes_back_from_postgres_too() {
    let server = Server::shared();
    let database = Database::open(&server.fresh_database().await).await.unwrap();
    comes_back(&SqlAudit::start(database, 90 * DAY)).await;
}

async fn comes_back(audit: &SqlAudit) {
    let subject: Subject = "u1".parse().unwrap();
    let full = Event {
        kind: Kind::RolesChanged,
        actor: Actor::User("admin".parse().unwrap()),
        subject: Some(subject.clone()),
        session: Some(SessionId::new(Uuid::now_v7())),
        whence: Whence {
            network: Some(String::from("192.0.2.0/24")),
            place: Some(String::from("Seoul, KR'; DROP TABLE audit;--")),
        },
        detail: Detail {
            method: Some(String::from("password")),
            why: Some(String::from("\"quoted\"")),
            before: Some(Vec::new()),
            after: Some(vec![String::from("admin")]),
            token: Some(TokenId::new(Uuid::new_v4())),
        },
    };
    let events = [
        full,
        Event::by(Actor::Operator, Kind::EveryoneRevoked),
        Event::by(Actor::Client(String::from("api:1")), Kind::SessionRevoked),
        Event::by(Actor::Unknown, Kind::SignInRefused).why("unknown-account"),
        Event::by_user(Kind::SignedOut, &subject),
    ];
    for event in &events {
        audit.record(event.clone());
    }
    audit.settled().await;
    let kept = audit.events(&all()).await.unwrap().events;
    assert!(kept.iter().all(|recorded| recorded.at.get() > 1_700_000_000_000));
    let kept: Vec<_> = kept.into_iter().map(|recorded| recorded.event).collect();
    let newest_first: Vec<_> = events.into_iter().rev().collect();
    assert_eq!(kept, newest_first);
}

#[tokio::test]
async fn events_are_read_page_by_page_and_by_what_is_wanted() {
    let (audit, _folder) = fresh().await;
    let subjects: [Subject; 2] = ["u0", "u1"].map(|id| id.parse().unwrap());
    for turn in 0..300 {
        let kind = if turn % 3 == 0 { Kind::SignedIn } else { Kind::SignedOut };
        audit.record(Event::by_user(kind, &subjects[turn % 2]));
    }
    audit.settled().await;
    for (kind, subject, expected) in [
        (None, None, 300),
        (Some(Kind::SignedIn), None, 100),
        (None, Some(&subjects[0]), 150),
        (Some(Kind::SignedIn), Some(&subjects[1]), 50),
        (Some(Kind::TokenForked), None, 0),
    ] {
        let mut wanted = Wanted { kind, subject: subject.cloned(), before: None, limit: 40 };
        let mut seen = Vec::new();
        loop {
            let page = audit.events(&wanted).await.unwrap();
            seen.extend(page.events);
            let Some(next) = page.next else { break };
            wanted.before = Some(next);
        }
        assert_eq!(seen.len(), expected);
        assert!(seen.windows(2).all(|pair| pair[0].id > pair[1].id));
        assert!(seen.iter().all(|recorded| kind.is_none_or(|kind| recorded.event.kind == kind)));
        assert!(subject.is_none() || seen.iter().all(|r| r.event.subject.as_ref() == subject));
    }
}

#[tokio::test]
async fn a_page_of_what_another_version_kept_is_not_the_last() {
    let (audit, _folder) = fresh().await;
    audit.record(Event::by(Actor::Operator, Kind::EveryoneRevoked));
    audit.settled().await;
    for n in 0..10 {
        let id = format!("z{n}");
        let other = "INSERT INTO audit (id, at, kind, detail) VALUES ($1, 9000000000000000, 'of-another', '{}')";
        audit.database.execute(other, &[Value::from(&*id)]).await.unwrap();
    }
    let mut wanted = Wanted { limit: 4, ..all() };
    let mut pages = Vec::new();
    loop {
        let page = audit.events(&wanted).await.unwrap();
        pages.push(page.events.len());
        let Some(next) = page.next else { break };
        wanted.before = Some(next);
    }
    assert_eq!(pages, [0, 0, 1]);
}

#[tokio::test]
async fn what_is_old_is_dropped_and_what_another_version_kept_is_left_out() {
    let (audit, folder) = fresh().await;
    audit.record(Event::by(Actor::Operator, Kind::EveryoneRevoked));
    audit.settled().await;
    let old = "INSERT INTO audit (id, at, kind, detail) VALUES ('0', 0, 'signed-in', '{}'), \
         ('1', 9000000000000000, 'of-another-version', '{}')";
    audit.database.execute(old, &[]).await.unwrap();
    // As after a restart: what is old goes first.
    let path = folder.path().join("accounts.db");
    let again = SqlAudit::start(Database::file(&path).await.unwrap(), DAY);
    for _ in 0..200 {
        again.settled().await;
        let ids: Vec<(String,)> = again.database.all("SELECT id FROM audit", &[]).await.unwrap();
        if !ids.iter().any(|(id,)| id == "0") {
            assert_eq!(ids.len(), 2, "{ids:?}");
            assert_eq!(again.events(&all()).await.unwrap().events.len(), 1);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the old event is there still");
}

/// Records what waits together, on this one thread on which the writer has its turn later.
async fn together(audit: &SqlAudit) {
    audit.settled().await;
    for _ in 0..100 {
        audit.record(Event::by(Actor::Unknown, Kind::SignInRefused));
    }
    audit.settled().await;
    let kept: Vec<(String,)> = audit.database.all("SELECT id FROM audit", &[]).await.unwrap();
    assert_eq!(kept.len(), 100);
}

#[tokio::test]
async fn events_that_wait_together_are_one_transaction() {
    let (audit, folder) = fresh().await;
    let commits = || {
        // The format of the log that SQLite writes ahead: a header, then frames of a page each, where the last one of a
        // transaction names the database's size.
        let log = std::fs::read(folder.path().join("accounts.db-wal")).unwrap();
        let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
        let frames = log[32..].chunks_exact(24 + page);
        frames.filter(|frame| frame[8..16] == log[16..24] && frame[4..8] != [0; 4]).count()
    };
    audit.settled().await;
    audit.database.execute("CREATE TABLE other (a TEXT)", &[]).await.unwrap();
    let before = commits();
    together(&audit).await;
    assert_eq!(commits() - before, 1);
}

#[tokio::test]
async fn events_that_wait_together_are_one_transaction_of_postgres_too() {
    let server = Server::shared();
    let database = Database::open(&server.fresh_database().await).await.unwrap();
    let audit = SqlAudit::start(database, 90 * DAY);
    together(&audit).await;
    let query = "SELECT DISTINCT xmin::text FROM audit";
    let transactions: Vec<(String,)> = audit.database.all(query, &[]).await.unwrap();
    assert_eq!(transactions.len(), 1);
}

/// Records a hundred events that wait together, of which the database refuses two.
async fn refusing(audit: &SqlAudit, refused: &str) {
    audit.settled().await;
    for n in 0..100 {
        let place = Some(String::from(if n == 40 || n == 41 { refused } else { "Seoul" }));
        let whence = Whence { network: None, place };
        audit.record(Event::by(Actor::Unknown, Kind::SignInRefused).from(whence));
    }
    audit.settled().await;
    let kept: Vec<(String,)> = audit.database.all("SELECT id FROM audit", &[]).await.unwrap();
    assert_eq!(kept.len(), 98);
}

#[tokio::test]
async fn an_event_that_is_refused_takes_no_other_along() {
    let (audit, _folder) = fresh().await;
    let refuse = "CREATE TRIGGER odd BEFORE INSERT ON audit WHEN NEW.place = 'odd' \
                  BEGIN SELECT RAISE(ABORT, 'no'); END";
    audit.database.execute(refuse, &[]).await.unwrap();
    refusing(&audit, "odd").await;
}

#[tokio::test]
async fn an_event_that_is_refused_by_postgres_takes_no_other_along() {
    let server = Server::shared();
    let database = Database::open(&server.fresh_database().await).await.unwrap();
    // No text of Postgres holds it.
    refusing(&SqlAudit::start(database, 90 * DAY), "\0").await;
}

#[tokio::test]
async fn a_database_that_is_too_slow_for_many_at_once_gets_fewer() {
    let server = Server::shared();
    let database = Database::open(&server.fresh_database().await).await.unwrap();
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF (SELECT count(*) FROM audit WHERE xmin = pg_current_xact_id()::xid) >= 60 THEN \
         RAISE EXCEPTION 'too slow' USING ERRCODE = 'query_canceled'; END IF; RETURN NEW; END $$";
    database.execute(slow, &[]).await.unwrap();
    let watch = "CREATE TRIGGER slow BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION slow()";
    database.execute(watch, &[]).await.unwrap();
    together(&SqlAudit::start(database, 90 * DAY)).await;
}

/// More than the queue holds, and nobody reads meanwhile.
#[tokio::test]
async fn recording_never_waits_and_what_is_lost_is_counted() {
    let (audit, _folder) = fresh().await;
    let audit = SqlAudit::queueing(audit.database, 90 * DAY, 10);
    // On this one thread the writer has had no turn yet.
    for _ in 0..110 {
        audit.record(Event::by(Actor::Unknown, Kind::SignInRefused));
    }
    assert_eq!(audit.dropped.load(Ordering::Relaxed), 100);
    audit.settled().await;
    let kept: Vec<(String,)> = audit.database.all("SELECT id FROM audit", &[]).await.unwrap();
    assert_eq!(kept.len(), 10);
    assert_eq!(audit.dropped.load(Ordering::Relaxed), 0, "told in the log");
    assert_eq!((audit.lost(), audit.waiting()), (100, 0));
}
