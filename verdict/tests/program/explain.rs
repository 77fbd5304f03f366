//! `explain`, on real keys.

use std::fs;

use common::UnixSeconds;
use common::keys::Jwk;
use common::revocation::{SegmentName, SegmentRef};
use serde_json::json;

use super::{NOW, Pair, RULES, SID, folder, head, head_with, kid, run, token};

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
