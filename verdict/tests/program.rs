//! The program as people run it, on real keys and files.
#![expect(clippy::unwrap_used, reason = "what cannot be set up has failed")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::Jwk;
use common::revocation::{Blocked, Blocklist, Epoch, HeadClaims, SegmentName, SegmentRef};
use common::token::{Header, join, signing_input};
use common::{KeyId, UnixSeconds};
use serde_json::{Value, json};
use uuid::Uuid;

const NOW: u64 = 1_800_000_000;
const SID: &str = "01a3185c-5000-7000-8000-000000000001";

struct Pair(Ed25519KeyPair);

impl Pair {
    fn of_seed(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn public(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().unwrap()
    }

    fn sign(&self, input: String) -> String {
        let signature = self.0.sign(input.as_bytes());
        join(input, signature.as_ref())
    }
}

fn kid(name: &str) -> KeyId {
    KeyId::try_from(String::from(name)).unwrap()
}

fn token(pair: &Pair, exp: u64, more: &Value) -> String {
    let header = Header { alg: "EdDSA".into(), typ: Some("at+jwt".into()), kid: Some(kid("k1")) };
    let mut claims = json!({
        "iss": "https://id.example", "aud": "app", "sub": "u1", "client_id": "web",
        "iat": exp - 600, "exp": exp, "jti": Uuid::from_u128(5), "sid": SID,
        "roles": ["admin"], "email_verified": true,
    });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    pair.sign(signing_input(&header, &claims).unwrap())
}

fn head(anchor: &Pair, keys: &Pair, revoked: &[&str]) -> String {
    head_with(anchor, keys, revoked, Vec::new())
}

fn head_with(anchor: &Pair, keys: &Pair, revoked: &[&str], segments: Vec<SegmentRef>) -> String {
    let entry = |id: &&str| Blocked {
        id: id.parse().unwrap(),
        expires_at: UnixSeconds::new(NOW + 600),
        epoch: Epoch::new(7),
    };
    let claims = HeadClaims {
        iss: "https://id.example".into(),
        epoch: Epoch::new(7),
        issued_at: UnixSeconds::new(NOW - 10),
        keys: vec![Jwk::ed25519(&keys.public(), kid("k1"))],
        sessions_before: None,
        tail: Blocklist::encode(&revoked.iter().map(entry).collect::<Vec<_>>()),
        segments,
    };
    anchor.sign(signing_input(&HeadClaims::header(kid("anchor")), &claims).unwrap())
}

/// A folder with a configuration of these rules, whose anchor is this one.
fn folder(rules: &str, anchor: &Pair) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let anchor = URL_SAFE_NO_PAD.encode(anchor.public());
    let text = format!(
        "[vars]\nISSUER = \"https://id.example\"\nAUDIENCE = \"app\"\nANCHOR_KEY = \"{anchor}\"\n{rules}"
    );
    fs::write(folder.path().join("wrangler.toml"), text).unwrap();
    folder
}

const RULES: &str = r#"
[[vars.POLICY.rules]]
path = "/admin/*"
require = { role = "admin" }
[[vars.POLICY.rules]]
path = "/open/*"
require = "public"
"#;

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_portcullis-verdict"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    (status.code(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

#[test]
fn a_request_is_followed_to_where_it_fails_and_the_token_is_never_shown() {
    let (anchor, keys, other) = (Pair::of_seed(1), Pair::of_seed(2), Pair::of_seed(3));
    let folder = folder(RULES, &anchor);
    fs::write(folder.path().join("head"), head(&anchor, &keys, &[])).unwrap();
    fs::write(folder.path().join("revoked"), head(&anchor, &keys, &[SID])).unwrap();
    fs::write(folder.path().join("foreign"), head(&other, &keys, &[])).unwrap();
    let set = json!({"keys": [Jwk::ed25519(&keys.public(), kid("k1"))]});
    fs::write(folder.path().join("jwks"), set.to_string()).unwrap();
    let good = token(&keys, NOW + 500, &json!({}));
    let forged = token(&other, NOW + 500, &json!({}));
    let stranger = token(&keys, NOW + 500, &json!({"iss": "https://evil.example"}));
    let user = token(&keys, NOW + 500, &json!({"roles": ["user"]}));
    let expired = token(&keys, NOW - 100, &json!({}));
    for (token, more, code, words) in [
        (
            &good,
            vec!["--head", "head"],
            0,
            vec!["signature   good", "epoch 7", "forward to APP_URL"],
        ),
        (
            &good,
            vec!["--jwks", "jwks"],
            2,
            vec!["signature   good", "the user, unless it is revoked\nnot checked whether it is"],
        ),
        // Nobody looked at the signature: that is no yes.
        (
            &forged,
            vec![],
            2,
            vec![
                "algorithm: good",
                "verdict     none yet; if the signature is good: forward",
                "not checked the signature: give --jwks https://id.example/.well-known/jwks.json, or",
            ],
        ),
        (&good, vec!["--head", "revoked"], 1, vec!["revoked, by the head", "token_revoked"]),
        (&forged, vec!["--head", "head"], 1, vec!["signature   wrong", "token_invalid"]),
        (&stranger, vec![], 1, vec!["issuer: wrong issuer", "https://evil.example"]),
        (&expired, vec![], 1, vec!["times: expired", "token_expired"]),
        (&user, vec!["--jwks", "jwks"], 1, vec!["has the roles [\"user\"]", "role_required"]),
        (&good, vec!["--head", "foreign"], 2, vec!["not a head signed by our anchor"]),
        (&good, vec!["--head", "nothing"], 2, vec!["nothing cannot be read"]),
    ] {
        let at = NOW.to_string();
        let mut arguments =
            vec!["explain", "--at", &at, "--url", "https://app.example/admin/x", "--token", token];
        arguments.extend(&more);
        let (status, said) = run(folder.path(), &arguments);
        assert_eq!(status, Some(code), "{said}");
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        let signature = token.rsplit('.').next().unwrap();
        assert!(!said.contains(signature) && !said.contains(&token[..40]), "{said}");
    }
}

#[test]
fn a_token_of_another_issuer_is_judged_by_that_issuers_rules() {
    let (anchor, keys, other) = (Pair::of_seed(1), Pair::of_seed(2), Pair::of_seed(3));
    let issuers = "[[vars.ISSUERS]]\nissuer = \"https://other.example\"\naudience = \"api\"\n\
                   algorithms = [\"EdDSA\"]\njwks_url = \"https://other.example/jwks\"\n\
                   roles_claim = \"groups\"\nroles = { staff = \"admin\" }\n";
    let folder = folder(&format!("{RULES}{issuers}"), &anchor);
    let set = json!({"keys": [Jwk::ed25519(&other.public(), kid("k1"))]});
    fs::write(folder.path().join("jwks"), set.to_string()).unwrap();
    fs::write(folder.path().join("head"), head(&anchor, &keys, &[])).unwrap();
    let theirs = json!({"iss": "https://other.example", "aud": "api", "groups": ["staff"]});
    let good = token(&other, NOW + 500, &theirs);
    let forged = token(&keys, NOW + 500, &theirs);
    let elsewhere = token(&other, NOW + 500, &json!({"iss": "https://other.example"}));
    for (token, more, code, words) in [
        (&good, vec![], 2, "of the issuer https://other.example"),
        (&good, vec![], 2, "not checked the signature: give --jwks https://other.example/jwks\n"),
        (&good, vec!["--jwks", "jwks"], 2, "signature   good"),
        (&good, vec!["--jwks", "jwks"], 2, "has the roles [\"admin\"]"),
        (
            &good,
            vec!["--jwks", "jwks", "--head", "head"],
            0,
            "forward to APP_URL, naming the user\n",
        ),
        (&forged, vec!["--jwks", "jwks"], 1, "signature   wrong"),
        (&elsewhere, vec![], 1, "audience: wrong audience: it says \"app\""),
    ] {
        let at = NOW.to_string();
        let mut arguments =
            vec!["explain", "--at", &at, "--url", "https://app.example/admin/x", "--token", token];
        arguments.extend(&more);
        let (status, said) = run(folder.path(), &arguments);
        assert_eq!(status, Some(code), "{said}");
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// A yes is one only where nobody can have revoked the token.
#[test]
fn what_may_be_revoked_is_no_plain_yes() {
    let (anchor, keys) = (Pair::of_seed(1), Pair::of_seed(2));
    let rules = "[[vars.POLICY.rules]]\npath = \"/asked/*\"\nrequire = \"signed-in\"\n\
                 unfresh = \"always-ask\"\n";
    let folder = folder(rules, &anchor);
    let segment = |expires_at| SegmentRef {
        name: SegmentName::new([7; 32]),
        count: 1,
        expires_at: UnixSeconds::new(expires_at),
    };
    for (name, segments) in [
        ("whole", vec![]),
        ("over", vec![segment(NOW - 1)]),
        ("segments", vec![segment(NOW + 600)]),
    ] {
        let head = head_with(&anchor, &keys, &[], segments);
        fs::write(folder.path().join(name), head).unwrap();
    }
    let token = token(&keys, NOW + 500, &json!({}));
    let unknown = "naming the user, unless it is revoked\nnot checked whether it is revoked: ";
    let asked = "the origin, which this rule asks, is not asked here\n";
    // Of its time: the head is ten seconds older than NOW.
    let old = "give --head https://id.example/.well-known/portcullis/head\n";
    for (later, path, head, code, last) in [
        (100, "/x", "whole", 2, format!("{unknown}the head is 110 s old: {old}")),
        (0, "/x", "whole", 0, "verdict     forward to APP_URL, naming the user\n".to_owned()),
        (0, "/x", "over", 0, "verdict     forward to APP_URL, naming the user\n".to_owned()),
        (
            0,
            "/x",
            "segments",
            2,
            format!("{unknown}segments of the head that were not looked at: 1\n"),
        ),
        (0, "/asked/x", "whole", 2, format!("{unknown}{asked}")),
        (0, "/asked/x", "segments", 2, format!("{unknown}{asked}")),
    ] {
        let (at, url) = ((NOW + later).to_string(), format!("https://app.example{path}"));
        let arguments = ["explain", &url, "--at", &at, "--token", &token, "--head", head];
        let (status, said) = run(folder.path(), &arguments);
        assert_eq!(status, Some(code), "{said}");
        assert!(said.ends_with(&last), "{last}: {said}");
    }
}

#[test]
fn what_the_gate_would_refresh_for_is_no_plain_no() {
    let (anchor, keys) = (Pair::of_seed(1), Pair::of_seed(2));
    let folder = folder(RULES, &anchor);
    fs::write(folder.path().join("head"), head(&anchor, &keys, &[])).unwrap();
    let refresh = token(&keys, NOW + 9000, &json!({}));
    let expired = token(&keys, NOW - 100, &json!({}));
    let both = format!("__Host-at={expired}; __Host-rt={refresh}");
    let alone = format!("__Host-at={expired}");
    let renewed = "none yet; if the origin renews the session it is judged anew; else refuse: 401 \
                   token_expired";
    for (cookie, site, code, words) in [
        (&both, "same-origin", 2, renewed),
        (&both, "same-origin", 2, "not checked whether the session lives"),
        (&alone, "same-origin", 1, "verdict     refuse: 401 token_expired"),
        (&both, "cross-site", 1, "verdict     refuse: 401 token_expired"),
    ] {
        let (at, site) = (NOW.to_string(), format!("sec-fetch-site: {site}"));
        let url = "https://app.example/admin/x";
        let request = ["explain", url, "--cookie", cookie, "--header", &site];
        let (status, said) =
            run(folder.path(), &[&request[..], &["--at", &at, "--head", "head"]].concat());
        assert_eq!(status, Some(code), "{said}");
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// 0 and 1 are answers: who cannot be told one is not to take the status for it.
#[test]
fn an_answer_that_cannot_be_told_is_none() {
    let folder = folder(RULES, &Pair::of_seed(1));
    for url in ["https://app.example/open/x", "https://app.example/x"] {
        let output = Command::new(env!("CARGO_BIN_EXE_portcullis-verdict"))
            .args(["explain", url])
            .current_dir(folder.path())
            .stdout(fs::File::create("/dev/full").unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("standard output cannot be written to"), "{said}");
    }
}

#[test]
fn a_url_needs_no_option_before_it() {
    let folder = folder(RULES, &Pair::of_seed(1));
    let url = "https://app.example/open/x";
    let alone = run(folder.path(), &["explain", url]);
    assert_eq!(alone.0, Some(0), "{}", alone.1);
    assert_eq!(run(folder.path(), &["explain", "--url", url]), alone);
    for (wrong, words) in [(&[][..], "<URL|--url <URL>>"), (&[url, url], "unexpected argument")] {
        let (code, said) = run(folder.path(), &[&["explain"], wrong].concat());
        assert!(code == Some(2) && said.contains(words), "{said}");
    }
}

#[test]
fn a_policy_is_tested_and_what_differs_is_told() {
    let folder = folder(RULES, &Pair::of_seed(1));
    let path = folder.path().join("policy-tests.toml");
    let cases = r#"
        [[case]]
        request = "GET https://app.example/open/x"
        expect = "forward"
        [[case]]
        request = "GET https://app.example/admin"
        as = { roles = ["admin"], scope = "a b" }
        expect = "forward"
        rule = "/admin/*"
    "#;
    fs::write(&path, cases).unwrap();
    let (status, said) = run(folder.path(), &["test"]);
    assert_eq!((status, said.as_str()), (Some(0), "2 cases: 2 as expected, 0 not\n"));

    let misspelt = self::folder(&format!("REPROT = \"all\"\n{RULES}"), &Pair::of_seed(1));
    let (status, said) = run(misspelt.path(), &["test", path.to_str().unwrap()]);
    assert_eq!(status, Some(0));
    assert!(said.starts_with("note: the Worker reads no REPROT; did you mean REPORT?\n"), "{said}");

    let wrong = "[[case]]\nrequest = \"GET https://app.example/admin\"\nas = \"somebody\"\nexpect = \"forward\"";
    fs::write(&path, wrong).unwrap();
    let (status, said) = run(folder.path(), &["test", "policy-tests.toml"]);
    assert_eq!(status, Some(1));
    for words in [
        "expected forward, got role_required by /admin/*",
        "no case gets to /open/*",
        "0 as expected",
    ] {
        assert!(said.contains(words), "{said}");
    }
    for (wrong, words) in [
        ("request = \"GET https://a.example/\"\nexpect = \"maybe\"", "expect = \"maybe\""),
        ("request = \"/admin\"\nexpect = \"forward\"", "expected method and URL"),
        ("request = \"GET /admin\"\nexpect = \"forward\"", "expected one like https://"),
        ("request = \"GET https://a.example/\"\nas = \"me\"\nexpect = \"forward\"", "\"nobody\""),
    ] {
        fs::write(&path, format!("[[case]]\n{wrong}")).unwrap();
        let (status, said) = run(folder.path(), &["test"]);
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_policy_that_no_worker_would_take_is_no_policy() {
    let rules = "[[vars.POLICY.rules]]\npath = \"/a\"\nrequire = \"public\"\n".repeat(2);
    let folder = folder(&rules, &Pair::of_seed(1));
    let (status, said) = run(folder.path(), &["explain", "--url", "https://a.example/"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("POLICY: rules[0] (/a) and rules[1] (/a)"), "{said}");

    let misspelt = "[[vars.POLICY.rules]]\npath = \"/a\"\nrequires = \"public\"\n";
    let folder = self::folder(misspelt, &Pair::of_seed(1));
    for task in [&["explain", "https://a.example/"][..], &["test-policy"]] {
        let (status, said) = run(folder.path(), task);
        assert_eq!(status, Some(2));
        let words = "POLICY: rules[0].requires: unknown member; did you mean `require`?";
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn the_configuration_is_found_from_a_folder_below_it() {
    let folder = folder(RULES, &Pair::of_seed(1));
    let below = folder.path().join("src/deep");
    fs::create_dir_all(&below).unwrap();
    let url = ["explain", "--url", "https://app.example/x"];
    assert_eq!(run(&below, &url), run(folder.path(), &url));
    let (code, said) = run(Path::new("/"), &url);
    assert_eq!(code, Some(2));
    assert!(said.contains("--wrangler: needed: there is no wrangler.toml in /"), "{said}");
}

#[test]
fn the_usage_has_the_name_that_it_was_called_by() {
    use std::os::unix::process::CommandExt as _;
    let output = Command::new(env!("CARGO_BIN_EXE_portcullis-verdict"))
        .arg0("cargo xtask")
        .args(["test-policy", "--wranlger", "x"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("'--wrangler'"), "{said}");
    assert!(said.contains("Usage: cargo xtask test-policy"), "{said}");
}
