//! Seeded mutations of good tokens: the same ones each time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{Mint, encode, text};

/// What the numbers of a run begin with.
pub const SEED: u64 = 0x0007_c011_1505;

/// A sequence of numbers that is the same each time (`SplitMix64`).
#[derive(Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// The sequence that begins with this number.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a length");
        usize::try_from(self.next() % end).expect("below a length")
    }
}

/// Good tokens that differ in all that may differ.
#[must_use]
pub fn good_tokens(mint: &Mint<'_>) -> Vec<String> {
    let mut tokens = vec![mint.good()];
    for (at, roles) in [vec![], vec!["admin"], vec!["a", "b", "c"]].into_iter().enumerate() {
        for alg in ["EdDSA", "Ed25519"] {
            let mut header = mint.header();
            header.insert("alg".into(), json!(alg));
            let mut claims = mint.claims();
            claims.insert("roles".into(), json!(roles));
            claims.insert("sub".into(), json!(format!("user-{at}")));
            claims.insert("scope".into(), json!("x".repeat(at)));
            tokens.push(mint.signed(&text(&header), &text(&claims)));
        }
    }
    tokens
}

/// One token, changed somehow. It may come out as it was.
#[must_use]
pub fn mutate(numbers: &mut Numbers, tokens: &[String]) -> String {
    let token = &tokens[numbers.below(tokens.len())];
    match numbers.below(10) {
        0 => flip_a_bit(numbers, token),
        1 => in_bytes(token, |bytes| {
            let at = numbers.below(bytes.len());
            bytes[at] = ALPHABET[numbers.below(ALPHABET.len())];
        }),
        2 => in_bytes(token, |bytes| {
            let (one, other) = (numbers.below(bytes.len()), numbers.below(bytes.len()));
            bytes.swap(one, other);
        }),
        3 => in_bytes(token, |bytes| {
            let at = numbers.below(bytes.len() + 1);
            bytes.insert(at, ALPHABET[numbers.below(ALPHABET.len())]);
        }),
        4 => in_bytes(token, |bytes| {
            let at = numbers.below(bytes.len());
            bytes.remove(at);
        }),
        5 => in_bytes(token, |bytes| {
            let at = numbers.below(bytes.len());
            bytes[at] ^= 0x20;
        }),
        6 => token[..numbers.below(token.len())].to_owned(),
        7 => {
            let mut parts: Vec<&str> = token.split('.').collect();
            let at = numbers.below(3);
            let other = &tokens[numbers.below(tokens.len())];
            parts[at] = other.split('.').nth(numbers.below(3)).unwrap_or_default();
            parts.join(".")
        }
        8 => last_character(numbers, token),
        _ => re_encoded(numbers, token),
    }
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";

fn in_bytes(token: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = token.as_bytes().to_vec();
    change(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn flip_a_bit(numbers: &mut Numbers, token: &str) -> String {
    in_bytes(token, |bytes| {
        let at = numbers.below(bytes.len());
        bytes[at] ^= 1 << numbers.below(7);
    })
}

/// Changes the last character of a segment, where base64 may have bits to spare.
fn last_character(numbers: &mut Numbers, token: &str) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let at = numbers.below(3);
    parts[at].pop();
    parts[at].push(char::from(ALPHABET[numbers.below(64)]));
    parts.join(".")
}

/// Changes a byte of the JSON, or the signature, under the encoding.
fn re_encoded(numbers: &mut Numbers, token: &str) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let at = numbers.below(3);
    let mut bytes = URL_SAFE_NO_PAD.decode(&parts[at]).expect("the token is good");
    let place = numbers.below(bytes.len());
    match numbers.below(3) {
        0 => bytes[place] = u8::try_from(numbers.below(256)).expect("a byte"),
        1 => bytes.insert(place, b' '),
        _ => drop(bytes.remove(place)),
    }
    parts[at] = encode(&bytes);
    parts.join(".")
}
