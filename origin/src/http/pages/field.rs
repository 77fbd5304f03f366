//! One field of a form: its label, its input, and what is wrong with it.

use common::problem::Code;
use maud::{Markup, html};

/// The fields that there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Email,
    /// To prove who one is.
    Password,
    /// To prove it by from now on.
    NewPassword,
    Name,
    /// To prove again who one is, in a form with others on its page: its own id.
    Current(&'static str),
    /// To prove it by from now on, beside the current one.
    Chosen,
}

impl Field {
    /// The field with a value in it; never one for a password.
    pub(super) fn show(
        self,
        label: &str,
        hint: Option<&str>,
        value: &str,
        code: Option<Code>,
    ) -> Markup {
        let name = match self {
            Self::Email => "email",
            Self::Password | Self::NewPassword => "password",
            Self::Name => "name",
            Self::Current(_) => "current_password",
            Self::Chosen => "new_password",
        };
        let id = if let Self::Current(id) = self { id } else { name };
        let (kind, autocomplete) = match self {
            Self::Email => ("email", "username"),
            Self::Password | Self::Current(_) => ("password", "current-password"),
            Self::NewPassword | Self::Chosen => ("password", "new-password"),
            Self::Name => ("text", "name"),
        };
        let wrong = code.is_some_and(|code| self.is_at_fault(code));
        let hint_id = hint.map(|_| format!("{id}-hint"));
        let described = [wrong.then_some("problem"), hint_id.as_deref()];
        let described: Vec<_> = described.into_iter().flatten().collect();
        html! {
            label for=(id) { (label) }
            input id=(id) name=(name) type=(kind) autocomplete=(autocomplete) value=[(!value.is_empty()).then_some(value)]
                required[self != Self::Name] autocapitalize="off" spellcheck="false"
                aria-invalid=[wrong.then_some("true")]
                aria-describedby=[(!described.is_empty()).then(|| described.join(" "))];
            @if let Some(hint) = hint {
                p .hint id=[hint_id.as_deref()] { (hint) }
            }
        }
    }

    fn is_at_fault(self, code: Code) -> bool {
        match code {
            Code::CredentialsInvalid => {
                matches!(self, Self::Email | Self::Password | Self::Current(_))
            }
            Code::EmailInvalid | Code::EmailTaken => self == Self::Email,
            Code::PasswordTooShort | Code::PasswordTooLong | Code::PasswordCommon => {
                matches!(self, Self::Password | Self::NewPassword | Self::Chosen)
            }
            Code::RequestInvalid => self == Self::Name,
            _ => false,
        }
    }
}
