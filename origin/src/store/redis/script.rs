//! The scripts, one typed call each, and their replies, parsed.

use std::sync::LazyLock;

use common::rotation::Judgement;
use common::{Epoch, SessionId, UnixMillis, UnixSeconds};

use super::corrupt;
use super::invocation::Script;
use super::keys::Key;
use crate::port::{Begun, Rotation, Session, StoreFault};
use crate::store::ending;

/// A script and what goes in front of it.
macro_rules! script {
    ($name:ident = $($file:literal),+) => {
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!($(include_str!(concat!("lua/", $file, ".lua")), "\n"),+))
        });
    };
}

script!(NOW = "clock", "now");
script!(BEGIN = "clock", "log", "session", "all", "begin");
script!(OF = "clock", "session", "of");
script!(WHOSE = "clock", "session", "whose");
script!(ROTATE = "clock", "log", "session", "rotate");
script!(REVOKE = "clock", "log", "session", "revoke");
script!(REVOKE_ALL = "clock", "log", "session", "all", "revoke_all");
script!(BLOCK = "clock", "log", "block");
script!(ADVANCE = "clock", "log", "advance");
script!(AFTER = "clock", "log", "after");
script!(BLOCKED = "clock", "log", "session", "blocked");
script!(PRUNE = "clock", "log", "prune");
script!(CUT_OFF = "clock", "log", "cut_off");
script!(REPLACE = "clock", "replace");
script!(LEASE = "clock", "lease");
script!(RELEASE = "release");
script!(COUNT = "clock", "tries", "count");
script!(UNCOUNT = "clock", "tries", "uncount");
script!(BEGIN_PROOF = "clock", "tries", "begin_proof");
script!(PROVEN = "clock", "tries", "proven");
script!(ACCOUNT_CHANGES = "account_changes");
script!(REMEMBER = "clock", "tries", "remember");
script!(FORGET = "forget");

/// A session as `answer` in `session.lua` writes it, and the epoch of what was blocked with it.
pub(super) fn read_session(reply: &str) -> Result<(Session, Option<Epoch>), StoreFault> {
    let fields: Vec<&str> = reply.split('\n').collect();
    let [
        sid,
        subject,
        generation,
        jti,
        rotated_at,
        idle_end,
        absolute_end,
        remember,
        agent,
        place,
        access,
        at,
    ] = *fields.as_slice()
    else {
        return Err(corrupt(format!("a session of {} fields", fields.len())));
    };
    let wrong = |field| corrupt(format!("{}{sid}: {field}", Key::Sessions));
    let number = |text: &str, field| text.parse::<u64>().map_err(|_| wrong(field));
    let access = known(access).map(|id| id.parse().map_err(|_| wrong("access"))).transpose()?;
    let at = number(at, "epoch")?;
    let session = Session {
        sid: sid.parse::<SessionId>().map_err(|_| wrong("sid"))?,
        subject: subject.parse().map_err(|_| wrong("subject"))?,
        generation: number(generation, "generation")?,
        jti: jti.parse().map_err(|_| wrong("jti"))?,
        rotated_at: UnixMillis::new(number(rotated_at, "rotated_at")?).seconds(),
        idle_end: UnixSeconds::new(number(idle_end, "idle_end")?),
        absolute_end: UnixSeconds::new(number(absolute_end, "absolute_end")?),
        remember: match remember {
            "0" => false,
            "1" => true,
            _ => return Err(wrong("remember")),
        },
        agent: known(agent),
        place: known(place),
        access,
    };
    Ok((session, (at > 0).then(|| Epoch::new(at))))
}

/// What `begin.lua` answers: the session, those that ended for it, and the epoch of that.
pub(super) fn read_begun(reply: &str) -> Result<Begun, StoreFault> {
    let wrong = || corrupt(format!("begin.lua answered {reply:?}"));
    let (ended, session) = reply.split_once('\n').ok_or_else(wrong)?;
    let ended = ended.split_ascii_whitespace().map(|sid| sid.parse().map_err(|_| wrong()));
    let ended = ended.collect::<Result<Vec<SessionId>, _>>()?;
    let (session, epoch) = read_session(session)?;
    Ok(Begun { session, ended, epoch })
}

/// Scripts write nothing for what is not known.
fn known(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// What `rotate.lua` answers.
pub(super) fn read_rotation(reply: &str) -> Result<Rotation, StoreFault> {
    let (word, rest) = reply.split_once('\n').unwrap_or((reply, ""));
    let wrong = || corrupt(format!("rotate.lua answered {word}"));
    let judgement = match word {
        "rotate" => Judgement::Rotate,
        "repeat" => Judgement::Repeat,
        "replace" => Judgement::Replace,
        "heal" => Judgement::Heal,
        _ => {
            let epoch = rest.parse().map(Epoch::new).map_err(|_| wrong())?;
            let why = ending::read_verdict(word).ok_or_else(wrong)?;
            return Ok(Rotation::Ended { why, epoch });
        }
    };
    let (changed, session) = rest.split_once('\n').ok_or_else(wrong)?;
    let (session, epoch) = read_session(session)?;
    Ok(Rotation::Live { session, judgement, epoch, account_changed: changed != "0" })
}
