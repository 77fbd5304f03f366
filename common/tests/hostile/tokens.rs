//! Access tokens: every row of the table, and what needs other keys or another clock.

use std::sync::OnceLock;

use common::keys::{Jwk, KeySet};
use common::token::access::{LEEWAY, MAX_LIFE, Unsigned};
use common::token::{AccessRules, TokenError, Verified};
use common::{KeyId, UnixSeconds};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::cases::{Case, Crypto, Mint};
#[cfg(not(target_arch = "wasm32"))]
use crate::judge;

pub(crate) const NOW: u64 = 1_800_000_000;

/// Signs nothing: what is decided before the signature is decided without one.
#[cfg(target_arch = "wasm32")]
struct Unable;

#[cfg(target_arch = "wasm32")]
impl Crypto for Unable {
    fn sign(&self, _: &[u8]) -> Vec<u8> {
        vec![7; 64]
    }

    fn mac(&self, _: &[u8], _: &[u8]) -> Vec<u8> {
        vec![7; 32]
    }
}

/// An issuer, its keys, and what is accepted of it.
pub(crate) struct Issuer {
    crypto: Box<dyn Crypto>,
    public: [u8; 32],
    pub(crate) keys: KeySet,
    pub(crate) rules: AccessRules,
}

impl Issuer {
    pub(crate) fn new() -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        let (crypto, public) = {
            let pair = judge::Pair::of_seed(1);
            let public = pair.public();
            (Box::new(pair), public)
        };
        #[cfg(target_arch = "wasm32")]
        let (crypto, public) = (Box::new(Unable), [9; 32]);
        let kid = KeyId::try_from(String::from("Key-1")).unwrap();
        Self {
            crypto,
            public,
            keys: KeySet::from_jwks(&[Jwk::ed25519(&public, kid)]).unwrap(),
            rules: AccessRules {
                issuer: "http://id.example".into(),
                audience: "portcullis-app".into(),
                max_life: MAX_LIFE,
                leeway: LEEWAY,
            },
        }
    }

    pub(crate) fn mint(&self) -> Mint<'_> {
        Mint {
            issuer: self.rules.issuer.clone(),
            audience: self.rules.audience.clone(),
            kid: "Key-1".into(),
            public: self.public,
            now: NOW,
            max_life: MAX_LIFE.as_secs(),
            crypto: &*self.crypto,
        }
    }

    pub(crate) fn judge(&self, token: &str, now: u64) -> Result<Verified, TokenError> {
        let now = UnixSeconds::new(now);
        let unsigned = Unsigned::parse(token, &self.keys, &self.rules, now)?;
        #[cfg(not(target_arch = "wasm32"))]
        let good = judge::verify(&unsigned.check);
        #[cfg(target_arch = "wasm32")]
        let good = true;
        unsigned.answered(good)
    }
}

/// The table, made once.
fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| Issuer::new().mint().cases())
}

/// Runs the rows of one name.
fn rows(name: &str) {
    let issuer = Issuer::new();
    let mut run = 0;
    for case in cases().iter().filter(|case| case.row == name) {
        check(&issuer, case);
        run += 1;
    }
    assert!(run > 0, "no case of {name}");
}

fn check(issuer: &Issuer, case: &Case) {
    let Case { row, what, token, refusal, .. } = case;
    // Without cryptography nothing is known about signatures.
    if cfg!(target_arch = "wasm32") && *refusal == Some(TokenError::Signature) {
        return;
    }
    let verdict = issuer.judge(token, NOW);
    assert_eq!(verdict.as_ref().err(), refusal.as_ref(), "{row}: {what}");
    #[cfg(not(target_arch = "wasm32"))]
    if verdict.is_ok() {
        let key = issuer.keys.iter().next().unwrap();
        let (iss, aud) = (&issuer.rules.issuer, &issuer.rules.audience);
        // RFC 9864's name is unknown to the library.
        let agrees = what.contains("Ed25519") || judge::accepts(token, key, iss, aud, NOW);
        assert!(agrees, "{row}: {what}: the second judge refuses what we accept");
    }
}

macro_rules! table {
    ($($test:ident => $row:literal,)*) => {
        $(
            #[test]
            fn $test() {
                rows($row);
            }
        )*

        #[test]
        fn every_row_of_the_table_is_run() {
            for case in cases() {
                assert!([$($row),*].contains(&case.row), "{} is not run", case.row);
            }
        }
    };
}

table! {
    control_a_good_token_is_accepted => "control",
    jwt_03_no_algorithm => "JWT-03",
    jwt_04_a_public_key_is_no_secret => "JWT-04",
    jwt_05_an_empty_secret => "JWT-05",
    jwt_06_a_key_in_the_header => "JWT-06",
    jwt_08_a_chain_in_the_header => "JWT-08",
    jwt_09_key_names => "JWT-09",
    jwt_10_psychic_signatures => "JWT-10",
    jwt_11_signatures_as_der => "JWT-11",
    jwt_12_ed25519_signatures => "JWT-12",
    jwt_13_critical_members => "JWT-13",
    jwt_15_compression_and_encryption => "JWT-15",
    jwt_16_json_serialisation => "JWT-16",
    jwt_17_duplicate_members => "JWT-17",
    jwt_19_base64url_has_one_spelling => "JWT-19",
    jwt_21_segments => "JWT-21",
    jwt_22_lengths => "JWT-22",
    jwt_23_broken_json => "JWT-23",
    jwt_24_json_that_is_no_object => "JWT-24",
    jwt_25_types => "JWT-25",
    jwt_26_nested_tokens => "JWT-26",
    clm_01_expired_to_the_second => "CLM-01",
    clm_02_exp_of_other_shapes => "CLM-02",
    clm_03_exp_too_far_away => "CLM-03",
    clm_04_exp_with_a_fraction => "CLM-04",
    clm_05_not_yet => "CLM-05",
    clm_06_issued_in_the_future => "CLM-06",
    clm_08_issuers => "CLM-08",
    clm_09_audiences => "CLM-09",
    clm_10_subjects => "CLM-10",
    clm_12_tokens_of_other_kinds => "CLM-12",
    clm_13_clients => "CLM-13",
    more_of_each_kind => "more",
}

/// Each text has its own verdict: none is found under another's.
#[test]
fn jwt_27_ten_thousand_look_alikes_in_the_cache() {
    use common::token::VerifiedCache;
    let issuer = Issuer::new();
    let good = issuer.mint().good();
    let mut cache = VerifiedCache::new(64);
    cache.remember(&good, issuer.judge(&good, NOW).unwrap());
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut asked = 0;
    let signature = good.rfind('.').unwrap() + 1;
    for at in (signature..good.len()).chain(good.find('.').unwrap() - 8..signature) {
        for letter in alphabet {
            let mut other = good.clone().into_bytes();
            other[at] = *letter;
            let other = String::from_utf8(other).unwrap();
            assert_eq!(cache.get(&other).is_some(), other == good);
            asked += 1;
        }
    }
    assert!(asked > 10_000, "{asked}");
    assert!(cache.get(&good).is_some());
}

#[test]
fn clm_14_scopes_are_whole_words() {
    let issuer = Issuer::new();
    let scope = |json: &str| {
        let mint = issuer.mint();
        let mut claims = mint.claims();
        claims.insert("scope".into(), serde_json::from_str(json).unwrap());
        let header = crate::cases::text(&mint.header());
        let token = mint.signed(&header, &crate::cases::text(&claims));
        let has = |word: &str| {
            let verified = issuer.judge(&token, NOW).unwrap();
            verified.scope.iter().any(|granted| granted == word)
        };
        [has("admin"), has("read")]
    };
    assert_eq!(scope(r#""read write""#), [false, true]);
    assert_eq!(scope(r#""admin read""#), [true, true]);
    for nothing in [
        r#""admin\tread""#,
        r#""admin,read""#,
        r#""admin: reader""#,
        r#""ADMIN READ""#,
        r#""admins xread""#,
        r#"["admin","read"]"#,
        "{}",
        "1",
        "true",
    ] {
        assert_eq!(scope(nothing), [false, false], "{nothing}");
    }
}

/// A clock that is wrong by the leeway changes nothing, one second more does.
#[test]
fn clm_15_clocks_apart() {
    let issuer = Issuer::new();
    let good = issuer.mint().good();
    // Made at NOW - 100, ends at NOW + 500.
    for (now, expected) in [
        (NOW - 131, Some(TokenError::Times)),
        (NOW - 130, None),
        (NOW, None),
        (NOW + 529, None),
        (NOW + 530, Some(TokenError::Expired)),
    ] {
        assert_eq!(issuer.judge(&good, now).err(), expected, "at {now}");
    }
}

/// An edge ten minutes slow lets a token live ten minutes longer and not one more; an edge ten
/// minutes fast refuses rather than accepts.
#[test]
fn clm_16_clocks_far_apart() {
    let issuer = Issuer::new();
    let good = issuer.mint().good();
    for skew in [600, 3600] {
        assert_eq!(issuer.judge(&good, NOW + skew).err(), Some(TokenError::Expired));
        assert_eq!(issuer.judge(&good, NOW - skew).err(), Some(TokenError::Times));
    }
    let at_its_end = NOW + 530;
    assert!(issuer.judge(&good, at_its_end - 600).is_ok());
}

/// What was verified once expires all the same, and dies with its key.
#[test]
fn a_verified_token_is_looked_at_again() {
    let issuer = Issuer::new();
    let verified = issuer.judge(&issuer.mint().good(), NOW).unwrap();
    let again =
        |keys: &KeySet, now| verified.still_good(keys, issuer.rules.leeway, UnixSeconds::new(now));
    assert_eq!(again(&issuer.keys, NOW + 529), Ok(()));
    assert_eq!(again(&issuer.keys, NOW + 530), Err(TokenError::Expired));
    assert_eq!(again(&KeySet::default(), NOW), Err(TokenError::Key));
}
