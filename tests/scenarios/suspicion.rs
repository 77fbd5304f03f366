//! A filter that is mistaken, and keys that nobody has: the origin is asked as seldom as can be, and
//! no good token is refused.

use e2e::keys::SigningKey;
use e2e::revoked::{fill, ids, segments, settled};
use e2e::scale::token_of;
use e2e::{Client, Fleet, Outcome, Plan, Store};
use futures_util::future::try_join_all;
use uuid::Uuid;

/// Enough for one segment, and not too many to go through for one that it takes for its own.
const REVOKED: u64 = 6_000;
const TOGETHER: usize = 50;

pub(crate) async fn tell() -> Outcome {
    let (locations, store) = (1, Store::Redis);
    let mut fleet = Fleet::start(Plan { locations, store, ..Plan::default() }).await?;
    let (email, password) = fleet.somebody().await?;
    let living = fleet.origin(0)?.login(&email, &password).await?.access()?;
    let revoked = ids(REVOKED);
    let epoch = fill(&fleet, &revoked).await?;
    let head = settled(&fleet, REVOKED, epoch).await?;
    let segments = segments(&fleet, &head)?;
    let key = SigningKey::of(&fleet.state())?;
    let mint = key.mint(head.iss.clone())?;
    let strangers = (0..).map(|_| Uuid::now_v7());
    let mut suspects = strangers
        .filter(|sid| segments.iter().any(|segment| segment.may_hold(*sid)))
        .map(|sid| token_of(&mint, sid, Uuid::new_v4()));
    let [first, second] = [(); 2].map(|()| suspects.next().unwrap_or_default());
    let dead = token_of(&mint, revoked[0], Uuid::new_v4());
    let edge = fleet.edge(0)?;

    // Many at once are one question, and its answer is remembered.
    let together = (0..TOGETHER).map(|_| edge.get("/orders", &first));
    for answer in try_join_all(together).await? {
        answer.expect(200)?;
    }
    assert_eq!(questions(&fleet)?, 1, "{TOGETHER} at once");
    edge.get("/orders", &first).await?.expect(200)?;
    edge.get("/orders", &dead).await?.refused(401, "token_revoked")?;
    edge.get("/orders", &dead).await?.refused(401, "token_revoked")?;
    assert_eq!(questions(&fleet)?, 2);
    // What the rule asks, it asks each time.
    edge.get("/strict/x", &first).await?.expect(200)?;
    edge.get("/strict/x", &first).await?.expect(200)?;
    assert_eq!(questions(&fleet)?, 4);

    // Without the origin: what is known holds, what is not is our fault and not the client's.
    fleet.origins[0].front.refuse();
    edge.get("/orders", &first).await?.expect(200)?;
    edge.get("/orders", &living).await?.expect(200)?;
    edge.get("/orders", &dead).await?.refused(401, "token_revoked")?;
    for answer in try_join_all((0..TOGETHER).map(|_| edge.get("/orders", &second))).await? {
        let answer = answer.refused(503, "origin_unreachable")?;
        assert!(!answer.header("retry-after").is_empty());
    }
    fleet.origins[0].front.accept();
    edge.get("/orders", &second).await?.expect(200)?;

    // A no holds until the next change.
    let before = questions(&fleet)?;
    let ended = fleet.origin(0)?.login(&email, &password).await?;
    edge.send(edge.request(reqwest::Method::POST, "/auth/logout").bearer_auth(ended.access()?))
        .await?
        .expect(204)?;
    edge.get("/orders", &first).await?.expect(200)?;
    assert_eq!(questions(&fleet)?, before + 1);

    keys_that_nobody_has(&fleet, &edge, &mint).await?;
    fleet.end().await
}

/// KEY-01: ten thousand names of keys that no head has ever named.
async fn keys_that_nobody_has(
    fleet: &Fleet,
    edge: &Client,
    mint: &e2e::cases::Mint<'_>,
) -> Outcome {
    let heads = || answered(fleet, "/.well-known/portcullis/head");
    let (before, began) = (heads()?, std::time::Instant::now());
    for _ in 0..100 {
        let asking = (0..100).map(|_| {
            let mut header = mint.header();
            header.insert("kid".into(), Uuid::new_v4().to_string().into());
            let token = mint.signed(&e2e::cases::text(&header), &e2e::cases::text(&mint.claims()));
            async move { edge.get("/orders", &token).await?.refused(401, "token_invalid") }
        });
        try_join_all(asking).await?;
    }
    let (asked, took) = (heads()? - before, began.elapsed());
    // Besides the look that an isolate takes every five seconds anyway.
    let allowed = 2 + usize::try_from(took.as_secs())? / 5 + usize::try_from(took.as_secs())? / 10;
    println!("10,000 unknown kids in {took:?}: {asked} heads asked for");
    assert!(asked <= allowed, "{asked} heads asked for in {took:?}");
    Ok(())
}

/// How often the origin was asked what is revoked.
fn questions(fleet: &Fleet) -> Outcome<usize> {
    answered(fleet, "/auth/edge/revoked")
}

fn answered(fleet: &Fleet, route: &str) -> Outcome<usize> {
    let log = fleet.origins[0].process.printed()?;
    Ok(log.lines().filter(|line| line.contains("answered") && line.contains(route)).count())
}
