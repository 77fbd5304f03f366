//! `[clients]`: services that may ask whether a token is good, each with the SHA-256 of its secret.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::Invalid;
use super::value::Text;

/// A service that has a secret of its own.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// As it calls itself.
    pub(crate) id: String,
    /// SHA-256 of its secret.
    pub(crate) digest: [u8; 32],
}

/// All of them.
pub(crate) type Clients = Vec<Client>;

#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Raw(BTreeMap<String, Text>);

const KEY: &str = "clients";

impl Raw {
    pub(super) fn parse(self) -> Result<Clients, Invalid> {
        self.0.into_iter().map(|(id, digest)| client(id, &digest)).collect()
    }
}

fn client(id: String, digest: &Text) -> Result<Client, Invalid> {
    // Without a colon, which parts it from the secret (RFC 7617 §2).
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !(1..=64).contains(&id.len()) || !id.bytes().all(named) {
        let expected = "names of 1 to 64 letters, digits, '-', '_' and '.'";
        return Err(Invalid::new(KEY, &id, expected));
    }
    let expected = "for each name `sha256:` and 64 hexadecimal digits, the digest of its secret: \
                    `printf %s \"$SECRET\" | sha256sum`";
    let text: String = digest.parse(KEY, expected)?;
    // What stands there by mistake may be the secret itself.
    let digest = text.strip_prefix("sha256:").and_then(hexadecimal);
    digest.map(|digest| Client { id, digest }).ok_or_else(|| Invalid::secret(KEY, expected))
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in digest.iter_mut().zip((0..).step_by(2)) {
        let pair = text.get(at..at + 2).filter(|pair| !pair.starts_with('+'))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_a_name_and_a_digest() {
        let parse = |id: &str, digest: &str| client(String::from(id), &Text::from(digest));
        let good = format!("sha256:{}", "0f".repeat(32));
        let read = parse("orders.api-1", &good).unwrap();
        assert_eq!((&*read.id, read.digest), ("orders.api-1", [0x0f; 32]));
        for (id, digest) in [
            ("", &*good),
            ("a:b", &good),
            ("a b", &good),
            ("a", "hunter2-hunter2"),
            ("a", "sha256:"),
            ("a", &good[1..]),
            ("a", &good[..70]),
            ("a", &format!("sha256:{}", "+f".repeat(32))),
            ("a", &format!("sha256:{}", "é".repeat(32))),
        ] {
            let refused = parse(id, digest).unwrap_err();
            assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
        }
    }
}
