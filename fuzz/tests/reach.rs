//! The inputs get everywhere: a target that only ever sees rubbish refused finds nothing.

use std::collections::BTreeSet;

/// Words that some answers of a target must begin with, or hold.
const REACHED: [(&str, &[&str]); 9] = [
    (
        "token",
        &["Verified {", "Err(Form)", "Err(Header)", "Err(Claims)", "Err(Issuer)", "Err(Expired)"],
    ),
    (
        "foreign",
        &["Verified {", "Err(Token(Claims))", "Err(Token(Key))", "Keys(", "Err(Token(Audience))"],
    ),
    ("cookie", &["access: Some", "refresh: Some", "Err(Ambiguous)", " None", " Some"]),
    ("path", &["[]", "[\"admin\"]", "[\"public\"", "refused", "é"]),
    ("headers", &["true ", "Ok(Some(", "credentials_ambiguous", "Ok(Host(", "Err(InvalidHost)"]),
    (
        "head",
        &[
            "Ok(Ok((Epoch(7)",
            "Err(Token(Claims))",
            "Err(Keys(",
            "Err(Token(Header))",
            "Err(Segment(",
            "Ok(Blocklist",
        ],
    ),
    ("segment", &["40 0", "Err("]),
    (
        "policy",
        &[
            "role admin",
            "public",
            "refused",
            "for the same requests",
            "[GET",
            "*.example",
            "no origin",
        ],
    ),
    (
        "verdict",
        &[
            "forward []",
            "forward [(\"x-auth-subject",
            "role_required",
            "token_revoked",
            "cross_site",
            "cors_refused",
            "access-control-allow-origin",
            "host_invalid",
            "upgrade_refused",
            "path_ambiguous",
            "origin",
        ],
    ),
];

#[test]
fn every_target_sees_what_is_good_and_what_is_bad() {
    let known: BTreeSet<_> = fuzz::targets().collect();
    assert_eq!(known, REACHED.iter().map(|(name, _)| *name).collect());
    for (target, reached) in REACHED {
        let answers = fuzz::batch(target, 1, 0, 4000);
        for words in reached {
            assert!(answers.contains(words), "{target} never gets to {words}");
        }
        let different: BTreeSet<_> = answers.lines().collect();
        assert!(different.len() > 10, "{target}: {} answers to 4000 inputs", different.len());
    }
}

#[test]
fn the_same_seed_gives_the_same_inputs() {
    for number in 0..100 {
        assert_eq!(fuzz::bytes(7, number), fuzz::bytes(7, number));
        assert_ne!(fuzz::bytes(7, number), fuzz::bytes(8, number));
    }
}
