//! What the pages say: one table for each language.

pub(super) mod account;
pub(super) mod admin;
mod events;
mod letters;

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use common::problem::Code;

pub(super) use self::letters::Letters;
use crate::service::Language;

/// The words of one language.
pub(in super::super) struct Words {
    /// RFC 5646.
    pub(super) language: &'static str,
    pub(super) sign_in: &'static str,
    pub(super) sign_up: &'static str,
    pub(super) email: &'static str,
    pub(super) password: &'static str,
    pub(super) password_hint: &'static str,
    pub(super) name: &'static str,
    pub(super) remember: &'static str,
    /// The name of the header's list of ways.
    pub(super) menu: &'static str,
    pub(super) no_account: &'static str,
    pub(super) have_account: &'static str,
    pub(super) account: account::Words,
    pub(super) admin: admin::Words,
    pub(super) letters: &'static Letters,
    problems: Problems,
}

/// What can go wrong for somebody who fills in a form, and what to do about it.
struct Problems {
    credentials: &'static str,
    email: &'static str,
    email_taken: &'static str,
    password_short: &'static str,
    password_long: &'static str,
    password_common: &'static str,
    name: &'static str,
    busy: &'static str,
    too_often: &'static str,
    internal: &'static str,
}

static ENGLISH: Words = Words {
    language: "en",
    sign_in: "Sign in",
    sign_up: "Create an account",
    email: "E-mail address",
    password: "Password",
    password_hint: "At least 8 characters",
    name: "Name (optional)",
    remember: "Keep me signed in on this device",
    menu: "Menu",
    no_account: "No account yet?",
    have_account: "Already have an account?",
    account: account::ENGLISH,
    admin: admin::ENGLISH,
    letters: &letters::ENGLISH,
    problems: Problems {
        credentials: "E-mail address or password is wrong.",
        email: "This is no e-mail address like name@example.com.",
        email_taken: "There is an account with this e-mail address. Sign in instead.",
        password_short: "The password needs at least 8 characters.",
        password_long: "The password is too long: at most 256 bytes.",
        password_common: "This password is easily guessed. Choose another.",
        name: "The name is too long, or has characters that cannot be shown.",
        too_often: "Too many tries. Wait a while, then try again.",
        busy: "That does not work at the moment. Try again shortly.",
        internal: "Something went wrong on our side. It was logged.",
    },
};

static KOREAN: Words = Words {
    language: "ko",
    sign_in: "로그인",
    sign_up: "계정 만들기",
    email: "이메일 주소",
    password: "비밀번호",
    password_hint: "8자 이상",
    name: "이름 (선택)",
    remember: "이 기기에서 로그인 상태 유지",
    menu: "메뉴",
    no_account: "아직 계정이 없으신가요?",
    have_account: "이미 계정이 있으신가요?",
    account: account::KOREAN,
    admin: admin::KOREAN,
    letters: &letters::KOREAN,
    problems: Problems {
        credentials: "이메일 주소 또는 비밀번호가 올바르지 않습니다.",
        email: "name@example.com 형식의 이메일 주소를 입력해 주세요.",
        email_taken: "이미 가입된 이메일 주소입니다. 로그인해 주세요.",
        password_short: "비밀번호는 8자 이상이어야 합니다.",
        password_long: "비밀번호가 너무 깁니다. 256바이트까지 쓸 수 있습니다.",
        password_common: "쉽게 추측할 수 있는 비밀번호입니다. 다른 비밀번호를 선택해 주세요.",
        name: "이름이 너무 길거나 표시할 수 없는 문자가 있습니다.",
        too_often: "시도 횟수가 너무 많습니다. 잠시 기다린 후 다시 시도해 주세요.",
        busy: "지금은 처리할 수 없습니다. 잠시 후 다시 시도해 주세요.",
        internal: "서버에 문제가 발생했습니다. 문제는 기록되었습니다.",
    },
};

impl Words {
    /// What is told of a problem.
    pub(super) fn problem(&self, code: Code) -> &'static str {
        let problems = &self.problems;
        match code {
            Code::CredentialsInvalid => problems.credentials,
            Code::EmailInvalid => problems.email,
            Code::EmailTaken => problems.email_taken,
            Code::PasswordTooShort => problems.password_short,
            Code::PasswordTooLong => problems.password_long,
            Code::PasswordCommon => problems.password_common,
            Code::RequestInvalid => problems.name,
            Code::EmailUnverified => self.letters.unverified,
            Code::ProofInvalid => self.letters.proof_invalid,
            Code::RateLimited => problems.too_often,
            _ if code.status() == 503 => problems.busy,
            _ => problems.internal,
        }
    }

    /// The language, for letters.
    pub(in super::super) fn spoken(&self) -> Language {
        if self.language == "ko" { Language::Korean } else { Language::English }
    }

    /// The words that `Accept-Language` (RFC 9110 §12.5.4) asks for first, as far as there are any.
    fn best(accepted: &str) -> &'static Self {
        let mut best = (0.0, &ENGLISH);
        for wanted in accepted.split(',') {
            let (range, weight) = wanted.split_once(';').unwrap_or((wanted, ""));
            let weight = match weight.trim().strip_prefix("q=") {
                Some(weight) => weight.parse::<f32>().unwrap_or(0.0),
                None => 1.0,
            };
            let language = range.trim().split('-').next().unwrap_or_default();
            let words = [&ENGLISH, &KOREAN]
                .into_iter()
                .find(|words| language.eq_ignore_ascii_case(words.language));
            if let Some(words) = words.filter(|_| weight > best.0) {
                best = (weight, words);
            }
        }
        best.1
    }
}

impl<S: Sync> FromRequestParts<S> for &'static Words {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accepted = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Words::best(accepted.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_wanted_most() {
        for (accepted, expected) in [
            ("", "en"),
            ("ko", "ko"),
            ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
            ("en-GB, ko;q=0.9", "en"),
            ("de, fr;q=0.9, ko;q=0.1", "ko"),
            ("en;q=0.5, KO-kr;q=0.6", "ko"),
            ("ko;q=0", "en"),
            ("ko;q=0, en;q=0.1", "en"),
            ("ko;q=x", "en"),
            ("kok, *", "en"),
            ("ko; q=0.4,en;q=0.5", "en"),
            (",,;;q=,ko", "ko"),
        ] {
            assert_eq!(Words::best(accepted).language, expected, "{accepted:?}");
        }
    }
}
