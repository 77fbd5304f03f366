//! Hostile and awkward access tokens, as a table: what is sent and why it must be refused.
//!
//! Made by whoever holds the issuer's key, so that one table serves the pure code here and the
//! running edge in the end-to-end tests. Names of rows are those of the list of cases, with a
//! `more` row for each kind of input that stands in none.

mod claims;
mod form;
mod more;
pub mod mutants;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::token::TokenError;
use serde_json::{Map, Value, json};

/// A session and a token id that stand in no store.
pub const SID: &str = "01931c7e-9a00-7000-8000-00000000000a";
/// See [`SID`].
pub const JTI: &str = "0b5b1f0c-5b0e-4c5e-9a83-0f0b8c8f0c11";

/// The cryptography a table is made with; the host's comes from a library.
pub trait Crypto: Send + Sync {
    /// The issuer's Ed25519 signature.
    fn sign(&self, input: &[u8]) -> Vec<u8>;
    /// HMAC-SHA-256, for those who take a public key for a secret one.
    fn mac(&self, key: &[u8], input: &[u8]) -> Vec<u8>;
}

/// Whom the tokens pretend to come from, and when.
pub struct Mint<'c> {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// The signing key's name.
    pub kid: String,
    /// Its public half.
    pub public: [u8; 32],
    /// Unix seconds.
    pub now: u64,
    /// The longest life that is accepted, in seconds.
    pub max_life: u64,
    /// Signs.
    pub crypto: &'c dyn Crypto,
}

/// One token and what must become of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The row it belongs to.
    pub row: &'static str,
    /// What is special about it.
    pub what: String,
    /// The text.
    pub token: String,
    /// Why it is refused; `None` for one that must be accepted.
    pub refusal: Option<TokenError>,
    /// Whether it depends on the second: only for those who hold the clock.
    pub to_the_second: bool,
}

/// A JSON object.
pub type Object = Map<String, Value>;

impl Mint<'_> {
    /// All cases.
    #[must_use]
    pub fn cases(&self) -> Vec<Case> {
        let mut list = List { mint: self, cases: Vec::new() };
        form::add(&mut list);
        claims::add(&mut list);
        more::add(&mut list);
        list.cases
    }

    /// The header of a good token.
    #[must_use]
    pub fn header(&self) -> Object {
        object(json!({"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid}))
    }

    /// The claims of a good token.
    #[must_use]
    pub fn claims(&self) -> Object {
        object(json!({
            "iss": self.issuer, "aud": self.audience, "sub": "user-1", "client_id": "portcullis",
            "iat": self.now - 100, "exp": self.now + 500, "jti": JTI, "sid": SID,
            "roles": ["reader"], "email_verified": true,
        }))
    }

    /// A good token.
    #[must_use]
    pub fn good(&self) -> String {
        self.signed(&text(&self.header()), &text(&self.claims()))
    }

    /// These bytes as header and payload, truly signed.
    #[must_use]
    pub fn signed(&self, header: &[u8], payload: &[u8]) -> String {
        self.seal(&encode(header), &encode(payload))
    }

    /// These texts as the first two segments, whatever they are, truly signed.
    #[must_use]
    pub fn seal(&self, header: &str, payload: &str) -> String {
        let input = format!("{header}.{payload}");
        let signature = encode(&self.crypto.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }

    /// The same, authenticated by HMAC with `key`.
    #[must_use]
    pub fn maced(&self, header: &Object, key: &[u8]) -> String {
        let input = format!("{}.{}", encode(&text(header)), encode(&text(&self.claims())));
        let tag = encode(&self.crypto.mac(key, input.as_bytes()));
        format!("{input}.{tag}")
    }
}

/// A table in the making.
pub(crate) struct List<'m, 'c> {
    pub(crate) mint: &'m Mint<'c>,
    cases: Vec<Case>,
}

impl List<'_, '_> {
    pub(crate) fn refuse(&mut self, row: &'static str, what: &str, token: String, why: TokenError) {
        self.push(row, what, token, Some(why));
    }

    pub(crate) fn accept(&mut self, row: &'static str, what: &str, token: String) {
        self.push(row, what, token, None);
    }

    pub(crate) fn push(
        &mut self,
        row: &'static str,
        what: &str,
        token: String,
        refusal: Option<TokenError>,
    ) {
        let what = what.chars().take(80).collect();
        self.cases.push(Case { row, what, token, refusal, to_the_second: false });
    }

    /// Marks the last case as one that depends on the second.
    pub(crate) fn only_by_the_clock(&mut self) {
        if let Some(case) = self.cases.last_mut() {
            case.to_the_second = true;
        }
    }

    /// A good token but for one member of the header; `Null` takes it away.
    pub(crate) fn header(&mut self, row: &'static str, name: &str, value: Value, why: TokenError) {
        let (what, token) = self.with_header(name, value);
        self.refuse(row, &what, token, why);
    }

    /// See [`Self::header`].
    pub(crate) fn with_header(&self, name: &str, value: Value) -> (String, String) {
        let mut header = self.mint.header();
        let what = set(&mut header, name, value);
        let token = self.mint.signed(&text(&header), &text(&self.mint.claims()));
        (what, token)
    }

    /// A good token but for one claim; [`ABSENT`] takes it away.
    pub(crate) fn claim(&mut self, row: &'static str, name: &str, value: Value, why: TokenError) {
        let (what, token) = self.with_claim(name, value);
        self.refuse(row, &what, token, why);
    }

    /// See [`Self::claim`].
    pub(crate) fn with_claim(&self, name: &str, value: Value) -> (String, String) {
        let mut claims = self.mint.claims();
        let what = set(&mut claims, name, value);
        let token = self.mint.signed(&text(&self.mint.header()), &text(&claims));
        (what, token)
    }

    /// A good token but for one claim, written as this JSON text.
    pub(crate) fn written(&mut self, row: &'static str, name: &str, json: &str, why: TokenError) {
        let token = self.with_written(name, json);
        self.refuse(row, &format!("{name}: {json}"), token, why);
    }

    /// See [`Self::written`].
    pub(crate) fn with_written(&self, name: &str, json: &str) -> String {
        let mut claims = self.mint.claims();
        claims.remove(name);
        let rest = String::from_utf8(text(&claims)).expect("JSON is UTF-8");
        let payload = rest.replacen('{', &format!("{{\"{name}\":{json},"), 1);
        self.mint.signed(&text(&self.mint.header()), payload.as_bytes())
    }
}

/// Takes the member away.
pub(crate) const ABSENT: Value = Value::Null;

fn set(object: &mut Object, name: &str, value: Value) -> String {
    if value.is_null() {
        object.remove(name);
        return format!("no {name}");
    }
    let what = format!("{name}: {value}");
    object.insert(name.into(), value);
    what
}

/// The base64url of RFC 7515 §2.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An object's JSON.
#[must_use]
pub fn text(object: &Object) -> Vec<u8> {
    Value::Object(object.clone()).to_string().into()
}

/// The object that `json!` made.
pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}
