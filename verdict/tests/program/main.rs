//! The program as people run it, on real keys and files.
#![expect(clippy::unwrap_used, reason = "what cannot be set up has failed")]

mod explain;
mod trial;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::Jwk;
use common::revocation::{Blocked, Blocklist, Epoch, HeadClaims, SegmentRef};
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
        "[vars]\nISSUER = \"https://id.example\"\nAUDIENCE = \"app\"\nANCHOR_KEY = \"{anchor}\"\n\
         ORIGIN_URL = \"https://origin.example\"\nAPP_URL = \"https://app.internal\"\n{rules}"
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
fn the_short_name_is_none() {
    let folder = folder(RULES, &Pair::of_seed(1));
    let (status, said) = run(folder.path(), &["test"]);
    assert!(status == Some(2) && said.contains("unrecognized subcommand 'test'"), "{said}");
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
fn a_configuration_that_no_worker_would_take_is_refused_with_its_place() {
    let anchor = Pair::of_seed(1);
    let lost = "[[vars.POLICY.rules]]\npath = \"/a\"\nrequire = \"public\"\nupstream = \"api\"\n";
    for (rules, words) in [
        (
            lost,
            "wrangler.toml: vars: UPSTREAMS: has no \"api\", which the rule for /a names, found []",
        ),
        ("STALE_SECONDS = \"15m\"\nPOLICY = { rules = [] }", "vars: STALE_SECONDS: expected whole"),
        (
            "UPSTREAMS = { api = \"api\" }\nPOLICY = { rules = [] }",
            "vars: UPSTREAMS: api: expected",
        ),
    ] {
        let folder = folder(rules, &anchor);
        for task in [&["explain", "https://a.example/"][..], &["test-policy"]] {
            let (status, said) = run(folder.path(), task);
            assert!(status == Some(2) && said.contains(words), "{said}");
        }
    }
    let staging = format!("{RULES}[env.staging.vars]\nISSUER = \"https://id.example/\"\n");
    let task = ["explain", "https://a.example/", "--env", "staging"];
    let (status, said) = run(folder(&staging, &anchor).path(), &task);
    let words = "wrangler.toml: env.staging.vars: ISSUER: expected the origin's tokens.issuer: a URL \
                 without a final slash, found \"https://id.example/\"";
    assert!(status == Some(2) && said.contains(words), "{said}");
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
