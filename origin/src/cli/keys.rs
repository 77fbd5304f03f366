//! `origin keys …`: what there is, a new one, an end to one.

use clap::Subcommand;
use common::UnixSeconds;

use super::{print, served};
use crate::app::StartError;
use crate::config::Config;
use crate::crypto::{AssertionKey, KeyRing, KeyState, Rotate, SigningFile, SystemClock, Utc};
use crate::port::{Clock as _, Signer as _};

#[derive(Subcommand)]
pub(super) enum Keys {
    /// The public JWK of one key.
    Show {
        /// Its `kid`.
        // One in 64 begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
    /// The value of `ANCHOR_KEY` that edges are configured with.
    Anchor {
        /// Make the keys where there are none yet, for edges that are deployed before an origin has
        /// served.
        #[arg(long)]
        make: bool,
    },
    /// Make a key for assertions: the secret for the edge, and the public key that apps verify by.
    /// It is kept nowhere; run this again for another.
    Assertion,
    /// Have access tokens signed with a new key. Nobody notices: edges are told of it first
    /// (`tokens.key_announce`), and the old one's tokens stay good.
    Rotate {
        /// Sign with it within seconds, or with the one that is announced.
        #[arg(long)]
        now: bool,
    },
    /// Refuse all that a signing key has signed, as when it leaked. Users get new tokens by their
    /// refresh tokens. If it was the one in use, a new one signs at once.
    Revoke {
        /// Its `kid`.
        // One in 64 begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

/// Origins that run look at the keys each second; nothing has to be restarted.
const SOON: &str = "Origins that run take it up within seconds.";

pub(super) fn run(config: &Config, command: Option<&Keys>) -> Result<(), StartError> {
    if !matches!(command, Some(Keys::Anchor { make: true } | Keys::Assertion)) {
        served::keys(config)?;
    }
    let ring = || KeyRing::open(&config.state);
    let now = SystemClock.now();
    match command {
        None => {
            for key in ring()?.public(now) {
                print(&format!("{}  {}", key.jwk.kid.unwrap_or_default(), key.purpose))?;
            }
            Ok(())
        }
        Some(Keys::Anchor { .. }) => print(&ring()?.anchor_key()),
        Some(Keys::Assertion) => assertion(),
        Some(Keys::Show { kid }) => {
            let found =
                ring()?.public(now).into_iter().find(|key| key.jwk.kid.as_ref() == Some(kid));
            match found {
                Some(key) => print(&serde_json::to_string_pretty(&key.jwk)?),
                None => Err("there is no key of this kid; `origin keys` lists them".into()),
            }
        }
        Some(Keys::Rotate { now: false }) => {
            rotate(config, Rotate::After(config.tokens.key_announce), now)
        }
        Some(Keys::Rotate { now: true }) => rotate(config, Rotate::Now, now),
        Some(Keys::Revoke { kid }) => {
            refuse_lasting(&ring()?, kid)?;
            revoke(config, kid, now)
        }
    }
}

fn assertion() -> Result<(), StartError> {
    let key = AssertionKey::make()?;
    print(&format!("ASSERTION_KEY={}", key.secret.expose()))?;
    print(&format!("ASSERTION_PUBLIC_KEY={}", key.public))
}

fn rotate(config: &Config, how: Rotate, now: UnixSeconds) -> Result<(), StartError> {
    let (kid, from) = SigningFile::open(&config.state)?.rotate(how, now)?;
    print(&format!("{kid} signs from {} on. {SOON}", Utc(from)))
}

fn revoke(config: &Config, kid: &str, now: UnixSeconds) -> Result<(), StartError> {
    let told = match SigningFile::open(&config.state)?.revoke(kid, now)? {
        KeyState::Announced(_) => "It was announced only and had signed nothing.",
        KeyState::Signing(_) => "All it signed is refused; the next key signs from now on.",
        KeyState::Retiring(_) | KeyState::Retired => "All it signed is refused.",
        KeyState::Revoked(_) => {
            return print(&format!("{kid} was revoked before; nothing has changed."));
        }
    };
    print(&format!("{kid} is revoked. {told} {SOON}"))
}

/// The two keys of which there is one each.
fn refuse_lasting(ring: &KeyRing, kid: &str) -> Result<(), StartError> {
    if kid == "anchor" || ring.anchor().id().is_some_and(|id| id.as_str() == kid) {
        return Err("the anchor cannot be revoked from here: edges trust it by their ANCHOR_KEY. \
                    Stop the origins, remove keys/anchor.jwk in the state folder, start one, and \
                    deploy the edges with what `origin keys anchor` then prints"
            .into());
    }
    if kid == "refresh" {
        return Err(
            "the refresh key cannot be revoked from here: everybody would have to sign in \
                    anew. If that is wanted, stop the origins, remove keys/refresh.jwk in the \
                    state folder, and start them"
                .into(),
        );
    }
    Ok(())
}
