use std::os::unix::fs::PermissionsExt;

use sqlx::FromRow;
use tokio::task::JoinSet;

use super::server::Server;
use super::*;

#[derive(FromRow)]
struct Count {
    n: i64,
}

#[tokio::test]
async fn the_file_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::file(&folder.path().join("accounts.db")).await.unwrap();
    database.ping().await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[tokio::test]
async fn an_address_is_a_path_or_a_url_and_never_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("with space.db");
    let path = path.to_str().unwrap();
    for address in [path.to_owned(), format!("sqlite:{path}"), format!("sqlite://{path}")] {
        Database::open(&address).await.unwrap();
    }
    for address in [
        "",
        "sqlite:",
        "sqlite::memory:",
        ":memory:",
        "sqlite://a.db?mode=memory",
        "mysql://portcullis:hunter2@localhost/portcullis",
        "postgres://portcullis:hunter2@local host/portcullis",
        "postgres://portcullis@localhost/portcullis?password=hunter2",
        "postgres://portcullis:hunter2@localhost/portcullis?sslmod=verify-full",
        "postgres://portcullis:hunter2@localhost/portcullis?sslmode=hunter2",
        "postgres://portcullis:hunter2@localhost/portcullis?port=hunter2",
    ] {
        let Err(error) = Database::open(address).await else { panic!("{address} works") };
        assert!(matches!(error, OpenError::Setting { .. }), "{error:?}");
        let told = format!("{error} {error:?}");
        assert!(told.contains("database.url") && !told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_told_in_words_without_the_password() {
    let server = Server::shared();
    let right = server.fresh_database().await;
    for (wrong, word) in [
        (right.replace("hunter2", "hunter3"), "password"),
        (server.url("nowhere"), "nowhere"),
        // It has no certificate.
        (right.replace("disable", "require"), "TLS"),
        (String::from("postgres://u:hunter2@127.0.0.1:1/x"), "refused"),
    ] {
        let Err(error) = Database::open(&wrong).await else { panic!("{wrong} works") };
        let told = crate::telemetry::chain(&error);
        assert!(told.starts_with("database.url: ") && told.contains(word), "{told}");
        assert!(!format!("{told} {error:?}").contains("hunter"), "{told}");
    }
}

#[derive(FromRow)]
struct Encrypted {
    ssl: bool,
}

#[tokio::test]
async fn a_server_is_spoken_to_by_tls_and_must_be_who_it_says_where_that_is_asked_for() {
    let (server, other) = (Server::encrypted(), Server::encrypted());
    let plain = server.fresh_database().await;
    let (its, of_another) = (server.certificate(), other.certificate());
    let verify = |mode: &str, root: &Path| {
        plain.replace("disable", &format!("{mode}&sslrootcert={}", root.display()))
    };
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    for (url, tls) in [
        (plain.clone(), false),
        (plain.replace("disable", "require"), true),
        (verify("verify-ca", &its), true),
        (verify("verify-full", &its), true),
    ] {
        let database = Database::open(&url).await.unwrap();
        let row: Encrypted = database.one(encrypted, &[]).await.unwrap().unwrap();
        assert_eq!(row.ssl, tls, "{url}");
    }
    for url in [
        verify("verify-ca", &of_another),
        verify("verify-full", &of_another),
        // By another name than the certificate's.
        verify("verify-full", &its).replace("@127.0.0.1", "@localhost"),
    ] {
        let Err(error) = Database::open(&url).await else { panic!("{url} works") };
        let told = crate::telemetry::chain(&error);
        assert!(told.contains("certificate") && !told.contains("hunter"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_start_at_once_one_makes_the_tables() {
    let server = Server::shared();
    let url = server.fresh_database().await;
    let mut opening = JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        opening.spawn(async move { Database::open(&url).await.map(drop) });
    }
    for outcome in opening.join_all().await {
        outcome.unwrap();
    }
    // And once more, as after a restart.
    let database = Database::open(&url).await.unwrap();
    let made = "SELECT count(*) AS n FROM _sqlx_migrations";
    let made: Count = database.one(made, &[]).await.unwrap().unwrap();
    assert_eq!(usize::try_from(made.n).unwrap(), MIGRATIONS.iter().count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_went_away_is_a_fault_and_then_found_again() {
    let server = Server::start();
    let database = Database::open(&server.fresh_database().await).await.unwrap();
    database.ping().await.unwrap();
    server.kill();
    let fault = database.ping().await.unwrap_err();
    assert!(matches!(fault, StoreFault::Unavailable { .. }), "{fault:?}");
    assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
    server.launch();
    let since = std::time::Instant::now();
    while database.ping().await.is_err() {
        assert!(since.elapsed() < Duration::from_mins(1));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_look_at_postgres_makes_no_tables() {
    let server = Server::shared();
    let url = server.fresh_database().await;
    for _ in 0..2 {
        let (what, tables) = Database::look(&url).await.unwrap();
        assert!(what.starts_with("Postgres "), "{what}");
        assert!(matches!(tables, Tables::Behind(_)), "{tables:?}");
    }
    Database::open(&url).await.unwrap();
    assert_eq!(Database::look(&url).await.unwrap().1, Tables::Current);
}
