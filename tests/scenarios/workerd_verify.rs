//! What jsonwebtoken says natively of Wycheproof's cases and of the mutants, `WebCrypto` says in
//! workerd: the edge's own verifier, asked in batches.

use std::collections::{BTreeMap, HashSet};

use e2e::cases::mutants::{Numbers, SEED, good_tokens, mutate};
use e2e::keys::SigningKey;
use e2e::wrangler::{Wrangler, configuration};
use e2e::{Client, Outcome, World};
use reqwest::Method;
use serde_json::{Value, json};
use xtask::{Workspace, build, setup};

/// How many mutants are tried.
const MUTANTS: usize = 100_000;
/// How many tokens go into one question.
const BATCH: usize = 2_000;

pub(crate) async fn tell(world: &mut World) -> Outcome {
    let workspace = Workspace::locate();
    let out = build::wasm_module(&workspace, &setup::run(&workspace)?, "judge")?;
    let folder = world.stack.state().join("judge");
    std::fs::create_dir_all(&folder)?;
    for name in ["judge.js", "judge_bg.wasm"] {
        std::fs::copy(out.join(name), folder.join(name))?;
    }
    std::fs::copy(workspace.path("tests/judge/index.js"), folder.join("index.js"))?;
    std::fs::copy(workspace.path("edge/js/crypto.js"), folder.join("crypto.js"))?;
    let config = json!({"name": "judge", "main": "index.js",
        "alias": {"portcullis:crypto": "./crypto.js"},
        "compatibility_date": configuration(world.stack.state())?["compatibility_date"]});
    // Without a question there is no answer but an error.
    let judge = Wrangler::start(&folder, &config)?;
    judge.first_answer("/", "none").await?.expect(500)?;
    let client = judge.client()?;
    wycheproof(&client).await?;
    mutants(world, &client).await
}

/// One verdict a token.
async fn ask(judge: &Client, question: &Value) -> Outcome<Vec<String>> {
    let request = judge.request(Method::POST, "/").body(question.to_string());
    let answer = judge.send(request).await?.expect(200)?;
    Ok(serde_json::from_str(&answer.body)?)
}

/// JWT-01, JWT-02: every case of the four algorithms that a key may have.
async fn wycheproof(judge: &Client) -> Outcome {
    let file = include_str!("../../common/tests/vectors/wycheproof_json_web_signature_test.json");
    let file: Value = serde_json::from_str(file)?;
    let (mut questions, mut expected) = (Vec::new(), Vec::new());
    for group in file["testGroups"].as_array().into_iter().flatten() {
        let jwk = group.get("public").unwrap_or(&group["private"]);
        for case in group["tests"].as_array().into_iter().flatten() {
            // See the exceptions file: no key of theirs, or the padding was lost.
            if [346, 347, 350, 351, 367, 370].contains(&case["tcId"].as_u64().unwrap_or_default()) {
                continue;
            }
            let enabled = matches!(jwk["alg"].as_str(), Some("ES256" | "RS256" | "PS256"));
            questions.push(json!({"jwk": jwk, "token": case["jws"]}));
            expected.push((case["tcId"].clone(), enabled && case["result"] == "valid"));
        }
    }
    let verdicts = ask(judge, &json!({"signatures": questions})).await?;
    assert_eq!(verdicts.len(), expected.len());
    let mut accepted = 0;
    for (verdict, (id, valid)) in verdicts.iter().zip(&expected) {
        assert_eq!(verdict == "accepted", *valid, "tcId {id}: {verdict}");
        accepted += usize::from(*valid);
    }
    assert_eq!((accepted, verdicts.len()), (16, 395));
    println!("workerd: Wycheproof: {accepted} accepted, {} refused", verdicts.len() - accepted);
    Ok(())
}

async fn mutants(world: &World, judge: &Client) -> Outcome {
    let key = SigningKey::of(world.stack.state())?;
    let mint = key.mint(world.stack.edge_url())?;
    let jwks = world.edge()?.get_plain("/.well-known/jwks.json").await?.expect(200)?.json();
    let question = |tokens: &[String]| {
        json!({"access": {"issuer": mint.issuer, "audience": mint.audience, "now": mint.now,
            "keys": jwks["keys"], "tokens": tokens}})
    };
    let good = good_tokens(&mint);
    for verdict in ask(judge, &question(&good)).await? {
        assert_eq!(verdict, "accepted", "the control");
    }
    let mut numbers = Numbers::new(SEED);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut tried: HashSet<String> = HashSet::new();
    let mut batch = Vec::with_capacity(BATCH);
    while tried.len() < MUTANTS {
        let mutant = mutate(&mut numbers, &good);
        if !good.contains(&mutant) && tried.insert(mutant.clone()) {
            batch.push(mutant);
        }
        if batch.len() == BATCH || tried.len() == MUTANTS {
            let verdicts = ask(judge, &question(&batch)).await?;
            assert_eq!(verdicts.len(), batch.len());
            for (verdict, mutant) in verdicts.into_iter().zip(&batch) {
                assert_ne!(verdict, "accepted", "seed {SEED:#x}: {mutant}");
                *reasons.entry(verdict).or_default() += 1;
            }
            batch.clear();
        }
    }
    println!("workerd: seed {SEED:#x}: {} mutants, 0 accepted: {reasons:?}", tried.len());
    assert!(reasons.get("Signature").is_some_and(|count| *count > MUTANTS / 20));
    Ok(())
}
