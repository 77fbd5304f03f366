//! The cookie that ties what comes back from a provider to the browser that was sent there.
//!
//! Nothing vouches for what is in it, and nothing needs to: it is the word of the browser that brings it
//! about itself. Its `state` must be what the provider sends back, which nobody knows but this browser
//! and the provider; the way back is judged again; a link is made with the account that is signed in, by
//! the session that asked for it, and how long ago that began stands in its own id.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use common::{Secret, UnixSeconds, base64url};

use super::super::pages::ReturnTo;
use super::super::pages::social::Back;
use crate::port::Ties;
use crate::service::{Attempt, Lasting, Purpose};

/// It begins with the name of one of our tokens' cookies: no app behind an edge is shown it.
const NAME: &str = "__Host-at-sign-in";

/// `Lax`: it comes along when the provider sends the browser back by a GET.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// As long as the service takes it.
const LASTS: u32 = 600;

/// An attempt, and where its user wanted to go.
#[derive(Debug)]
pub(in super::super) struct Kept {
    pub(in super::super) attempt: Attempt,
    pub(in super::super) return_to: ReturnTo,
    /// Whether it was begun on our own pages, or by the user: what another site begins ends no session.
    pub(in super::super) ours: bool,
    /// Whether it was to be a proof: whoever has to begin again wants one still.
    pub(in super::super) afresh: bool,
}

impl Kept {
    /// The `Set-Cookie` value that keeps it.
    pub(in super::super) fn cookie(&self) -> String {
        let Attempt { provider, ties: Ties { state, nonce, verifier }, begun, purpose } =
            &self.attempt;
        let purpose = match purpose {
            Purpose::SignIn(Lasting::Browser) => String::from("browser"),
            Purpose::SignIn(Lasting::Remembered) => String::from("remembered"),
            Purpose::Link(sid) => sid.to_string(),
        };
        let ours = if self.ours { "own" } else { "other" };
        let afresh = if self.afresh { ".afresh" } else { "" };
        let (verifier, return_to) = (verifier.expose(), base64url::encode(self.return_to.as_str()));
        format!(
            "{NAME}={provider}.{state}.{nonce}.{verifier}.{begun}.{purpose}.{ours}.{return_to}{afresh}; \
             Max-Age={LASTS}; {ATTRIBUTES}"
        )
    }

    /// To begin again with the same wishes.
    pub(super) fn to_sign_in(&self) -> Back {
        Back::SignIn { return_to: self.return_to.clone(), afresh: self.afresh }
    }

    /// What a request brings of it. Of two there is none: one was planted.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        let mut ours = pairs.filter(|(name, _)| name.trim_matches([' ', '\t']) == NAME);
        let (Some((_, value)), None) = (ours.next(), ours.next()) else { return None };
        Self::read(value.trim_matches([' ', '\t']))
    }

    fn read(value: &str) -> Option<Self> {
        let mut parts = value.split('.');
        let mut part = || parts.next().filter(|part| !part.is_empty()).map(String::from);
        let provider = part()?;
        let ties = Ties { state: part()?, nonce: part()?, verifier: Secret::new(part()?) };
        let begun = UnixSeconds::new(part()?.parse().ok()?);
        let purpose = match part()?.as_str() {
            "browser" => Purpose::SignIn(Lasting::Browser),
            "remembered" => Purpose::SignIn(Lasting::Remembered),
            sid => Purpose::Link(sid.parse().ok()?),
        };
        let ours = part()? == "own";
        let return_to = String::from_utf8(base64url::decode(part()?)?).ok()?;
        let afresh = match part().as_deref() {
            None => false,
            Some("afresh") => true,
            Some(_) => return None,
        };
        if parts.next().is_some() {
            return None;
        }
        let attempt = Attempt { provider, ties, begun, purpose };
        Some(Self { attempt, return_to: ReturnTo::from(return_to), ours, afresh })
    }
}

/// The `Set-Cookie` value that clears it.
pub(super) fn cleared() -> String {
    format!("{NAME}=; Max-Age=0; {ATTRIBUTES}")
}
