//! Who signs what the tests show: a library of its own, not the one that verifies.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) const SID: &str = "01931c7e-9a00-7000-8000-00000000000a";
pub(crate) const JTI: &str = "0b5b1f0c-5b0e-4c5e-9a83-0f0b8c8f0c11";
pub(crate) const ISSUER: &str = "https://app.example";
pub(crate) const AUDIENCE: &str = "portcullis-app";

pub(crate) struct Signer(Ed25519KeyPair);

impl Signer {
    pub(crate) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    pub(crate) fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key())
    }

    pub(crate) fn jwk(&self, kid: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid, "x": self.public()})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }

    pub(crate) fn assertion(&self, method: &str, target: &str, age: u64) -> String {
        let header = json!({"alg": "EdDSA", "typ": "portcullis-assertion+jwt", "kid": "assertion"});
        let made = now() - age;
        self.sign(
            &header,
            &json!({
                "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "sid": SID, "jti": JTI,
                "roles": ["user"], "email_verified": true, "token_exp": made + 600,
                "htm": method, "htu": target, "iat": made, "exp": made + 30,
            }),
        )
    }

    pub(crate) fn token(&self, kid: &str, age: u64) -> String {
        let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid});
        let made = now() - age;
        self.sign(
            &header,
            &json!({
                "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "sid": SID, "jti": JTI,
                "client_id": "portcullis", "roles": ["user"], "email_verified": true,
                "iat": made, "exp": made + 600,
            }),
        )
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
