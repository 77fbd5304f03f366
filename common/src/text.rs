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

/// The scheme of a URL, and what follows its `://`.
pub(crate) fn after_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    Some((scheme, rest.strip_prefix("//")?))
}
