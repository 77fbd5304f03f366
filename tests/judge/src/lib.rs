//! Says, inside workerd, what the edge would say of a token: `common` reads it, and the signature
//! is verified by the very file that the edge is built with.

#[path = "../../../edge/src/verify.rs"]
pub mod verify;

use common::UnixSeconds;
use common::keys::{Jwk, Key, KeySet};
use common::token::access::{LEEWAY, MAX_LIFE, Unsigned};
use common::token::{AccessRules, Jws, MAX_TOKEN};
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use serde::Deserialize;
use wasm_bindgen::prelude::wasm_bindgen;

/// What is asked.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Question {
    /// Which of these signatures are their keys'?
    Signatures(Vec<Signature>),
    /// Which of these access tokens does this issuer's edge accept?
    Access { issuer: String, audience: String, keys: Vec<Jwk>, now: u64, tokens: Vec<String> },
}

#[derive(Deserialize)]
struct Signature {
    jwk: Jwk,
    token: String,
}

/// Promises the answer to a question, in JSON: for each token `accepted`, or why it is refused.
#[wasm_bindgen]
pub fn judge(question: String) -> Promise {
    future_to_promise(async move { Ok(answer(&question).await?.into()) })
}

async fn answer(question: &str) -> Result<String, String> {
    let question = serde_json::from_str(question).map_err(|error| error.to_string())?;
    let verdicts = match question {
        Question::Signatures(all) => {
            let mut verdicts = Vec::with_capacity(all.len());
            for one in all {
                verdicts.push(signature(&one).await);
            }
            verdicts
        }
        Question::Access { issuer, audience, keys, now, tokens } => {
            let keys = KeySet::from_jwks(&keys).map_err(|error| error.to_string())?;
            let rules = AccessRules { issuer, audience, max_life: MAX_LIFE, leeway: LEEWAY };
            let mut verdicts = Vec::with_capacity(tokens.len());
            for token in tokens {
                verdicts.push(access(&token, &keys, &rules, UnixSeconds::new(now)).await);
            }
            verdicts
        }
    };
    serde_json::to_string(&verdicts).map_err(|error| error.to_string())
}

const ACCEPTED: &str = "accepted";

async fn signature(asked: &Signature) -> String {
    let Ok(key) = Key::from_jwk(&asked.jwk) else {
        return "key".into();
    };
    match Jws::parse(&asked.token, MAX_TOKEN).and_then(|jws| jws.check(&key)) {
        Err(error) => format!("{error:?}"),
        Ok(check) if verify::verify(&check).await => ACCEPTED.into(),
        Ok(_) => "Signature".into(),
    }
}

async fn access(token: &str, keys: &KeySet, rules: &AccessRules, now: UnixSeconds) -> String {
    match Unsigned::parse(token, keys, rules, now) {
        Err(error) => format!("{error:?}"),
        Ok(unsigned) => {
            let good = verify::verify(&unsigned.check).await;
            unsigned.answered(good).map_or_else(|error| format!("{error:?}"), |_| ACCEPTED.into())
        }
    }
}
