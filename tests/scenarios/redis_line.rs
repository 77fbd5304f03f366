//! RED-08: the line to Redis hangs, is slow, is cut: whoever asks is told promptly to come again, and
//! no request under way is left hanging; edges go on by what they know.

use std::time::{Duration, Instant};

use e2e::proxy::Way;
use e2e::session::{Course, Deed, Session};
use e2e::{Client, Fleet, Outcome, Plan, Store};
use serde_json::json;

/// The promise is a second; a busy machine takes its share.
const PROMPT: Duration = Duration::from_secs(5);
/// How long the origin may take to find its store again.
const RECOVERY: Duration = Duration::from_secs(5);

pub(crate) async fn tell(store: Store) -> Outcome {
    let mut fleet = Fleet::start(Plan { store, locations: 1, ..Plan::default() }).await?;
    let (email, password) = fleet.somebody().await?;
    let (origin, edge) = (fleet.origin(0)?, fleet.edge(0)?);
    let mut session = Session::begun(&origin.login(&email, &password).await?)?;
    let line = &fleet.redis.as_ref().ok_or("this is about Redis")?.line;
    edge.get("/orders", &session.access).await?.expect(200)?;

    for name in ["hangs", "is slow", "refuses"] {
        let mut ending = Session::begun(&origin.login(&email, &password).await?)?;
        match name {
            "hangs" => line.hang(),
            "is slow" => line.delay(Way::Back, Duration::from_secs(3)),
            _ => line.refuse(),
        }
        for (path, token) in
            [("/auth/refresh", &session.refresh), ("/auth/logout", &ending.refresh)]
        {
            let asked = Instant::now();
            let answer = origin.post(path, &json!({"refresh_token": token})).await?;
            let answer = answer.refused(503, "store_unavailable")?;
            assert!(asked.elapsed() <= PROMPT, "{name}, {path}: {:?}", asked.elapsed());
            assert!(!answer.header("retry-after").is_empty(), "503 without Retry-After");
        }
        edge.get("/orders", &session.access).await?.expect(200)?;
        line.resume();
        line.delay(Way::Back, Duration::ZERO);
        line.accept();
        // Whether it had been done or not, once more does it.
        recovers(Deed::Refresh, &mut session, &origin, name).await?;
        recovers(Deed::Logout, &mut ending, &origin, name).await?;
        assert!(ending.is_over_at(&origin).await?, "the line {name}: a logout that does not hold");
    }
    fleet.end().await
}

async fn recovers(deed: Deed, session: &mut Session, origin: &Client, name: &str) -> Outcome {
    let since = Instant::now();
    while session.attempt(deed, origin, name).await? != Course::Done {
        assert!(since.elapsed() < RECOVERY, "the line {name}: still no {deed:?} afterwards");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
