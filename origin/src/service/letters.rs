//! What the letters say: plain text, in the language of whoever asked.

use std::time::Duration;

use common::Secret;

use crate::port::Letter;

/// A language that we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Korean,
}

/// How long a link to verify an address is good.
pub(super) const VERIFY_FOR: Duration = Duration::from_hours(24);

/// How long a link to choose another password is good.
pub(super) const RESET_FOR: Duration = Duration::from_mins(30);

/// What a letter is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    /// This link proves that its reader has the address.
    Verify { link: &'a Secret<String> },
    /// This link chooses another password.
    Reset { link: &'a Secret<String> },
    /// Somebody tried to register an address that has an account.
    Registered { sign_in: &'a str, forgot: &'a str },
    /// The password was changed.
    PasswordChanged { forgot: &'a str },
    /// The account is to get another address.
    AddressChanging { forgot: &'a str },
    /// This login elsewhere opens the account from now on.
    LoginLinked { provider: &'a str, account: &'a str, forgot: &'a str },
    /// It does not any more.
    LoginUnlinked { provider: &'a str, forgot: &'a str },
}

/// The letter to the reader of `to`; `host` is the site that it is from.
pub(super) fn letter(subject: Subject<'_>, language: Language, host: &str, to: &str) -> Letter {
    let (subject, text) = match language {
        Language::English => english(subject, host),
        Language::Korean => korean(subject, host),
    };
    Letter { to: String::from(to), subject, text: Secret::new(text) }
}

fn english(subject: Subject<'_>, host: &str) -> (&'static str, String) {
    match subject {
        Subject::Verify { link } => (
            "Confirm your e-mail address",
            format!(
                "Somebody gave this address to {host}. If that was you, open this page and confirm \
                 it:\n\n{}\n\nThe link works once, for 24 hours. If it was not you, ignore this \
                 letter: without your confirmation nothing happens.\n",
                link.expose()
            ),
        ),
        Subject::Reset { link } => (
            "Choose a new password",
            format!(
                "Somebody asked for a new password for your account at {host}. If that was you, \
                 choose one here:\n\n{}\n\nThe link works once, for 30 minutes. You will be signed \
                 out everywhere. If it was not you, ignore this letter: your password stays as it \
                 is.\n",
                link.expose()
            ),
        ),
        Subject::Registered { sign_in, forgot } => (
            "You have an account already",
            format!(
                "Somebody tried to register at {host} with this address, which has an account \
                 already. If that was you, sign in:\n\n{sign_in}\n\nIf you forgot the password, \
                 choose a new one:\n\n{forgot}\n\nIf it was not you, ignore this letter: nothing \
                 was changed.\n"
            ),
        ),
        Subject::PasswordChanged { forgot } => (
            "Your password was changed",
            format!(
                "The password of your account at {host} was changed, and the other sessions were \
                 signed out. If that was not you, choose a new one at once:\n\n{forgot}\n"
            ),
        ),
        Subject::AddressChanging { forgot } => (
            "Your e-mail address is being changed",
            format!(
                "Your account at {host} is to get another e-mail address, as soon as that one is \
                 confirmed. If that was not you, choose a new password at once:\n\n{forgot}\n"
            ),
        ),
        Subject::LoginLinked { provider, account, forgot } => (
            "A login was linked with your account",
            format!(
                "From now on one can sign in to your account at {host} by a login at {provider}. If \
                 that was not you, unlink it:\n\n{account}\n\nand choose a new password at \
                 once:\n\n{forgot}\n"
            ),
        ),
        Subject::LoginUnlinked { provider, forgot } => (
            "A login was unlinked from your account",
            format!(
                "The login at {provider} does not sign in to your account at {host} any more. If \
                 that was not you, choose a new password at once:\n\n{forgot}\n"
            ),
        ),
    }
}

fn korean(subject: Subject<'_>, host: &str) -> (&'static str, String) {
    match subject {
        Subject::Verify { link } => (
            "이메일 주소를 확인해 주세요",
            format!(
                "{host}에서 이 이메일 주소가 입력되었습니다. 본인이 입력하셨다면 아래 페이지를 열어 \
                 확인해 주세요.\n\n{}\n\n이 링크는 24시간 동안 한 번만 사용할 수 있습니다. 본인이 \
                 아니라면 이 메일을 무시하세요. 확인하지 않으면 아무 일도 일어나지 않습니다.\n",
                link.expose()
            ),
        ),
        Subject::Reset { link } => (
            "새 비밀번호를 정해 주세요",
            format!(
                "{host} 계정의 비밀번호 재설정이 요청되었습니다. 본인이 요청하셨다면 아래 페이지에서 \
                 새 비밀번호를 정해 주세요.\n\n{}\n\n이 링크는 30분 동안 한 번만 사용할 수 있으며, \
                 모든 기기에서 로그아웃됩니다. 본인이 아니라면 이 메일을 무시하세요. 비밀번호는 \
                 바뀌지 않습니다.\n",
                link.expose()
            ),
        ),
        Subject::Registered { sign_in, forgot } => (
            "이미 가입된 이메일 주소입니다",
            format!(
                "{host}에서 이 이메일 주소로 가입이 시도되었지만, 이미 계정이 있습니다. 본인이라면 \
                 로그인해 주세요.\n\n{sign_in}\n\n비밀번호를 잊으셨다면 새로 정할 수 \
                 있습니다.\n\n{forgot}\n\n본인이 아니라면 이 메일을 무시하세요. 바뀐 것은 \
                 없습니다.\n"
            ),
        ),
        Subject::PasswordChanged { forgot } => (
            "비밀번호가 변경되었습니다",
            format!(
                "{host} 계정의 비밀번호가 변경되고 다른 기기에서 로그아웃되었습니다. 본인이 변경하지 \
                 않았다면 지금 바로 새 비밀번호를 정해 주세요.\n\n{forgot}\n"
            ),
        ),
        Subject::AddressChanging { forgot } => (
            "이메일 주소가 변경될 예정입니다",
            format!(
                "{host} 계정의 이메일 주소가 변경될 예정이며, 새 주소가 확인되면 바뀝니다. 본인이 \
                 변경하지 않았다면 지금 바로 새 비밀번호를 정해 주세요.\n\n{forgot}\n"
            ),
        ),
        Subject::LoginLinked { provider, account, forgot } => (
            "계정에 로그인이 연결되었습니다",
            format!(
                "이제 {provider} 로그인으로 {host} 계정에 로그인할 수 있습니다. 본인이 연결하지 \
                 않았다면 연결을 해제하고\n\n{account}\n\n지금 바로 새 비밀번호를 정해 \
                 주세요.\n\n{forgot}\n"
            ),
        ),
        Subject::LoginUnlinked { provider, forgot } => (
            "계정에서 로그인 연결이 해제되었습니다",
            format!(
                "{provider} 로그인으로는 더 이상 {host} 계정에 로그인할 수 없습니다. 본인이 \
                 해제하지 않았다면 지금 바로 새 비밀번호를 정해 주세요.\n\n{forgot}\n"
            ),
        ),
    }
}
