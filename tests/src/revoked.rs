//! Very many revoked ids, entered in the block log past the origin, and what the origin makes of them.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::revocation::{HeadClaims, Segment, SegmentName};
use uuid::Uuid;

use crate::{Fleet, Outcome};

/// How long the origin may take to put everything into segments.
const PATIENCE: Duration = Duration::from_mins(5);

/// Ids as sessions of the last minutes have them.
#[must_use]
pub fn ids(count: u64) -> Vec<Uuid> {
    (0..count).map(|_| Uuid::now_v7()).collect()
}

/// Enters the ids in the block log, past the origin: as if they had been revoked one by one during
/// the last minutes. Answers the epoch of the last.
///
/// # Errors
/// When Redis does not take them.
pub async fn fill(fleet: &Fleet, ids: &[Uuid]) -> Outcome<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let (seconds, last) = (now.as_secs(), u64::try_from(now.as_millis())?);
    let first = last - u64::try_from(ids.len())?;
    let mut commands = Vec::new();
    for (chunk, epoch) in ids.chunks(1000).zip((first..).step_by(1000)) {
        let mut by_epoch = vec!["ZADD".to_owned(), "{portcullis}:blocked:epoch".to_owned()];
        let mut by_expiry = vec!["ZADD".to_owned(), "{portcullis}:blocked:expiry".to_owned()];
        for (id, epoch) in chunk.iter().zip(epoch..) {
            by_epoch.extend([epoch.to_string(), id.to_string()]);
            // They expire one after the other, over a quarter of an hour.
            let life = 2_700 + (epoch - first) * 900 / u64::try_from(ids.len())?;
            by_expiry.extend([(seconds + life).to_string(), id.to_string()]);
        }
        commands.extend([by_epoch, by_expiry]);
    }
    commands.push(vec!["SET".into(), "{portcullis}:epoch".into(), last.to_string()]);
    let redis = fleet.redis.as_ref().ok_or("the fleet has no Redis")?;
    redis.server.run(&commands).await?;
    Ok(last)
}

/// Waits until a head in KV holds so many and the edge knows it.
///
/// # Errors
/// When that takes too long.
pub async fn settled(fleet: &Fleet, revoked: u64, epoch: u64) -> Outcome<HeadClaims> {
    let deadline = Instant::now() + PATIENCE;
    let edge = fleet.edge(0)?;
    let mut seen = String::from("no head in KV");
    loop {
        if let Some(head) = fleet.kv.value("head").and_then(|document| claims(&document)) {
            let tail = u64::try_from(head.tail.len() * 3 / 4 / 20)?;
            let held: u64 = head.segments.iter().map(|s| u64::from(s.count)).sum::<u64>() + tail;
            let known = edge.get_plain("/orders").await?;
            let known = known.header("portcullis-epoch").split(';').next().map(str::to_owned);
            let known: u64 = known.and_then(|text| text.parse().ok()).unwrap_or(0);
            seen =
                format!("{held} of {revoked} held, {tail} in the tail; epoch {known} of {epoch}");
            if tail <= 4096 && held >= revoked && known >= epoch {
                return Ok(head);
            }
        }
        if Instant::now() > deadline {
            return Err(format!("the revocations did not reach the edge: {seen}").into());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

fn claims(document: &[u8]) -> Option<HeadClaims> {
    let payload = str::from_utf8(document).ok()?.split('.').nth(1)?;
    HeadClaims::parse(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// The segments that a head in KV names.
///
/// # Errors
/// When one is not there, or is none.
pub fn segments(fleet: &Fleet, head: &HeadClaims) -> Outcome<Vec<Arc<Segment>>> {
    head.segments
        .iter()
        .map(|segment| {
            let bytes = content(fleet, segment.name)?;
            let sha256 = digest(&SHA256, &bytes).as_ref().try_into()?;
            Ok(Arc::new(Segment::open(segment.name, &bytes, sha256)?))
        })
        .collect()
}

/// The content of a segment in KV.
///
/// # Errors
/// When it is not there.
pub fn content(fleet: &Fleet, name: SegmentName) -> Outcome<Vec<u8>> {
    let content = fleet.kv.value(&format!("segment:{name}"));
    content.ok_or_else(|| format!("segment {name} is not in KV").into())
}
