//! The origin is killed while sessions are refreshed and ended: at random, and exactly between a
//! question and its answer (RTR-15). What was acknowledged holds, at the origin and at the edge.

use std::time::{Duration, Instant};

use e2e::session::{Course, Deed, Session};
use e2e::{Client, Fleet, Outcome, Plan, Store};
use futures_util::future::try_join_all;
use tokio::sync::watch;

/// How many clients act at once.
const CLIENTS: usize = 8;
/// How often a session is refreshed before it is ended.
const ROTATIONS: usize = 5;
/// Sessions that are refreshed and not ended.
const LIVING: usize = 4;
/// The origin is killed within so long after the clients have begun.
const WITHIN: Duration = Duration::from_millis(100);
/// In how many of a thousand cases one retry must do.
const THROUGH: usize = 999;
/// The design's bound for the edge.
const BOUND: Duration = Duration::from_secs(10);

/// How large a run is.
#[derive(Clone, Copy)]
struct Size {
    kills: usize,
    sessions: usize,
    /// Kills at each named point, for each deed.
    at_points: usize,
}

pub(crate) async fn tell(store: Store) -> Outcome {
    tell_of(store, Size { kills: 10, sessions: 100, at_points: 2 }).await
}

pub(crate) async fn tell_at_length(store: Store) -> Outcome {
    tell_of(store, Size { kills: 200, sessions: 2000, at_points: 100 }).await
}

async fn tell_of(store: Store, size: Size) -> Outcome {
    // As long as the longest run, so that old tokens are refused for the right reason.
    let settings = vec![("tokens.access_ttl".into(), "1h".into())];
    let mut fleet = Fleet::start(Plan { store, settings, locations: 1, ..Plan::default() }).await?;
    let mut sessions = begin(&mut fleet, size.sessions + LIVING).await?;
    let living = sessions.split_off(size.sessions);
    let mut tally = Tally::default();
    let mut ended = at_random(&mut fleet, sessions, size.kills, &mut tally).await?;
    assert!(tally.retried > 0, "no kill at random hit anything");
    let (living, ended_at_points) =
        at_named_points(&mut fleet, living, size.at_points, &mut tally).await?;
    ended.extend(ended_at_points);

    let lost = lost(&fleet, &ended).await?;
    println!(
        "crashes, {store}: {tally}; {} acknowledged logouts, {lost} lost",
        ended.iter().filter(|session| session.ended).count(),
    );
    assert_eq!(lost, 0, "acknowledged revocations were lost");
    assert_eq!(tally.double_successors, 0, "one refresh token, two successors");
    assert_eq!(tally.locked_out, 0, "sessions that nobody ended are over");
    assert!(tally.through * 1000 >= tally.deeds * THROUGH, "one retry did not do");
    for mut session in living {
        let course = session.attempt(Deed::Refresh, &fleet.origin(0)?, "alive").await?;
        assert_eq!(course, Course::Done, "a living session");
        fleet.edge(0)?.get("/orders", &session.access).await?.expect(200)?;
    }
    fleet.end().await
}

#[derive(Default)]
struct Tally {
    kills: usize,
    deeds: usize,
    retried: usize,
    through: usize,
    locked_out: usize,
    double_successors: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} kills, {} rotations and logouts, {} hit, {} not through with one retry, \
             {} locked out, {} double successors",
            self.kills,
            self.deeds,
            self.retried,
            self.deeds - self.through,
            self.locked_out,
            self.double_successors
        )
    }
}

async fn begin(fleet: &mut Fleet, count: usize) -> Outcome<Vec<Session>> {
    let (email, password) = fleet.somebody().await?;
    let origin = fleet.origin(0)?;
    let mut sessions = Vec::with_capacity(count);
    while sessions.len() < count {
        let some = CLIENTS.min(count - sessions.len());
        let signed_in = (0..some).map(|_| origin.login(&email, &password));
        for answer in try_join_all(signed_in).await? {
            sessions.push(Session::begun(&answer)?);
        }
    }
    Ok(sessions)
}

/// Kills the origin `kills` times while every client is at work; gives the sessions, all ended.
async fn at_random(
    fleet: &mut Fleet,
    sessions: Vec<Session>,
    kills: usize,
    tally: &mut Tally,
) -> Outcome<Vec<Session>> {
    let client = Client::new(fleet.origins[0].front_url())?;
    let mut ended = Vec::new();
    let mut waiting = sessions.into_iter();
    let each = (waiting.len() / kills / CLIENTS).max(1);
    for kill in 0.. {
        let shares: Vec<Vec<Session>> =
            (0..CLIENTS).map(|_| waiting.by_ref().take(each).collect()).collect();
        if shares[0].is_empty() {
            break;
        }
        let (up, is_up) = watch::channel(0);
        let acting = shares.into_iter().map(|share| act(share, client.clone(), is_up.clone()));
        // Spread evenly over the time in which clients are at work: no moment is favoured.
        let moment = WITHIN.mul_f64((f64::from(kill) * 0.618_034).fract());
        let (shares, ()) = tokio::try_join!(try_join_all(acting), strike(fleet, moment, &up))?;
        tally.kills += 1;
        for (sessions, counted) in shares {
            tally.deeds += counted.deeds;
            tally.retried += counted.retried;
            tally.through += counted.through;
            tally.locked_out += counted.locked_out;
            tally.double_successors +=
                sessions.iter().map(|session| session.double_successors).sum::<usize>();
            ended.extend(sessions);
        }
    }
    Ok(ended)
}

async fn strike(fleet: &mut Fleet, moment: Duration, up: &watch::Sender<u64>) -> Outcome {
    tokio::time::sleep(moment).await;
    let origin = &mut fleet.origins[0];
    origin.process.kill();
    origin.process.start()?;
    origin.ready().await?;
    up.send_replace(1);
    Ok(())
}

/// Refreshes and ends sessions, one deed after the other; what fails is tried once more when the
/// origin is up again.
async fn act(
    mut sessions: Vec<Session>,
    client: Client,
    mut up: watch::Receiver<u64>,
) -> Outcome<(Vec<Session>, Tally)> {
    let mut tally = Tally::default();
    for session in &mut sessions {
        for step in 0..=ROTATIONS {
            let deed = if step < ROTATIONS { Deed::Refresh } else { Deed::Logout };
            tally.deeds += 1;
            let mut course = session.attempt(deed, &client, "at random").await?;
            if course == Course::ComeAgain {
                tally.retried += 1;
                up.wait_for(|up| *up > 0).await?;
                course = session.attempt(deed, &client, "at random").await?;
                if course == Course::Done && deed == Deed::Refresh {
                    session.ask_again(&client).await?;
                }
            }
            tally.through += usize::from(course == Course::Done);
            tally.locked_out += usize::from(course == Course::LockedOut);
        }
    }
    Ok((sessions, tally))
}

/// Where a deed is cut in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// The script has not reached Redis.
    BeforeRedis,
    /// Redis has done it, and the origin has not heard.
    AfterRedis,
    /// The origin has answered, and the client has not heard.
    AfterAnswer,
}

/// Kills the origin at each point of each deed; gives the sessions that live, and those that do not.
async fn at_named_points(
    fleet: &mut Fleet,
    mut living: Vec<Session>,
    times: usize,
    tally: &mut Tally,
) -> Outcome<(Vec<Session>, Vec<Session>)> {
    let client = Client::new(fleet.origins[0].front_url())?;
    let mut ended = Vec::new();
    for point in [Point::BeforeRedis, Point::AfterRedis, Point::AfterAnswer] {
        if fleet.redis.is_none() && point != Point::AfterAnswer {
            continue;
        }
        for time in 0..times {
            let session = &mut living[time % LIVING];
            killed_at(point, Deed::Refresh, session, fleet, &client, tally).await?;
        }
        for mut session in begin(fleet, times).await? {
            killed_at(point, Deed::Logout, &mut session, fleet, &client, tally).await?;
            ended.push(session);
        }
    }
    Ok((living, ended))
}

async fn killed_at(
    point: Point,
    deed: Deed,
    session: &mut Session,
    fleet: &mut Fleet,
    client: &Client,
    tally: &mut Tally,
) -> Outcome {
    let label = "to be cut in two";
    let held = match (point, &fleet.redis) {
        (Point::BeforeRedis, Some(redis)) => redis.line.hold_request(session.sid.as_bytes()),
        (Point::AfterRedis, Some(redis)) => redis.line.hold_answer(session.sid.as_bytes()),
        _ => fleet.origins[0].front.hold_answer(label.as_bytes()),
    };
    let (course, release) = tokio::join!(session.attempt(deed, client, label), async {
        let release = held.caught().await;
        fleet.origins[0].process.kill();
        // Dropped here: what was held never arrives.
        release.map(drop)
    });
    release.map_err(|error| format!("{point:?}, {deed:?}: {error}"))?;
    assert_eq!(course?, Course::ComeAgain, "{point:?}, {deed:?}");
    fleet.origins[0].process.start()?;
    fleet.origins[0].ready().await?;
    let course = session.attempt(deed, client, "again").await?;
    if course == Course::Done && deed == Deed::Refresh {
        session.ask_again(client).await?;
    }
    tally.kills += 1;
    tally.deeds += 1;
    tally.retried += 1;
    tally.through += usize::from(course == Course::Done);
    tally.locked_out += usize::from(course == Course::LockedOut);
    tally.double_successors += std::mem::take(&mut session.double_successors);
    Ok(())
}

/// How many of the acknowledged logouts do not hold: exactly at the origin, in time at the edge.
async fn lost(fleet: &Fleet, sessions: &[Session]) -> Outcome<usize> {
    let (origin, edge) = (fleet.origin(0)?, fleet.edge(0)?);
    let since = Instant::now();
    let mut lost = 0;
    for session in sessions.iter().filter(|session| session.ended) {
        let is_over = session.is_over_at(&origin).await?;
        let mut answer = edge.get("/orders", &session.access).await?;
        while answer.status != 401 && since.elapsed() < BOUND {
            tokio::time::sleep(Duration::from_millis(100)).await;
            answer = edge.get("/orders", &session.access).await?;
        }
        let is_refused = answer.status == 401 && answer.code() == "token_revoked";
        lost += usize::from(!is_over || !is_refused);
    }
    Ok(lost)
}
