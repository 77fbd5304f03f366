//! Key sets as other issuers publish them.

use common::KeyId;
use common::keys::{Jwk, KeySet};
use serde_json::{Value, json};

fn set(keys: &[Value]) -> KeySet {
    let jwks: Vec<Jwk> =
        keys.iter().map(|key| serde_json::from_value(key.clone()).unwrap()).collect();
    KeySet::from_jwks(&jwks).unwrap()
}

#[test]
fn key_06_keys_of_unknown_kinds_do_not_spoil_the_good_one_beside_them() {
    let good = json!({"kty": "OKP", "crv": "Ed25519", "kid": "good",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let strange = [
        json!({"kty": "AKP", "kid": "a", "alg": "ML-DSA-44", "pub": "AAAA"}),
        json!({"kty": "OKP", "crv": "Ed448", "kid": "b", "x": "AAAA"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "c", "x": "AAAA"}),
        json!({"kty": "EC", "crv": "secp256k1", "kid": "d", "x": "AAAA", "y": "AAAA"}),
        json!({"kty": "", "kid": "e"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
    ];
    let mut keys = strange.to_vec();
    keys.insert(3, good);
    let names: Vec<_> = set(&keys).iter().map(|key| key.id().unwrap().clone()).collect();
    assert_eq!(names, [KeyId::try_from(String::from("good")).unwrap()]);
    assert_eq!(set(&strange).iter().count(), 0);
}
