//! Very many live revocations, through the real parts: what they cost an edge, that none of them is
//! forgotten, and that nobody else is refused.

use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::cases::{Mint, text};
use crate::figures::Figures;
use crate::keys::SigningKey;
use crate::revoked::{content, fill, ids, segments, settled};
use crate::{Client, Fleet, Outcome, Plan, Store};

/// How long one more revocation may take to be published.
const PATIENCE: Duration = Duration::from_secs(30);
/// Cold starts that the median is taken of.
const STARTS: usize = 5;
/// Tokens under suspicion that are sent at most, and as many that are not and that are revoked.
const SENT: usize = 2_000;
const AT_ONCE: usize = 32;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// Live revocations.
    pub revoked: u64,
    /// Good tokens that the segments are asked about; those they suspect are sent to the edge.
    pub good: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Segments, and their bytes in all.
    pub segments: usize,
    /// Their bytes in all.
    pub segment_bytes: usize,
    /// Good tokens that some segment held for one of its own.
    pub suspected: usize,
    /// Good tokens that were sent.
    pub good_sent: usize,
    /// Of these, the ones that were refused.
    pub refused: usize,
    /// Revoked tokens that were sent.
    pub revoked_sent: usize,
    /// Of these, the ones that were let in.
    pub let_in: usize,
    /// From the first request of an isolate to its answer, with nothing revoked.
    pub cold_before: Duration,
    /// The same with everything revoked.
    pub cold_after: Duration,
    /// Resident memory of the edge's process, in bytes, with nothing revoked.
    pub memory_before: u64,
    /// The same with everything revoked.
    pub memory_after: u64,
    /// Bytes that one more revocation wrote to KV.
    pub published: usize,
}

/// Measures, on a fleet of its own.
///
/// # Errors
/// When a part does not come up, or the revocations do not reach the edge.
pub async fn measure(course: Course) -> Outcome<Scale> {
    let (locations, store) = (1, Store::Redis);
    let mut fleet = Fleet::start(Plan { locations, store, ..Plan::default() }).await?;
    let (email, password) = fleet.somebody().await?;
    let origin = fleet.origin(0)?;
    let token = origin.login(&email, &password).await?.access()?;
    let ended = origin.login(&email, &password).await?.access()?;
    let (cold_before, memory_before) = cold(&mut fleet, &token).await?;

    let revoked = ids(course.revoked);
    let epoch = fill(&fleet, &revoked).await?;
    let head = settled(&fleet, course.revoked, epoch).await?;
    let segments = segments(&fleet, &head)?;
    let (cold_after, memory_after) = cold(&mut fleet, &token).await?;

    let key = SigningKey::of(&fleet.state())?;
    let mint = key.mint(head.iss.clone())?;
    let signed = |sid, jti| token_of(&mint, sid, jti);
    let may_hold = |id: Uuid| segments.iter().any(|segment| segment.may_hold(id));
    let (mut suspects, mut others, mut suspected) = (Vec::new(), Vec::new(), 0);
    for _ in 0..course.good {
        let (sid, jti) = (Uuid::now_v7(), Uuid::new_v4());
        let suspicious = may_hold(sid) || may_hold(jti);
        suspected += usize::from(suspicious);
        let sent = if suspicious { &mut suspects } else { &mut others };
        if sent.len() < SENT {
            sent.push(signed(sid, jti));
        }
    }
    // Of so many suspects, one may have to wait too long for the store of a busy machine.
    let edge = fleet.edge(0)?.patient();
    let good_sent = suspects.len() + others.len();
    suspects.extend(others);
    let refused = count(&edge, suspects, 401).await?;
    let step = (revoked.len() / SENT).max(1);
    let dead: Vec<_> =
        revoked.iter().step_by(step).map(|sid| signed(*sid, Uuid::new_v4())).collect();
    let revoked_sent = dead.len();
    let let_in = count(&edge, dead, 200).await?;

    let published = publish_one(&fleet, &origin, &ended).await?;
    let segment_bytes = head.segments.iter().map(|s| content(&fleet, s.name).map(|b| b.len()));
    let segment_bytes = segment_bytes.sum::<Outcome<usize>>()?;
    let segments = segments.len();
    fleet.end().await?;
    Ok(Scale {
        segments,
        segment_bytes,
        suspected,
        good_sent,
        refused,
        revoked_sent,
        let_in,
        cold_before,
        cold_after,
        memory_before,
        memory_after,
        published,
    })
}

/// A good token of this session and id.
#[must_use]
pub fn token_of(mint: &Mint<'_>, sid: Uuid, jti: Uuid) -> String {
    let mut claims = mint.claims();
    claims.insert("sid".into(), json!(sid));
    claims.insert("jti".into(), json!(jti));
    mint.signed(&text(&mint.header()), &text(&claims))
}

/// The median of several first answers of an isolate that knows nothing, and its memory then.
async fn cold(fleet: &mut Fleet, token: &str) -> Outcome<(Duration, u64)> {
    let mut times = Vec::new();
    let mut memory = 0;
    let edge = fleet.edges.first_mut().ok_or("the fleet has no edge")?;
    for _ in 0..STARTS {
        edge.again().await?;
        let client = edge.client()?;
        let asked = Instant::now();
        client.get("/orders", token).await?.expect(200)?;
        times.push(asked.elapsed());
        memory = edge.memory()?;
    }
    Ok((times.into_iter().collect::<Figures>().percentile(50), memory))
}

/// How many of these tokens get this status.
async fn count(edge: &Client, tokens: Vec<String>, status: u16) -> Outcome<usize> {
    let asking = tokens.into_iter().map(|token| async move {
        let answer = edge.get("/orders", &token).await?;
        if ![200, 401].contains(&answer.status) {
            return Err(format!("the edge answers {}: {}", answer.status, answer.body).into());
        }
        Outcome::Ok(usize::from(answer.status == status))
    });
    let counted = stream::iter(asking).buffer_unordered(AT_ONCE);
    counted.try_fold(0, |sum, one| async move { Ok(sum + one) }).await
}

/// Ends one more session; the bytes that are written to KV until a head holds it.
async fn publish_one(fleet: &Fleet, origin: &Client, token: &str) -> Outcome<usize> {
    // Whatever was under way is written by then.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = fleet.kv.writes().len();
    let logout = origin.request(Method::POST, "/auth/logout").bearer_auth(token);
    let answer = origin.send(logout).await?.expect(204)?;
    let epoch: u64 = answer.header("portcullis-epoch").parse()?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let writes = fleet.kv.writes().split_off(before);
        if writes.iter().any(|write| write.kept && write.epoch.is_some_and(|at| at >= epoch)) {
            return Ok(writes.iter().map(|write| write.bytes).sum());
        }
        if Instant::now() > deadline {
            return Err("one more revocation is not published".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
