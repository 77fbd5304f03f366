//! What the administrators' pages call what happened.

use crate::port::Kind;

pub(super) const fn english(kind: Kind) -> &'static str {
    match kind {
        Kind::AccountMade => "Account created",
        Kind::SignedIn => "Signed in",
        Kind::SignInRefused => "Sign-in refused",
        Kind::SignedOut => "Signed out",
        Kind::SignedOutEverywhere => "Signed out everywhere",
        Kind::SignedOutElsewhere => "Signed out elsewhere",
        Kind::TokenReused => "Refresh token reused",
        Kind::TokenForked => "Refresh token held twice",
        Kind::PasswordChanged => "Password changed",
        Kind::PasswordReset => "Password reset",
        Kind::ChangeRefused => "Change refused",
        Kind::EmailVerified => "E-mail address confirmed",
        Kind::EmailChangeAsked => "Another e-mail address asked for",
        Kind::EmailChanged => "E-mail address changed",
        Kind::LoginLinked => "Login linked",
        Kind::LoginUnlinked => "Login unlinked",
        Kind::UserDisabled => "User disabled",
        Kind::UserEnabled => "User enabled",
        Kind::RolesChanged => "Roles changed",
        Kind::ForcedLogout => "All sessions ended",
        Kind::SessionRevoked => "Session revoked",
        Kind::SessionSuperseded => "Session gave way to a newer one",
        Kind::TokenRevoked => "Access token revoked",
        Kind::EveryoneRevoked => "Everybody signed out",
    }
}

pub(super) const fn korean(kind: Kind) -> &'static str {
    match kind {
        Kind::AccountMade => "계정 생성",
        Kind::SignedIn => "로그인",
        Kind::SignInRefused => "로그인 거부",
        Kind::SignedOut => "로그아웃",
        Kind::SignedOutEverywhere => "모든 기기에서 로그아웃",
        Kind::SignedOutElsewhere => "다른 기기에서 로그아웃",
        Kind::TokenReused => "리프레시 토큰 재사용",
        Kind::TokenForked => "리프레시 토큰 중복 사용",
        Kind::PasswordChanged => "비밀번호 변경",
        Kind::PasswordReset => "비밀번호 재설정",
        Kind::ChangeRefused => "변경 거부",
        Kind::EmailVerified => "이메일 주소 확인",
        Kind::EmailChangeAsked => "이메일 주소 변경 요청",
        Kind::EmailChanged => "이메일 주소 변경",
        Kind::LoginLinked => "로그인 연결",
        Kind::LoginUnlinked => "로그인 연결 해제",
        Kind::UserDisabled => "사용자 사용 중지",
        Kind::UserEnabled => "사용자 사용 중지 해제",
        Kind::RolesChanged => "역할 변경",
        Kind::ForcedLogout => "모든 세션 강제 종료",
        Kind::SessionRevoked => "세션 폐기",
        Kind::SessionSuperseded => "새 로그인으로 세션 종료",
        Kind::TokenRevoked => "액세스 토큰 폐기",
        Kind::EveryoneRevoked => "전체 로그아웃",
    }
}

pub(super) fn english_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "password" => "password",
        "unknown-account" => "unknown account",
        "disabled" => "disabled account",
        "unverified" => "address not confirmed",
        "sessions" => "too many sign-ins",
        "other-device" => "on another device",
        "concurrent" => "at the same time",
        "late" => "late",
        "address" => "by confirming the address",
        "reset" => "by a password reset",
        _ => return None,
    })
}

pub(super) fn korean_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "password" => "비밀번호",
        "unknown-account" => "존재하지 않는 계정",
        "disabled" => "사용 중지된 계정",
        "unverified" => "이메일 미확인",
        "sessions" => "너무 잦은 로그인",
        "other-device" => "다른 기기",
        "concurrent" => "동시 사용",
        "late" => "기한 초과",
        "address" => "주소 확인으로",
        "reset" => "비밀번호 재설정으로",
        _ => return None,
    })
}
