//! RED-01, RED-03, RED-07, RED-15: the Redis primary dies or hangs while sessions are refreshed and
//! ended, and its replicas are behind. What was acknowledged holds with `wait_replicas`; without it
//! some is lost, or this shows nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use e2e::sentinel::Sentinel;
use e2e::session::{Course, Deed, Session};
use e2e::{Client, Fleet, Outcome, Plan};
use futures_util::future::try_join_all;
use reqwest::Method;
use serde_json::json;

/// How far the replicas are behind.
const LAG: Duration = Duration::from_millis(50);
/// How soon after a promotion all must be served again.
const SERVING: Duration = Duration::from_secs(5);
/// Sessions that are ended around each failover, so many at a time.
const ENDING: usize = 48;
const AT_A_TIME: usize = 8;
/// The primary goes when so many are.
const STRIKE: usize = 16;
/// Sessions that are refreshed all the while: half of them go on afterwards, of the other half the
/// token before the latest comes first, as from a thief.
const ROTATING: usize = 8;

/// How long anything may take to come about.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a primary goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Killed,
    Hung,
}

pub(crate) async fn tell() -> Outcome {
    // One of each is enough for every day.
    tell_of(&[End::Killed, End::Hung], 4).await
}

pub(crate) async fn tell_at_length() -> Outcome {
    let ends: Vec<End> =
        (0..20).map(|at| if at % 4 == 3 { End::Hung } else { End::Killed }).collect();
    tell_of(&ends, 8).await
}

async fn tell_of(ends: &[End], controls: usize) -> Outcome {
    let killings = vec![End::Killed; controls];
    let (kept, control) = tokio::try_join!(
        with_wait_replicas(1, ends, |_| true),
        // On a slow machine there may be little to lose in 50 ms.
        with_wait_replicas(0, &killings, |tally| tally.lost == 0 || tally.forked == 0)
    )?;
    println!("sentinel, wait_replicas = 1: {kept}");
    assert_eq!(kept.lost, 0, "acknowledged revocations were lost");
    assert_eq!(kept.locked_out, 0, "sessions that nobody ended are over");
    assert!(kept.slowest <= SERVING, "served again only {:?} after a promotion", kept.slowest);

    println!("sentinel, the control without it: {control}");
    assert!(control.lost > 0, "nothing was lost without wait_replicas either: this shows nothing");
    assert_eq!(control.locked_out, 0, "sessions that nobody ended are over");
    let (healed, forked) = (kept.healed + control.healed, kept.forked + control.forked);
    assert!(healed > 0, "no rotation was rolled back");
    assert!(forked > 0, "no session was forked");
    Ok(())
}

#[derive(Debug, Default)]
struct Tally {
    failovers: usize,
    acknowledged: usize,
    lost: usize,
    healed: usize,
    forked: usize,
    locked_out: usize,
    slowest: Duration,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} failovers, {} acknowledged logouts, {} lost; {} rotations rolled back and healed, \
             {} forks caught, {} locked out; served again at most {:.2} s after the promotion",
            self.failovers,
            self.acknowledged,
            self.lost,
            self.healed,
            self.forked,
            self.locked_out,
            self.slowest.as_secs_f64()
        )
    }
}

/// As many failovers as there are ends, or until no more are wanted.
async fn with_wait_replicas(
    replicas: u8,
    ends: &[End],
    wants_more: impl Fn(&Tally) -> bool,
) -> Outcome<Tally> {
    let folder = tempfile::tempdir()?;
    let mut redis = Sentinel::start(folder.path(), LAG).await?;
    let settings = vec![("redis.wait_replicas".into(), replicas.to_string())];
    let redis_url = Some(redis.url());
    let plan = Plan { locations: 0, redis_url, settings, ..Plan::default() };
    let mut fleet = Fleet::start(plan).await?;
    let mut tally = Tally::default();
    for end in ends {
        if !wants_more(&tally) {
            break;
        }
        failover(&mut redis, &mut fleet, *end, &mut tally).await?;
    }
    if replicas > 0 {
        nobody_confirms(&mut redis, &mut fleet).await?;
    }
    let log = fleet.origins[0].process.printed()?;
    tally.healed = log.matches("had lost a rotation; healed").count();
    fleet.end().await?;
    Ok(tally)
}

async fn failover(redis: &mut Sentinel, fleet: &mut Fleet, end: End, tally: &mut Tally) -> Outcome {
    let client = fleet.origin(0)?;
    let mut ending = begin(fleet, &client, ENDING).await?;
    let mut rotating = begin(fleet, &client, ROTATING).await?;
    let mut probe = begin(fleet, &client, AT_A_TIME).await?;
    for session in &mut rotating {
        until_done(Deed::Refresh, session, &client).await?;
    }
    // What was begun is replicated; what is done from now on need not be.
    tokio::time::sleep(LAG * 4).await;
    let former = redis.agreed().await?;

    let (acknowledged, struck) = (AtomicUsize::new(0), AtomicBool::new(false));
    let strike = async {
        while acknowledged.load(Ordering::Relaxed) < STRIKE {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        match end {
            End::Killed => redis.kill(former)?,
            End::Hung => redis.freeze(former)?,
        }
        struck.store(true, Ordering::Relaxed);
        redis.promoted_in_place_of(former).await?;
        let promoted = Instant::now();
        for deed in [Deed::Refresh, Deed::Logout] {
            until_done(deed, &mut probe[0], &client).await?;
        }
        Outcome::Ok(promoted.elapsed())
    };
    let endings = ending.chunks_mut(ENDING / AT_A_TIME).map(|lane| async {
        for session in lane {
            until_done(Deed::Logout, session, &client).await?;
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        Outcome::Ok(())
    });
    let rotations = rotating.iter_mut().map(|session| async {
        while !struck.load(Ordering::Relaxed) {
            session.attempt(Deed::Refresh, &client, "over and over").await?;
        }
        Outcome::Ok(())
    });
    let (served, _, _) = tokio::try_join!(strike, try_join_all(endings), try_join_all(rotations))?;

    match end {
        End::Killed => redis.rejoin(former).await?,
        // It takes itself for the primary still. Nobody else must.
        End::Hung => redis.thaw(former)?,
    }
    for session in &mut probe[1..] {
        until_done(Deed::Logout, session, &client).await?;
    }
    redis.settled().await?;

    tally.failovers += 1;
    tally.slowest = tally.slowest.max(served);
    for session in ending.iter().chain(&probe) {
        tally.acknowledged += 1;
        tally.lost += usize::from(!session.is_over_at(&client).await?);
    }
    let (honest, robbed) = rotating.split_at_mut(ROTATING / 2);
    for session in honest {
        let since = Instant::now();
        let mut course = session.attempt(Deed::Refresh, &client, "afterwards").await?;
        while course == Course::ComeAgain && since.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(50)).await;
            course = session.attempt(Deed::Refresh, &client, "afterwards").await?;
        }
        assert_ne!(course, Course::ComeAgain, "it says to come again for {PATIENCE:?}");
        tally.locked_out += usize::from(course == Course::LockedOut);
    }
    for session in robbed {
        tally.forked += usize::from(is_forked(session, &client).await?);
    }
    Ok(())
}

/// RED-02: a logout that no replica has is no logout yet, and says so; what needs none goes on.
async fn nobody_confirms(redis: &mut Sentinel, fleet: &mut Fleet) -> Outcome {
    let client = fleet.origin(0)?;
    let mut session = begin(fleet, &client, 1).await?.remove(0);
    let replicas = redis.replicas().await?;
    for replica in &replicas {
        redis.freeze(*replica)?;
    }
    for _ in 0..3 {
        let course = session.attempt(Deed::Refresh, &client, "alone").await?;
        assert_eq!(course, Course::Done, "a refresh waits for replicas");
        let logout = client.request(Method::POST, "/auth/logout").bearer_auth(&session.access);
        let answer = client.send(logout).await?.refused(503, "store_unavailable")?;
        assert!(!answer.header("retry-after").is_empty(), "503 without Retry-After");
        session = begin(fleet, &client, 1).await?.remove(0);
    }
    for replica in replicas {
        redis.thaw(replica)?;
    }
    until_done(Deed::Logout, &mut session, &client).await?;
    assert!(session.is_over_at(&client).await?);
    Ok(())
}

async fn begin(fleet: &mut Fleet, client: &Client, count: usize) -> Outcome<Vec<Session>> {
    let (email, password) = fleet.somebody().await?;
    let mut sessions = Vec::new();
    while sessions.len() < count {
        let signed_in =
            (0..AT_A_TIME.min(count - sessions.len())).map(|_| client.login(&email, &password));
        for answer in try_join_all(signed_in).await? {
            sessions.push(Session::begun(&answer)?);
        }
    }
    Ok(sessions)
}

/// Comes again until it is done.
async fn until_done(deed: Deed, session: &mut Session, client: &Client) -> Outcome {
    let since = Instant::now();
    loop {
        match session.attempt(deed, client, "until it is done").await? {
            Course::Done => return Ok(()),
            Course::ComeAgain if since.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            course => return Err(format!("{deed:?} through a failover: {course:?}").into()),
        }
    }
}

/// A thief presents the token before the latest. Where the store has lost the rotation, it is good,
/// and there are two holders: the owner's next refresh must end it for both.
async fn is_forked(session: &mut Session, client: &Client) -> Outcome<bool> {
    let stolen = session.presented.clone().ok_or("the session was never refreshed")?;
    let body = json!({"refresh_token": stolen});
    let refresh = client.request(Method::POST, "/auth/refresh").json(&body);
    let answer = client.patient().send(refresh).await?;
    if answer.expect_any(&[200, 401])? == 401 {
        // The rotation whose answer was lost had been done: the stolen token is older than that.
        return Ok(false);
    }
    let thief = answer.refresh()?;
    if thief == session.refresh {
        // Nothing was lost: within the grace it is the owner's own.
        return Ok(false);
    }
    // Ended at the first try; where that was not confirmed in time, the second finds it ended.
    let again = |token: &str| {
        let body = json!({"refresh_token": token});
        let client = client.clone();
        async move {
            let refresh = client.request(Method::POST, "/auth/refresh").json(&body);
            client.patient().send(refresh).await?.expect(401).map(|answer| answer.code())
        }
    };
    let code = again(&session.refresh).await?;
    assert!(["refresh_reused", "refresh_revoked"].contains(&code.as_str()), "{code}");
    assert_eq!(again(&thief).await?, "refresh_revoked");
    Ok(true)
}
