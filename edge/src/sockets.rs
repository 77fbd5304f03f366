//! `WebSockets` that are open, each by the token that opened it: it lasts no longer than that.

use core::time::Duration;
use std::collections::HashMap;

use common::UnixSeconds;
use common::problem::Code;
use common::token::Verified;
use common::verdict::{Findings, Question, Refusal, still_admitted};

use crate::isolate::Isolate;
use crate::platform::Env;
use crate::{clock, jwks, suspicion, upkeep};

/// RFC 6455 §7.4.2 leaves 4000 to 4999 to applications: as 401.
const NOT_SIGNED_IN: u16 = 4401;
/// Try again later.
const TRY_LATER: u16 = 1013;

/// An open one is looked at each second, and an app has a minute to open it: what nobody looked at for so
/// long is not there any more. Whose client left before the app answered is closed by nobody.
const GONE: Duration = Duration::from_secs(90);
/// So many are kept before it is looked for those that are gone.
const FEW: usize = 64;

/// The tokens, by the number of their socket.
#[derive(Debug)]
pub(crate) struct Sockets {
    watched: HashMap<u32, Watched>,
    last: u32,
    /// How many there may be before it is looked again for those that are gone.
    sweep_at: usize,
}

#[derive(Debug)]
struct Watched {
    token: Verified,
    looked_at: UnixSeconds,
}

impl Default for Sockets {
    /// Begins to count anywhere: a number that an instance gave which broke must not be another's here.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to the largest of them"
    )]
    fn default() -> Self {
        Self::counting_from((js_sys::Math::random() * f64::from(u32::MAX)) as u32)
    }
}

impl Sockets {
    fn counting_from(last: u32) -> Self {
        Self { watched: HashMap::new(), last, sweep_at: FEW }
    }

    /// Keeps an eye on this token, under the number that it gives.
    pub(crate) fn watch(&mut self, token: Verified, now: UnixSeconds) -> u32 {
        if self.watched.len() >= self.sweep_at {
            self.watched.retain(|_, watched| now.since(watched.looked_at) < GONE);
            self.sweep_at = (self.watched.len() * 2).max(FEW);
        }
        self.last = self.last.wrapping_add(1);
        self.watched.insert(self.last, Watched { token, looked_at: now });
        self.last
    }

    fn look(&mut self, id: u32, now: UnixSeconds) -> Option<Verified> {
        let watched = self.watched.get_mut(&id)?;
        watched.looked_at = now;
        Some(watched.token.clone())
    }

    /// Its socket is closed.
    pub(crate) fn forget(&mut self, id: u32) {
        self.watched.remove(&id);
    }
}

/// Why the socket of this number must be closed, if it must: the code and the reason. Looks for a new
/// head when one is due, since there may be no other traffic.
pub(crate) async fn verdict(isolate: &Isolate, id: u32, env: &Env) -> Option<(u16, &'static str)> {
    upkeep::run(isolate, env).await;
    let token = isolate.sockets.borrow_mut().look(id, clock::now());
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

#[cfg(test)]
mod tests {
    use common::KeyId;
    use common::keys::{Jwk, KeySet};
    use common::token::access::Unsigned;
    use common::token::{AccessClaims, AccessRules, Header, Typ, join, signing_input};
    use common::{SessionId, Subject, TokenId};

    use super::*;

    const NOW: u64 = 1_800_000_000;

    /// One whose signature nobody looks at.
    fn token() -> Verified {
        let kid = KeyId::try_from(String::from("k1")).unwrap();
        let header = Header {
            alg: "EdDSA".into(),
            typ: Some(Typ::Access.as_str().into()),
            kid: Some(kid.clone()),
        };
        let subject: Subject = "user-1".parse().unwrap();
        let sid = String::from("01931c7e-9a00-7000-8000-00000000000a");
        let claims = AccessClaims {
            iss: "https://id.example",
            aud: "app",
            sub: &subject,
            client_id: "web",
            iat: UnixSeconds::new(NOW),
            exp: UnixSeconds::new(NOW + 600),
            jti: TokenId::try_from(sid.clone()).unwrap(),
            sid: SessionId::try_from(sid).unwrap(),
            roles: &[],
            email_verified: true,
        };
        let text = join(signing_input(&header, &claims).unwrap(), &[7; 64]);
        let rules = AccessRules {
            issuer: "https://id.example".into(),
            audience: "app".into(),
            max_life: Duration::from_mins(60),
            leeway: Duration::from_secs(30),
        };
        let keys = KeySet::from_jwks(&[Jwk::ed25519(&[2; 32], kid)]).unwrap();
        let parsed = Unsigned::parse(&text, &keys, &rules, UnixSeconds::new(NOW)).unwrap();
        parsed.answered(true).unwrap()
    }

    #[test]
    fn handshakes_that_came_to_nothing_are_forgotten_and_open_sockets_are_not() {
        let mut sockets = Sockets::counting_from(u32::MAX - 1);
        let at = |seconds| UnixSeconds::new(NOW + seconds);
        let open = sockets.watch(token(), at(0));
        for second in 0..300 {
            assert!(sockets.look(open, at(second)).is_some());
            for _ in 0..10 {
                sockets.watch(token(), at(second));
            }
        }
        // Ten a second for as long as they are kept, and as many again before it is looked.
        assert!(sockets.watched.len() <= 2 * 10 * 91, "{}", sockets.watched.len());
        assert!(sockets.look(open, at(300)).is_some());
        sockets.forget(open);
        assert!(sockets.look(open, at(300)).is_none());
    }
}
