//! An edge that knows nothing, and one that nobody used for a while, look before they let in: the
//! first answer is right, not the second.

use std::time::Duration;

use e2e::wrangler::second_edge;
use e2e::{Client, Outcome, World};
use reqwest::Method;

/// Longer than an isolate trusts its last look.
const SILENCE: Duration = Duration::from_secs(11);

pub(crate) async fn tell(world: &mut World) -> Outcome {
    let edge = world.edge()?;
    let (email, password) = world.somebody().await?;
    let lives = edge.login(&email, &password).await?.access()?;
    let ended = edge.login(&email, &password).await?.access()?;
    log_out(&edge, &ended).await?;

    let cold = second_edge(world.stack.state(), &[])?;
    cold.first_answer("/orders", &ended).await?.refused(401, "token_revoked")?;
    let elsewhere = cold.client()?;
    elsewhere.get("/orders", &lives).await?.expect(200)?;

    // Silence is what is tested here, so there is nothing to poll for.
    tokio::time::sleep(SILENCE).await;
    log_out(&edge, &lives).await?;
    elsewhere.get("/orders", &lives).await?.refused(401, "token_revoked")?;
    Ok(())
}

async fn log_out(edge: &Client, token: &str) -> Outcome {
    let logout = edge.request(Method::POST, "/auth/logout").bearer_auth(token);
    edge.send(logout).await?.expect(204)?;
    Ok(())
}
