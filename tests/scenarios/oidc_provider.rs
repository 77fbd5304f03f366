//! The edge in front of a real identity provider that knows nothing of us: its access tokens of
//! all four algorithms pass, new keys are found, and while it is down its tokens still pass.

use std::time::Duration;

use e2e::provider::Provider;
use e2e::{Fleet, Outcome, Plan};
use serde_json::json;

const ALL: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];
/// How seldom the edge looks for an unknown key.
const COOL_DOWN: Duration = Duration::from_secs(10);

pub(crate) async fn tell() -> Outcome {
    let folder = tempfile::Builder::new().prefix("portcullis-").tempdir()?;
    let mut provider = Provider::start(folder.path()).await?;
    let issuer = provider.issuer();
    let entry = json!({"issuer": issuer, "jwks_url": format!("{issuer}/jwks"), "algorithms": ALL,
        "audience": ALL.map(|alg| format!("https://api.example/{alg}"))});
    let rules = json!({"rules": [
        {"path": "/orders/*", "require": {"scope": "orders:read"}},
        {"path": "/refunds/*", "require": {"scope": "orders:write"}},
    ]});
    let vars = vec![("ISSUERS".into(), json!([entry])), ("POLICY".into(), rules)];
    let fleet = Fleet::start(Plan { locations: 1, vars, ..Plan::default() }).await?;
    let edge = fleet.edge(0)?;

    let mut old = Vec::new();
    for alg in ALL {
        let token = provider.token(alg).await?;
        let answer = edge.get("/orders/1", &token).await?.expect(200)?;
        assert_eq!(answer.seen("x-auth-subject"), [format!("{issuer}|machine")], "{alg}");
        edge.get("/refunds/1", &token).await?.refused(403, "scope_required")?;
        old.push(token);
    }

    provider.rotate().await?;
    tokio::time::sleep(COOL_DOWN).await;
    let new = provider.token("EdDSA").await?;
    edge.get("/orders/1", &new).await?.expect(200)?;
    // The keys that it has no more do not count either, though their tokens were let in before.
    for token in &old {
        edge.get("/orders/1", token).await?.refused(401, "token_invalid")?;
    }

    provider.kill();
    tokio::time::sleep(COOL_DOWN).await;
    edge.get("/orders/1", &new).await?.expect(200)?;
    provider.again().await?;
    edge.get("/orders/1", &provider.token("ES256").await?).await?.expect(200)?;
    fleet.end().await
}
