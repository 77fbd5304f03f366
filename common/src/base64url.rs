//! base64url (RFC 4648 §5) as JOSE has it: no padding, no line breaks, no other characters (RFC 7515
//! §2); and, what the RFC leaves to us, no stray bits in the last character: one token has one text.
//! By hand, for a library's many forms weigh six kilobytes in the Worker; the tests hold it against one.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// What stands in [`VALUES`] for a byte that is not of the alphabet.
const NONE: u8 = 0x40;
/// What each byte of a text is worth.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut rest: &[u8] = ALPHABET;
    while let [first @ .., last] = rest {
        #[expect(clippy::cast_possible_truncation, reason = "there are 64 of them")]
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            values[*last as usize] = first.len() as u8;
        }
        rest = first;
    }
    values
};

/// The text of these bytes.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| chunk.get(at).copied().unwrap_or_default();
        let word = u32::from_be_bytes([0, byte(0), byte(1), byte(2)]);
        for shift in [18, 12, 6, 0].into_iter().take(chunk.len() + 1) {
            let character = ALPHABET.get((word >> shift & 0x3f) as usize);
            text.push(character.copied().map_or('A', char::from));
        }
    }
    text
}

/// The bytes of this text; `None` when it is not exactly what [`encode`] would write of some.
#[must_use]
pub fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    let (quads, rest) = text.as_ref().as_chunks::<4>();
    let mut bytes = vec![0; quads.len() * 3];
    let mut odd = 0;
    for (quad, three) in quads.iter().zip(bytes.as_chunks_mut::<3>().0) {
        *three = worth(*quad, &mut odd);
    }
    if let [_, behind_first @ ..] = rest {
        let mut quad = *b"AAAA";
        quad.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let decoded = worth(quad, &mut odd);
        let (whole, rest) = decoded.split_at_checked(behind_first.len())?;
        // One character alone is no byte, and bits behind the last whole byte are zero.
        if whole.is_empty() || rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(whole);
    }
    (odd == 0).then_some(bytes)
}

/// What four characters stand for; `odd` is no longer zero when one of them is not of the alphabet.
fn worth([a, b, c, d]: [u8; 4], odd: &mut u8) -> [u8; 3] {
    let value = |byte: u8| VALUES.get(usize::from(byte)).copied().unwrap_or(NONE);
    let (a, b, c, d) = (value(a), value(b), value(c), value(d));
    *odd |= (a | b | c | d) & NONE;
    let word = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
    let [_, decoded @ ..] = word.to_be_bytes();
    decoded
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    #[test]
    fn one_content_has_one_text() {
        for bad in
            ["A", "AAAAA", "AB", "AAB", "A=", "AA==", "A A", "AAA\n", "AA+/", "\u{e4}A", "AA\0A"]
        {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
        assert_eq!(decode(""), Some(vec![]));
    }

    proptest! {
        #[test]
        fn what_a_library_says_is_said_here(bytes: Vec<u8>, text in "[A-Da-dwxyz0-9_=+/-]{0,9}") {
            let encoded = encode(&bytes);
            prop_assert_eq!(&encoded, &URL_SAFE_NO_PAD.encode(&bytes));
            prop_assert_eq!(decode(&encoded), Some(bytes));
            prop_assert_eq!(decode(&text), URL_SAFE_NO_PAD.decode(&text).ok());
        }
    }
}
