//! Which passwords may be chosen (NIST SP 800-63B-4 §3.1.1.2): long enough, not too long to hash,
//! not among those that everybody tries first. No rules about kinds of characters.

use common::Secret;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroize as _;

/// Fewest characters of a new password.
const MIN_CHARACTERS: usize = 8;

/// Most bytes of any password.
const MAX_BYTES: usize = 256;

/// What a new password lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WeakPassword {
    /// Too short.
    #[error("a password has at least {MIN_CHARACTERS} characters")]
    Short,
    /// Too long; it is never cut.
    #[error("a password has at most {MAX_BYTES} bytes")]
    Long,
    /// One of the first that are tried.
    #[error("this password is too common: it is among the first that are tried")]
    Common,
    /// Made of what everybody knows.
    #[error("this password is easily guessed from the e-mail address, the name or this site's")]
    Guessable,
}

/// 21,653 passwords of eight characters and more that were found in breaches most often, one a line,
/// in lower case: the lists of Django and of zxcvbn-ts (their licences stand beside it). Looked
/// through in a tenth of a millisecond, beside the thirty that the hash takes.
const COMMON: &str = include_str!("password/common.txt");

/// A password as it is hashed and compared: in one Unicode form (NFC), so that it fits whatever
/// keyboard it is typed on.
///
/// # Errors
/// [`WeakPassword::Long`], and no other.
pub(super) fn normal(password: &Secret<String>) -> Result<Secret<String>, WeakPassword> {
    if password.expose().len() > MAX_BYTES {
        return Err(WeakPassword::Long);
    }
    Ok(Secret::new(password.expose().nfc().collect()))
}

/// What anybody who tries passwords knows of an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) email: &'a str,
    pub(super) name: Option<&'a str>,
    /// The site that the account is at.
    pub(super) host: &'a str,
}

/// Characters of a word that counts; shorter ones are in too many good passwords.
const WORD: usize = 4;

/// Characters that a password may have beside such words and still be guessed: a year, a `1!`.
const REST: usize = 4;

impl Known<'_> {
    /// Whether next to nothing is left of a password, in lower case, without the words known.
    fn gives_away(&self, plain: &str) -> bool {
        let email = self.email;
        let name = self.name.unwrap_or_default().to_lowercase();
        let whole = [email, &*name, self.host, "portcullis"];
        let parts = whole.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        let local_part = email.split('@').next();
        let mut words: Vec<&str> = whole.iter().copied().chain(local_part).chain(parts).collect();
        words.retain(|word| word.chars().count() >= WORD);
        // Longer ones first: they hold shorter ones.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let mut rest = Secret::new(String::from(plain));
        for word in words {
            rest = Secret::new(rest.expose().replace(word, ""));
        }
        rest.expose() != plain && rest.expose().chars().count() <= REST
    }
}

/// A new password, if it may be chosen.
pub(super) fn chosen(
    password: &Secret<String>,
    known: &Known<'_>,
) -> Result<Secret<String>, WeakPassword> {
    let password = normal(password)?;
    if password.expose().chars().count() < MIN_CHARACTERS {
        return Err(WeakPassword::Short);
    }
    let mut plain = password.expose().to_lowercase();
    let verdict = if COMMON.lines().any(|common| common == plain) {
        Err(WeakPassword::Common)
    } else if known.gives_away(&plain) {
        Err(WeakPassword::Guessable)
    } else {
        Ok(())
    };
    plain.zeroize();
    verdict.map(|()| password)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(password: &str) -> Result<(), WeakPassword> {
        let known = Known {
            email: "long.name@example.com",
            name: Some("Ada Lovelace"),
            host: "shop.example:8787",
        };
        chosen(&Secret::new(String::from(password)), &known).map(drop)
    }

    #[test]
    fn pwd_02_length_is_judged_at_both_ends_and_nothing_is_cut() {
        for (password, expected) in [
            (String::new(), Err(WeakPassword::Short)),
            (String::from("x"), Err(WeakPassword::Short)),
            (String::from("1e!fQ9z"), Err(WeakPassword::Short)),
            (String::from("1e!fQ9zP"), Ok(())),
            (String::from("ééééééé"), Err(WeakPassword::Short)),
            ("🦀".repeat(8), Ok(())),
            (String::from("  with spaces  "), Ok(())),
            (String::from("nul\0inside"), Ok(())),
            ("x".repeat(64), Ok(())),
            ("x".repeat(256), Ok(())),
            ("x".repeat(257), Err(WeakPassword::Long)),
            ("x".repeat(8 << 20), Err(WeakPassword::Long)),
        ] {
            assert_eq!(judge(&password), expected, "{} bytes", password.len());
        }
    }

    #[test]
    fn pwd_09_what_everybody_tries_first_is_refused() {
        for common in ["password1", "PASSWORD1", "123456789", "qwertyuiop"] {
            assert_eq!(judge(common), Err(WeakPassword::Common), "{common}");
        }
        for known in [
            "Long.Name",
            "long.name@example.com",
            "Long.Name2024",
            "lovelace.ada",
            "Lovelace1!",
            "ada lovelace",
            "Example2024",
            "shop.example",
            "portcullis1",
        ] {
            assert_eq!(judge(known), Err(WeakPassword::Guessable), "{known}");
        }
        for chosen in ["lovelace and babbage", "my example of a good one", "ada-lives-9"] {
            assert_eq!(judge(chosen), Ok(()), "{chosen}");
        }
    }

    #[test]
    fn pwd_10_no_kind_of_character_is_asked_for() {
        for plain in ["kwqzjxvbmh", "KWQZJXVBMH", "7391648205", "쿼카와 왈라비의 춤", "--++--..//"]
        {
            assert_eq!(judge(plain), Ok(()), "{plain}");
        }
    }

    #[test]
    fn pwd_03_both_unicode_forms_are_one_password() {
        let composed = normal(&Secret::new(String::from("caf\u{e9} caf\u{e9}"))).unwrap();
        let combining = normal(&Secret::new(String::from("cafe\u{301} cafe\u{301}"))).unwrap();
        assert_eq!(composed.expose(), combining.expose());
    }
}
