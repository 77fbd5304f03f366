//! Parts that crash, stop and come back: sessions go on, revocations hold, and while something is
//! down the answer is a 503 that says when to come again.

use std::time::{Duration, Instant};

use e2e::{Answer, Client, Outcome, World};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest that an answer may take to say that something is down (RED-08).
const PROMPT: Duration = Duration::from_secs(4);
/// The longest that the origin may take to find its store again (RED-06, RED-07).
const RECOVERY: Duration = Duration::from_secs(5);
/// The longest that it may go on listening when it is asked to stop; at once, on an idle machine.
const CLOSED: Duration = Duration::from_secs(10);

pub(crate) async fn tell(world: &mut World) -> Outcome {
    let (email, password) = world.somebody().await?;
    let edge = world.edge()?;
    let lives = edge.login(&email, &password).await?;
    let ended = edge.login(&email, &password).await?;
    let logout = edge.request(Method::POST, "/auth/logout").bearer_auth(ended.access()?);
    edge.send(logout).await?.expect(204)?;
    let mut pair = Pair { lives, ended, email, password };

    pair.holds(&edge).await?;
    the_origin_crashes(world, &mut pair).await?;
    the_origin_is_asked_to_stop(world, &mut pair).await?;
    the_edge_crashes(world, &mut pair).await?;
    if world.redis.is_some() {
        redis_crashes(world, &mut pair).await?;
    }
    Ok(())
}

/// A session that lives and one that was ended.
struct Pair {
    lives: Answer,
    ended: Answer,
    email: String,
    password: String,
}

impl Pair {
    /// The living session passes the edge and the ended one does not.
    async fn passes(&self, edge: &Client) -> Outcome {
        edge.get("/orders", &self.lives.access()?).await?.expect(200)?;
        edge.get("/orders", &self.ended.access()?).await?.refused(401, "token_revoked")?;
        Ok(())
    }

    /// The same, and the origin knows both too.
    async fn holds(&mut self, edge: &Client) -> Outcome {
        self.passes(edge).await?;
        self.lives = edge.refresh(&self.lives.refresh()?).await?.expect(200)?;
        edge.refresh(&self.ended.refresh()?).await?.refused(401, "refresh_revoked")?;
        Ok(())
    }

    /// Sign-in, refresh and sign-out all say promptly that they cannot be done now.
    async fn is_told_to_come_again(&self, edge: &Client, code: &str) -> Outcome {
        let login = json!({"email": self.email, "password": self.password, "delivery": "body"});
        let refresh = json!({"refresh_token": self.lives.refresh()?});
        let requests = [
            edge.request(Method::POST, "/auth/refresh").json(&refresh),
            edge.request(Method::POST, "/auth/logout").bearer_auth(self.lives.access()?),
            edge.request(Method::POST, "/auth/login").json(&login),
        ];
        for (at, request) in requests.into_iter().enumerate() {
            let asked = Instant::now();
            let answer = edge.send(request).await?.refused(503, code)?;
            // The password is checked first, which takes what it takes.
            assert!(at == 2 || asked.elapsed() <= PROMPT, "{:?}", asked.elapsed());
            assert!(!answer.header("retry-after").is_empty(), "503 without Retry-After");
        }
        Ok(())
    }
}

async fn the_origin_crashes(world: &mut World, pair: &mut Pair) -> Outcome {
    let edge = Client::new(world.stack.edge_url())?;
    world.stack.origin().kill();
    pair.passes(&edge).await?;
    pair.is_told_to_come_again(&edge, "origin_unreachable").await?;
    pair.passes(&edge).await?;
    world.stack.origin().start()?;
    world.stack.ready().await?;
    pair.holds(&edge).await
}

/// A request under way is answered before the process ends.
async fn the_origin_is_asked_to_stop(world: &mut World, pair: &mut Pair) -> Outcome {
    let body = json!({"email": pair.email, "password": pair.password, "delivery": "body"});
    let body = body.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", world.stack.ports().origin)).await?;
    let head = format!(
        "POST /auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    // "Continue" means that the request has reached whoever reads its body.
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).await?;
    assert!(interim.starts_with(b"HTTP/1.1 100 Continue\r\n"));
    let port = world.stack.ports().origin;
    let (stopped, answer) = tokio::join!(world.stack.origin().stop(), async {
        // The port closes when the stop has begun.
        let asked = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            assert!(asked.elapsed() < CLOSED, "the port of an origin that stops is open");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stream.write_all(body.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Outcome::Ok(answer)
    });
    stopped?;
    let answer = answer?;
    if let Some((_, body)) = answer.split_once("\r\n\r\n") {
        let told: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        for name in ["access_token", "refresh_token"] {
            e2e::secrets::used(told[name].as_str().unwrap_or_default());
        }
    }
    assert!(answer.starts_with("HTTP/1.1 200"), "the request under way was dropped");
    let log = world.stack.origin().printed()?;
    assert!(log.contains("stopping"), "the log does not tell of the stop");
    world.stack.origin().start()?;
    world.stack.ready().await?;
    pair.holds(&world.edge()?).await
}

/// An isolate that knows nothing yet asks its mailboxes before it lets anybody in.
async fn the_edge_crashes(world: &mut World, pair: &mut Pair) -> Outcome {
    world.stack.edge().kill();
    world.stack.edge().start()?;
    world.stack.ready().await?;
    pair.holds(&world.edge()?).await
}

async fn redis_crashes(world: &mut World, pair: &mut Pair) -> Outcome {
    let edge = Client::new(world.stack.edge_url())?;
    if let Some(redis) = &mut world.redis {
        redis.kill();
    }
    pair.passes(&edge).await?;
    pair.is_told_to_come_again(&edge, "store_unavailable").await?;
    pair.passes(&edge).await?;
    if let Some(redis) = &mut world.redis {
        redis.again()?;
    }
    let back = Instant::now();
    let body = json!({"refresh_token": pair.ended.refresh()?});
    while edge.post("/auth/refresh", &body).await?.status == 503 {
        assert!(back.elapsed() < RECOVERY, "the origin does not find its store again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    pair.holds(&edge).await
}
