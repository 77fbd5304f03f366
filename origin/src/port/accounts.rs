//! Who can sign in.

use async_trait::async_trait;
use common::{Secret, Subject, UnixSeconds};
use unicode_normalization::UnicodeNormalization as _;

use super::{Announced, StoreFault};

/// A normalised e-mail address: trimmed, lower case, one `@` with something on each side, at most
/// 254 bytes (RFC 5321 §4.5.3.1.3). Two spellings of one mailbox are one account: by NFC (RFC 6532 §3.1), and by NFKC
/// for the domain, as it is resolved (RFC 5895 §2). What is normalised stays as it is when it is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Email(String);

/// The text is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an e-mail address like name@example.com, at most 254 bytes")]
pub(crate) struct InvalidEmail;

impl Email {
    /// Reads an address as people type it.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidEmail> {
        if text.len() > LONGEST_TYPED {
            return Err(InvalidEmail);
        }
        let (local, domain) = text.trim().rsplit_once('@').ok_or(InvalidEmail)?;
        // Before it is judged: lower case can be longer, and what is kept is read again.
        let local: String = local.to_lowercase().nfc().collect();
        // NFKC gives capitals too, as of `𝐆` and `™`; and lower case what is not composed.
        let domain: String = domain.nfkc().collect();
        let domain: String = domain.to_lowercase().nfkc().collect();
        let fits = (1..=64).contains(&local.len()) && local.chars().all(is_local);
        if !fits || !is_domain(&domain) {
            return Err(InvalidEmail);
        }
        let text = format!("{local}@{domain}");
        if text.len() <= 254 { Ok(Self(text)) } else { Err(InvalidEmail) }
    }

    /// The normalised text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Nobody types more around one.
const LONGEST_TYPED: usize = 1024;

/// What may stand in front of the `@` without quotes (RFC 5321 §4.1.2), in any script (RFC 6531 §3.3): nothing that
/// cannot be seen, by which one address would look like another.
fn is_local(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c)
    } else {
        !c.is_whitespace() && !c.is_control() && !is_unseen(c)
    }
}

/// What nothing is drawn for: `Default_Ignorable_Code_Point` (Unicode Standard §5.21), the marks around annotations, and
/// the pattern of Braille without a dot.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c == '-' || (c.is_alphanumeric() && !is_unseen(c)))
    })
}

/// An account to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewAccount {
    pub(crate) id: Subject,
    pub(crate) email: Email,
    /// Whether it is proven already: a provider vouches for it.
    pub(crate) email_verified: bool,
    pub(crate) name: Option<String>,
    /// A PHC string (argon2id); `None` for one without a password.
    pub(crate) password_hash: Option<Secret<String>>,
    pub(crate) created_at: UnixSeconds,
}

/// An account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: Subject,
    pub(crate) email: String,
    pub(crate) email_verified: bool,
    pub(crate) name: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) disabled: bool,
    /// `None` for one that has no password.
    pub(crate) password_hash: Option<Secret<String>>,
    /// Grows with each password that is chosen or taken away. The same one hashed anew is no other.
    pub(crate) password_version: u64,
    /// Whether more than one may have registered the address, which nobody has proven yet.
    pub(crate) contested: bool,
    pub(crate) created_at: UnixSeconds,
}

impl Account {
    /// Whether it has the password that it had `then`, or still none.
    pub(crate) const fn has_password_of(&self, then: &Self) -> bool {
        self.password_version == then.password_version
    }
}

/// Why an account was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountError {
    /// There is one with this address.
    #[error("an account with this e-mail address exists")]
    Taken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// The accounts.
#[async_trait]
pub(crate) trait Accounts: Send + Sync {
    /// Makes an account, without roles.
    async fn create(&self, new: &NewAccount) -> Result<Account, AccountError>;

    /// The account with this address.
    async fn by_email(&self, email: &Email) -> Result<Option<Account>, StoreFault>;

    /// The account with this id.
    async fn by_id(&self, id: &Subject) -> Result<Option<Account>, StoreFault>;

    /// At most `limit` accounts whose address comes after `email`, by address.
    async fn after(&self, email: &str, limit: u32) -> Result<Vec<Account>, StoreFault>;

    /// Gives the account these roles in place of those it has; false when there is no such one.
    async fn set_roles(&self, of: &Announced, roles: &[String]) -> Result<bool, StoreFault>;

    /// Gives the account another password; false when it has another one than `then` by now, or is closed or
    /// gone.
    async fn replace_password(
        &self,
        then: &Account,
        hash: &Secret<String>,
    ) -> Result<bool, StoreFault>;

    /// Gives the account a password, whatever it had, and makes its address verified; false when that is
    /// another one than `email` by now, or the account is closed or gone.
    async fn reset_password(
        &self,
        of: &Announced,
        email: &str,
        hash: &Secret<String>,
    ) -> Result<bool, StoreFault>;

    /// Keeps the same password by the hash `new`, unless it is kept by another one than `old` by now.
    async fn rehash(
        &self,
        id: &Subject,
        old: &Secret<String>,
        new: &Secret<String>,
    ) -> Result<bool, StoreFault>;

    /// Takes the account's password away and has it contested, in one step; false when its address is verified
    /// by now, or it is gone.
    async fn contest(&self, id: &Subject) -> Result<bool, StoreFault>;

    /// Makes the address the account's, verified and not contested; false when another account has it, or this
    /// one is closed or gone, or contested where it was not `then`.
    async fn verify_email(
        &self,
        of: &Announced,
        then: &Account,
        email: &Email,
    ) -> Result<bool, StoreFault>;

    /// At most `limit` accounts whose address begins with `prefix` and comes after `after`, by address.
    async fn beginning_with(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Account>, StoreFault>;

    /// Closes the account or opens it again; false when there is no such one.
    async fn set_disabled(&self, of: &Announced, disabled: bool) -> Result<bool, StoreFault>;

    /// Whether an open account other than this one has the role.
    async fn others_with_role(&self, role: &str, id: &Subject) -> Result<bool, StoreFault>;

    /// Whether the store answers, for `/readyz`.
    async fn ping(&self) -> Result<(), StoreFault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Email::parse(text).ok().map(|email| email.0)
    }

    #[test]
    fn an_address_that_was_read_is_read_as_itself() {
        let mut good = 0_u32;
        // The planes in between are empty, and those behind for private use.
        for c in ('\0'..='\u{3ffff}').chain('\u{e0000}'..='\u{effff}') {
            for text in [
                format!("{c}A{c}@b.co"),
                format!("A{c}\u{301}\u{323}@b.co"),
                format!("x@{c}A{c}\u{301}.co"),
                format!("x@{c}.A{c}.co"),
            ] {
                if let Some(once) = read(&text) {
                    good += 1;
                    assert_eq!(read(&once).as_ref(), Some(&once), "{text:?}");
                }
            }
        }
        assert!(good > 600_000, "{good}");
    }

    #[test]
    fn spellings_of_one_domain_are_one() {
        for (text, expected) in [
            ("x@𝐆mail.com", "x@gmail.com"),
            ("x@ℂorp.com", "x@corp.com"),
            ("x@™.com", "x@tm.com"),
            ("x@Ｇmail．com", "x@gmail.com"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_in_no_address() {
        for c in "\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{180b}\u{180f}\u{200b}\u{200d}\u{202e}\u{2060}\
                  \u{2800}\u{3164}\u{fe0f}\u{feff}\u{ffa0}\u{fff0}\u{1bca0}\u{1d173}\u{e0001}\u{e0fff}"
            .chars()
        {
            assert_eq!(read(&format!("a{c}b@b.co")), None, "{c:?}");
            assert_eq!(read(&format!("x@a{c}b.co")), None, "{c:?}");
        }
        assert_eq!(read("가é@b.co").as_deref(), Some("가é@b.co"));
    }
}
