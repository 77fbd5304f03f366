//! An administrator, made by a command, acts on somebody else's account: what that means at the edge
//! and at the next refresh, and that it is written down.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use e2e::world::origin_program;
use e2e::{Answer, Client, Outcome, World};
use reqwest::Method;
use serde_json::{Value, json};

/// The bound of the design: from the answer to the last request that passes.
const BOUND: Duration = Duration::from_secs(10);

const PASSWORD: &str = "an administrator's password";

pub(crate) async fn tell(world: &mut World) -> Outcome {
    let edge = world.edge()?;
    let admin = administrator(world).await?;
    let (email, password) = world.somebody().await?;

    let user = edge.login(&email, &password).await?;
    let id = user.json()["user"]["id"].as_str().unwrap_or_default().to_owned();
    let path = format!("/auth/admin/users/{id}");
    // A plain user gets in nowhere, and another site not in an administrator's name.
    edge.get("/auth/admin/users", &user.access()?).await?.refused(403, "role_required")?;
    let forged = edge
        .request(Method::POST, &format!("{path}/disable"))
        .header("cookie", format!("__Host-at={}", admin.access()?))
        .header("sec-fetch-site", "cross-site");
    edge.send(forged).await?.refused(403, "cross_site")?;

    a_role_opens_and_closes(&edge, &admin, &path, &user).await?;

    let sessions = [edge.login(&email, &password).await?, edge.login(&email, &password).await?];
    edge.get("/orders", &sessions[0].access()?).await?.expect(200)?;
    act(&edge, &admin, Method::POST, &format!("{path}/logout"), None).await?.expect(204)?;
    all_out(&edge, &sessions).await?;

    let sessions = [edge.login(&email, &password).await?, edge.login(&email, &password).await?];
    edge.get("/orders", &sessions[1].access()?).await?.expect(200)?;
    act(&edge, &admin, Method::POST, &format!("{path}/disable"), None).await?.expect(204)?;
    all_out(&edge, &sessions).await?;
    let again = json!({ "email": email, "password": password });
    let again = edge.request(Method::POST, "/auth/login").json(&again);
    edge.send(again).await?.refused(401, "credentials_invalid")?;

    for kind in ["user-disabled", "forced-logout", "roles-changed", "signed-in", "sign-in-refused"]
    {
        is_written_down(&edge, &admin, kind, &id).await?;
    }
    Ok(())
}

/// One made by a command beside the origin that serves, signed in.
async fn administrator(world: &World) -> Outcome<Answer> {
    let email = "administrator@example.com";
    let mut create = Command::new(origin_program()?)
        .args(["user", "create", "--email", email, "--role", "admin", "--password-stdin"])
        .env("PORTCULLIS__STATE__DIR", world.stack.state())
        .envs(world.redis.as_ref().map(|redis| ("PORTCULLIS__REDIS__URL", redis.url())))
        .stdin(Stdio::piped())
        .spawn()?;
    let stdin = create.stdin.take().ok_or("the command has no standard input")?;
    { stdin }.write_all(PASSWORD.as_bytes())?;
    if !create.wait()?.success() {
        return Err("no administrator was made".into());
    }
    world.edge()?.login(email, PASSWORD).await
}

async fn act(
    edge: &Client,
    admin: &Answer,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Outcome<Answer> {
    let request = edge.request(method, path).bearer_auth(admin.access()?);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    edge.send(request).await
}

async fn a_role_opens_and_closes(
    edge: &Client,
    admin: &Answer,
    path: &str,
    user: &Answer,
) -> Outcome {
    let path = format!("{path}/roles");
    edge.get("/admin/x", &user.access()?).await?.refused(403, "role_required")?;
    let body = Some(json!({ "roles": ["admin"] }));
    act(edge, admin, Method::PUT, &path, body).await?.expect(200)?;
    let user = edge.refresh(&user.refresh()?).await?.expect(200)?;
    edge.get("/admin/x", &user.access()?).await?.expect(200)?;
    let body = Some(json!({ "roles": [] }));
    act(edge, admin, Method::PUT, &path, body).await?.expect(200)?;
    out(edge, "/admin/x", &user).await?;
    edge.refresh(&user.refresh()?).await?.refused(401, "refresh_revoked")?;
    Ok(())
}

async fn all_out(edge: &Client, sessions: &[Answer]) -> Outcome {
    for session in sessions {
        edge.refresh(&session.refresh()?).await?.refused(401, "refresh_revoked")?;
        out(edge, "/orders", session).await?;
    }
    Ok(())
}

/// Refused within the bound, and for that reason.
async fn out(edge: &Client, path: &str, session: &Answer) -> Outcome {
    let began = Instant::now();
    while edge.get(path, &session.access()?).await?.status == 200 {
        assert!(began.elapsed() < BOUND, "the edge still lets the session in");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    edge.get(path, &session.access()?).await?.refused(401, "token_revoked")?;
    Ok(())
}

/// It is, soon after.
async fn is_written_down(edge: &Client, admin: &Answer, kind: &str, id: &str) -> Outcome {
    let path = format!("/auth/admin/audit?kind={kind}&subject={id}");
    let began = Instant::now();
    loop {
        let events = act(edge, admin, Method::GET, &path, None).await?.expect(200)?.json();
        if events["events"].as_array().is_some_and(|events| !events.is_empty()) {
            return Ok(());
        }
        assert!(began.elapsed() < BOUND, "{kind} is not in the audit log");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
