//! An edge whose origin is nowhere has the head from KV alone: it knows the keys and who is out.

use std::time::{Duration, Instant};

use e2e::kv::Distance;
use e2e::{Fleet, Outcome, Plan, Store};
use reqwest::Method;

/// Publishing takes a second, and an edge with traffic looks every five.
const BOUND: Duration = Duration::from_secs(8);

pub(crate) async fn tell(store: Store) -> Outcome {
    let distance = Distance { cache_scale: 0.01, ..Default::default() };
    let plan = Plan { locations: 1, distance, store, ..Plan::default() };
    let mut fleet = Fleet::start(plan).await?;
    fleet.origins[0].front.refuse();
    fleet.edges[0].again().await?;
    fleet.edges[0].informed().await?;
    let (email, password) = fleet.somebody().await?;
    let (origin, edge) = (fleet.origin(0)?, fleet.edge(0)?);
    let token = origin.login(&email, &password).await?.access()?;
    edge.get("/orders", &token).await?.expect(200)?;
    let logout = origin.request(Method::POST, "/auth/logout").bearer_auth(&token);
    origin.send(logout).await?.expect(204)?;
    let ended = Instant::now();
    while edge.get("/orders", &token).await?.status == 200 {
        assert!(ended.elapsed() < BOUND, "the edge still lets the session in");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    edge.get("/orders", &token).await?.refused(401, "token_revoked")?;
    assert!(fleet.kv.writes().iter().all(|write| write.key == "head" && write.epoch.is_some()));
    fleet.end().await
}
