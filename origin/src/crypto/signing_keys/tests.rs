use super::*;

const NOW: u64 = 2_000_000_000;
const ANNOUNCE: Duration = Duration::from_mins(20);

fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(NOW + seconds)
}

fn kid(keys: &SigningKeys, now: UnixSeconds) -> String {
    keys.at(now).unwrap().id.to_string()
}

fn states(keys: &SigningKeys, now: UnixSeconds) -> Vec<KeyState> {
    keys.states(now).map(|(_, state)| state).collect()
}

fn published(keys: &SigningKeys, now: UnixSeconds) -> Vec<String> {
    keys.jwks(now).into_iter().map(|jwk| jwk.kid.unwrap()).collect()
}

/// Whether a token of this key is verified at `now`.
fn counts(keys: &SigningKeys, kid: &str, now: UnixSeconds) -> bool {
    let id = KeyId::try_from(String::from(kid)).unwrap();
    keys.verifying().unwrap().at(&id, now).is_some()
}

#[test]
fn key_03_a_new_key_is_known_before_it_signs_and_the_old_one_as_long_as_its_tokens() {
    let mut keys = SigningKeys::make().unwrap();
    let old = kid(&keys, at(0));
    let (new, from) = keys.rotate(Rotate::After(ANNOUNCE), at(0)).unwrap();
    let new = new.to_string();
    let turn = ANNOUNCE.as_secs();
    let end = turn + TOKEN_DEAD_AFTER.as_secs();
    assert_eq!((from, end), (at(turn), turn + 3600 + 30 + 60));

    let expected = [
        (0, &old, KeyState::Signing(Some(at(turn))), KeyState::Announced(at(turn))),
        (turn - 1, &old, KeyState::Signing(Some(at(turn))), KeyState::Announced(at(turn))),
        (turn, &new, KeyState::Retiring(at(end)), KeyState::Signing(None)),
        (end - 1, &new, KeyState::Retiring(at(end)), KeyState::Signing(None)),
        (end, &new, KeyState::Retired, KeyState::Signing(None)),
    ];
    for (now, signs, first, second) in expected {
        assert_eq!(kid(&keys, at(now)), *signs, "{now}");
        assert_eq!(states(&keys, at(now)), [first, second], "{now}");
        let lives = now < end;
        assert_eq!(published(&keys, at(now)).contains(&old), lives, "{now}");
        assert_eq!(counts(&keys, &old, at(now)), lives, "{now}");
        assert!(published(&keys, at(now)).contains(&new) && counts(&keys, &new, at(now)));
    }
    let jwks = keys.jwks(at(0));
    assert_eq!((jwks[0].exp, jwks[1].exp), (Some(at(end)), None));
    // An edge whose clock is behind must not refuse the first tokens of the new key.
    assert!(jwks.iter().all(|jwk| jwk.nbf.is_none()));
}

#[test]
fn one_key_is_announced_at_a_time_and_can_be_brought_forward() {
    let mut keys = SigningKeys::make().unwrap();
    let (new, _) = keys.rotate(Rotate::After(ANNOUNCE), at(0)).unwrap();
    let refusal = keys.rotate(Rotate::After(ANNOUNCE), at(60)).unwrap_err();
    assert_eq!(refusal, KeyRefusal::Announced(Utc(at(1200))));
    assert!(refusal.to_string().contains("2033-05-18T03:53:20Z"), "{refusal}");
    let same = keys.rotate(Rotate::Now, at(60)).unwrap();
    assert_eq!(same, (new.clone(), at(70)));
    assert_eq!(keys.rotate(Rotate::Now, at(62)).unwrap(), (new.clone(), at(70)), "never later");
    assert_ne!(kid(&keys, at(69)), new.to_string());
    assert_eq!(kid(&keys, at(70)), new.to_string());
    let (third, from) = keys.rotate(Rotate::Now, at(70)).unwrap();
    assert_ne!(third, new);
    assert_eq!(from, at(80));
}

#[test]
fn a_revoked_key_is_gone_at_once_and_another_signs_at_once() {
    let mut keys = SigningKeys::make().unwrap();
    let leaked = kid(&keys, at(0));
    assert_eq!(keys.revoke(&leaked, at(10)).unwrap(), KeyState::Signing(None));
    let new = kid(&keys, at(10));
    assert_ne!(new, leaked);
    assert_eq!(states(&keys, at(10)), [KeyState::Revoked(at(10)), KeyState::Signing(None)]);
    assert_eq!(published(&keys, at(10)).concat(), new);
    assert!(!counts(&keys, &leaked, at(10)));
    // By a clock that is behind it signs too: there is no other, and no going back.
    assert_eq!(kid(&keys, at(5)), new);
    assert_eq!(keys.revoke(&leaked, at(20)).unwrap(), KeyState::Revoked(at(10)), "once");
    assert_eq!(keys.0.len(), 2);
    assert_eq!(keys.revoke("x", at(20)), Err(KeyRefusal::Unknown));
}

#[test]
fn an_announced_key_takes_the_place_of_a_revoked_one() {
    let mut keys = SigningKeys::make().unwrap();
    let leaked = kid(&keys, at(0));
    let (new, _) = keys.rotate(Rotate::After(ANNOUNCE), at(0)).unwrap();
    keys.revoke(&leaked, at(10)).unwrap();
    assert_eq!(states(&keys, at(10)), [KeyState::Revoked(at(10)), KeyState::Signing(None)]);
    assert_eq!(kid(&keys, at(10)), new.to_string());
}

#[test]
fn an_announced_key_that_is_revoked_never_has_its_turn() {
    let mut keys = SigningKeys::make().unwrap();
    let signs = kid(&keys, at(0));
    let (leaked, _) = keys.rotate(Rotate::After(ANNOUNCE), at(0)).unwrap();
    keys.revoke(leaked.as_str(), at(10)).unwrap();
    assert_eq!(states(&keys, at(10)), [KeyState::Signing(None)]);
    assert_eq!(kid(&keys, at(5000)), signs);
    assert!(!counts(&keys, leaked.as_str(), at(10)));
}

#[test]
fn revoking_the_key_in_use_does_not_bring_an_older_one_back() {
    let mut keys = SigningKeys::make().unwrap();
    let first = kid(&keys, at(0));
    keys.rotate(Rotate::Now, at(0)).unwrap();
    let second = kid(&keys, at(10));
    keys.revoke(&second, at(20)).unwrap();
    let third = kid(&keys, at(20));
    assert!(third != first && third != second);
    assert_eq!(published(&keys, at(20)), [first.clone(), third]);
    // A retiring one can be revoked as well, and nothing else changes.
    assert!(matches!(keys.revoke(&first, at(21)).unwrap(), KeyState::Retiring(_)));
    assert_eq!(keys.0.len(), 3);
    assert!(!counts(&keys, &first, at(21)));
}

#[test]
fn a_clock_that_is_behind_writes_nothing_that_cannot_be_read() {
    let mut keys = SigningKeys::make().unwrap();
    for (step, now) in [100, 60, 80, 20, 90].into_iter().enumerate() {
        let signs = kid(&keys, at(now));
        keys.revoke(&signs, at(now)).unwrap();
        keys.rotate(Rotate::Now, at(now)).unwrap();
        let read = SigningKeys::parse(&keys.text().unwrap()).unwrap();
        assert_ne!(kid(&read, at(now)), signs, "step {step}");
    }
}

#[test]
fn the_dead_are_forgotten_when_all_their_tokens_are() {
    let mut keys = SigningKeys::make().unwrap();
    let first = kid(&keys, at(0));
    keys.revoke(&first, at(0)).unwrap();
    keys.rotate(Rotate::After(Duration::ZERO), at(100)).unwrap();
    let end = TOKEN_DEAD_AFTER.as_secs();
    for (now, left) in [(end - 1, 3), (end, 2), (end + 99, 2), (end + 100, 1), (end * 9, 1)] {
        keys.forget_dead(at(now));
        assert_eq!(keys.0.len(), left, "{now}");
    }
}

#[test]
fn what_is_written_is_read_back_and_what_is_not_sound_is_refused() {
    let mut keys = SigningKeys::make().unwrap();
    keys.rotate(Rotate::Now, at(0)).unwrap();
    let revoked = kid(&keys, at(0));
    keys.revoke(&revoked, at(1)).unwrap();
    let text = keys.text().unwrap();
    let read = SigningKeys::parse(&text).unwrap();
    assert_eq!(read.text().unwrap().expose(), text.expose());

    let good: serde_json::Value = serde_json::from_str(text.expose()).unwrap();
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut file = good.clone();
        change(&mut file);
        SigningKeys::parse(&Secret::new(file.to_string())).map(drop).unwrap_err()
    };
    let words = refused(&|file| file["keys"] = serde_json::json!([]));
    assert_eq!(words, "it holds no key");
    let words = refused(&|file| file["keys"][1]["revoked_at"] = 1.into());
    assert_eq!(words, "no key is left to sign with");
    let words = refused(&|file| file["keys"][1] = file["keys"][0].clone());
    assert_eq!(words, "one key is there twice");
    let words = refused(&|file| file["keys"][0]["signs_from"] = (NOW * 2).into());
    assert_eq!(words, "its keys are not in the order of their turns");
    for member in ["kty", "crv", "x", "d"] {
        for value in ["", "x", "oct", "P-256"] {
            refused(&|file| file["keys"][0]["jwk"][member] = value.into());
        }
        refused(&|file| {
            file["keys"][0]["jwk"].as_object_mut().unwrap().remove(member);
        });
    }
    let other = good["keys"][1]["jwk"]["d"].clone();
    let words = refused(&|file| file["keys"][0]["jwk"]["d"] = other.clone());
    assert_eq!(words, "its public half does not belong to its private half");
    refused(&|file| file["keys"][0]["alg"] = "none".into());
    refused(&|file| file["more"] = 1.into());
    let text = text.expose();
    for cut in [0, 1, text.len() / 2, text.len() - 1] {
        let half = Secret::new(String::from(&text[..cut]));
        assert!(SigningKeys::parse(&half).is_err());
    }
}

#[test]
fn key_07_private_members_are_not_published() {
    let mut keys = SigningKeys::make().unwrap();
    keys.rotate(Rotate::Now, at(0)).unwrap();
    let published = serde_json::to_string(&keys.jwks(at(0))).unwrap();
    let shown: Vec<_> =
        keys.states(at(0)).map(|(pair, state)| format!("{state} {}", pair.id)).collect();
    for key in &keys.0 {
        let private =
            serde_json::to_value(&key.jwk).unwrap()["d"].as_str().map(String::from).unwrap();
        assert_eq!(private.len(), 43);
        assert!(!published.contains(&private) && !shown.concat().contains(&private));
    }
    for member in ["\"d\"", "\"p\"", "\"q\"", "\"k\""] {
        assert!(!published.contains(member), "{member}");
    }
}
