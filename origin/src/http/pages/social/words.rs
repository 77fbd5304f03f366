//! What the pages say of logins elsewhere.

use common::problem::Code;

use super::super::words::Words;

pub(in super::super) struct SocialWords {
    pub(super) or: &'static str,
    /// Around the provider's name.
    with: (&'static str, &'static str),
    pub(in super::super) linking: &'static str,
    pub(in super::super) onward: &'static str,
    pub(super) sign_in_again: &'static str,
    pub(super) to_account: &'static str,
    pub(in super::super) unlink: &'static str,
    pub(in super::super) link: &'static str,
    pub(in super::super) linked: &'static str,
    stale: &'static str,
    too_old: &'static str,
    refused: &'static str,
    failed: &'static str,
    no_email: &'static str,
    taken: &'static str,
    other: &'static str,
    forbidden: &'static str,
    last: &'static str,
    unknown: &'static str,
}

static ENGLISH: SocialWords = SocialWords {
    or: "Or by a login that you have already",
    with: ("Sign in with ", ""),
    linking: "Linked logins",
    onward: "On to the provider",
    sign_in_again: "Back to signing in",
    to_account: "Back to your account",
    unlink: "Unlink",
    link: "Link",
    linked: "linked",
    stale: "This was not begun in this browser, took too long, or was done already. Begin again.",
    too_old: "To link a login, sign in again first, with your password if you have one: your last sign-in is \
              more than ten minutes ago, or nothing was asked of you then.",
    refused: "Nothing came of it at the provider. Begin again, or sign in another way.",
    failed: "The provider did not answer as it should. Try again shortly, or sign in another way.",
    no_email: "The provider shared no e-mail address that is proven to be yours. Allow it there, or \
               create an account here and link this login to it.",
    taken: "There is an account with this e-mail address. Sign in with its password, then link this \
            login on your account page.",
    other: "This login belongs to another account, or your account has another login there. Unlink that \
            one first.",
    forbidden: "This account may not sign in here.",
    last: "This is your only way to sign in. Set a password or link another login first.",
    unknown: "There is no such provider here.",
};

static KOREAN: SocialWords = SocialWords {
    or: "또는 이미 있는 계정으로 로그인",
    with: ("", " 계정으로 로그인"),
    linking: "연결된 로그인",
    onward: "로그인 제공자로 이동",
    sign_in_again: "로그인으로 돌아가기",
    to_account: "내 계정으로 돌아가기",
    unlink: "연결 해제",
    link: "연결",
    linked: "연결됨",
    stale: "이 브라우저에서 시작하지 않았거나, 너무 오래 걸렸거나, 이미 끝난 로그인입니다. 다시 시작해 주세요.",
    too_old: "로그인을 연결하려면 먼저 다시 로그인해 주세요. 비밀번호가 있으면 비밀번호로 로그인해 주세요. \
              마지막 로그인 후 10분이 지났거나, 그때 본인 확인이 없었습니다.",
    refused: "로그인 제공자에서 로그인이 완료되지 않았습니다. 다시 시작하거나 다른 방법으로 로그인해 주세요.",
    failed: "로그인 제공자가 올바르게 응답하지 않았습니다. 잠시 후 다시 시도하거나 다른 방법으로 로그인해 주세요.",
    no_email: "로그인 제공자가 본인 것으로 확인된 이메일 주소를 알려주지 않았습니다. 제공자에서 허용하거나, \
               여기에서 계정을 만든 뒤 이 로그인을 연결해 주세요.",
    taken: "이 이메일 주소로 만든 계정이 있습니다. 비밀번호로 로그인한 뒤 계정 페이지에서 이 로그인을 연결해 주세요.",
    other: "이 로그인은 다른 계정에 연결되어 있거나, 내 계정에 같은 제공자의 다른 로그인이 연결되어 있습니다. \
            먼저 그 연결을 해제해 주세요.",
    forbidden: "이 계정은 여기에 로그인할 수 없습니다.",
    last: "하나뿐인 로그인 방법입니다. 먼저 비밀번호를 정하거나 다른 로그인을 연결해 주세요.",
    unknown: "그런 로그인 제공자가 없습니다.",
};

/// Those of the page's language.
pub(in super::super) fn of(words: &Words) -> &'static SocialWords {
    if words.language == "ko" { &KOREAN } else { &ENGLISH }
}

impl SocialWords {
    pub(super) fn sign_in_with(&self, provider: &str) -> String {
        let (before, after) = self.with;
        format!("{before}{provider}{after}")
    }

    /// What is told of a problem that only logins elsewhere have.
    pub(super) const fn problem(&self, code: Code) -> Option<&'static str> {
        Some(match code {
            Code::SignInStale => self.stale,
            Code::SignInTooOld => self.too_old,
            Code::ProviderRefused => self.refused,
            Code::ProviderFailed => self.failed,
            Code::ProviderEmailMissing => self.no_email,
            Code::EmailTaken => self.taken,
            Code::LoginLinked => self.other,
            Code::SignInForbidden => self.forbidden,
            Code::LastSignIn => self.last,
            Code::NotFound => self.unknown,
            _ => return None,
        })
    }
}
