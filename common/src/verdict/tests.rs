//! The decision by table. Signatures are answered by the table: who verifies is not `decide`'s
//! business; that real signatures are verified is shown in `tests/tokens.rs`.

mod browser;
mod cors;
mod place;
mod renewal;

use super::*;
use crate::keys::{Jwk, Key, KeySet};
use crate::policy::PolicyConfig;
use crate::revocation::{
    Blocked, Blocklist, Epoch, HeadClaims, Segment, SegmentName, SegmentRef, UnverifiedHead,
    build_segment,
};
use crate::same_origin::Provenance;
use crate::token::{AccessClaims, Header, Typ, join, signing_input};
use crate::{KeyId, SessionId, Subject, TokenId, UnixMillis};
use std::sync::Arc;
use uuid::Uuid;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: u64 = 1_800_000_000;
const OWN: &str = "https://app.example";
const SIGNATURE: [u8; 64] = [7; 64];

fn kid() -> KeyId {
    KeyId::try_from(String::from("k1")).unwrap()
}

/// A `UUIDv7` of a session that began `ago` seconds before now.
fn session(ago: u64, n: u128) -> SessionId {
    let millis = u128::from(NOW - ago) * 1000;
    SessionId::new(Uuid::from_u128(millis << 80 | 0x7 << 76 | 0x8 << 60 | n))
}

struct Token {
    sid: SessionId,
    jti: TokenId,
    life_left: i64,
    roles: Vec<String>,
}

impl Token {
    fn live() -> Self {
        let jti = TokenId::new(Uuid::from_u128(1));
        Self { sid: session(100, 1), jti, life_left: 500, roles: Vec::new() }
    }

    fn text(&self) -> String {
        let subject: Subject = "user-1".parse().unwrap();
        let exp = UnixSeconds::new(NOW.saturating_add_signed(self.life_left));
        let header = Header {
            alg: "EdDSA".into(),
            typ: Some(Typ::Access.as_str().into()),
            kid: Some(kid()),
        };
        let claims = AccessClaims {
            iss: OWN,
            aud: "app",
            sub: &subject,
            client_id: "web",
            iat: UnixSeconds::new(exp.get() - 600),
            exp,
            jti: self.jti,
            sid: self.sid,
            roles: &self.roles,
            email_verified: true,
        };
        join(signing_input(&header, &claims).unwrap(), &SIGNATURE)
    }
}

fn head(age: u64, revoked: &[Uuid], sessions_before: Option<u64>) -> Head {
    head_with(age, revoked, sessions_before.map(UnixMillis::new), &[])
}

/// With segments of these ids.
fn head_with(
    age: u64,
    revoked: &[Uuid],
    sessions_before: Option<UnixMillis>,
    segments: &[&[Uuid]],
) -> Head {
    let segments: Vec<_> = segments
        .iter()
        .enumerate()
        .map(|(at, ids)| {
            let digest = [u8::try_from(at).unwrap(); 32];
            let bytes = build_segment([9; 16], ids).unwrap();
            Arc::new(Segment::open(SegmentName::new(digest), &bytes, digest).unwrap())
        })
        .collect();
    let named = |segment: &Arc<Segment>| SegmentRef {
        name: segment.name(),
        count: 1,
        expires_at: UnixSeconds::new(NOW + 600),
    };
    let anchor = Key::ed25519(kid(), [1; 32]);
    let expires_at = UnixSeconds::new(NOW + 600);
    let entry = |id| Blocked { id, expires_at, epoch: Epoch::new(7) };
    let tail: Vec<_> = revoked.iter().copied().map(entry).collect();
    let claims = HeadClaims {
        iss: OWN.into(),
        epoch: Epoch::new(7),
        issued_at: UnixSeconds::new(NOW - age),
        keys: vec![Jwk::ed25519(&[2; 32], kid())],
        sessions_before,
        tail: Blocklist::encode(&tail),
        segments: segments.iter().map(named).collect(),
    };
    let text = join(signing_input(&HeadClaims::header(kid()), &claims).unwrap(), &SIGNATURE);
    let now = UnixSeconds::new(NOW);
    let head = UnverifiedHead::parse(&text, &anchor).unwrap().answered(true, OWN, now).unwrap();
    assert_eq!(head.missing(&[], now).len(), segments.len());
    head.complete(&segments, now).unwrap()
}

struct Gate {
    policy: Policy,
    rules: AccessRules,
    issuers: Issuers,
    keyring: Keyring,
    head: Option<Head>,
    cache: VerifiedCache,
    answers: Answers,
    now: UnixSeconds,
}

impl Gate {
    fn new(head: impl Into<Option<Head>>) -> Self {
        let config: PolicyConfig = serde_json::from_str(
            r#"{"rules":[
                {"path":"/public/*","require":"public"},
                {"path":"/admin/*","require":{"role":"admin"}},
                {"path":"/write/*","require":{"scope":"orders:write"}},
                {"path":"/closed/*","require":"signed-in","unfresh":"closed"},
                {"path":"/ask/*","require":"signed-in","unfresh":"ask"},
                {"path":"/strict/*","require":"signed-in","unfresh":"always-ask"},
                {"path":"/token/*","require":"signed-in","hand":"token"}]}"#,
        )
        .unwrap();
        Self {
            policy: Policy::new(config).unwrap(),
            rules: AccessRules {
                issuer: OWN.into(),
                audience: "app".into(),
                max_life: Duration::from_hours(1),
                leeway: Duration::from_secs(30),
            },
            issuers: Issuers::default(),
            keyring: Keyring::default(),
            head: head.into(),
            cache: VerifiedCache::new(8),
            answers: Answers::new(8),
            now: UnixSeconds::new(NOW),
        }
    }

    /// Asks until there is a verdict, answering each question as told; says in a word what it is,
    /// questions first.
    fn ask(
        &self,
        facts: &Facts<'_>,
        signature: bool,
        origin: Result<bool, OriginSilent>,
    ) -> String {
        let mut said = String::new();
        let told = match self.settle(facts, signature, origin, &mut said) {
            Verdict::Forward(permit) if !permit.identity().is_empty() => "forward",
            Verdict::Forward(_) => "forward unnamed",
            Verdict::Refuse(refusal) => refusal.code().as_str(),
            Verdict::PassToOrigin(_) => "origin",
            Verdict::Answer(_) => "preflight",
            Verdict::Find(question) => panic!("{question:?}"),
        };
        said + told
    }

    /// The verdict, every signature being good and nothing revoked.
    fn decided<'a>(&self, facts: &Facts<'a>) -> Verdict<'a, '_> {
        self.settle(facts, true, Ok(false), &mut String::new())
    }

    fn settle<'a>(
        &self,
        facts: &Facts<'a>,
        signature: bool,
        origin: Result<bool, OriginSilent>,
        said: &mut String,
    ) -> Verdict<'a, '_> {
        let mut findings = Findings::default();
        loop {
            let world = World {
                policy: &self.policy,
                rules: &self.rules,
                issuers: &self.issuers,
                keyring: &self.keyring,
                staleness: Staleness {
                    fresh: Duration::from_secs(90),
                    stale: Duration::from_mins(15),
                },
                head: self.head.as_ref(),
                cache: &self.cache,
                answers: &self.answers,
                now: self.now,
            };
            match decide(facts, &world, &findings) {
                Verdict::Find(Question::Refresh(_)) => {
                    *said += "refresh, ";
                    findings.refreshed = Some(match origin {
                        Ok(_) => Refreshed::Ended,
                        Err(silent) => Refreshed::Silent(silent),
                    });
                }
                Verdict::Find(Question::Signature(unsigned)) => {
                    *said += "signature, ";
                    findings.token = Some(unsigned.answered(signature));
                }
                Verdict::Find(Question::Keys(_)) => {
                    *said += "keys?, ";
                    findings.looked_for_keys = true;
                }
                Verdict::Find(Question::Revoked(_, asking)) => {
                    *said += if asking == Asking::ByRule { "revoked?, " } else { "suspected?, " };
                    findings.revoked = Some(origin);
                }
                settled => return settled,
            }
        }
    }

    fn get(&self, path: &str, token: &Token) -> String {
        let header = format!("Bearer {}", token.text());
        self.ask(&facts("GET", path, Some(&header), None), true, Err(OriginSilent))
    }
}

fn facts<'a>(
    method: &'a str,
    path: &'a str,
    authorization: Option<&'a str>,
    cookie: Option<&'a str>,
) -> Facts<'a> {
    let bare = Facts::gather(method, Url::new(path), core::iter::empty());
    Facts { own_origin: OWN, authorization, cookie, ..bare }
}

#[test]
fn each_rule_gets_what_it_asks_for() {
    let gate = Gate::new(head(0, &[], None));
    let user = Token::live();
    let admin = Token { roles: vec!["admin".into()], ..Token::live() };
    let almost = Token { roles: vec!["admin:read".into(), "Admin".into()], ..Token::live() };
    for (path, token, expected) in [
        ("/x", &user, "signature, forward"),
        ("/public/x", &user, "forward unnamed"),
        ("/admin/x", &admin, "signature, forward"),
        ("/admin/x", &user, "signature, role_required"),
        ("/admin/x", &almost, "signature, role_required"),
        ("/write/x", &admin, "signature, scope_required"),
        ("/strict/x", &user, "signature, revoked?, origin_unreachable"),
        ("/auth/me", &user, "origin"),
        ("/a//b", &user, "path_ambiguous"),
    ] {
        assert_eq!(gate.get(path, token), expected, "{path}");
    }
}

#[test]
fn a_bad_signature_learns_nothing_and_asks_nobody() {
    let token = Token::live();
    let gate = Gate::new(head(0, &[token.sid.uuid()], None));
    let header = format!("Bearer {}", token.text());
    let facts = facts("GET", "/strict/x", Some(&header), None);
    assert_eq!(gate.ask(&facts, false, Ok(false)), "signature, token_invalid");
    assert_eq!(gate.ask(&facts, true, Ok(false)), "signature, token_revoked");
}

#[test]
fn session_token_and_cutoff_revoke_nobody_else() {
    let token = Token::live();
    let other = Uuid::from_u128(99);
    for (revoked, sessions_before, expected) in [
        (vec![], None, "signature, forward"),
        (vec![other], None, "signature, forward"),
        (vec![token.sid.uuid()], None, "signature, token_revoked"),
        (vec![other, token.jti.uuid()], None, "signature, token_revoked"),
        (vec![], Some((NOW - 100) * 1000), "signature, forward"),
        (vec![], Some((NOW - 100) * 1000 + 1), "signature, token_revoked"),
    ] {
        let gate = Gate::new(head(0, &revoked, sessions_before));
        assert_eq!(gate.get("/x", &token), expected, "{revoked:?} {sessions_before:?}");
    }
}

#[test]
fn clm_16_a_clock_that_is_set_back_makes_no_head_young() {
    for (back, life_left, expected) in [
        (30, 500, "signature, forward"),
        (31, 500, "signature, revocations_unknown"),
        // A token of before.
        (600, -100, "signature, revocations_unknown"),
    ] {
        let mut gate = Gate::new(head(0, &[], None));
        gate.now = UnixSeconds::new(NOW - back);
        let token = Token { life_left, ..Token::live() };
        assert_eq!(gate.get("/x", &token), expected, "{back} s back");
        assert_eq!(gate.get("/public/x", &token), "forward unnamed");
    }
}

#[test]
fn rev_15_a_filter_raises_a_suspicion_and_the_origin_decides() {
    let token = Token::live();
    let suspected = [token.sid.uuid()];
    let mut gate = Gate::new(head_with(0, &[], None, &[&[Uuid::from_u128(5)], &suspected]));
    let header = format!("Bearer {}", token.text());
    let to = |path| facts("GET", path, Some(&header), None);
    for (path, origin, expected) in [
        ("/x", Ok(false), "signature, suspected?, forward"),
        ("/x", Ok(true), "signature, suspected?, token_revoked"),
        ("/x", Err(OriginSilent), "signature, suspected?, origin_unreachable"),
        ("/closed/x", Ok(false), "signature, suspected?, forward"),
        ("/ask/x", Ok(false), "signature, suspected?, forward"),
        // One question answers both; and it is asked for this request alone.
        ("/strict/x", Ok(false), "signature, revoked?, forward"),
        ("/public/x", Err(OriginSilent), "forward unnamed"),
        ("/admin/x", Ok(false), "signature, role_required"),
    ] {
        assert_eq!(gate.ask(&to(path), true, origin), expected, "{path}");
    }
    // Nothing is asked on behalf of a token whose signature is bad.
    assert_eq!(gate.ask(&to("/x"), false, Ok(false)), "signature, token_invalid");

    let verified = verified(&gate, &token);
    let now = UnixSeconds::new(NOW);
    gate.answers.remember(&verified, Epoch::new(6), false, now);
    assert_eq!(gate.get("/x", &token), "signature, suspected?, origin_unreachable");
    gate.answers.remember(&verified, Epoch::new(7), false, now);
    assert_eq!(gate.get("/x", &token), "signature, forward");
    assert_eq!(gate.get("/strict/x", &token), "signature, revoked?, origin_unreachable");
    gate.answers.remember(&verified, Epoch::new(3), true, now);
    assert_eq!(gate.get("/x", &token), "signature, token_revoked");
    // Another token of the same session is another question.
    let sibling = Token { jti: TokenId::new(Uuid::from_u128(2)), ..token };
    assert_eq!(gate.get("/x", &sibling), "signature, suspected?, origin_unreachable");
}

/// The token as it is known once its signature was found good.
fn verified(gate: &Gate, token: &Token) -> Verified {
    let keys = gate.head.as_ref().unwrap().keys();
    let text = token.text();
    let unsigned = Unsigned::parse(&text, keys, &gate.rules, UnixSeconds::new(NOW)).unwrap();
    unsigned.answered(true).unwrap()
}

#[test]
fn answers_are_forgotten_before_they_fill_the_memory() {
    let gate = Gate::new(head(0, &[], None));
    let (now, epoch) = (UnixSeconds::new(NOW), Epoch::new(7));
    let mut answers = Answers::new(8);
    let tokens: Vec<_> = (0..100)
        .map(|n| Token { jti: TokenId::new(Uuid::from_u128(n)), ..Token::live() })
        .map(|token| verified(&gate, &token))
        .collect();
    for token in &tokens {
        answers.remember(token, epoch, true, now);
    }
    let known = |token: &&Verified| answers.revoked(token, epoch) == Some(true);
    assert!((8..=16).contains(&tokens.iter().filter(known).count()));
    assert!(known(&&tokens[99]));
}

#[test]
fn rev_09_10_how_blind_the_gate_may_be_is_the_rules_to_say() {
    let silent = Err(OriginSilent);
    for (path, age, origin, expected) in [
        ("/x", 90, silent, "signature, forward"),
        ("/x", 900, silent, "signature, forward"),
        ("/x", 901, silent, "signature, revocations_unknown"),
        ("/closed/x", 90, silent, "signature, forward"),
        ("/closed/x", 91, silent, "signature, revocations_unknown"),
        ("/ask/x", 90, silent, "signature, forward"),
        ("/ask/x", 91, Ok(false), "signature, revoked?, forward"),
        ("/ask/x", 91, Ok(true), "signature, revoked?, token_revoked"),
        ("/ask/x", 91, silent, "signature, revoked?, origin_unreachable"),
        ("/ask/x", 901, Ok(false), "signature, revocations_unknown"),
        ("/strict/x", 0, Ok(false), "signature, revoked?, forward"),
        ("/strict/x", 0, Ok(true), "signature, revoked?, token_revoked"),
        ("/public/x", 5000, silent, "forward unnamed"),
    ] {
        let gate = Gate::new(head(age, &[], None));
        let header = format!("Bearer {}", Token::live().text());
        let said = gate.ask(&facts("GET", path, Some(&header), None), true, origin);
        assert_eq!(said, expected, "{path} at age {age}");
    }
    // What is known to be revoked stays refused, however old the knowledge.
    let token = Token::live();
    let blind = Gate::new(head(5000, &[token.sid.uuid()], None));
    assert_eq!(blind.get("/x", &token), "signature, token_revoked");
    // And without any head nobody is told that his token is bad.
    assert_eq!(Gate::new(None).get("/x", &token), "keys_unknown");
    assert_eq!(Gate::new(None).get("/public/x", &token), "forward unnamed");
}

#[test]
fn credentials_are_looked_for_in_one_order() {
    let gate = Gate::new(head(0, &[], None));
    let good = Token::live().text();
    let bearer = format!("Bearer {good}");
    let cookie = format!("a=1; __Host-at={good}");
    let two = format!("__Host-at={good}; __Host-at={good}");
    let expired = format!("Bearer {}", Token { life_left: -31, ..Token::live() }.text());
    for (authorization, cookie, expected) in [
        (None, None, "token_missing"),
        (Some("Basic x"), None, "token_missing"),
        (Some("Bearer x"), None, "token_invalid"),
        (Some("Bearer x"), Some(cookie.as_str()), "token_invalid"),
        (Some(expired.as_str()), Some(&cookie), "token_expired"),
        (Some("Bearer x, Bearer y"), None, "credentials_ambiguous"),
        (None, Some(two.as_str()), "credentials_ambiguous"),
        (Some(&bearer), Some(&two), "credentials_ambiguous"),
        (None, Some(cookie.as_str()), "signature, forward"),
        (Some(&bearer), Some("__Host-at=x"), "signature, forward"),
        (Some("Basic x"), Some(&cookie), "signature, forward"),
    ] {
        let facts = facts("GET", "/x", authorization, cookie);
        assert_eq!(gate.ask(&facts, true, Ok(false)), expected, "{authorization:?} {cookie:?}");
    }
}

#[test]
fn cks_04_05_a_cookie_alone_changes_nothing_from_another_site() {
    let gate = Gate::new(head(0, &[], None));
    let good = Token::live().text();
    let bearer = format!("Bearer {good}");
    let access = format!("__Host-at={good}");
    let ours = Provenance { sec_fetch_site: Some("same-origin"), origin: None };
    let theirs = Provenance { sec_fetch_site: Some("cross-site"), origin: Some(OWN) };
    let silent = Provenance::default();
    for (method, path, authorization, cookie, provenance, expected) in [
        ("POST", "/x", None, Some(access.as_str()), ours, "signature, forward"),
        ("POST", "/x", None, Some(&access), theirs, "signature, cross_site"),
        ("DELETE", "/x", None, Some(&access), silent, "signature, cross_site"),
        ("PROPFIND", "/x", None, Some(&access), silent, "signature, cross_site"),
        ("GET", "/x", None, Some(&access), theirs, "signature, forward"),
        ("POST", "/x", Some(bearer.as_str()), Some(&access), theirs, "signature, forward"),
        ("POST", "/public/x", None, Some(&access), theirs, "forward unnamed"),
        ("POST", "/auth/logout", None, Some("__Host-rt=r"), theirs, "cross_site"),
        ("POST", "/auth/logout", None, Some("__Host-rt=r"), ours, "origin"),
        ("POST", "/auth/logout", Some(&bearer), Some("__Host-rt=r"), silent, "origin"),
        ("POST", "/auth/login", None, Some("theme=dark"), silent, "origin"),
        (
            "POST",
            "/auth/refresh",
            None,
            Some("__Host-rt=r; __Host-rt=s"),
            ours,
            "credentials_ambiguous",
        ),
        ("GET", "/auth/me", None, Some("__Host-rt=r"), theirs, "origin"),
    ] {
        let facts = Facts { provenance, ..facts(method, path, authorization, cookie) };
        assert_eq!(gate.ask(&facts, true, Ok(false)), expected, "{method} {path} {provenance:?}");
    }
}

#[test]
fn pth_09_a_cookie_alone_opens_no_socket_for_another_site() {
    let gate = Gate::new(head(0, &[], None));
    let access = format!("__Host-at={}", Token::live().text());
    let bearer = format!("Bearer {}", Token::live().text());
    for (authorization, cookie, sec_fetch_site, expected) in [
        (None, Some(access.as_str()), Some("same-origin"), "signature, forward"),
        (None, Some(&access), Some("same-site"), "signature, cross_site"),
        (None, Some(&access), None, "signature, cross_site"),
        (Some(bearer.as_str()), Some(&access), Some("cross-site"), "signature, forward"),
        (None, None, Some("same-origin"), "token_missing"),
    ] {
        let provenance = Provenance { sec_fetch_site, origin: None };
        let facts = Facts {
            provenance,
            upgrade: Some("websocket"),
            ..facts("GET", "/ws", authorization, cookie)
        };
        assert_eq!(gate.ask(&facts, true, Ok(false)), expected, "{sec_fetch_site:?}");
    }
}

#[test]
fn pth_07_some_methods_are_never_passed_on() {
    let gate = Gate::new(head(0, &[], None));
    for method in ["TRACE", "trace", "TRACK", "CONNECT"] {
        for path in ["/public/x", "/auth/me", "/x"] {
            let said = gate.ask(&facts(method, path, None, None), true, Ok(false));
            assert_eq!(said, "method_refused", "{method} {path}");
        }
    }
}

#[test]
fn jwt_27_what_is_cached_is_looked_at_again() {
    let token = Token::live();
    let mut gate = Gate::new(head(0, &[], None));
    let text = token.text();
    let rules = gate.rules.clone();
    let keys = gate.head.as_ref().unwrap().keys().clone();
    let now = UnixSeconds::new(NOW);
    let verified = Unsigned::parse(&text, &keys, &rules, now).unwrap().answered(true).unwrap();
    gate.cache.remember(&text, verified.clone());
    assert_eq!(gate.get("/x", &token), "forward");

    // Another token of the same claims is another token.
    let other = text.replace(&text[text.len() - 6..], "AAAAAA");
    let header = format!("Bearer {other}");
    let facts = facts("GET", "/x", Some(&header), None);
    assert_eq!(gate.ask(&facts, false, Ok(false)), "signature, token_invalid");

    gate.head = Some(head(0, &[token.jti.uuid()], None));
    assert_eq!(gate.get("/x", &token), "token_revoked");
    gate.head = None;
    assert_eq!(gate.get("/x", &token), "keys_unknown");

    let late = UnixSeconds::new(NOW + 530);
    let leeway = rules.leeway;
    assert_eq!(verified.still_good(&keys, leeway, late), Err(TokenError::Expired));
    assert_eq!(verified.still_good(&keys, leeway, UnixSeconds::new(NOW + 529)), Ok(()));
    assert_eq!(verified.still_good(&KeySet::default(), leeway, now), Err(TokenError::Key));
}

#[test]
fn the_token_is_handed_on_only_where_the_rule_says_so() {
    let gate = Gate::new(head(0, &[], None));
    let text = Token::live().text();
    let header = format!("Bearer {text}");
    let policy = &gate.policy;
    for (path, handed) in [("/token/x", true), ("/x", false), ("/public/x", false)] {
        let facts = facts("GET", path, Some(&header), None);
        let staleness = Staleness { fresh: Duration::MAX, stale: Duration::MAX };
        let now = UnixSeconds::new(NOW);
        let head = gate.head.as_ref();
        let (rules, cache, answers) = (&gate.rules, &gate.cache, &gate.answers);
        let (issuers, keyring) = (&gate.issuers, &gate.keyring);
        let world = World { policy, rules, issuers, keyring, staleness, head, cache, answers, now };
        let unsigned = Unsigned::parse(&text, head.unwrap().keys(), &gate.rules, now).unwrap();
        let findings = Findings { token: Some(unsigned.answered(true)), ..Findings::default() };
        let Verdict::Forward(permit) = decide(&facts, &world, &findings) else { panic!("{path}") };
        assert_eq!(permit.bearer().is_some(), handed, "{path}");
    }
}
