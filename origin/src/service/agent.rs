//! What a user agent is called by people: `Chrome` on `macOS`. A short table of what most people
//! use; whatever is not in it is called by its own first word.

/// A browser or program, and the system it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agent<'a> {
    pub(crate) program: Option<&'a str>,
    pub(crate) system: Option<&'static str>,
}

/// What their user agents hold, the more telling first: nearly all of them hold `Safari` too, and most
/// `Chrome`.
const PROGRAMS: [(&str, &str); 17] = [
    ("KAKAOTALK", "KakaoTalk"),
    ("NAVER(", "Naver"),
    ("Whale/", "Whale"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
    ("Mozilla/", ""),
];

const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// A longer name is no name.
const LONGEST: usize = 32;

impl<'a> Agent<'a> {
    /// Reads a user agent (RFC 9110 §10.1.5).
    pub(crate) fn read(text: &'a str) -> Self {
        let named = PROGRAMS.iter().find(|(part, _)| text.contains(part)).map(|(_, name)| *name);
        let program = named.or_else(|| first_product(text)).filter(|name| !name.is_empty());
        let system = SYSTEMS.iter().find(|(part, _)| text.contains(part)).map(|(_, name)| *name);
        Self { program, system }
    }

    /// In English, as the API says it.
    pub(crate) fn name(self) -> Option<String> {
        match (self.program, self.system) {
            (Some(program), Some(system)) => Some(format!("{program} on {system}")),
            (one, other) => one.or(other).map(String::from),
        }
    }
}

fn first_product(text: &str) -> Option<&str> {
    let name = text.split(['/', ' ']).next()?;
    let fits = name.len() <= LONGEST
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    fits.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_people_use_has_its_name() {
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, expected) in [
            (
                &*format!(
                    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/131.0.0.0 Safari/537.36"
                ),
                Some("Chrome on macOS"),
            ),
            (
                &*format!(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"
                ),
                Some("Edge on Windows"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                Some("Safari on iPhone"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
                Some("Firefox on Linux"),
            ),
            (
                &*format!(
                    "Mozilla/5.0 (Linux; Android 14; SM-S928N) {WEBKIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36"
                ),
                Some("Samsung Internet on Android"),
            ),
            (
                &*format!(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/130.0.0.0 Whale/4.29.282.14 Safari/537.36"
                ),
                Some("Whale on Windows"),
            ),
            ("curl/8.5.0", Some("curl")),
            ("PostmanRuntime/7.43.0", Some("PostmanRuntime")),
            ("Mozilla/5.0 (compatible)", None),
            ("<script>alert(1)</script>", None),
            ("", None),
        ] {
            assert_eq!(Agent::read(agent).name().as_deref(), expected, "{agent}");
        }
    }
}
