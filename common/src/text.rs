//! Small work on texts. What the standard library has for it weighs kilobytes each in the Worker.

/// Texts with something between them.
pub(crate) fn joined(texts: &[String], between: &str) -> String {
    let mut joined = String::new();
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            joined += between;
        }
        joined += text;
    }
    joined
}

/// Texts as a list in a message: `["a", "b"]`.
pub(crate) fn listed(texts: &[String]) -> String {
    if texts.is_empty() { "[]".into() } else { format!("[\"{}\"]", joined(texts, "\", \"")) }
}

/// Appends a text of which every byte that is not plain stands as `%XX` (RFC 3986 §2.1).
pub(crate) fn percent_encode(text: &str, is_plain: impl Fn(u8) -> bool, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if is_plain(byte) {
            out.push(byte.into());
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.extend(HEX.get(usize::from(nibble)).map(|digit| char::from(*digit)));
            }
        }
    }
}

/// The scheme of a URL, and what follows its `://`.
pub(crate) fn after_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    Some((scheme, rest.strip_prefix("//")?))
}
