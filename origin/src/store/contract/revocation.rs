//! Revocation: the mark and the entry in the log, together.

use common::rotation::Judgement;
use common::{Epoch, SessionId};
use uuid::Uuid;

use super::Bench;
use super::bench::{
    IDLE, PHONE, RETAIN, Token, begun, ends, is_blocked, is_live, live, new_session, rotate,
    seconds, subject,
};
use crate::port::{AllEnded, BlockLog, Ended, NewSession, RevokeReason, Rotation, Sessions};

pub(super) async fn a_revocation_marks_and_blocks_in_one_step<B: Bench>(bench: &B) {
    let token = begun(bench.store()).await;
    let store = bench.store();
    let epoch = store.revoke(token.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    let page = store.after(Epoch::ZERO, 1000).await.unwrap();
    assert_eq!(page.epoch, epoch);
    let [entry] = page.entries[..] else { panic!("{page:?}") };
    assert_eq!((entry.id, entry.epoch), (token.sid.uuid(), epoch));
    assert!(entry.expires_at <= page.now.plus(RETAIN));
    assert!(entry.expires_at >= page.now.plus(seconds(RETAIN.as_secs() - 5)));
    assert_eq!(bench.ended(token.sid).await.as_deref(), Some("logout"));
    ends(bench, token, PHONE, Ended::Revoked).await;
    assert_eq!(store.epoch().await.unwrap(), epoch, "a dead token makes no news");
}

pub(super) async fn a_session_unknown_here_is_blocked_all_the_same<B: Bench>(bench: &B) {
    let unknown = SessionId::new(Uuid::now_v7());
    let epoch = bench.store().revoke(unknown, RevokeReason::Logout, RETAIN).await.unwrap();
    assert!(epoch > Epoch::ZERO);
    assert!(is_blocked(bench, unknown.uuid()).await);
    assert_eq!(bench.ended(unknown).await, None, "nothing was made of it");
}

pub(super) async fn ending_what_is_over_is_no_news<B: Bench>(bench: &B) {
    let store = bench.store();
    let unknown = SessionId::new(Uuid::now_v7());
    for sid in [begun(store).await.sid, unknown] {
        let epoch = store.revoke(sid, RevokeReason::Logout, RETAIN).await.unwrap();
        // A longer life would be news, if it were one that is asked for.
        for retain in [RETAIN, RETAIN * 2] {
            let again = store.revoke(sid, RevokeReason::Logout, retain).await.unwrap();
            assert_eq!((again, store.epoch().await.unwrap()), (epoch, epoch));
        }
        // Where the entry is gone, it comes back.
        bench.age_blocked(sid.uuid(), RETAIN).await;
        assert!(store.revoke(sid, RevokeReason::Logout, RETAIN).await.unwrap() > epoch);
        assert!(is_blocked(bench, sid.uuid()).await);
    }
}

pub(super) async fn a_subject_is_signed_out_everywhere_and_nobody_else<B: Bench>(bench: &B) {
    let store = bench.store();
    let mut hers = Vec::new();
    for _ in 0..3 {
        hers.push(begun(bench.store()).await);
    }
    let his = Token::of(&store.begin(&new_session("bob")).await.unwrap().unwrap().session);
    store.revoke(hers[0].sid, RevokeReason::Logout, RETAIN).await.unwrap();

    let alice = subject("alice");
    let done = store.revoke_all(&alice, None, RevokeReason::LogoutAll, RETAIN).await.unwrap();
    assert_eq!(done.count, 2, "one was over");
    let epoch = done.epoch;
    let page = store.after(Epoch::ZERO, 1000).await.unwrap();
    assert_eq!(page.epoch, epoch);
    assert_eq!(page.entries.len(), 3);
    assert!(page.entries.is_sorted_by(|a, b| a.epoch < b.epoch));
    for token in &hers {
        ends(bench, *token, PHONE, Ended::Revoked).await;
    }
    assert_eq!(bench.ended(hers[1].sid).await.as_deref(), Some("logout-all"));
    assert!(store.of(&alice).await.unwrap().is_empty());
    live(bench, his, PHONE, Judgement::Rotate).await;

    for again in [&alice, &subject("nobody")] {
        let same = store.revoke_all(again, None, RevokeReason::LogoutAll, RETAIN).await.unwrap();
        assert_eq!(same, AllEnded { epoch, count: 0 });
    }
}

pub(super) async fn everything_but_one_session_is_ended<B: Bench>(bench: &B) {
    let store = bench.store();
    let (here, there) = (begun(store).await, begun(store).await);
    let his = Token::of(&store.begin(&new_session("bob")).await.unwrap().unwrap().session);
    let (alice, reason) = (subject("alice"), RevokeReason::LogoutAll);
    let done = store.revoke_all(&alice, Some(here.sid), reason, RETAIN).await.unwrap();
    assert_eq!(done.count, 1);
    let again = store.revoke_all(&alice, Some(here.sid), reason, RETAIN).await.unwrap();
    assert_eq!(again, AllEnded { count: 0, ..done });
    ends(bench, there, PHONE, Ended::Revoked).await;
    live(bench, here, PHONE, Judgement::Rotate).await;
    live(bench, his, PHONE, Judgement::Rotate).await;
}

pub(super) async fn signing_out_everywhere_finds_a_session_just_past_its_end<B: Bench>(bench: &B) {
    let token = begun(bench.store()).await;
    bench.age(token.sid, IDLE + seconds(60)).await;
    let alice = subject("alice");
    bench.store().revoke_all(&alice, None, RevokeReason::LogoutAll, RETAIN).await.unwrap();
    assert!(is_blocked(bench, token.sid.uuid()).await, "its last access token may live on");
}

pub(super) async fn sessions_are_listed_newest_first_while_they_live<B: Bench>(bench: &B) {
    let store = bench.store();
    let alice = subject("alice");
    assert!(store.of(&alice).await.unwrap().is_empty());
    let mut begun_in_turn = Vec::new();
    for _ in 0..4 {
        begun_in_turn.push(store.begin(&new_session("alice")).await.unwrap().unwrap().session);
    }
    store.begin(&new_session("bob")).await.unwrap().unwrap();
    let [oldest, revoked, expired, newest] = &begun_in_turn[..] else { panic!() };
    store.revoke(revoked.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    bench.age(expired.sid, IDLE).await;
    assert_eq!(store.of(&alice).await.unwrap(), [newest.clone(), oldest.clone()]);
}

pub(super) async fn a_cutoff_ends_all_that_began_before_and_nothing_after<B: Bench>(bench: &B) {
    let store = bench.store();
    for _ in 0..50 {
        // All in as few milliseconds as can be: each must fall on the right side.
        let before = begin_now(store).await;
        let epoch = store.cut_off().await.unwrap();
        let after = begin_now(store).await;
        assert!(epoch > Epoch::ZERO);
        let page = store.after(epoch, 1000).await.unwrap();
        let cutoff = page.sessions_before.unwrap();
        assert!(before.sid.began_at().unwrap() < cutoff);
        assert!(after.sid.began_at().unwrap() >= cutoff);
        let asked = [before.sid.uuid(), after.sid.uuid(), Uuid::new_v4()];
        assert_eq!(store.blocked(&asked).await.unwrap(), [before.sid.uuid()]);
        let outcome = rotate(store, before).await.unwrap();
        assert!(matches!(outcome, Rotation::Ended { why: Ended::Revoked, .. }), "{outcome:?}");
        assert!(is_live(&rotate(store, after).await));
        let alive: Vec<_> = store.of(&subject("alice")).await.unwrap();
        assert_eq!(alive.iter().map(|session| session.sid).collect::<Vec<_>>(), [after.sid]);
    }
    // Who takes the time before the cutoff and begins after it is told to take it again.
    let late = new_session("alice");
    store.cut_off().await.unwrap();
    assert_eq!(store.begin(&late).await.unwrap(), None);
}

/// Begins a session of alice as the issuer does.
async fn begin_now<S: Sessions>(store: &S) -> Token {
    loop {
        let now = store.now().await.unwrap().get();
        let (high, low) = Uuid::now_v7().as_u64_pair();
        let sid = SessionId::new(Uuid::from_u64_pair(now << 16 | high & 0xffff, low));
        let new = NewSession { sid, ..new_session("alice") };
        if let Some(begun) = store.begin(&new).await.unwrap() {
            return Token::of(&begun.session);
        }
    }
}

pub(super) async fn the_first_reason_stays<B: Bench>(bench: &B) {
    let token = begun(bench.store()).await;
    let store = bench.store();
    store.revoke(token.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    store.revoke(token.sid, RevokeReason::LogoutAll, RETAIN).await.unwrap();
    assert_eq!(bench.ended(token.sid).await.as_deref(), Some("logout"));
}
