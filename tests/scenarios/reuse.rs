//! Refresh tokens that come back: in a race, after a lost answer, late, and as a thief's.

use std::time::Duration;

use e2e::{Outcome, World};
use reqwest::Method;

/// Longer than the grace of three seconds that this stack gives.
const PAST_THE_GRACE: Duration = Duration::from_millis(3300);

pub(crate) async fn tell(world: &mut World) -> Outcome {
    a_lost_answer_is_given_again(world).await?;
    reuse_ends_the_family(world).await?;
    a_phone_that_slept_is_let_in_but_only_the_same_one(world).await
}

/// RTR-05: within the grace, the very same successor.
async fn a_lost_answer_is_given_again(world: &mut World) -> Outcome {
    let (email, password) = world.somebody().await?;
    let edge = world.edge()?;
    let first = edge.login(&email, &password).await?.refresh()?;
    let lost = edge.refresh(&first).await?.expect(200)?;
    let again = edge.refresh(&first).await?.expect(200)?;
    assert_eq!(lost.refresh()?, again.refresh()?);
    edge.refresh(&again.refresh()?).await?.expect(200)?;
    Ok(())
}

/// RTR-03: after the grace, the session is over at the origin and at the edge; others are not.
async fn reuse_ends_the_family(world: &mut World) -> Outcome {
    let (email, password) = world.somebody().await?;
    let edge = world.edge()?;
    let other = edge.login(&email, &password).await?;
    let login = edge.login(&email, &password).await?;
    let second = edge.refresh(&login.refresh()?).await?.expect(200)?;
    let third = edge.refresh(&second.refresh()?).await?.expect(200)?;
    edge.get("/orders", &third.access()?).await?.expect(200)?;
    tokio::time::sleep(PAST_THE_GRACE).await;

    let reused = edge.refresh(&login.refresh()?).await?.refused(401, "refresh_reused")?;
    assert_eq!(reused.header("portcullis-session"), "ended");
    for token in [login.access()?, second.access()?, third.access()?] {
        edge.get("/orders", &token).await?.refused(401, "token_revoked")?;
    }
    edge.refresh(&third.refresh()?).await?.refused(401, "refresh_revoked")?;

    edge.get("/orders", &other.access()?).await?.expect(200)?;
    edge.refresh(&other.refresh()?).await?.expect(200)?;
    // RTR-04: two generations back is reuse also within the grace of the last rotation.
    let login = edge.login(&email, &password).await?;
    let second = edge.refresh(&login.refresh()?).await?.expect(200)?;
    edge.refresh(&second.refresh()?).await?.expect(200)?;
    edge.refresh(&login.refresh()?).await?.refused(401, "refresh_reused")?;
    Ok(())
}

/// Late, its successor never presented: the device that the edge reports decides.
async fn a_phone_that_slept_is_let_in_but_only_the_same_one(world: &mut World) -> Outcome {
    let (email, password) = world.somebody().await?;
    let (edge, origin) = (world.edge()?, world.origin()?);
    let login = edge.login(&email, &password).await?;
    let displaced = edge.refresh(&login.refresh()?).await?.expect(200)?;
    tokio::time::sleep(PAST_THE_GRACE).await;
    let replaced = edge.refresh(&login.refresh()?).await?.expect(200)?;
    assert_ne!(replaced.refresh()?, displaced.refresh()?);
    edge.get("/orders", &replaced.access()?).await?.expect(200)?;
    // Whoever holds the displaced one is a second holder.
    edge.refresh(&displaced.refresh()?).await?.refused(401, "refresh_reused")?;
    edge.get("/orders", &replaced.access()?).await?.refused(401, "token_revoked")?;

    // The same on another device, and where no edge vouches for the device.
    for elsewhere in [true, false] {
        let login = edge.login(&email, &password).await?;
        edge.refresh(&login.refresh()?).await?.expect(200)?;
        tokio::time::sleep(PAST_THE_GRACE).await;
        let body = serde_json::json!({"refresh_token": login.refresh()?});
        let late = if elsewhere {
            let request = edge.request(Method::POST, "/auth/refresh").json(&body);
            edge.send(request.header("user-agent", "another phone")).await?
        } else {
            origin.refresh(&login.refresh()?).await?
        };
        late.refused(401, "refresh_reused")?;
    }
    Ok(())
}
