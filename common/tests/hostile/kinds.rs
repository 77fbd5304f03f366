//! The other two kinds of token: refresh tokens and heads, and one taken for another.

use common::keys::{Jwk, Key};
use common::revocation::{HeadError, MAX_HEAD, UnverifiedHead};
use common::token::TokenError::{
    self, Algorithm, Audience, Claims, Form, Header, Issuer as Iss, Signature, TooLong, Type,
};
use common::token::refresh::Unauthenticated;
use common::{KeyId, UnixSeconds};
use serde_json::{Value, json};

use crate::cases::{Crypto as _, JTI, Mint, Object, SID, encode, text};
use crate::judge::{self, Pair};
use crate::tokens::{Issuer, NOW};

const ISSUER: &str = "http://id.example";
const SECRET: &[u8; 32] = b"the origin's own key of 32 bytes";

fn object(value: Value) -> Object {
    serde_json::from_value(value).unwrap()
}

fn changed(mut object: Object, name: &str, value: Value) -> Object {
    if value.is_null() {
        object.remove(name);
    } else {
        object.insert(name.into(), value);
    }
    object
}

mod refresh {
    use super::*;

    fn header() -> Object {
        object(json!({"alg": "HS256", "typ": "rt+jwt"}))
    }

    fn claims() -> Object {
        object(json!({"iss": ISSUER, "aud": ISSUER, "sub": "user-1", "sid": SID, "gen": 3,
            "jti": JTI, "iat": NOW, "exp": NOW + 1_209_600}))
    }

    fn maced(header: &Object, claims: &Object, key: &[u8]) -> String {
        let input = format!("{}.{}", encode(&text(header)), encode(&text(claims)));
        let tag = Pair::of_seed(1).mac(key, input.as_bytes());
        format!("{input}.{}", encode(&tag))
    }

    fn judge(token: &str) -> Result<u64, TokenError> {
        let asked = Unauthenticated::parse(token, ISSUER)?;
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET);
        let input = asked.mac.signing_input.as_bytes();
        let good = aws_lc_rs::hmac::verify(&key, input, &asked.mac.tag).is_ok();
        asked.answered(good).map(|presented| presented.generation)
    }

    #[test]
    fn rtr_10_only_what_the_origin_made_is_read() {
        assert_eq!(judge(&maced(&header(), &claims(), SECRET)), Ok(3));
        for (name, value, why) in [
            ("alg", json!("none"), Algorithm),
            ("alg", json!("HS384"), Algorithm),
            ("alg", json!("hs256"), Algorithm),
            ("alg", json!("EdDSA"), Algorithm),
            ("alg", Value::Null, Header),
            ("typ", json!("at+jwt"), Type),
            ("typ", json!("portcullis-head+jwt"), Type),
            ("typ", json!("JWT"), Type),
            ("typ", Value::Null, Type),
            ("kid", json!("k1"), Algorithm),
            ("crit", json!(["exp"]), Header),
            ("jwk", json!({"kty": "oct", "k": ""}), Header),
        ] {
            let token = maced(&changed(header(), name, value.clone()), &claims(), SECRET);
            assert_eq!(judge(&token), Err(why), "{name}: {value}");
        }
        for (name, value, why) in [
            ("iss", json!("http://id.example/"), Iss),
            ("aud", json!("portcullis-app"), Audience),
            ("aud", Value::Null, Audience),
            ("sub", json!("a:b"), Claims),
            ("sid", json!(SID.to_uppercase()), Claims),
            ("sid", Value::Null, Claims),
            ("jti", json!(""), Claims),
            ("gen", json!(-1), Claims),
            ("gen", json!(1.5), Claims),
            ("gen", json!("3"), Claims),
            ("gen", Value::Null, Claims),
            ("exp", Value::Null, Claims),
            ("iat", Value::Null, Claims),
        ] {
            let token = maced(&header(), &changed(claims(), name, value.clone()), SECRET);
            assert_eq!(judge(&token), Err(why), "{name}: {value}");
        }
    }

    #[test]
    fn a_wrong_mac_lets_nothing_out() {
        let good = maced(&header(), &claims(), SECRET);
        for key in [&b""[..], &[0; 32], &Pair::of_seed(1).public(), b"{}"] {
            assert_eq!(judge(&maced(&header(), &claims(), key)), Err(Signature));
        }
        let (input, _) = good.rsplit_once('.').unwrap();
        for tag in [&[0; 32][..], &[0; 31], &[0; 64], &[0]] {
            assert_eq!(judge(&format!("{input}.{}", encode(tag))), Err(Signature));
        }
        assert_eq!(judge(&format!("{input}.")), Err(Form));
        assert_eq!(judge(&"x".repeat(1024 * 1024)), Err(TooLong));
        assert_eq!(judge(""), Err(Form));
    }
}

mod head {
    use super::*;

    fn anchor() -> (Pair, Key) {
        let pair = Pair::of_seed(2);
        let key = Key::ed25519(KeyId::try_from(String::from("anchor")).unwrap(), pair.public());
        (pair, key)
    }

    fn header() -> Object {
        object(json!({"alg": "EdDSA", "typ": "portcullis-head+jwt", "kid": "anchor"}))
    }

    fn claims() -> Object {
        let kid = KeyId::try_from(String::from("k1")).unwrap();
        let jwk = Jwk::ed25519(&Pair::of_seed(1).public(), kid);
        object(json!({"iss": ISSUER, "epoch": 7, "issued_at": NOW, "keys": [jwk], "tail": "",
            "segments": []}))
    }

    fn signed(pair: &Pair, header: &Object, claims: &Object) -> String {
        let input = format!("{}.{}", encode(&text(header)), encode(&text(claims)));
        format!("{input}.{}", encode(&pair.sign(input.as_bytes())))
    }

    fn judge(text: &str) -> Result<u64, HeadError> {
        let (_, key) = anchor();
        let head = UnverifiedHead::parse(text, &key)?;
        let good = judge::verify(&head.check);
        let now = UnixSeconds::new(NOW);
        head.answered(good, ISSUER, now)?.complete(&[], now).map(|head| head.epoch().get())
    }

    #[test]
    fn rev_12_only_what_the_anchor_signed_is_a_head() {
        let (pair, _) = anchor();
        assert_eq!(judge(&signed(&pair, &header(), &claims())), Ok(7));
        for (name, value, why) in [
            ("alg", json!("none"), Algorithm),
            ("alg", json!("HS256"), Algorithm),
            ("typ", json!("at+jwt"), Type),
            ("typ", json!("rt+jwt"), Type),
            ("typ", Value::Null, Type),
            ("crit", json!(["tail"]), Header),
            ("zip", json!("DEF"), Header),
        ] {
            let text = signed(&pair, &changed(header(), name, value.clone()), &claims());
            assert_eq!(judge(&text), Err(why.into()), "{name}: {value}");
        }
        let secret = json!([{"kty": "oct", "kid": "k1", "k": "AAAA"}]);
        let private =
            json!([{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": "AAAA", "d": "AAAA"}]);
        let twice = json!([claims()["keys"][0], claims()["keys"][0]]);
        let name = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let segment =
            |name: &str| object(json!({"name": name, "count": 1, "expires_at": NOW + 60}));
        for (name, value, why) in [
            ("iss", json!("http://id.example/"), Iss.into()),
            ("iss", Value::Null, Claims.into()),
            ("epoch", json!(-1), Claims.into()),
            ("epoch", json!("7"), Claims.into()),
            ("epoch", json!(7.5), Claims.into()),
            ("epoch", Value::Null, Claims.into()),
            ("issued_at", json!(NOW + 31), HeadError::Future),
            ("issued_at", json!(u64::MAX), HeadError::Future),
            ("issued_at", Value::Null, Claims.into()),
            ("keys", Value::Null, Claims.into()),
            ("keys", json!({}), Claims.into()),
            ("keys", secret, common::keys::UnusableKeySet::Secret.into()),
            ("keys", private, common::keys::UnusableKeySet::Secret.into()),
            ("keys", twice, common::keys::UnusableKeySet::DuplicateId.into()),
            ("tail", json!("AAAA"), common::revocation::InvalidTail.into()),
            ("tail", json!("="), common::revocation::InvalidTail.into()),
            ("tail", json!([]), Claims.into()),
            ("tail", Value::Null, Claims.into()),
            ("segments", json!(["x"]), Claims.into()),
            ("segments", json!([1]), Claims.into()),
            ("segments", json!([segment("AA")]), Claims.into()),
            ("segments", json!([changed(segment(name), "count", json!(-1))]), Claims.into()),
            ("segments", json!([changed(segment(name), "bytes", json!(1))]), Claims.into()),
            ("segments", json!([segment(name)]), HeadError::Segment(name.parse().unwrap())),
            ("segments", Value::Null, Claims.into()),
            ("sessions_before", json!("now"), Claims.into()),
            ("sessions_before", json!(-1), Claims.into()),
            ("unknown", json!(1), Claims.into()),
        ] {
            let text = signed(&pair, &header(), &changed(claims(), name, value.clone()));
            assert_eq!(judge(&text), Err(why), "{name}: {value}");
        }
    }

    #[test]
    fn a_segment_that_is_expired_is_not_missed() {
        let (pair, _) = anchor();
        let name = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let segments = json!([{"name": name, "count": 1, "expires_at": NOW}]);
        let text = signed(&pair, &header(), &changed(claims(), "segments", segments));
        assert_eq!(judge(&text), Ok(7));
    }

    #[test]
    fn another_key_is_no_anchor() {
        let (pair, key) = anchor();
        let stranger = Pair::of_seed(1);
        assert_eq!(judge(&signed(&stranger, &header(), &claims())), Err(Signature.into()));
        let input = format!("{}.{}", encode(&text(&header())), encode(&text(&claims())));
        let tag = pair.mac(&pair.public(), input.as_bytes());
        assert_eq!(judge(&format!("{input}.{}", encode(&tag))), Err(Signature.into()));
        let large = changed(claims(), "tail", json!("A".repeat(MAX_HEAD)));
        assert_eq!(judge(&signed(&pair, &header(), &large)), Err(TooLong.into()));
        for nothing in ["", "..", "null", "{}", "\0"] {
            assert!(UnverifiedHead::parse(nothing, &key).is_err(), "{nothing}");
        }
    }

    #[test]
    fn no_kind_of_token_passes_for_another() {
        let (pair, _) = anchor();
        let issuer = Issuer::new();
        let access = issuer.mint().good();
        let head = signed(&pair, &header(), &claims());
        assert_eq!(issuer.judge(&head, NOW).unwrap_err(), Type);
        assert_eq!(judge(&access), Err(Type.into()));
        assert_eq!(Unauthenticated::parse(&access, ISSUER).unwrap_err(), Type);
        assert_eq!(Unauthenticated::parse(&head, ISSUER).unwrap_err(), Type);
        // With the anchor's own signature an access token is still none of the issuer's.
        let mint = Mint { crypto: &pair, ..issuer.mint() };
        assert_eq!(issuer.judge(&mint.good(), NOW).unwrap_err(), Signature);
    }
}
