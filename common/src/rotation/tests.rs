use super::*;
use uuid::Uuid;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const GRACE: Grace =
    Grace { window: Duration::from_secs(30), late_retry: Duration::from_hours(24) };
const ROTATED_AT: u64 = 1_800_000_000_000;
const PHONE: Option<&str> = Some("phone");

const fn jti(n: u128) -> TokenId {
    TokenId::new(Uuid::from_u128(n))
}

/// Generation 5 is current, with id 5; id 4 went before it, from the phone.
fn held() -> Held<'static> {
    Held {
        revoked: false,
        generation: 5,
        jti: jti(5),
        previous: Some(jti(4)),
        rotated_at: UnixMillis::new(ROTATED_AT),
        idle_end: UnixSeconds::new(ROTATED_AT / 1000 + 1_000_000),
        absolute_end: UnixSeconds::new(ROTATED_AT / 1000 + 2_000_000),
        device: PHONE,
    }
}

fn present(generation: u64, id: u128, device: Option<&'static str>, after_ms: u64) -> Judgement {
    let presented = Presented { generation, jti: jti(id), device };
    judge(Some(held()), presented, GRACE, UnixMillis::new(ROTATED_AT + after_ms))
}

#[test]
fn each_row_of_the_table_has_its_judgement() {
    use Judgement::{Forked, Heal, Repeat, Replace, Reused, Rotate};
    let day = 86_400_000;
    let laptop = Some("laptop");
    for (generation, id, device, after_ms, expected) in [
        (5, 5, PHONE, 0, Rotate),
        (5, 5, laptop, day, Rotate),
        (5, 9, PHONE, 0, Forked),
        (4, 4, PHONE, 0, Repeat),
        (4, 4, laptop, 30_000, Repeat),
        (4, 4, PHONE, 30_001, Replace),
        (4, 4, PHONE, day, Replace),
        (4, 4, PHONE, day + 1, Reused(Reuse::Late)),
        (4, 4, laptop, 30_001, Reused(Reuse::OtherDevice)),
        (4, 4, None, 30_001, Reused(Reuse::OtherDevice)),
        (4, 9, PHONE, 10, Reused(Reuse::Concurrent)),
        (3, 3, PHONE, 10, Reused(Reuse::Concurrent)),
        (3, 3, PHONE, 30_001, Reused(Reuse::Late)),
        (6, 6, PHONE, 0, Heal),
        (900, 6, laptop, day, Heal),
    ] {
        let judgement = present(generation, id, device, after_ms);
        assert_eq!(judgement, expected, "generation {generation}, id {id}, after {after_ms} ms");
    }
}

#[test]
fn a_revoked_session_is_revoked_for_every_token() {
    let held = Held { revoked: true, ..held() };
    for generation in [3, 4, 5, 6] {
        let presented = Presented { generation, jti: jti(u128::from(generation)), device: PHONE };
        let now = UnixMillis::new(ROTATED_AT);
        assert_eq!(judge(Some(held), presented, GRACE, now), Judgement::Revoked);
    }
}

#[test]
fn both_ends_are_exact_to_the_second() {
    let presented = Presented { generation: 5, jti: jti(5), device: PHONE };
    let end = ROTATED_AT / 1000 + 10;
    let soon = UnixSeconds::new(end);
    for held in [Held { idle_end: soon, ..held() }, Held { absolute_end: soon, ..held() }] {
        let at = |ms| judge(Some(held), presented, GRACE, UnixMillis::new(ms));
        assert_eq!(at(end * 1000 - 1), Judgement::Rotate);
        assert_eq!(at(end * 1000), Judgement::Expired);
    }
    let now = UnixMillis::new(ROTATED_AT);
    assert_eq!(judge(None, presented, GRACE, now), Judgement::Expired);
}

#[test]
fn an_unknown_device_is_not_the_same_device() {
    let held = Held { device: None, ..held() };
    let presented = Presented { generation: 4, jti: jti(4), device: None };
    let late = UnixMillis::new(ROTATED_AT + 31_000);
    assert_eq!(judge(Some(held), presented, GRACE, late), Judgement::Reused(Reuse::OtherDevice));
}
