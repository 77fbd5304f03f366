//! `origin revoke`: ends sessions from outside, whoever is signed in by them.

use std::io::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use common::issuers::{IdKind, MAX_LIFE_OF_OTHERS, revocation_id};
use common::token::access::LEEWAY;
use common::{Epoch, InvalidId, SessionId, Subject, TokenId};
use reqwest::Url;
use tokio::time::timeout;
use uuid::Uuid;

use super::{print, probe, served};
use crate::app::{self, SessionStore, StartError};
use crate::config::Config;
use crate::port::{
    Account, Accounts as _, Actor, Audit as _, AuditTrail as _, CLOCK_SKEW, Event, Kind,
    RevokeReason, TOKEN_DEAD_AFTER,
};
use crate::service::{HINT, WrongKind, check_session, check_token, no_account};
use crate::telemetry::chain;

/// How long the audit log may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    what: What,
    /// The `iss` of the tokens, where another issuer made them: one of the edge's `ISSUERS`. The
    /// ids are then that issuer's, and with `--sub` all tokens of that user are refused for as long
    /// as `--life` says, new ones too.
    #[arg(long, value_name = "URL", conflicts_with = "everyone")]
    issuer: Option<String>,
    /// The longest life of that issuer's tokens: the `max_life` of its entry in `ISSUERS`.
    #[arg(long, value_name = "DURATION", requires = "issuer", default_value = "24h",
        value_parser = life)]
    life: Duration,
    /// Wait until an edge knows of it.
    #[arg(long, requires = "probe")]
    wait: bool,
    /// Any page behind that edge, such as `https://app.example.com/`. Each answer tells what the
    /// edge knows.
    #[arg(long, value_name = "URL", requires = "wait", value_parser = probe::url)]
    probe: Option<Url>,
    /// How long to wait for it.
    #[arg(long, value_name = "DURATION", default_value = "60s",
        value_parser = humantime::parse_duration)]
    timeout: Duration,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct What {
    /// One access token, by its `jti`. Its session goes on.
    #[arg(long, value_name = "ID")]
    jti: Option<String>,
    /// One session, by its `sid`.
    #[arg(long, value_name = "ID")]
    sid: Option<String>,
    /// All sessions of a user, by the `sub` of their tokens; `origin user list` shows it.
    #[arg(long, value_name = "ID")]
    sub: Option<String>,
    /// All sessions there are. Everybody has to sign in anew.
    #[arg(long)]
    everyone: bool,
}

pub(super) async fn run(config: &Config, revoke: &Revoke) -> Result<(), StartError> {
    served::all(config)?;
    let store = app::session_store(config).await?;
    let done = match &revoke.issuer {
        Some(issuer) => apply_to_others(&store, issuer, &revoke.what, revoke.life).await?,
        None => apply(config, &store, &revoke.what).await?,
    };
    let Done { told, epoch, event } = done;
    print(&format!("{told} (epoch {epoch})"))?;
    note(config, event).await;
    if let Some(url) = &revoke.probe {
        let took = probe::wait(url, epoch, revoke.timeout).await?;
        print(&format!("the edge at {url} knows it after {:.1} s", took.as_secs_f64()))?;
    }
    Ok(())
}

/// What was revoked.
struct Done {
    told: String,
    epoch: Epoch,
    event: Event,
}

/// Puts it into the audit log. That it is revoked stands, whether this works or not.
async fn note(config: &Config, event: Event) {
    let noted = async {
        let audit = app::audit(config).await?;
        audit.record(event);
        timeout(PATIENCE, audit.settled()).await.map_err(|_| "the database does not answer".into())
    };
    if let Err(error) = noted.await {
        let error: StartError = error;
        // Standard error may be closed; then there is nobody to tell.
        writeln!(io::stderr(), "it is not in the audit log: {}", chain(&*error)).ok();
    }
}

async fn apply(config: &Config, store: &SessionStore, what: &What) -> Result<Done, StartError> {
    let (sessions, reason) = (&store.sessions, RevokeReason::Operator);
    if let Some(jti) = &what.jti {
        let jti: TokenId = ours("--jti", jti)?;
        let checked = check_token(jti, is_account(config, jti.uuid())).await;
        checked.map_err(|error| format!("--jti {jti}: {}", words(error)))?;
        let again = again(store, jti.uuid()).await?;
        let epoch = store.log.block(jti.uuid(), TOKEN_DEAD_AFTER).await?;
        let told = format!("access token {jti} is revoked{again}");
        let event = by_operator(Kind::TokenRevoked).token(jti);
        return Ok(Done { told, epoch, event });
    }
    if let Some(sid) = &what.sid {
        let sid: SessionId = ours("--sid", sid)?;
        let checked = check_session(sid, is_account(config, sid.uuid())).await;
        checked.map_err(|error| format!("--sid {sid}: {}", words(error)))?;
        let again = again(store, sid.uuid()).await?;
        let known = sessions.whose(sid).await.ok().flatten();
        let epoch = sessions.revoke(sid, reason, TOKEN_DEAD_AFTER).await?;
        let told = format!("session {sid} is revoked{again}");
        let mut event = by_operator(Kind::SessionRevoked).session(sid);
        event.subject = known.map(|known| known.subject);
        return Ok(Done { told, epoch, event });
    }
    if let Some(sub) = &what.sub {
        let sub: Subject = ours("--sub", sub)?;
        // For the words alone: what cannot be read here keeps nobody from revoking.
        let live = sessions.of(&sub).await.map(|live| live.len());
        let done = sessions.revoke_all(&sub, None, reason, TOKEN_DEAD_AFTER).await?;
        let epoch = done.epoch;
        let told = match live {
            Ok(0) => {
                has_account(config, &sub).await?;
                format!("{sub} has an account and no live session was found")
            }
            Ok(1) => format!("the one session of {sub} is revoked"),
            Ok(many) => format!("all {many} sessions of {sub} are revoked"),
            Err(_) => format!("all sessions of {sub} are revoked"),
        };
        return Ok(Done { told, epoch, event: by_operator(Kind::ForcedLogout).about(&sub) });
    }
    let epoch = sessions.cut_off().await?;
    let told = String::from("all sessions begun before now are revoked");
    Ok(Done { told, epoch, event: by_operator(Kind::EveryoneRevoked) })
}

fn by_operator(kind: Kind) -> Event {
    Event::by(Actor::Operator, kind)
}

/// An id of our own issuer's.
fn ours<T: FromStr<Err = InvalidId>>(option: &str, text: &str) -> Result<T, StartError> {
    text.parse().map_err(|error| {
        let hint = "is it another issuer's? Then name that with --issuer";
        format!("{option} {text:?}: {error}; {hint}").into()
    })
}

/// Whether it was done before. Which ids there are is not asked: tokens are not kept, and sessions not for
/// ever.
async fn again(store: &SessionStore, id: Uuid) -> Result<&'static str, StartError> {
    let is_known = store.log.blocked(&[id]).await?.contains(&id);
    Ok(if is_known { ", as it was before" } else { "" })
}

/// Whether an account has this id. Where they cannot be read at once, that keeps nobody from revoking.
async fn is_account(config: &Config, id: Uuid) -> bool {
    let Ok(sub) = id.to_string().parse() else { return false };
    matches!(timeout(HINT, account(config, &sub)).await, Ok(Ok(Some(_))))
}

/// What to do about it, in the words of this command.
fn words(kind: WrongKind) -> String {
    match kind {
        WrongKind::Account => "that is the id of an account: use --sub".into(),
        WrongKind::Address => "that is an e-mail address: use `origin user logout EMAIL`".into(),
        WrongKind::Nobody => format!("{kind}. `origin user list` shows the ids"),
        WrongKind::Session | WrongKind::NoSession | WrongKind::OtherIssuer => kind.to_string(),
    }
}

async fn account(config: &Config, id: &Subject) -> Result<Option<Account>, StartError> {
    Ok(app::accounts(config).await?.by_id(id).await?)
}

/// An id that nobody has is revoked to no effect, while whoever was meant goes on.
async fn has_account(config: &Config, sub: &Subject) -> Result<(), StartError> {
    let hint = match account(config, sub).await {
        Ok(Some(_)) => return Ok(()),
        Ok(None) => match no_account(sub) {
            WrongKind::Session => "that is the id of a session: use --sid".into(),
            kind => words(kind),
        },
        Err(error) => format!(
            "its sessions are revoked, but no live one was found, and whether an account has this id \
             cannot be told: {}",
            chain(&*error)
        ),
    };
    Err(format!("--sub {sub}: {hint}; a user of another issuer is named with --issuer, too").into())
}

/// Other issuers' sessions are not in the store: what the edge looks for is all that is entered.
async fn apply_to_others(
    store: &SessionStore,
    issuer: &str,
    what: &What,
    life: Duration,
) -> Result<Done, StartError> {
    let named = [
        (&what.jti, IdKind::Token, "the token"),
        (&what.sid, IdKind::Session, "the session"),
        (&what.sub, IdKind::Subject, "every token of the user"),
    ];
    let named = named.into_iter().find_map(|(text, kind, it)| Some((text.as_ref()?, kind, it)));
    let (text, kind, it) = named.ok_or("name a --jti, --sid or --sub of that issuer's")?;
    if text.strip_prefix(issuer).is_some_and(|rest| rest.starts_with('|')) {
        let hint = "that is how apps and logs are told of it. Give the part behind the `|`, with \
                    %-escapes undone";
        return Err(format!("{text:?}: {hint}").into());
    }
    let retain = life + LEEWAY + CLOCK_SKEW;
    let mut id = revocation_id(issuer, kind, text);
    let mut epoch = store.log.block(id, retain).await?;
    if let Some(shown) = as_shown(kind, text) {
        id = shown;
        epoch = store.log.block(id, retain).await?;
    }
    let life = humantime::format_duration(life);
    let told = format!(
        "{it} {text:?} of {issuer} is revoked for {life}, at edges whose ISSUERS have exactly this `issuer`"
    );
    // The id as edges look for it; other issuers' are any text.
    let event = by_operator(Kind::TokenRevoked).token(TokenId::new(id)).why("other-issuer");
    Ok(Done { told, epoch, event })
}

/// The id that apps are shown (`x-auth-session`, `x-auth-token-id`) is the one that edges look for. It is
/// revoked beside what it would be as the issuer's own: nothing tells which of the two it is.
fn as_shown(kind: IdKind, text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    (kind != IdKind::Subject && id.get_version_num() == 8).then_some(id)
}

/// A life that an entry of the edge's `ISSUERS` may have.
fn life(text: &str) -> Result<Duration, String> {
    let life = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (Duration::from_secs(1)..=MAX_LIFE_OF_OTHERS).contains(&life) {
        Ok(life)
    } else {
        Err("expected 1s to 24h, the `max_life` of the issuer's entry in ISSUERS".into())
    }
}
