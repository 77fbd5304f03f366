//! `WebSockets` that are open, each by the token that opened it: it lasts no longer than that.

use common::UnixSeconds;
use common::problem::Code;
use common::token::Verified;
use common::verdict::{Findings, Question, Refusal, still_admitted};

use crate::isolate::Isolate;
use crate::platform::Env;
use crate::{jwks, suspicion, upkeep};

/// RFC 6455 §7.4.2 leaves 4000 to 4999 to applications: as 401.
const NOT_SIGNED_IN: u16 = 4401;
/// Try again later.
const TRY_LATER: u16 = 1013;

/// The tokens, by the number of their socket.
#[derive(Debug)]
pub(crate) struct Sockets {
    tokens: Vec<(u32, Verified)>,
    last: u32,
}

impl Default for Sockets {
    /// Begins to count anywhere: a number that an instance gave which broke must not be another's here.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to the largest of them"
    )]
    fn default() -> Self {
        let last = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
        Self { tokens: Vec::new(), last }
    }
}

impl Sockets {
    /// Keeps an eye on this token, under the number that it gives.
    pub(crate) fn watch(&mut self, token: Verified, now: UnixSeconds) -> u32 {
        // Those whose request was given up before the app answered are not closed by anybody.
        self.tokens.retain(|(_, token)| !token.is_over(now));
        self.last = self.last.wrapping_add(1);
        self.tokens.push((self.last, token));
        self.last
    }

    fn token(&self, id: u32) -> Option<Verified> {
        self.tokens.iter().find(|(own, _)| *own == id).map(|(_, token)| token.clone())
    }

    /// Its socket is closed.
    pub(crate) fn forget(&mut self, id: u32) {
        self.tokens.retain(|(own, _)| *own != id);
    }
}

/// Why the socket of this number must be closed, if it must: the code and the reason. Looks for a new
/// head when one is due, since there may be no other traffic.
pub(crate) async fn verdict(isolate: &Isolate, id: u32, env: &Env) -> Option<(u16, &'static str)> {
    upkeep::run(isolate, env).await;
    let token = isolate.sockets.borrow().token(id);
    // A fresh instance knows nothing of the sockets of the one that broke.
    let (Some(token), Some(settings)) = (token, isolate.settings()) else {
        return Some((TRY_LATER, "the gate started afresh"));
    };
    let mut findings = Findings::default();
    loop {
        let known = isolate.known();
        let question =
            isolate.with_world(&settings, &known, |world| still_admitted(&token, world, &findings));
        match question {
            Ok(None) => return None,
            Ok(Some(Question::Keys(issuer))) => {
                jwks::load(isolate, &settings, env, issuer).await;
                findings.looked_for_keys = true;
            }
            Ok(Some(_)) => {
                let answer = suspicion::settle(isolate, &settings, &token).await;
                findings.revoked = Some(answer);
            }
            Err(refusal) => return Some(close(&refusal)),
        }
    }
}

fn close(refusal: &Refusal) -> (u16, &'static str) {
    match refusal.code() {
        code @ (Code::RevocationsUnknown | Code::KeysUnknown | Code::OriginUnreachable) => {
            (TRY_LATER, code.as_str())
        }
        code => (NOT_SIGNED_IN, code.as_str()),
    }
}
