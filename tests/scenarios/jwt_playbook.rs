//! The attacks of `jwt_tool` (its scan modes, exploits and the playbook of its wiki), made anew
//! and thrown at the edge: against our own token and against two other issuers'. Only the tokens as
//! they were made pass.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use e2e::foreign::{ForeignIssuer, Pair};
use e2e::{Client, Fleet, Outcome, Plan};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

const ISSUER: &str = "https://a.example/";
/// Requests under way at once.
const AT_ONCE: usize = 8;

/// A good token, and what anybody can know of its key.
struct Target {
    name: &'static str,
    token: String,
    header: Value,
    claims: Value,
    jwk: Value,
    /// The public key as X.509 has it.
    spki: Vec<u8>,
}

impl Target {
    fn new(name: &'static str, token: String, jwk: Value, spki: Vec<u8>) -> Outcome<Self> {
        let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part));
        let mut next = || Ok::<_, e2e::Failure>(parts.next().ok_or("no token")??);
        let (header, claims) = (next()?, next()?);
        Ok(Self {
            name,
            header: serde_json::from_slice(&header)?,
            claims: serde_json::from_slice(&claims)?,
            token,
            jwk,
            spki,
        })
    }
}

/// A token to be refused, and which attack it is.
type Attack = (String, String);

pub(crate) async fn tell() -> Outcome {
    let issuer = ForeignIssuer::start(ISSUER)?;
    let pairs = [("RS256", Pair::generate("RS256")?), ("ES256", Pair::generate("ES256")?)];
    let jwks = pairs.iter().map(|(kid, pair)| pair.jwk(kid));
    issuer.publish(jwks.collect::<Outcome<_>>()?);
    let vars = vec![("ISSUERS".into(), json!([issuer.entry(&["RS256", "ES256"], json!({}))]))];
    let mut fleet = Fleet::start(Plan { locations: 1, vars, ..Plan::default() }).await?;
    let edge = fleet.edge(0)?;

    let mut targets = vec![ours(&mut fleet).await?];
    for (kid, pair) in &pairs {
        let token = issuer.token(pair, kid, json!({ "jti": kid }))?;
        targets.push(Target::new(kid, token, pair.jwk(kid)?, pair.spki())?);
    }
    let attacker = [
        ("RS256", Pair::generate("RS256")?),
        ("ES256", Pair::generate("ES256")?),
        ("EdDSA", Pair::generate("EdDSA")?),
    ];
    let mut tried = 0;
    for target in &targets {
        edge.get("/x", &target.token).await?.expect(200)?;
        let others = targets.iter().filter(|other| other.name != target.name);
        let mut attacks = attacks(target, &attacker)?;
        for other in others {
            attacks.extend(crossed(target, other));
        }
        tried += attacks.len();
        let sent = attacks.into_iter().map(|attack| refused(&edge, target.name, attack));
        futures_util::stream::iter(sent).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        edge.get("/x", &target.token).await?.expect(200)?;
    }
    println!("jwt_playbook: {tried} attacks on {} tokens refused", targets.len());
    fleet.end().await
}

async fn ours(fleet: &mut Fleet) -> Outcome<Target> {
    let (email, password) = fleet.somebody().await?;
    let origin = fleet.origin(0)?;
    let token = origin.login(&email, &password).await?.access()?;
    let jwks = origin.get_plain("/.well-known/jwks.json").await?.expect(200)?.json();
    let jwk = jwks["keys"][0].clone();
    let x = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap_or_default())?;
    // RFC 8410 §4.
    let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    Target::new("ours", token, jwk, [&prefix[..], &x].concat())
}

async fn refused(edge: &Client, target: &str, (what, token): Attack) -> Outcome {
    let answer = edge.get("/x", &token).await?;
    if answer.status == 401 && !answer.is_from_the_app() {
        return Ok(());
    }
    Err(format!("{what} on {target}: {} {}", answer.status, answer.body).into())
}

fn attacks(target: &Target, attacker: &[(&str, Pair)]) -> Outcome<Vec<Attack>> {
    let mut all = unsigned(target)?;
    all.extend(key_confusion(target)?);
    all.extend(keys_brought_along(target, attacker)?);
    all.extend(key_names(target, attacker)?);
    all.extend(tampered(target)?);
    Ok(all)
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn with(value: &Value, name: &str, new: Value) -> Value {
    let mut value = value.clone();
    value[name] = new;
    value
}

fn maced(header: &Value, claims: &Value, key: &[u8]) -> String {
    let input = format!("{}.{}", encode(header), encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// `-X a`, `-X n`, `-X p` and a broken signature.
fn unsigned(target: &Target) -> Outcome<Vec<Attack>> {
    let (input, signature) = target.token.rsplit_once('.').ok_or("no token")?;
    let mut all = vec![
        ("null signature".into(), format!("{input}.")),
        ("no signature".into(), input.into()),
        ("signature cut".into(), format!("{input}.{}", &signature[..signature.len() - 4])),
        ("signature lengthened".into(), format!("{input}.{signature}AAAA")),
        ("signature twice".into(), format!("{}.{signature}", target.token)),
    ];
    for alg in ["none", "None", "NONE", "nOnE", "", " none"] {
        let header = with(&target.header, "alg", json!(alg));
        let input = format!("{}.{}", encode(&header), encode(&target.claims));
        for signature in ["", signature] {
            all.push((format!("alg {alg:?}"), format!("{input}.{signature}")));
        }
    }
    for zeros in [32, 64, 96, 256] {
        let zeros = URL_SAFE_NO_PAD.encode(vec![0; zeros]);
        let es256 = with(&target.header, "alg", json!("ES256"));
        let other = format!("{}.{}", encode(&es256), encode(&target.claims));
        all.push(("psychic signature".into(), format!("{input}.{zeros}")));
        all.push(("psychic signature, ES256".into(), format!("{other}.{zeros}")));
    }
    // DER of r = s = 0, the form of CVE-2022-21449 in other protocols.
    all.push(("psychic signature, DER".into(), format!("{input}.MAYCAQACAQA")));
    Ok(all)
}

/// `-X k`, `-X b` and the dictionary: the token as if a secret had been agreed on.
fn key_confusion(target: &Target) -> Outcome<Vec<Attack>> {
    let base64 = STANDARD.encode(&target.spki);
    let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
    for line in base64.as_bytes().chunks(64) {
        pem += std::str::from_utf8(line)?;
        pem.push('\n');
    }
    pem += "-----END PUBLIC KEY-----";
    let with_break = format!("{pem}\n");
    let jwk = target.jwk.to_string();
    let set = json!({"keys": [target.jwk]}).to_string();
    let secrets: [&[u8]; 14] = [
        b"",
        b"\0",
        b"secret",
        b"password",
        b"key",
        b"changeme",
        b"your-256-bit-secret",
        &[0; 32],
        pem.as_bytes(),
        with_break.as_bytes(),
        jwk.as_bytes(),
        set.as_bytes(),
        &target.spki,
        base64.as_bytes(),
    ];
    let mut all = Vec::new();
    for secret in secrets {
        for alg in ["HS256", "HS384", "HS512", "hs256"] {
            let header = with(&target.header, "alg", json!(alg));
            all.push((
                format!("{alg} with a known secret"),
                maced(&header, &target.claims, secret),
            ));
        }
        all.push(("MAC, alg kept".into(), maced(&target.header, &target.claims, secret)));
    }
    Ok(all)
}

/// `-X i`, `-X s` and its kin: the attacker's key in the header, or where to find it.
fn keys_brought_along(target: &Target, attacker: &[(&str, Pair)]) -> Outcome<Vec<Attack>> {
    let mut all = Vec::new();
    for (alg, pair) in attacker {
        let jwk = pair.jwk("attacker")?;
        let base = with(&target.header, "alg", json!(alg));
        let named = with(&base, "kid", json!("attacker"));
        for header in [&base, &named] {
            for (member, value) in [
                ("jwk", jwk.clone()),
                ("jku", json!("https://attacker.example/jwks.json")),
                ("x5u", json!("https://attacker.example/chain.pem")),
                ("x5c", json!([STANDARD.encode(pair.spki())])),
                ("x5t", json!("AAAA")),
                ("jwks", json!({"keys": [jwk]})),
                ("keys", json!([jwk])),
            ] {
                let token = pair.sign(&with(header, member, value), &target.claims)?;
                all.push((format!("{alg} with {member}"), token));
            }
            all.push((format!("{alg} of the attacker's"), pair.sign(header, &target.claims)?));
        }
    }
    Ok(all)
}

/// `-I -hc kid`: files, databases, shells and addresses by the key's name.
fn key_names(target: &Target, attacker: &[(&str, Pair)]) -> Outcome<Vec<Attack>> {
    let long = "x".repeat(4000);
    let names = [
        json!("../../../../../../dev/null"),
        json!("/dev/null"),
        json!("file:///dev/null"),
        json!("/proc/sys/kernel/randomize_va_space"),
        json!("../../../../../../etc/passwd"),
        json!("..\\..\\..\\windows\\win.ini"),
        json!("/dev/null\0"),
        json!("' UNION SELECT 'key';--"),
        json!("x' OR '1'='1"),
        json!("1; DROP TABLE keys"),
        json!("|sleep 10"),
        json!("$(sleep 10)"),
        json!("`sleep 10`"),
        json!("https://attacker.example/key"),
        json!("<script>alert(1)</script>"),
        json!("__proto__"),
        json!("constructor"),
        json!("*"),
        json!(""),
        json!(" "),
        json!(long),
        json!(5),
        json!({}),
        json!([target.header["kid"]]),
        json!(true),
        Value::Null,
    ];
    let mut all = Vec::new();
    for name in names {
        let header = with(&target.header, "kid", name.clone());
        let what = format!("kid {}", &name.to_string().chars().take(40).collect::<String>());
        let blank = with(&header, "alg", json!("HS256"));
        all.push((what.clone(), maced(&blank, &target.claims, b"")));
        all.push((what.clone(), maced(&blank, &target.claims, b"key")));
        let (_, signature) = target.token.rsplit_once('.').ok_or("no token")?;
        let input = format!("{}.{}", encode(&header), encode(&target.claims));
        all.push((what.clone(), format!("{input}.{signature}")));
        for (alg, pair) in attacker {
            let header = with(&header, "alg", json!(alg));
            all.push((what.clone(), pair.sign(&header, &target.claims)?));
        }
    }
    Ok(all)
}

/// `-I -pc`, `-M at`: claims and headers changed under the old signature.
fn tampered(target: &Target) -> Outcome<Vec<Attack>> {
    let (_, signature) = target.token.rsplit_once('.').ok_or("no token")?;
    let number = |name: &str| target.claims[name].as_u64().unwrap_or_default();
    let (iat, exp) = (number("iat"), number("exp"));
    let mut all = Vec::new();
    for (name, value) in [
        ("sub", json!("admin")),
        ("sub", json!("' OR 1=1--")),
        ("roles", json!(["admin"])),
        ("role", json!("admin")),
        ("admin", json!(true)),
        ("scope", json!("admin")),
        ("email_verified", json!(true)),
        ("aud", json!("*")),
        ("aud", json!([target.claims["aud"], "x"])),
        ("iss", json!("https://attacker.example")),
        ("exp", json!(exp + 1)),
        ("exp", json!(9_999_999_999_u64)),
        ("exp", json!(iat)),
        ("exp", Value::Null),
        ("iat", json!(iat + 1)),
        ("nbf", json!(exp + 600)),
        ("jti", json!("another")),
        ("sid", json!("another")),
        ("__proto__", json!({"admin": true})),
    ] {
        let claims = with(&target.claims, name, value.clone());
        let input = format!("{}.{}", encode(&target.header), encode(&claims));
        all.push((format!("claim {name}: {value}"), format!("{input}.{signature}")));
    }
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", json!("rt+jwt")),
        ("typ", json!("portcullis-head+jwt")),
        ("alg", json!("RS256 ")),
        ("alg", json!("PS256")),
        ("alg", json!("RS512")),
        ("alg", json!("ES256K")),
        ("alg", json!(["ES256"])),
        ("alg", Value::Null),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("x", json!("y")),
    ] {
        let header = with(&target.header, name, value.clone());
        let input = format!("{}.{}", encode(&header), encode(&target.claims));
        all.push((format!("header {name}: {value}"), format!("{input}.{signature}")));
    }
    // The same JSON in another text is another token.
    let spaced = serde_json::to_string_pretty(&target.claims)?;
    let input = format!("{}.{}", encode(&target.header), URL_SAFE_NO_PAD.encode(spaced));
    all.push(("claims written anew".into(), format!("{input}.{signature}")));
    Ok(all)
}

/// Cross-service relay: parts of two good tokens put together.
fn crossed(target: &Target, other: &Target) -> Vec<Attack> {
    let parts = |token: &str| token.split('.').map(String::from).collect::<Vec<_>>();
    let (own, foreign) = (parts(&target.token), parts(&other.token));
    let mut all = Vec::new();
    for choice in 1..7_u8 {
        let take = |at: usize| if choice >> at & 1 == 1 { &foreign[at] } else { &own[at] };
        let token = format!("{}.{}.{}", take(0), take(1), take(2));
        all.push((format!("parts {choice:03b} of {}", other.name), token));
    }
    all
}
