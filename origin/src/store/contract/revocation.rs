//! Revocation: the mark and the entry in the log, together.

use common::Epoch;
use common::rotation::Judgement;
use uuid::Uuid;

use super::Bench;
use super::bench::{
    IDLE, PHONE, RETAIN, Token, begun, ends, is_blocked, live, new_session, seconds, subject,
};
use crate::port::{BlockLog, Ended, RevokeReason, Sessions};

pub(super) async fn a_revocation_marks_and_blocks_in_one_step<B: Bench>(bench: &B) {
    let token = begun(bench.store()).await;
    let store = bench.store();
    let epoch = store.revoke(token.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    let page = store.after(Epoch::ZERO).await.unwrap();
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
    let unknown = common::SessionId::new(Uuid::now_v7());
    let epoch = bench.store().revoke(unknown, RevokeReason::Logout, RETAIN).await.unwrap();
    assert!(epoch > Epoch::ZERO);
    assert!(is_blocked(bench, unknown.uuid()).await);
    assert_eq!(bench.ended(unknown).await, None, "nothing was made of it");
}

pub(super) async fn ending_what_is_over_is_no_news<B: Bench>(bench: &B) {
    let store = bench.store();
    let unknown = common::SessionId::new(Uuid::now_v7());
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
    let his = Token::of(&store.begin(&new_session("bob")).await.unwrap());
    store.revoke(hers[0].sid, RevokeReason::Logout, RETAIN).await.unwrap();

    let alice = subject("alice");
    let epoch = store.revoke_all(&alice, RevokeReason::LogoutAll, RETAIN).await.unwrap();
    let page = store.after(Epoch::ZERO).await.unwrap();
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
        let same = store.revoke_all(again, RevokeReason::LogoutAll, RETAIN).await.unwrap();
        assert_eq!(same, epoch);
    }
}

pub(super) async fn signing_out_everywhere_finds_a_session_just_past_its_end<B: Bench>(bench: &B) {
    let token = begun(bench.store()).await;
    bench.age(token.sid, IDLE + seconds(60)).await;
    let alice = subject("alice");
    bench.store().revoke_all(&alice, RevokeReason::LogoutAll, RETAIN).await.unwrap();
    assert!(is_blocked(bench, token.sid.uuid()).await, "its last access token may live on");
}

pub(super) async fn sessions_are_listed_newest_first_while_they_live<B: Bench>(bench: &B) {
    let store = bench.store();
    let alice = subject("alice");
    assert!(store.of(&alice).await.unwrap().is_empty());
    let mut begun_in_turn = Vec::new();
    for _ in 0..4 {
        begun_in_turn.push(store.begin(&new_session("alice")).await.unwrap());
    }
    store.begin(&new_session("bob")).await.unwrap();
    let [oldest, revoked, expired, newest] = &begun_in_turn[..] else { panic!() };
    store.revoke(revoked.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    bench.age(expired.sid, IDLE).await;
    assert_eq!(store.of(&alice).await.unwrap(), [newest.clone(), oldest.clone()]);
}

pub(super) async fn the_first_reason_stays<B: Bench>(bench: &B) {
    let token = begun(bench.store()).await;
    let store = bench.store();
    store.revoke(token.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    store.revoke(token.sid, RevokeReason::LogoutAll, RETAIN).await.unwrap();
    assert_eq!(bench.ended(token.sid).await.as_deref(), Some("logout"));
}
