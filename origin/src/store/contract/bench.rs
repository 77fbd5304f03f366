//! A store under test, ways to reach behind it, and what the rows have in common.

use std::time::Duration;

use async_trait::async_trait;
use common::rotation::{Grace, Judgement};
use common::{SessionId, Subject, TokenId};
use uuid::Uuid;

use crate::port::{
    BlockLog, Counter, Device, Ended, Leases, NewSession, Rotate, Rotation, RotationRules,
    Segments, Session, Sessions, StoreFault, Tries,
};

/// A store of its own for one test, and ways to reach behind it.
#[async_trait]
pub(in crate::store) trait Bench: Send + Sync + Sized {
    type Store: Sessions + BlockLog + Segments + Leases + Tries + Clone + 'static;

    async fn fresh() -> Self;

    fn store(&self) -> &Self::Store;

    /// Moves all times of a session into the past: nobody can move the store's clock.
    async fn age(&self, sid: SessionId, by: Duration);

    /// The same for an entry of the block log.
    async fn age_blocked(&self, id: Uuid, by: Duration);

    /// The same for failures in a row.
    async fn age_failures(&self, counter: Counter, by: Duration);

    /// Rolls the log's epoch back, as a failover would.
    async fn set_epoch(&self, epoch: u64);

    /// Rolls a session back, as a failover would.
    async fn set_generation(&self, sid: SessionId, generation: u64, jti: TokenId);

    /// Loses a session.
    async fn forget(&self, sid: SessionId);

    /// Makes a session's entry unreadable.
    async fn spoil(&self, sid: SessionId);

    /// Why a session ended, as recorded.
    async fn ended(&self, sid: SessionId) -> Option<String>;
}

pub(in crate::store) const PHONE: Option<&str> = Some("phone");
pub(in crate::store) const LAPTOP: Option<&str> = Some("laptop");

/// How long the log keeps a `sid`.
pub(in crate::store) const RETAIN: Duration = Duration::from_secs(630);

pub(in crate::store) const IDLE: Duration = seconds(14 * 86_400);

pub(in crate::store) const RULES: RotationRules = RotationRules {
    grace: Grace { window: seconds(30), late_retry: seconds(86_400) },
    retain: RETAIN,
};

pub(in crate::store) const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(in crate::store) fn fresh_jti() -> TokenId {
    TokenId::new(Uuid::now_v7())
}

pub(in crate::store) fn subject(name: &str) -> Subject {
    name.parse().unwrap()
}

/// A device of this digest.
pub(in crate::store) fn device(digest: Option<&str>) -> Device {
    Device {
        digest: digest.map(str::to_owned),
        agent: digest.map(|digest| format!("{digest}/1.0")),
        network: None,
        place: digest.map(|_| "Seoul, KR".to_owned()),
    }
}

/// A session about to begin, on the phone.
pub(in crate::store) fn new_session(name: &str) -> NewSession {
    NewSession {
        sid: SessionId::new(Uuid::now_v7()),
        subject: subject(name),
        jti: fresh_jti(),
        device: device(PHONE),
        remember: true,
        idle: IDLE,
        absolute: seconds(90 * 86_400),
        jitter_permille: 0,
        access: None,
        most: 100,
        retain: RETAIN,
    }
}

/// What a refresh token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Token {
    pub(in crate::store) sid: SessionId,
    pub(in crate::store) generation: u64,
    pub(in crate::store) jti: TokenId,
}

impl Token {
    pub(in crate::store) fn of(session: &Session) -> Self {
        Self { sid: session.sid, generation: session.generation, jti: session.jti }
    }

    /// Presents it, with an id of its own for the successor.
    pub(in crate::store) fn from(self, device: Option<&str>) -> Rotate {
        Rotate {
            sid: self.sid,
            subject: subject("alice"),
            generation: self.generation,
            jti: self.jti,
            device: self::device(device),
            next_jti: fresh_jti(),
            jitter_permille: 0,
            next_access: None,
        }
    }
}

/// Begins a session of alice on the phone, and answers its first token.
pub(in crate::store) async fn begun<S: Sessions>(store: &S) -> Token {
    Token::of(&store.begin(&new_session("alice")).await.unwrap().unwrap().session)
}

/// Presents a token from the phone.
pub(in crate::store) async fn rotate<S: Sessions>(
    store: &S,
    token: Token,
) -> Result<Rotation, StoreFault> {
    store.rotate(&token.from(PHONE), &RULES).await
}

pub(in crate::store) fn is_live(outcome: &Result<Rotation, StoreFault>) -> bool {
    matches!(outcome, Ok(Rotation::Live { .. }))
}

/// Presents a token, and answers what became of it.
pub(in crate::store) async fn present<B: Bench>(
    bench: &B,
    token: Token,
    device: Option<&str>,
) -> Rotation {
    bench.store().rotate(&token.from(device), &RULES).await.unwrap()
}

/// Presents a token that must be answered so, and answers the successor.
pub(in crate::store) async fn live<B: Bench>(
    bench: &B,
    token: Token,
    device: Option<&str>,
    expected: Judgement,
) -> Token {
    match present(bench, token, device).await {
        Rotation::Live { session, judgement, .. } if judgement == expected => Token::of(&session),
        other => panic!("expected {expected:?}, was {other:?}"),
    }
}

/// Presents a token that must end its session so; its `sid` is blocked then.
pub(in crate::store) async fn ends<B: Bench>(
    bench: &B,
    token: Token,
    device: Option<&str>,
    expected: Ended,
) {
    match present(bench, token, device).await {
        Rotation::Ended { why, epoch } => {
            assert_eq!(why, expected);
            assert_eq!(bench.store().epoch().await.unwrap(), epoch);
        }
        live @ Rotation::Live { .. } => panic!("expected {expected:?}, was {live:?}"),
    }
    assert!(is_blocked(bench, token.sid.uuid()).await);
}

pub(in crate::store) async fn is_blocked<B: Bench>(bench: &B, id: Uuid) -> bool {
    bench.store().blocked(&[id]).await.unwrap() == [id]
}

/// The fault must be of this kind, whatever else it says.
pub(in crate::store) fn assert_corrupt<T: std::fmt::Debug>(outcome: &Result<T, StoreFault>) {
    assert!(matches!(outcome, Err(StoreFault::Corrupt { .. })), "{outcome:?}");
}
