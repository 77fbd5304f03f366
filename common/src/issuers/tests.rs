//! Other issuers by table. Signatures are answered by the table: who verifies is not judged here.

use serde_json::{Value, json};

use super::*;
use crate::keys::{Jwk, KeySet, UnusableKeySet};
use crate::token::{AccessRules, TokenError, Verified, join, signing_input};
use crate::{KeyId, UnixSeconds};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: u64 = 1_800_000_000;
const OWN: &str = "https://app.example";
const A: &str = "https://a.example/";
const B: &str = "https://b.example";
/// Base64url of 32 bytes, no point of small order.
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn config(changes: &Value) -> Result<Issuers, String> {
    let mut entry = json!({
        "issuer": A, "audience": "api", "algorithms": ["EdDSA", "RS256"],
        "jwks_url": "https://a.example/jwks",
    });
    merge(&mut entry, changes);
    Issuers::read(json!([entry]).into(), OWN).map_err(|error| error.to_string())
}

/// `null` takes a member out.
fn merge(into: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            into[name] = value.clone();
        }
    }
}

fn ed25519(kid: Option<&str>, x: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x})
}

fn rsa(changes: &Value) -> Value {
    let mut key = json!({"kty": "RSA", "kid": "r", "n": "_".repeat(342) + "8", "e": "AQAB"});
    merge(&mut key, changes);
    key
}

fn keys(keys: &[Value], algorithms: &[Algorithm]) -> Result<KeySet, UnusableKeySet> {
    KeySet::from_document(json!({"keys": keys}).to_string().as_bytes(), algorithms)
}

fn own_keys() -> KeySet {
    let kid = KeyId::try_from(String::from("k")).unwrap();
    KeySet::from_jwks(&[Jwk::ed25519(&[9; 32], kid)]).unwrap()
}

fn rules() -> AccessRules {
    AccessRules {
        issuer: OWN.into(),
        audience: "app".into(),
        max_life: Duration::from_hours(1),
        leeway: Duration::from_secs(30),
    }
}

/// A token of A's, with changes.
fn token(header: &Value, claims: &Value) -> String {
    let mut own_header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k"});
    let mut own_claims =
        json!({"iss": A, "aud": "api", "sub": "1", "iat": NOW - 10, "exp": NOW + 600});
    merge(&mut own_header, header);
    merge(&mut own_claims, claims);
    join(signing_input(&own_header, &own_claims).unwrap(), &[7; 64])
}

/// A gate that knows these issuers' keys.
struct Gate {
    issuers: Issuers,
    keyring: Keyring,
    own: KeySet,
    rules: AccessRules,
}

impl Gate {
    fn new(changes: &Value, jwks: &[Value]) -> Self {
        let issuers = config(changes).unwrap();
        let mut gate =
            Self { issuers, keyring: Keyring::default(), own: own_keys(), rules: rules() };
        gate.bring(IssuerIndex(0), jwks, NOW);
        gate
    }

    fn bring(&mut self, index: IssuerIndex, jwks: &[Value], at: u64) {
        let algorithms = self.issuers.get(index).unwrap().algorithms();
        let found =
            Jwks { keys: keys(jwks, algorithms).unwrap(), fetched_at: UnixSeconds::new(at) };
        self.keyring.begin(index, UnixSeconds::new(at));
        self.keyring.end(index, Some(found));
    }

    fn trust(&self, now: u64) -> Trust<'_> {
        Trust {
            rules: &self.rules,
            keys: &self.own,
            issuers: &self.issuers,
            keyring: &self.keyring,
            looked: false,
            now: UnixSeconds::new(now),
        }
    }

    fn read(&self, text: &str) -> Result<Verified, Untrusted> {
        match self.trust(NOW).read(text)? {
            Reading::Unsigned(unsigned) => Ok(unsigned.answered(true)?),
            Reading::Keys(_) => panic!("keys are in hand"),
        }
    }

    fn error(&self, text: &str) -> Option<TokenError> {
        match self.read(text) {
            Err(Untrusted::Token(error)) => Some(error),
            Err(Untrusted::KeysUnknown) => panic!("keys are in hand"),
            Ok(_) => None,
        }
    }
}

fn none() -> Value {
    json!({})
}

#[test]
fn ops_07_what_is_wrong_with_an_entry_is_named() {
    assert!(config(&none()).is_ok());
    for good in [
        json!({"audience": ["a", "b"], "typ": "JWT", "max_life": 86400}),
        json!({"jwks_url": "http://localhost:1234/jwks?x=1"}),
        json!({"jwks_url": "http://[::1]:1/"}),
        json!({"roles_claim": ["realm_access", "roles"], "roles": {"a": "admin"}}),
        json!({"roles_claim": "https://app.example/roles", "roles": "as-is"}),
    ] {
        assert!(config(&good).is_ok(), "{good}");
    }
    for (changes, words) in [
        (json!({"issuer": "a.example"}), "[0]: issuer \"a.example\" is not acceptable"),
        (json!({"issuer": "https://a|b"}), "[0]: issuer"),
        (json!({"issuer": "https://a,b"}), "[0]: issuer"),
        (json!({"issuer": "https://a b"}), "[0]: issuer"),
        (json!({"issuer": OWN}), "[0] is for ISSUER"),
        (json!({"issuer": null}), "[0]: issuer: is missing"),
        (json!({"audience": null}), "[0]: audience: is missing"),
        (json!({"audience": []}), "[0]: audience"),
        (json!({"audience": [""]}), "[0]: audience"),
        (json!({"audience": 7}), "[0]: audience: expected a text or a list of texts"),
        (json!({"algorithms": null}), "[0]: algorithms: is missing"),
        (json!({"algorithms": []}), "[0]: algorithms: expected"),
        (json!({"algorithms": ["HS256"]}), "[0]: algorithms [\"HS256\"]"),
        (json!({"algorithms": ["none"]}), "[0]: algorithms"),
        (json!({"algorithms": ["RS256", "RS256"]}), "[0]: algorithms"),
        (json!({"jwks_url": "http://a.example/jwks"}), "[0]: jwks_url"),
        (json!({"jwks_url": "http://localhost.evil/"}), "[0]: jwks_url"),
        (json!({"jwks_url": "http://localhost:1@evil/"}), "[0]: jwks_url"),
        (json!({"jwks_url": "https://u@a.example/"}), "[0]: jwks_url"),
        (json!({"jwks_url": "file:///jwks"}), "[0]: jwks_url"),
        (json!({"typ": ""}), "[0]: typ"),
        (json!({"typ": "RT+jwt"}), "[0]: typ"),
        (json!({"typ": "portcullis-assertion+jwt"}), "[0]: typ"),
        (json!({"typ": 1}), "[0]: typ: expected a text"),
        (json!({"jwks_url": null}), "[0]: jwks_url: is missing"),
        (json!({"max_life": 0}), "[0]: max_life: expected whole seconds"),
        (json!({"max_life": 86_401}), "[0]: max_life: expected"),
        (json!({"roles_claim": "roles"}), "[0]: roles and roles_claim go together"),
        (json!({"roles": "as-is"}), "[0]: roles and roles_claim go together"),
        (json!({"roles_claim": "roles", "roles": "all"}), "[0]: roles and roles_claim"),
        (json!({"roles_claim": [], "roles": "as-is"}), "[0]: roles_claim: expected"),
        (
            json!({"roles_claim": "r", "roles": {"a": "b c"}}),
            "[0]: roles: what \"a\" stands for is no role",
        ),
        (json!({"scope_claim": []}), "[0]: scope_claim: expected"),
        (json!({"scopes": "x"}), "[0]: scopes: unknown member"),
    ] {
        let error = config(&changes).unwrap_err();
        assert!(error.contains(words), "{changes}: {error}");
    }
    let one = json!({"issuer": A, "audience": "x", "algorithms": ["ES256"],
        "jwks_url": "https://a.example/jwks"});
    let error = Issuers::read(json!([one, one]).into(), OWN).unwrap_err().to_string();
    assert!(error.starts_with("[0] and [1] are for the same issuer"), "{error}");
    for none in [json!({}), json!("x"), Value::Null] {
        let error = Issuers::read(none.clone().into(), OWN).unwrap_err();
        assert!(matches!(error, InvalidIssuers::List(_)), "{none}: {error}");
    }
    let error = Issuers::read(json!([1]).into(), OWN).unwrap_err().to_string();
    assert!(error.starts_with("[0]: expected a table"), "{error}");
}

#[test]
fn jwt_25_clm_each_issuer_has_its_own_rules() {
    use TokenError::{Algorithm, Audience, Claims, Expired, Header, Times};
    let gate = Gate::new(&none(), &[ed25519(Some("k"), X)]);
    let any_type = Gate::new(&json!({"typ": "JWT"}), &[ed25519(Some("k"), X)]);
    for (header, claims, strict, lax) in [
        (none(), none(), None, Some(TokenError::Type)),
        (json!({"typ": "application/at+JWT"}), none(), None, Some(TokenError::Type)),
        (json!({"typ": "JWT"}), none(), Some(TokenError::Type), None),
        (json!({"typ": null}), none(), Some(TokenError::Type), None),
        (json!({"typ": "id+jwt"}), none(), Some(TokenError::Type), Some(TokenError::Type)),
        (json!({"typ": "rt+jwt"}), none(), Some(TokenError::Type), Some(TokenError::Type)),
    ] {
        let text = token(&header, &claims);
        assert_eq!(gate.error(&text), strict, "{header}");
        assert_eq!(any_type.error(&text), lax, "{header}");
    }
    for (header, claims, error) in [
        (json!({"alg": "none"}), none(), Algorithm),
        (json!({"alg": "HS256"}), none(), Algorithm),
        (json!({"alg": "ES256"}), none(), Algorithm),
        // On the list, but not that of the key.
        (json!({"alg": "RS256"}), none(), Algorithm),
        (json!({"crit": ["x"]}), none(), Header),
        (json!({"jwk": {}}), none(), Header),
        (none(), json!({"aud": "other"}), Audience),
        (none(), json!({"aud": ["other", 1, "api"]}), Audience),
        (none(), json!({"aud": null}), Audience),
        (none(), json!({"sub": null}), Claims),
        (none(), json!({"sub": ""}), Claims),
        (none(), json!({"sub": 1}), Claims),
        (none(), json!({"sub": "a\r\nb"}), Claims),
        (none(), json!({"sub": "x".repeat(256)}), Claims),
        (none(), json!({"jti": 7}), Claims),
        (none(), json!({"sid": ""}), Claims),
        (none(), json!({"exp": null}), Claims),
        (none(), json!({"iat": null}), Claims),
        (none(), json!({"exp": 1.5}), Claims),
        (none(), json!({"exp": NOW + 3600}), Times),
        (none(), json!({"nbf": NOW + 60}), Times),
        (none(), json!({"iat": NOW - 900, "exp": NOW - 31}), Expired),
        // A logout token, and a token bound to a key of the client's.
        (none(), json!({"events": {}}), Claims),
        (none(), json!({"cnf": {"jkt": "x"}}), Claims),
    ] {
        let text = token(&header, &claims);
        assert_eq!(gate.error(&text), Some(error), "{header} {claims}");
    }
    for claims in [json!({"aud": ["x", "api"]}), json!({"nbf": NOW}), json!({"sub": "a:b"})] {
        assert_eq!(gate.error(&token(&none(), &claims)), None, "{claims}");
    }
    let long = Gate::new(&json!({"max_life": 86400}), &[ed25519(Some("k"), X)]);
    assert_eq!(long.error(&token(&none(), &json!({"exp": NOW + 86_390}))), None);
}

#[test]
fn key_05_09_rsa_keys_without_alg_and_tokens_without_kid() {
    use Algorithm::{EdDsa, Es256, Ps256, Rs256};
    let found = |key: &Value, algorithms: &[Algorithm]| {
        let set = keys(std::slice::from_ref(key), algorithms).unwrap();
        set.iter().next().map(crate::keys::Key::algorithm)
    };
    let bare = rsa(&none());
    assert_eq!(found(&bare, &[Rs256, Es256]), Some(Rs256));
    assert_eq!(found(&bare, &[Ps256]), Some(Ps256));
    assert_eq!(found(&bare, &[Rs256, Ps256]), None);
    assert_eq!(found(&bare, &[EdDsa]), None);
    assert_eq!(found(&rsa(&json!({"alg": "PS256"})), &[Rs256, Ps256]), Some(Ps256));
    assert_eq!(found(&rsa(&json!({"alg": "RS512"})), &[Rs256]), None);
    assert_eq!(found(&rsa(&json!({"alg": "PS256"})), &[Rs256]), None);
    assert_eq!(found(&rsa(&json!({"use": "enc"})), &[Rs256]), None);
    assert_eq!(found(&rsa(&json!({"e": "AQ"})), &[Rs256]), None);
    assert_eq!(found(&rsa(&json!({"n": "_".repeat(171)})), &[Rs256]), None);

    let nameless = token(&json!({"kid": null}), &none());
    let one = Gate::new(&none(), &[ed25519(None, X), rsa(&none())]);
    assert_eq!(one.error(&nameless), None);
    assert_eq!(Gate::new(&none(), &[ed25519(Some("k"), X)]).error(&nameless), None);
    let mut two = Gate::new(&none(), &[ed25519(None, X), ed25519(Some("k"), &X.replace('1', "2"))]);
    // The look that it would be worth was taken just now.
    two.keyring.begin(IssuerIndex(0), UnixSeconds::new(NOW));
    two.keyring.end(IssuerIndex(0), None);
    assert_eq!(two.error(&nameless), Some(TokenError::Key));
}

#[test]
fn key_05_06_a_set_is_read_as_other_issuers_write_it() {
    let all = Algorithm::ALL;
    let strange = [
        json!(7),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}),
        json!({"kty": "EC", "crv": "P-384", "kid": "e", "x": "AA", "y": "AA"}),
        json!({"kty": "RSA", "kid": 5, "n": "AQAB", "e": "AQAB"}),
        rsa(&json!({"kid": "k", "use": "enc"})),
        ed25519(Some("k"), X),
    ];
    assert_eq!(keys(&strange, &all).unwrap().iter().count(), 1);
    let twice = [ed25519(Some("k"), X), ed25519(Some("k"), &X.replace('1', "2"))];
    assert_eq!(keys(&twice, &all), Err(UnusableKeySet::DuplicateId));
    for secret in [
        json!({"kty": "oct", "k": "AAAA"}),
        json!({"kty": "oct"}),
        json!({"kty": "RSA", "use": "enc", "p": "AAAA"}),
        json!({"kty": "AKP", "priv": "AAAA"}),
        json!({"kty": "EC", "crv": "P-384", "d": null}),
    ] {
        let set = [ed25519(Some("k"), X), secret];
        assert_eq!(keys(&set, &all), Err(UnusableKeySet::Secret), "{}", set[1]);
    }
    let many: Vec<_> = (0..65).map(|n| ed25519(Some(&n.to_string()), X)).collect();
    assert_eq!(keys(&many, &all), Err(UnusableKeySet::TooMany));
    assert!(keys(&many[..64], &all).is_ok());
    for text in ["", "[]", "{}", "<html>", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        let set = KeySet::from_document(text.as_bytes(), &all);
        assert_eq!(set, Err(UnusableKeySet::Form), "{text}");
    }
}

/// Both signs of each, and what is written wrongly.
#[test]
fn jwt_12_points_of_small_order_are_no_keys() {
    let encode = |bytes: [u8; 32]| crate::base64url::encode(bytes);
    for point in crate::keys::SMALL_ORDER {
        for sign in [0, 0x80] {
            let mut point = point;
            point[31] |= sign;
            let set = keys(&[ed25519(Some("k"), &encode(point))], &Algorithm::ALL).unwrap();
            assert_eq!(set.iter().count(), 0, "{point:x?}");
        }
    }
    assert_eq!(keys(&[ed25519(Some("k"), X)], &Algorithm::ALL).unwrap().iter().count(), 1);
}

#[test]
fn key_08_no_key_of_one_issuer_is_tried_on_another_s_token() {
    let entry = |name: &str| {
        json!({"issuer": name, "audience": "api", "algorithms": ["EdDSA"],
            "jwks_url": "https://keys.example/jwks"})
    };
    let mut gate = Gate {
        issuers: Issuers::read(json!([entry(A), entry(B)]).into(), OWN).unwrap(),
        keyring: Keyring::default(),
        own: own_keys(),
        rules: rules(),
    };
    let other = X.replace('1', "2");
    gate.bring(IssuerIndex(0), &[ed25519(Some("k"), X)], NOW);
    gate.bring(IssuerIndex(1), &[ed25519(Some("k"), &other)], NOW);
    let key_of = |issuer: &str| {
        let text = token(&none(), &json!({"iss": issuer}));
        match gate.trust(NOW).read(&text).unwrap() {
            Reading::Unsigned(unsigned) => unsigned.check.key.numbers().x.unwrap(),
            Reading::Keys(_) => panic!("keys are in hand"),
        }
    };
    assert_eq!((key_of(A).as_str(), key_of(B)), (X, other));
    for issuer in ["https://a.example", "https://A.example/", "http://a.example/", OWN] {
        assert!(gate.error(&token(&none(), &json!({"iss": issuer}))).is_some(), "{issuer}");
    }
    let list = token(&none(), &json!({"iss": [A]}));
    assert_eq!(gate.error(&list), Some(TokenError::Issuer));

    let text = token(&none(), &json!({"jti": "1", "sid": "1"}));
    let of_a = gate.read(&text).unwrap();
    let of_b = gate.read(&token(&none(), &json!({"iss": B, "jti": "1", "sid": "1"}))).unwrap();
    assert_ne!(of_a.subject, of_b.subject);
    let (a, b): (Vec<_>, Vec<_>) = (of_a.ids.iter().collect(), of_b.ids.iter().collect());
    assert_eq!((a.len(), b.len()), (3, 3));
    assert!(a.iter().all(|id| !b.contains(id) && id.get_version_num() == 8));
}

#[test]
fn roles_and_scopes_are_read_where_the_issuer_puts_them() {
    let read = |changes: &Value, claims: &Value| {
        Gate::new(changes, &[ed25519(Some("k"), X)]).read(&token(&none(), claims)).unwrap()
    };
    let nested = json!({"roles_claim": ["realm_access", "roles"],
        "roles": {"boss": "admin", "chief": "admin", "ed": "editor"}});
    let claims = json!({"realm_access": {"roles": ["chief", "boss", "admin", 7]}});
    assert_eq!(read(&nested, &claims).roles, ["admin"]);
    assert!(read(&nested, &json!({"realm_access": ["roles"]})).roles.is_empty());
    assert!(read(&nested, &none()).roles.is_empty());
    let same = json!({"roles_claim": "https://app.example/roles", "roles": "as-is"});
    let claims = json!({"https://app.example/roles": ["a", "b,admin", "c d", "ü"]});
    assert_eq!(read(&same, &claims).roles, ["a"]);
    assert!(read(&none(), &json!({"roles": ["admin"]})).roles.is_empty());

    assert_eq!(read(&none(), &json!({"scope": "a b"})).scope, ["a", "b"]);
    let azure = json!({"scope_claim": "scp"});
    assert_eq!(read(&azure, &json!({"scp": ["a", "b"]})).scope, ["a", "b"]);
    assert!(read(&azure, &json!({"scope": "a"})).scope.is_empty());

    assert!(read(&none(), &json!({"email_verified": true})).email_verified);
    for not in [json!({"email_verified": "true"}), json!({"email_verified": 1}), none()] {
        assert!(!read(&none(), &not).email_verified, "{not}");
    }
    let bare = read(&none(), &none());
    assert_eq!((bare.ids.sid, bare.ids.jti, bare.client_id), (None, None, None));
    assert_eq!(read(&none(), &json!({"azp": "web"})).client_id.as_deref(), Some("web"));
}

#[test]
fn hdr_10_names_of_other_issuers_stay_apart() {
    let subs = ["1", "a b", "a%20b", "a,b", "a%2Cb", "ü", "|1", "1|", "auth0|1"];
    let mut names: Vec<String> =
        subs.iter().map(|sub| Person::foreign(A, sub).to_string()).collect();
    names.push(Person::foreign("https://a.example", "/|1").to_string());
    for name in &names {
        assert!(name.bytes().all(|b| b.is_ascii_graphic() && b != b','), "{name}");
        assert!(name.parse::<crate::Subject>().is_err(), "{name} could be a user of ours");
    }
    assert_eq!(names[0], "https://a.example/|1");
    assert_eq!(names[1], "https://a.example/|a%20b");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), subs.len() + 1);
}

#[test]
fn every_kind_issuer_and_text_has_its_own_id() {
    let kinds = [IdKind::Session, IdKind::Token, IdKind::Subject];
    let texts = ["", "1", "11", "a", B];
    let mut ids = Vec::new();
    for kind in kinds {
        for issuer in [A, B, "https://b.example1"] {
            ids.extend(texts.iter().map(|text| revocation_id(issuer, kind, text)));
        }
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
    // For ever: what is in the block log was entered by this.
    let known = revocation_id(A, IdKind::Token, "1").to_string();
    assert_eq!(known, "d3968849-0683-8603-851e-ee1e39e72585");
}

#[test]
fn key_01_02_03_when_keys_are_looked_for() {
    let text = token(&none(), &none());
    let strange = token(&json!({"kid": "made-up"}), &none());
    let mut gate = Gate::new(&none(), &[ed25519(Some("k"), X)]);
    let index = IssuerIndex(0);
    let at = |gate: &Gate, text: &str, now: u64, looked: bool| match (Trust {
        looked,
        ..gate.trust(now)
    })
    .read(text)
    {
        Ok(Reading::Keys(_)) => "look",
        Ok(Reading::Unsigned(_)) => "key",
        Err(Untrusted::KeysUnknown) => "unknown",
        Err(Untrusted::Token(_)) => "refused",
    };
    // A set in hand, brought at NOW.
    for (text, later, looked, expected) in [
        (&text, 0, false, "key"),
        (&strange, 0, false, "refused"),
        (&strange, 9, false, "refused"),
        (&strange, 10, false, "look"),
        (&strange, 10, true, "refused"),
        (&text, 599, false, "key"),
        (&text, 600, false, "look"),
    ] {
        assert_eq!(at(&gate, text, NOW + later, looked), expected, "after {later} s");
    }
    for (later, due) in [(0, false), (299, false), (300, true)] {
        assert_eq!(gate.keyring.ring(index).is_due(UnixSeconds::new(NOW + later)), due);
    }
    // A look under way is waited for; one that was cut off is not.
    gate.keyring.begin(index, UnixSeconds::new(NOW));
    assert_eq!(at(&gate, &strange, NOW + 4, false), "look");
    assert_eq!(at(&gate, &strange, NOW + 5, false), "refused");
    gate.keyring.end(index, None);
    assert_eq!(at(&gate, &strange, NOW, false), "refused");
    assert_eq!(at(&gate, &text, NOW, false), "key", "an outage takes no keys away");

    // Claims that are no good send nobody to look.
    let expired = token(&json!({"kid": "made-up"}), &json!({"iat": NOW - 900, "exp": NOW - 60}));
    assert_eq!(at(&gate, &expired, NOW + 20, false), "refused");

    // None in hand.
    let mut empty = Gate { keyring: Keyring::default(), ..gate };
    assert_eq!(at(&empty, &text, NOW, false), "look");
    empty.keyring.begin(index, UnixSeconds::new(NOW));
    empty.keyring.end(index, None);
    for (later, expected) in [(0, "unknown"), (1, "unknown"), (2, "look")] {
        assert_eq!(at(&empty, &text, NOW + later, false), expected, "after {later} s");
    }
}

#[test]
fn what_is_cached_dies_with_its_key_and_its_set() {
    let mut gate = Gate::new(&none(), &[ed25519(Some("k"), X)]);
    let verified = gate.read(&token(&none(), &none())).unwrap();
    let index = IssuerIndex(0);
    let again = |gate: &Gate, now: u64, looked: bool| {
        Trust { looked, ..gate.trust(now) }.still_good(&verified)
    };
    assert_eq!(again(&gate, NOW, false), Ok(None));
    assert_eq!(again(&gate, NOW + 629, true), Ok(None));
    assert_eq!(again(&gate, NOW + 630, true), Err(TokenError::Expired.into()));
    assert_eq!(again(&gate, NOW + 601, false), Ok(Some(index)), "nobody looked for long");
    let day = 24 * 3600;
    assert_eq!(again(&gate, NOW + day + 1, true), Err(Untrusted::KeysUnknown));

    // Another key of the same name, then none.
    gate.bring(index, &[ed25519(Some("k"), &X.replace('1', "2"))], NOW + 1);
    assert_eq!(again(&gate, NOW + 1, false), Err(TokenError::Key.into()));
    gate.bring(index, &[ed25519(Some("k"), X)], NOW + 2);
    assert_eq!(again(&gate, NOW + 2, false), Ok(None));
    gate.bring(index, &[], NOW + 3);
    assert_eq!(again(&gate, NOW + 3, false), Err(TokenError::Key.into()));
    // A set from before is not taken any more.
    gate.bring(index, &[ed25519(Some("k"), X)], NOW + 2);
    assert_eq!(again(&gate, NOW + 3, false), Err(TokenError::Key.into()));
}
