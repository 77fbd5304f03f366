//! What the stories of the front door share: an edge in front of an app that writes down every byte.

use e2e::{Fleet, Outcome, Plan, Recorder, secrets};
use serde_json::{Value, json};

/// An edge, its origin, the recording app, and somebody who is signed in.
pub(crate) struct Front {
    pub(crate) fleet: Fleet,
    pub(crate) app: Recorder,
    /// The access token of somebody without any role.
    pub(crate) token: String,
    /// The same person's session.
    pub(crate) session: String,
}

impl Front {
    /// With these rules at the edge; without any, the project's own.
    pub(crate) async fn start(rules: Option<Value>) -> Outcome<Self> {
        let app = Recorder::start().await?;
        let mut vars = vec![("APP_URL".into(), json!(app.url()))];
        vars.extend(rules.map(|rules| ("POLICY".into(), json!({"rules": rules}))));
        let plan = Plan { locations: 1, vars, ..Plan::default() };
        let mut fleet = Fleet::start(plan).await?;
        let (email, password) = fleet.somebody().await?;
        let signed_in = fleet.origin(0)?.login(&email, &password).await?;
        let (token, session) = (signed_in.access()?, signed_in.text("session_id"));
        secrets::used(&token);
        let session = session.ok_or("the login names no session")?;
        // What the edge asks while it comes up is not part of any story.
        drop(app.take());
        Ok(Self { fleet, app, token, session })
    }

    /// Where the first edge listens.
    pub(crate) fn port(&self) -> u16 {
        self.fleet.edges[0].port()
    }
}
