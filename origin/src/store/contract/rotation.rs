//! The table of rotation, row by row.

use common::rotation::{Judgement, Reuse};

use super::Bench;
use super::bench::{
    IDLE, LAPTOP, PHONE, RETAIN, RULES, Token, assert_corrupt, begun, ends, fresh_jti, is_blocked,
    live, new_session, present, seconds,
};
use crate::port::{BlockLog, Device, Ended, RevokeReason, Rotation, Sessions};

pub(super) async fn rtr_01_the_current_token_rotates<B: Bench>(bench: &B) {
    let first = begun(bench.store()).await;
    assert_eq!(first.generation, 0);
    let request = first.from(LAPTOP);
    let Rotation::Live { session, judgement, .. } =
        bench.store().rotate(&request, &RULES).await.unwrap()
    else {
        panic!("ended");
    };
    assert_eq!(judgement, Judgement::Rotate);
    assert_eq!((session.generation, session.jti), (1, request.next_jti));
    live(bench, Token::of(&session), PHONE, Judgement::Rotate).await;
    assert_eq!(bench.store().epoch().await.unwrap(), common::Epoch::ZERO);
}

pub(super) async fn rtr_03_a_late_token_of_another_device_ends_the_session<B: Bench>(bench: &B) {
    for (device, age, how) in [
        (LAPTOP, 31, Reuse::OtherDevice),
        (None, 31, Reuse::OtherDevice),
        (PHONE, 86_401, Reuse::Late),
    ] {
        let first = begun(bench.store()).await;
        let second = live(bench, first, PHONE, Judgement::Rotate).await;
        bench.age(first.sid, seconds(age)).await;
        ends(bench, first, device, Ended::Reused(how)).await;
        ends(bench, second, PHONE, Ended::Revoked).await;
        let recorded = bench.ended(first.sid).await.unwrap();
        assert!(recorded.starts_with("reused-"), "{recorded}");
    }
}

pub(super) async fn rtr_04_an_older_generation_is_a_reuse_also_within_the_grace<B: Bench>(
    bench: &B,
) {
    let first = begun(bench.store()).await;
    let second = live(bench, first, PHONE, Judgement::Rotate).await;
    let third = live(bench, second, PHONE, Judgement::Rotate).await;
    ends(bench, first, PHONE, Ended::Reused(Reuse::Concurrent)).await;
    ends(bench, third, PHONE, Ended::Revoked).await;
}

pub(super) async fn rtr_05_the_previous_token_within_the_grace_gets_the_same_successor<B: Bench>(
    bench: &B,
) {
    let first = begun(bench.store()).await;
    let second = live(bench, first, PHONE, Judgement::Rotate).await;
    let listed = bench.store().of(&super::bench::subject("alice")).await.unwrap();
    for device in [PHONE, LAPTOP, None] {
        let Rotation::Live { session, judgement, .. } = present(bench, first, device).await else {
            panic!("ended");
        };
        // All of it, so that the same token is signed again byte for byte.
        assert_eq!((judgement, &session), (Judgement::Repeat, &listed[0]));
    }
    bench.age(first.sid, seconds(29)).await;
    assert_eq!(live(bench, first, PHONE, Judgement::Repeat).await, second);
    bench.age(first.sid, seconds(1)).await;
    live(bench, first, PHONE, Judgement::Replace).await;
}

pub(super) async fn rtr_06_a_late_retry_of_the_same_device_replaces_the_successor<B: Bench>(
    bench: &B,
) {
    let first = begun(bench.store()).await;
    let lost = live(bench, first, PHONE, Judgement::Rotate).await;
    bench.age(first.sid, seconds(31)).await;
    let replaced = live(bench, first, PHONE, Judgement::Replace).await;
    assert_eq!(replaced.generation, lost.generation);
    assert_ne!(replaced.jti, lost.jti);
    // The grace begins anew: the two requests of a race get one successor.
    assert_eq!(live(bench, first, PHONE, Judgement::Repeat).await, replaced);
    live(bench, replaced, PHONE, Judgement::Rotate).await;
}

pub(super) async fn a_displaced_successor_is_a_fork<B: Bench>(bench: &B) {
    let first = begun(bench.store()).await;
    let displaced = live(bench, first, PHONE, Judgement::Rotate).await;
    bench.age(first.sid, seconds(31)).await;
    let replaced = live(bench, first, PHONE, Judgement::Replace).await;
    ends(bench, displaced, PHONE, Ended::Forked).await;
    ends(bench, replaced, PHONE, Ended::Revoked).await;
    assert_eq!(bench.ended(first.sid).await.as_deref(), Some("forked"));
}

pub(super) async fn a_late_retry_can_be_turned_off<B: Bench>(bench: &B) {
    let mut strict = RULES;
    strict.grace.late_retry = seconds(0);
    let first = begun(bench.store()).await;
    live(bench, first, PHONE, Judgement::Rotate).await;
    bench.age(first.sid, seconds(31)).await;
    let outcome = bench.store().rotate(&first.from(PHONE), &strict).await.unwrap();
    assert!(
        matches!(outcome, Rotation::Ended { why: Ended::Reused(Reuse::Late), .. }),
        "{outcome:?}"
    );
}

pub(super) async fn the_same_generation_with_another_id_is_a_fork<B: Bench>(bench: &B) {
    let first = begun(bench.store()).await;
    let other = Token { jti: fresh_jti(), ..first };
    ends(bench, other, PHONE, Ended::Forked).await;
    ends(bench, first, PHONE, Ended::Revoked).await;
}

pub(super) async fn red_03_a_generation_ahead_is_healed_forward<B: Bench>(bench: &B) {
    let first = begun(bench.store()).await;
    let second = live(bench, first, PHONE, Judgement::Rotate).await;
    let third = live(bench, second, PHONE, Judgement::Rotate).await;
    bench.set_generation(first.sid, 0, first.jti).await;
    let fourth = live(bench, third, LAPTOP, Judgement::Heal).await;
    assert_eq!(fourth.generation, 3);
    assert_eq!(live(bench, third, PHONE, Judgement::Repeat).await, fourth);
    live(bench, fourth, PHONE, Judgement::Rotate).await;
    ends(bench, second, LAPTOP, Ended::Reused(Reuse::OtherDevice)).await;
}

pub(super) async fn red_03_a_revoked_session_is_not_healed<B: Bench>(bench: &B) {
    let first = begun(bench.store()).await;
    bench.store().revoke(first.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    let ahead = Token { generation: 7, jti: fresh_jti(), ..first };
    ends(bench, ahead, PHONE, Ended::Revoked).await;
}

pub(super) async fn rtr_13_no_rotation_moves_the_absolute_end<B: Bench>(bench: &B) {
    let mut new = new_session("alice");
    new.absolute = IDLE + seconds(60);
    let begun = bench.store().begin(&new).await.unwrap().unwrap().session;
    assert_eq!(begun.idle_end, begun.rotated_at.plus(IDLE));
    assert_eq!(begun.absolute_end, begun.rotated_at.plus(IDLE + seconds(60)));

    let mut token = Token::of(&begun);
    for _ in 0..14 {
        bench.age(new.sid, seconds(86_400)).await;
        let Rotation::Live { session, .. } = present(bench, token, PHONE).await else {
            panic!("ended early");
        };
        assert!(session.idle_end <= session.absolute_end);
        let aged = session.generation * 86_400;
        assert_eq!(session.absolute_end.get(), begun.absolute_end.get() - aged);
        token = Token::of(&session);
    }
    bench.age(new.sid, seconds(60)).await;
    ends(bench, token, PHONE, Ended::Expired).await;
}

pub(super) async fn rtr_14_the_idle_end_is_exact<B: Bench>(bench: &B) {
    let session = bench.store().begin(&new_session("alice")).await.unwrap().unwrap().session;
    bench.age(session.sid, seconds(IDLE.as_secs() - 2)).await;
    let end = session.idle_end.get() - (IDLE.as_secs() - 2);
    // The store's own clock is looked at before and after, since it cannot be stopped.
    loop {
        let before = now(bench).await;
        let listed = bench.store().of(&session.subject).await.unwrap();
        let after = now(bench).await;
        if after < end {
            assert_eq!(listed.len(), 1, "gone before its end");
        }
        if before >= end {
            assert_eq!(listed.len(), 0, "there at its end");
            break;
        }
    }
    ends(bench, Token::of(&session), PHONE, Ended::Expired).await;

    let session = bench.store().begin(&new_session("bob")).await.unwrap().unwrap().session;
    bench.age(session.sid, seconds(IDLE.as_secs() - 5)).await;
    live(bench, Token::of(&session), PHONE, Judgement::Rotate).await;
}

async fn now<B: Bench>(bench: &B) -> u64 {
    bench.store().after(common::Epoch::ZERO, 1000).await.unwrap().now.get()
}

pub(super) async fn rtr_17_an_unknown_session_is_blocked_and_never_made_again<B: Bench>(bench: &B) {
    let first = begun(bench.store()).await;
    let second = live(bench, first, PHONE, Judgement::Rotate).await;
    bench.forget(first.sid).await;
    for token in [second, first, second] {
        ends(bench, token, PHONE, Ended::Expired).await;
    }
    // Once blocked it stays as it is: a dead token that keeps coming makes no new heads.
    let page = bench.store().after(common::Epoch::ZERO, 1000).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    assert_eq!(page.entries[0].epoch, page.epoch);
}

pub(super) async fn a_session_past_its_end_is_blocked_once<B: Bench>(bench: &B) {
    let first = begun(bench.store()).await;
    bench.age(first.sid, IDLE).await;
    ends(bench, first, PHONE, Ended::Expired).await;
    let epoch = bench.store().epoch().await.unwrap();
    ends(bench, first, PHONE, Ended::Expired).await;
    assert_eq!(bench.store().epoch().await.unwrap(), epoch);
}

pub(super) async fn the_jitter_shortens_the_idle_span<B: Bench>(bench: &B) {
    let mut new = new_session("alice");
    new.idle = seconds(1001);
    new.jitter_permille = 50;
    let session = bench.store().begin(&new).await.unwrap().unwrap().session;
    assert_eq!(session.idle_end, session.rotated_at.plus(seconds(950)));
    let mut request = Token::of(&session).from(PHONE);
    request.jitter_permille = 3;
    let Rotation::Live { session, .. } = bench.store().rotate(&request, &RULES).await.unwrap()
    else {
        panic!("ended");
    };
    assert_eq!(session.idle_end, session.rotated_at.plus(seconds(997)));
}

pub(super) async fn all_that_began_comes_back_from_each_rotation<B: Bench>(bench: &B) {
    let mut new = new_session("{odd}'subject;--");
    new.remember = false;
    new.device = Device::default();
    let begun = bench.store().begin(&new).await.unwrap().unwrap().session;
    assert_eq!((begun.sid, &begun.subject), (new.sid, &new.subject));
    assert_eq!((begun.generation, begun.jti, begun.remember), (0, new.jti, false));

    let Rotation::Live { session, .. } = present(bench, Token::of(&begun), None).await else {
        panic!("ended");
    };
    assert_eq!((&session.subject, session.remember), (&new.subject, false));
    assert_eq!(bench.store().of(&new.subject).await.unwrap(), [session]);
}

pub(super) async fn a_session_that_exists_does_not_begin_again<B: Bench>(bench: &B) {
    let new = new_session("alice");
    let session = bench.store().begin(&new).await.unwrap().unwrap().session;
    let mut other = new_session("mallory");
    other.sid = new.sid;
    assert_corrupt(&bench.store().begin(&other).await);
    live(bench, Token::of(&session), PHONE, Judgement::Rotate).await;
}

pub(super) async fn an_entry_that_cannot_be_read_is_a_fault<B: Bench>(bench: &B) {
    let spoilt = begun(bench.store()).await;
    let well = begun(bench.store()).await;
    bench.spoil(spoilt.sid).await;
    assert_corrupt(&bench.store().rotate(&spoilt.from(PHONE), &RULES).await);
    live(bench, well, PHONE, Judgement::Rotate).await;
    // Its tokens can be killed all the same.
    bench.store().revoke(spoilt.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    assert!(is_blocked(bench, spoilt.sid.uuid()).await);
}
