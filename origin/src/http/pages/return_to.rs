//! Where somebody wanted to go before they were asked to sign in: a path of this site and nothing
//! else, or the front page.

use common::policy::CanonicalPath;
use serde::Deserialize;
use url::form_urlencoded;

const FRONT: &str = "/";

/// A longer one is forgotten, in bytes; the edge sends none.
const LONGEST: usize = 2048;

/// A path of this site, with its query.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub(in super::super) struct ReturnTo(String);

impl ReturnTo {
    /// From the query of a page. Two of them are none: which of them counts would be anybody's guess.
    pub(in super::super) fn of(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let mut wanted = pairs.filter(|(name, _)| name == "return_to").map(|(_, value)| value);
        match (wanted.next(), wanted.next()) {
            (Some(only), None) => Self::from(only.into_owned()),
            _ => Self::default(),
        }
    }

    pub(in super::super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of another page that is to know it too.
    pub(super) fn after(&self, page: &str) -> String {
        if self.0 == FRONT {
            return String::from(page);
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("{page}?{}", query.append_pair("return_to", &self.0).finish())
    }
}

impl Default for ReturnTo {
    fn default() -> Self {
        Self(String::from(FRONT))
    }
}

impl From<String> for ReturnTo {
    fn from(text: String) -> Self {
        if is_ours(&text) { Self(text) } else { Self::default() }
    }
}

/// Browsers read `//` and `/\` as the beginning of another host, and skip tabs and line ends while
/// they look (URL Standard §4.4); a canonical path has none of these.
fn is_ours(text: &str) -> bool {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#');
    text.len() <= LONGEST && CanonicalPath::parse(path).is_ok() && query.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_stays_on_this_site() {
        for there in [
            "/",
            "/orders",
            "/orders/",
            "/orders?a=1&b=/c",
            "/a%20b?c=%2F%2Fevil.example",
            "/x?u=https://evil.example//",
            "/%EA%B0%80",
            "/auth/sessions",
            "/@evil.example",
            "/x:80?@",
        ] {
            assert_eq!(ReturnTo::from(String::from(there)).as_str(), there);
        }
        let long = format!("/{}", "x".repeat(LONGEST));
        for hostile in [
            "",
            " ",
            "orders",
            "?x",
            "#x",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/\u{0}/evil.example",
            "/x\r\nset-cookie: a=b",
            "/x?\r\nset-cookie: a=b",
            "https://evil.example",
            "https:evil.example",
            "HTTPS:/evil.example",
            "http:///evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/./",
            "/.//evil.example",
            "/..//evil.example",
            "/a/../..//evil.example",
            "/%2F/evil.example",
            "/%2e%2e//evil.example",
            "/%5Cevil.example",
            "/%09/evil.example",
            "/x#//evil.example",
            "/x?\\evil.example",
            "/x y",
            "/x?y z",
            "/가",
            "/x?가",
            "/\u{2028}",
            "/\u{ff0f}evil.example",
            "/%",
            "@evil.example",
            ".evil.example",
            ":80/",
            &long,
        ] {
            assert_eq!(ReturnTo::from(String::from(hostile)).as_str(), "/", "{hostile:?}");
        }
    }

    #[test]
    fn it_is_taken_from_one_parameter_and_handed_on_whole() {
        for (query, expected) in [
            (None, "/"),
            (Some(""), "/"),
            (Some("return_to="), "/"),
            (Some("return_to=/orders"), "/orders"),
            (Some("return_to=%2Forders%3Fa%3D1%26b%3D2"), "/orders?a=1&b=2"),
            (Some("x=1&return_to=/orders"), "/orders"),
            (Some("return_to=/orders&return_to=/x"), "/"),
            (Some("return_to=%2F%2Fevil.example"), "/"),
            (Some("return_to=/%09/evil.example"), "/"),
            (Some("return_to=%2Fx%0D%0Aset-cookie:%20a"), "/"),
            (Some("return_to=%FF"), "/"),
        ] {
            let there = ReturnTo::of(query);
            assert_eq!(there.as_str(), expected, "{query:?}");
            let address = there.after("/auth/register");
            let again = ReturnTo::of(address.split_once('?').map(|(_, query)| query));
            assert_eq!(again.as_str(), expected, "{address}");
        }
    }
}
