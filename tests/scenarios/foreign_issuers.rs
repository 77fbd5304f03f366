//! The edge in front of other OIDC issuers: tokens of all four algorithms, keys that rotate, issuers
//! that fail, tokens that one issuer makes for another's, and all of them revoked.

use std::time::{Duration, Instant};

use e2e::foreign::{ForeignIssuer, Manner, Pair};
use e2e::kv::Distance;
use e2e::{Client, Fleet, Outcome, Plan};
use futures_util::future::try_join_all;
use reqwest::Method;
use serde_json::json;

const A: &str = "https://a.example/";
const B: &str = "https://b.example";
const ALL: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];
/// How long a new key may stay unknown, and how seldom an issuer may be asked for one.
const COOL_DOWN: Duration = Duration::from_secs(10);
/// How many made-up key ids are tried.
const MADE_UP: usize = 1_000;
/// How long a revocation may take.
const BOUND: Duration = Duration::from_secs(10);

pub(crate) async fn tell() -> Outcome {
    let (a, b) = (ForeignIssuer::start(A)?, ForeignIssuer::start(B)?);
    let roles = json!({"roles_claim": ["realm_access", "roles"], "roles": {"boss": "admin"}});
    let entries = json!([
        a.entry(&ALL, roles),
        b.entry(&["ES256"], json!({"typ": "JWT", "max_life": 86400})),
    ]);
    let vars = vec![("ISSUERS".into(), entries)];
    let distance = Distance { cache_scale: 0.01, ..Distance::default() };
    let mut fleet = Fleet::start(Plan { locations: 1, distance, vars, ..Plan::default() }).await?;
    let edge = fleet.edge(0)?;
    all_algorithms(&edge, &a).await?;
    mixed_up(&edge, &b).await?;
    rotation(&edge, &a).await?;
    outage(&mut fleet, &a).await?;
    revoked(&fleet, &b).await?;
    fleet.end().await
}

/// Each algorithm by a real signature; what the app is told; one look for all.
async fn all_algorithms(edge: &Client, a: &ForeignIssuer) -> Outcome {
    let pairs = ALL.into_iter().map(Pair::generate).collect::<Outcome<Vec<_>>>()?;
    let jwks = pairs.iter().zip(ALL).map(|(pair, alg)| pair.jwk(alg));
    a.publish(jwks.collect::<Outcome<_>>()?);
    for (pair, kid) in pairs.iter().zip(ALL) {
        let claims = json!({"jti": kid, "sub": "user|1 ü", "scope": "orders:read",
            "realm_access": {"roles": ["boss", "other"]}, "email_verified": true});
        let token = a.token(pair, kid, claims)?;
        let answer = edge.get("/admin/x", &token).await?.expect(200)?;
        assert!(answer.is_from_the_app(), "{kid}");
        assert_eq!(answer.seen("x-auth-subject"), ["https://a.example/|user|1%20%C3%BC"]);
        assert_eq!(answer.seen("x-auth-roles"), ["admin"]);
        assert_eq!(answer.seen("x-auth-email-verified"), ["true"]);
        assert_eq!(answer.seen("x-auth-token-id").len(), 1);
        assert!(answer.seen("x-auth-session").is_empty());
        assert!(answer.seen("authorization").is_empty());

        let plain = a.token(pair, kid, json!({}))?;
        edge.get("/admin/x", &plain).await?.refused(403, "role_required")?;
        edge.get("/x", &plain).await?.expect(200)?;
        // The last character holds bits that are none of the signature's.
        let (input, signature) = plain.rsplit_once('.').ok_or("no token")?;
        let forged = format!("{input}.{}", flipped(signature));
        edge.get("/x", &forged).await?.refused(401, "token_invalid")?;
    }
    assert_eq!(a.asked(), 1, "one look for the keys of four algorithms");
    Ok(())
}

/// Another first character.
fn flipped(text: &str) -> String {
    let first = if text.starts_with('A') { 'B' } else { 'A' };
    text.chars().enumerate().map(|(at, c)| if at == 0 { first } else { c }).collect()
}

/// KEY-08 and the like: what is good of one issuer is no good of another.
async fn mixed_up(edge: &Client, b: &ForeignIssuer) -> Outcome {
    let (of_a, of_b) = (Pair::generate("ES256")?, Pair::generate("ES256")?);
    b.publish(vec![of_b.jwk("ES256")?]);
    edge.get("/x", &b.token(&of_b, "ES256", json!({}))?).await?.refused(401, "token_invalid")?;
    let jwt = json!({"alg": "ES256", "typ": "JWT", "kid": "ES256"});
    let good = of_b.sign(&jwt, &b.claims(json!({}))?)?;
    edge.get("/x", &good).await?.expect(200)?;
    let without = json!({"alg": "ES256"});
    edge.get("/x", &of_b.sign(&without, &b.claims(json!({}))?)?).await?.expect(200)?;
    for (what, header, pair, claims) in [
        ("another's key of the same name", &jwt, &of_a, b.claims(json!({}))?),
        ("iss of A, key of B", &jwt, &of_b, b.claims(json!({"iss": A}))?),
        ("iss of nobody", &jwt, &of_b, b.claims(json!({"iss": "https://b.example/"}))?),
        ("iss as a list", &jwt, &of_b, b.claims(json!({"iss": [B]}))?),
        ("our own iss", &jwt, &of_b, b.claims(json!({"iss": "http://localhost:8787"}))?),
        ("another audience", &jwt, &of_b, b.claims(json!({"aud": "other"}))?),
        ("no audience", &jwt, &of_b, b.claims(json!({"aud": null}))?),
        ("a logout token", &jwt, &of_b, b.claims(json!({"events": {}}))?),
        ("a bound token", &jwt, &of_b, b.claims(json!({"cnf": {"jkt": "x"}}))?),
        ("no subject", &jwt, &of_b, b.claims(json!({"sub": null}))?),
    ] {
        let answer = edge.get("/x", &pair.sign(header, &claims)?).await?;
        assert_eq!((answer.status, answer.code().as_str()), (401, "token_invalid"), "{what}");
    }
    // An algorithm that only A is configured for.
    let eddsa = Pair::generate("EdDSA")?;
    let asked = b.asked();
    let token = b.token(&eddsa, "ES256", json!({}))?;
    edge.get("/x", &token).await?.refused(401, "token_invalid")?;
    let old = json!({"iat": 1_700_000_000, "exp": 1_700_000_600});
    let old = of_b.sign(&jwt, &b.claims(old)?)?;
    edge.get("/x", &old).await?.refused(401, "token_expired")?;
    assert_eq!(b.asked(), asked, "what is no good anyhow sends nobody to look for keys");
    Ok(())
}

/// KEY-01, KEY-03: a new key is found in one look; made-up ones buy no more than that.
async fn rotation(edge: &Client, a: &ForeignIssuer) -> Outcome {
    tokio::time::sleep(COOL_DOWN).await;
    let (old, new) = (Pair::generate("ES256")?, Pair::generate("EdDSA")?);
    a.publish(vec![old.jwk("2027")?, new.jwk("2028")?]);
    let before = a.asked();
    // All at once, as they come when an issuer changes its key.
    let token = a.token(&new, "2028", json!({}))?;
    let answers = try_join_all((0..20).map(|_| edge.get("/x", &token))).await?;
    assert!(answers.iter().all(|answer| answer.status == 200), "a rotation refuses nobody");
    edge.get("/x", &a.token(&old, "2027", json!({}))?).await?.expect(200)?;
    assert_eq!(a.asked(), before + 1, "one look");

    // What was cached dies with its key as soon as the new set is in hand.
    let began = Instant::now();
    a.publish(vec![new.jwk("2028")?]);
    let mut refused = 0;
    for at in 0..MADE_UP {
        let made_up = a.token(&old, &format!("made-up-{at}"), json!({}))?;
        refused += usize::from(edge.get("/x", &made_up).await?.status == 401);
    }
    assert_eq!(refused, MADE_UP);
    let allowed = 1 + usize::try_from(began.elapsed().as_secs() / (COOL_DOWN.as_secs() - 1))?;
    let looks = a.asked() - before - 1;
    assert!(looks <= allowed, "{looks} looks in {:?}", began.elapsed());
    let gone = a.token(&old, "2027", json!({}))?;
    while edge.get("/x", &gone).await?.expect_any(&[200, 401])? == 200 {
        assert!(began.elapsed() < COOL_DOWN + BOUND, "nobody looked for a key that is unknown");
        tokio::time::sleep(Duration::from_millis(200)).await;
        edge.get("/x", &a.token(&old, "made-up", json!({}))?).await?.expect(401)?;
    }
    edge.get("/x", &gone).await?.refused(401, "token_invalid")?;
    edge.get("/x", &token).await?.expect(200)?;
    println!("foreign_issuers: {MADE_UP} made-up keys sent the edge to look {looks} times");
    Ok(())
}

/// KEY-02: an issuer that fails takes no keys away, and from a cold edge neither; a copy in KV that
/// somebody else wrote is none.
async fn outage(fleet: &mut Fleet, a: &ForeignIssuer) -> Outcome {
    let pair = Pair::generate("ES256")?;
    let jwk = pair.jwk("kept")?;
    tokio::time::sleep(COOL_DOWN).await;
    a.publish(vec![jwk.clone()]);
    let good = a.token(&pair, "kept", json!({}))?;
    let warm = fleet.edge(0)?;
    warm.get("/x", &good).await?.expect(200)?;
    let key = kept(fleet).await?;
    let other = Pair::generate("ES256")?;
    let attackers = json!({"keys": [other.jwk("kept")?]}).to_string();
    let forged = a.token(&other, "kept", json!({}))?;
    for manner in [
        Manner::Status(500),
        Manner::Text("<html>".into()),
        Manner::Text(format!("{{\"keys\":[{jwk}],\"x\":\"{}\"}}", "x".repeat(64 * 1024))),
        Manner::Text(json!({"keys": [jwk, {"kty": "oct", "k": "AAAA"}]}).to_string()),
        Manner::Elsewhere(a.jwks_url()),
        Manner::Silent,
    ] {
        a.answer(manner.clone());
        let cold = fleet.edge_at(0, "cold").await?;
        cold.informed().await?;
        let asked = Instant::now();
        cold.client()?.get("/x", &good).await?.expect(200)?;
        assert!(asked.elapsed() < Duration::from_secs(5), "{manner:?}: {:?}", asked.elapsed());
        warm.get("/x", &good).await?.expect(200)?;
        cold.client()?.get("/x", &forged).await?.refused(401, "token_invalid")?;
    }
    a.answer(Manner::Status(500));
    let value = fleet.kv.value(&key).ok_or("no copy")?;
    let text = String::from_utf8(value)?;
    let (front, _) = text.split_once('{').ok_or("no copy")?;
    fleet.kv.overwrite(&key, format!("{front}{attackers}"));
    fleet.kv.empty_caches();
    let cold = fleet.edge_at(0, "fooled").await?;
    cold.informed().await?;
    for token in [&good, &forged] {
        cold.client()?.get("/x", token).await?.refused(503, "keys_unknown")?;
    }
    // Back again, and it is soon looked for: nothing is in hand.
    a.answer(Manner::Well);
    let (cold, back) = (cold.client()?, Instant::now());
    loop {
        let answer = cold.get("/x", &good).await?;
        if answer.status == 200 {
            return Ok(());
        }
        answer.refused(503, "keys_unknown")?;
        // Sooner than one who has keys looks for another.
        assert!(back.elapsed() < COOL_DOWN, "an issuer that is back is not asked");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Waits for the copy of A's keys in KV that has the last of them; its name.
async fn kept(fleet: &Fleet) -> Outcome<String> {
    let began = Instant::now();
    loop {
        let written = fleet.kv.writes().into_iter().map(|write| write.key);
        let fits = |key: &String| {
            let value = fleet.kv.value(key).unwrap_or_default();
            key.starts_with("jwks:") && String::from_utf8_lossy(&value).contains("\"kept\"")
        };
        if let Some(key) = written.into_iter().find(fits) {
            return Ok(key);
        }
        if began.elapsed() > BOUND {
            return Err("no copy of the keys came to lie in KV".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// `origin revoke --issuer`: by token, session and user.
async fn revoked(fleet: &Fleet, b: &ForeignIssuer) -> Outcome {
    let pair = Pair::generate("ES256")?;
    b.publish(vec![pair.jwk("r")?]);
    tokio::time::sleep(COOL_DOWN).await;
    let header = json!({"alg": "ES256", "kid": "r"});
    let token = |jti: &str, sid: &str, sub: &str| {
        pair.sign(&header, &b.claims(json!({"jti": jti, "sid": sid, "sub": sub}))?)
    };
    let edge = fleet.edge(0)?;
    let all = [token("1", "1", "1")?, token("2", "1", "1")?, token("3", "2", "1")?];
    let other = token("1 ", "x", "2")?;
    for token in all.iter().chain([&other]) {
        edge.get("/x", token).await?.expect(200)?;
    }
    let steps = [("--jti", "1", 1), ("--sid", "1", 2), ("--sub", "1", 3)];
    for (option, value, dead) in steps {
        let said = fleet.command(&["revoke", "--issuer", B, option, value, "--life", "1h"])?;
        assert!(said.contains("is revoked for 1h, at edges whose ISSUERS have exactly"), "{said}");
        let began = Instant::now();
        let last = &all[dead - 1];
        while edge.get("/x", last).await?.expect_any(&[200, 401])? == 200 {
            assert!(began.elapsed() < BOUND, "{option} is not felt");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for (at, token) in all.iter().enumerate() {
            let answer = edge.get("/x", token).await?;
            if at < dead {
                answer.refused(401, "token_revoked")?;
            } else {
                answer.expect(200)?;
            }
        }
    }
    // New ones of that user, too; nobody else's.
    edge.get("/x", &token("4", "4", "1")?).await?.refused(401, "token_revoked")?;
    edge.get("/x", &other).await?.expect(200)?;
    // An app knows tokens and sessions by the ids that it is shown.
    for (option, header) in [("--jti", "x-auth-token-id"), ("--sid", "x-auth-session")] {
        let token = token(option, option, "3")?;
        let answer = edge.get("/x", &token).await?.expect(200)?;
        let shown = answer.seen(header);
        fleet.command(&["revoke", "--issuer", B, option, &shown[0], "--life", "1h"])?;
        let began = Instant::now();
        while edge.get("/x", &token).await?.expect_any(&[200, 401])? == 200 {
            assert!(began.elapsed() < BOUND, "{option} {shown:?} is not felt");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    for wrong in [
        &["revoke", "--jti", "1"][..],
        &["revoke", "--issuer", B, "--everyone"],
        &["revoke", "--issuer", B, "--jti", "1", "--life", "25h"],
        &["revoke", "--jti", "1", "--life", "1h"],
    ] {
        assert!(fleet.command(wrong).is_err(), "{wrong:?}");
    }
    // Nothing is told of tokens that nobody verified.
    let forged = all[0].replace(&all[0][all[0].len() - 20..], "AAAAAAAAAAAAAAAAAAAA");
    let request = edge.request(Method::GET, "/x");
    let answer = edge.send(request.header("authorization", format!("Bearer {forged}"))).await?;
    answer.refused(401, "token_invalid")?;
    Ok(())
}
