//! What the account page says.

use std::time::Duration;

/// The words of one language.
pub(in super::super) struct Words {
    pub(in super::super) title: &'static str,
    pub(in super::super) sign_out: &'static str,
    pub(in super::super) sessions: &'static str,
    pub(in super::super) sessions_hint: &'static str,
    pub(in super::super) this_device: &'static str,
    pub(in super::super) unknown_device: &'static str,
    pub(in super::super) first_used: &'static str,
    pub(in super::super) last_used: &'static str,
    pub(in super::super) end: &'static str,
    pub(in super::super) end_others: &'static str,
    /// Of a program on a system.
    device: fn(&str, &str) -> String,
    ago: fn(u64, Unit) -> String,
    just_now: &'static str,
}

#[derive(Clone, Copy)]
enum Unit {
    Minutes,
    Hours,
    Days,
}

pub(super) const ENGLISH: Words = Words {
    title: "Your account",
    sign_out: "Sign out",
    sessions: "Where you are signed in",
    sessions_hint: "End what you do not know, and change your password then.",
    this_device: "This device",
    unknown_device: "Unknown device",
    first_used: "Signed in",
    last_used: "Last used",
    end: "End",
    end_others: "End all others",
    device: |program, system| format!("{program} on {system}"),
    ago: |count, unit| {
        let unit = match unit {
            Unit::Minutes => "minute",
            Unit::Hours => "hour",
            Unit::Days => "day",
        };
        format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
    },
    just_now: "just now",
};

pub(super) const KOREAN: Words = Words {
    title: "내 계정",
    sign_out: "로그아웃",
    sessions: "로그인된 기기",
    sessions_hint: "모르는 기기가 있으면 종료하고 비밀번호를 바꾸세요.",
    this_device: "현재 기기",
    unknown_device: "알 수 없는 기기",
    first_used: "로그인",
    last_used: "마지막 사용",
    end: "종료",
    end_others: "다른 기기 모두 종료",
    device: |program, system| format!("{system}의 {program}"),
    ago: |count, unit| {
        let unit = match unit {
            Unit::Minutes => "분",
            Unit::Hours => "시간",
            Unit::Days => "일",
        };
        format!("{count}{unit} 전")
    },
    just_now: "방금",
};

impl Words {
    /// A device, by the program and the system that are known of it.
    pub(in super::super) fn device(&self, program: Option<&str>, system: Option<&str>) -> String {
        match (program, system) {
            (Some(program), Some(system)) => (self.device)(program, system),
            (one, other) => String::from(one.or(other).unwrap_or(self.unknown_device)),
        }
    }

    /// How long ago something was, roughly: nobody's time zone is known here.
    pub(in super::super) fn ago(&self, age: Duration) -> String {
        let minutes = age.as_secs() / 60;
        match minutes {
            0 => String::from(self.just_now),
            1..60 => (self.ago)(minutes, Unit::Minutes),
            60..1440 => (self.ago)(minutes / 60, Unit::Hours),
            _ => (self.ago)(minutes / 1440, Unit::Days),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_roughly() {
        for (seconds, english, korean) in [
            (0, "just now", "방금"),
            (59, "just now", "방금"),
            (60, "1 minute ago", "1분 전"),
            (3599, "59 minutes ago", "59분 전"),
            (7200, "2 hours ago", "2시간 전"),
            (86_400, "1 day ago", "1일 전"),
            (864_000, "10 days ago", "10일 전"),
        ] {
            let age = Duration::from_secs(seconds);
            assert_eq!((&*ENGLISH.ago(age), &*KOREAN.ago(age)), (english, korean));
        }
    }
}
