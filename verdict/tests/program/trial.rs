//! `test-policy`.

use std::fs;

use super::{Pair, RULES, folder, run};

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
    let (status, said) = run(folder.path(), &["test-policy"]);
    assert_eq!((status, said.as_str()), (Some(0), "2 cases: 2 as expected, 0 not\n"));

    let misspelt = super::folder(&format!("REPROT = \"all\"\n{RULES}"), &Pair::of_seed(1));
    let (status, said) = run(misspelt.path(), &["test-policy", path.to_str().unwrap()]);
    assert_eq!(status, Some(0));
    assert!(said.starts_with("note: the Worker reads no REPROT; did you mean REPORT?\n"), "{said}");

    let wrong = "[[case]]\nrequest = \"GET https://app.example/admin\"\nas = \"somebody\"\nexpect = \"forward\"";
    fs::write(&path, wrong).unwrap();
    let (status, said) = run(folder.path(), &["test-policy", "policy-tests.toml"]);
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
        (
            "request = \"GET https://a.example/\"\nas = { issuer = \"https://b.example\" }\nexpect = \"forward\"",
            "case[0]: as.issuer: expected the name of one of ISSUERS, [], found \"https://b.example\"",
        ),
        (
            "request = \"GET https://a.example/\"\nsite = \"none\"\nheaders = { Sec-Fetch-Site = \"x\" }\nexpect = \"forward\"",
            "headers: Sec-Fetch-Site is there by another member",
        ),
    ] {
        fs::write(&path, format!("[[case]]\n{wrong}")).unwrap();
        let (status, said) = run(folder.path(), &["test-policy"]);
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

const OTHERS: &str = r#"
[vars.POLICY.rules.cors]
origins = ["https://shop.example"]
headers = ["content-type"]
[[vars.ISSUERS]]
issuer = "https://id.other"
audience = "api"
algorithms = ["RS256"]
jwks_url = "https://id.other/jwks"
max_life = 300
roles_claim = "groups"
roles = { staff = "admin" }
"#;

#[test]
fn users_of_other_issuers_page_loads_and_scripts_of_other_sites_can_be_tested() {
    let folder = folder(
        &format!(
            "[[vars.POLICY.rules]]\npath = \"/admin/*\"\nrequire = {{ role = \"admin\" }}\n{OTHERS}"
        ),
        &Pair::of_seed(1),
    );
    let path = folder.path().join("policy-tests.toml");
    for (request, member, expect) in [
        (
            "GET",
            "as = { issuer = \"https://id.other\", claims = { groups = [\"staff\"] } }",
            "forward",
        ),
        (
            "GET",
            "as = { issuer = \"https://id.other\", claims = { groups = [\"admin\"] } }",
            "role_required",
        ),
        ("GET", "as = { issuer = \"https://id.other\" }", "role_required"),
        (
            "GET",
            "as = { issuer = \"https://id.other\", claims = { aud = \"b\" } }",
            "token_invalid",
        ),
        ("GET", "page = true\nanswer = { location = \"/auth/login?return_to=/admin/x\" }", "login"),
        ("POST", "page = true", "token_missing"),
        ("GET", "page = true\nas = \"somebody\"\nanswer = { location = \"\" }", "role_required"),
        ("GET", "headers = { Sec-Fetch-Mode = \"navigate\" }", "login"),
        (
            "OPTIONS",
            "origin = \"https://shop.example\"\npreflight = \"PUT\"\n\
             headers = { access-control-request-headers = \"content-type\" }\n\
             answer = { access-control-allow-origin = \"https://shop.example\" }",
            "preflight",
        ),
        (
            "OPTIONS",
            "origin = \"https://shop.example\"\npreflight = \"PUT\"\n\
             headers = { access-control-request-headers = \"x-other\" }",
            "cors_refused",
        ),
        (
            "GET",
            "as = { roles = [\"admin\"] }\norigin = \"https://shop.example\"\n\
             answer = { Access-Control-Allow-Origin = \"https://shop.example\" }",
            "forward",
        ),
        (
            "GET",
            "as = { roles = [\"admin\"] }\norigin = \"https://evil.example\"\n\
             answer = { access-control-allow-origin = \"\" }",
            "forward",
        ),
    ] {
        let case = format!(
            "[[case]]\nrequest = \"{request} https://app.example/admin/x\"\n{member}\nexpect = \"{expect}\""
        );
        fs::write(&path, &case).unwrap();
        let (status, said) = run(folder.path(), &["test-policy", "--strict"]);
        assert_eq!(status, Some(0), "{case}: {said}");
    }
    let case = "[[case]]\nrequest = \"GET https://app.example/admin/x\"\nexpect = \"token_missing\"\n\
                origin = \"https://shop.example\"\nanswer = { access-control-allow-origin = \"*\" }";
    fs::write(&path, case).unwrap();
    let (status, said) = run(folder.path(), &["test-policy"]);
    assert_eq!(status, Some(1));
    let words =
        "expected access-control-allow-origin \"*\" on the answer, got \"https://shop.example\"";
    assert!(said.contains(words), "{said}");
}

#[test]
fn a_note_is_a_failure_for_who_wants_it_so() {
    let (anchor, case) =
        (Pair::of_seed(1), "[[case]]\nrequest = \"GET https://app.example/open/x\"\n");
    let assertion = "[[vars.POLICY.rules]]\npath = \"/open/*\"\nrequire = \"signed-in\"\nhand = \"assertion\"\n";
    let promised = format!("{assertion}[secrets]\nrequired = [\"ASSERTION_KEY\"]\n");
    for (rules, expect, note) in [
        (RULES, "forward", Some("no case gets to /admin/*")),
        (
            "REPROT = \"all\"\nPOLICY = { rules = [] }\n",
            "token_missing",
            Some("the Worker reads no REPROT"),
        ),
        (
            assertion,
            "token_missing",
            Some("ASSERTION_KEY: is not set, but the rule for /open/* wants"),
        ),
        (&promised, "token_missing", None),
    ] {
        let folder = folder(rules, &anchor);
        let cases = format!("{case}expect = \"{expect}\"");
        fs::write(folder.path().join("policy-tests.toml"), cases).unwrap();
        let (status, said) = run(folder.path(), &["test-policy"]);
        assert_eq!(status, Some(0), "{said}");
        assert_eq!(said.contains("note: "), note.is_some(), "{said}");
        assert!(said.contains(note.unwrap_or_default()), "{said}");
        let (status, said) = run(folder.path(), &["test-policy", "--strict"]);
        assert_eq!(status, Some(i32::from(note.is_some())), "{said}");
        let explained = run(folder.path(), &["explain", "https://app.example/open/x"]).1;
        let is_of_the_file = note.is_some_and(|note| !note.starts_with("no case"));
        assert_eq!(explained.starts_with("note        "), is_of_the_file, "{explained}");
    }
}
