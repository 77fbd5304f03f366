//! Which name a misspelt one was meant for. For programs that people talk to; not in the Worker.

use crate::variable;

/// From here on a name is taken for another one, mistyped: two letters swapped, one too many or one
/// that is wrong. 1 is the same name.
const ALIKE: f64 = 0.8;

/// The known name that is most like this one, if one is like it. Capital letters count as small ones.
#[must_use]
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_lowercase();
    let likeness = |known: &'k str| (strsim::jaro(&known.to_lowercase(), &name), known);
    let alike = known.into_iter().map(likeness).filter(|(likeness, _)| *likeness > ALIKE);
    alike.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, known)| known)
}

/// That the Worker does not read a variable of this name, and which one was meant; `None` if it does.
#[must_use]
pub fn unread(name: &str) -> Option<String> {
    let known = || variable::ALL.iter().map(|known| known.name());
    if known().any(|known| known == name) {
        return None;
    }
    let hint = nearest(name, known()).map(|known| format!("; did you mean {known}?"));
    Some(format!("the Worker reads no {name}{}", hint.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_is_known_again_and_another_one_is_not() {
        for (name, meant) in [
            ("APP_ULR", Some("APP_URL")),
            ("app_url", Some("APP_URL")),
            ("APPURL", Some("APP_URL")),
            ("ORIGN_URL", Some("ORIGIN_URL")),
            ("STALE_SECOND", Some("STALE_SECONDS")),
            ("ISSUER_", Some("ISSUER")),
            ("APP_NAME", None),
            ("FEATURE_FLAGS", None),
            ("", None),
        ] {
            let known = variable::ALL.iter().map(|variable| variable.name());
            assert_eq!(nearest(name, known), meant, "{name}");
        }
    }
}
