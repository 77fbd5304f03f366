//! Tells the owner of an account that a sign-in of theirs was in two hands (RFC 9700 §4.14.2). Whoever asked
//! last may not be the owner, so the letter goes by nothing that they sent: it says itself in each language
//! that we speak, and the device by no name that could be read as an address.

use std::time::{Duration, UNIX_EPOCH};

use common::{Secret, Subject, UnixSeconds};

use super::postman::Tools;
use super::{Agent, Fault};
use crate::port::{Device, Letter, Purpose};

/// The letter is not sent again to the same account sooner.
pub(super) const ALARM_PAUSE: Duration = Duration::from_hours(1);

/// What happened to a session.
#[derive(Debug)]
pub(crate) struct Alarm {
    /// Whose it was.
    subject: Subject,
    at: UnixSeconds,
    /// Who showed the token that ended it, as far as known.
    device: Option<String>,
    place: Option<String>,
}

impl Alarm {
    /// Of a session that somebody on `device` ended by a token that was used up.
    pub(super) fn of(subject: &Subject, device: &Device, at: UnixSeconds) -> Self {
        let place = device.place.clone();
        let agent = Agent::read(device.agent.as_deref().unwrap_or_default());
        // Mail programs make links of what looks like one, and anybody can be called so.
        let program = agent.program.filter(|name| !name.contains('.'));
        let known: Vec<&str> = program.into_iter().chain(agent.system).collect();
        let device = (!known.is_empty()).then(|| known.join(", "));
        Self { subject: subject.clone(), at, device, place }
    }

    /// `Chrome, Windows (Seoul, KR)`.
    fn whence(&self, unknown: &str) -> String {
        let device = self.device.as_deref().unwrap_or(unknown);
        match &self.place {
            Some(place) => format!("{device} ({place})"),
            None => String::from(device),
        }
    }

    /// `2026-11-30 15:24 UTC`.
    fn when(&self) -> String {
        let at = UNIX_EPOCH + Duration::from_secs(self.at.get());
        let text = humantime::format_rfc3339_seconds(at).to_string();
        let (date, time) = text.split_once('T').unwrap_or((&text, ""));
        format!("{date} {} UTC", time.get(..5).unwrap_or_default())
    }
}

impl Tools {
    /// The letter, if there is somebody who reads the address, and none went there lately.
    pub(super) async fn alarm(&self, alarm: &Alarm) -> Result<Option<Letter>, Fault> {
        let account = self.accounts.by_id(&alarm.subject).await?;
        let account = account.filter(|account| !account.disabled && account.email_verified);
        let Some(account) = account else { return Ok(None) };
        if self.prove(&account, Purpose::Alarm, &account.email, self.clock.now()).await?.is_none() {
            return Ok(None);
        }
        let (page, forgot) = (self.page("/auth/account"), self.page("/auth/forgot"));
        let text = words(alarm, self.host(), &page, &forgot);
        Ok(Some(Letter {
            to: account.email,
            subject: "A session was ended for safety / 보안을 위해 세션이 종료되었습니다",
            text: Secret::new(text),
        }))
    }
}

fn words(alarm: &Alarm, host: &str, account: &str, forgot: &str) -> String {
    let when = alarm.when();
    let (device, korean_device) =
        (alarm.whence("an unknown device"), alarm.whence("알 수 없는 기기"));
    format!(
        "On {when} somebody came to {host} with a sign-in of yours that was used up already, so two may \
         have had it: you and somebody who copied it. We ended that session; whoever was signed in by \
         it has to sign in again. Your other sessions go on.\n\n\
         Who came: {device}\n\n\
         A device that was restored from a backup can do the same. If you know of no such reason, look \
         where you are signed in and end what you do not know:\n\n{account}\n\nand choose a new \
         password:\n\n{forgot}\n\n\
         ----\n\n\
         {when}에 {host} 계정의 이미 사용된 로그인 정보가 다시 제시되었습니다. 로그인 정보가 복사되어 두 곳에서 \
         사용되었을 수 있어 해당 세션을 종료했습니다. 그 세션을 쓰던 기기에서는 다시 로그인해야 하며, 다른 세션은 \
         그대로 유지됩니다.\n\n\
         접속한 기기: {korean_device}\n\n\
         백업에서 복원한 기기에서도 같은 일이 생길 수 있습니다. 짐작 가는 이유가 없다면 로그인된 기기를 확인해 \
         모르는 기기를 종료하고\n\n{account}\n\n새 비밀번호를 정해 주세요.\n\n{forgot}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(agent: &str, place: Option<&str>) -> Alarm {
        let device = Device {
            agent: Some(agent.to_owned()),
            place: place.map(str::to_owned),
            ..Device::default()
        };
        Alarm::of(&"somebody".parse().unwrap(), &device, UnixSeconds::new(1_795_965_845))
    }

    #[test]
    fn who_came_is_told_by_names_that_nobody_chose() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0.0.0 Safari/537.36";
        for (agent, place, expected) in [
            (chrome, Some("Seoul, KR"), "Chrome, Windows (Seoul, KR)"),
            (chrome, None, "Chrome, Windows"),
            ("evil.example/1.0", None, "?"),
            ("https://evil.example", None, "?"),
            ("", Some("Seoul, KR"), "? (Seoul, KR)"),
        ] {
            let told = alarm(agent, place).whence("?");
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn when_it_was_is_told_to_the_minute() {
        assert_eq!(alarm("", None).when(), "2026-11-29 15:24 UTC");
    }
}
