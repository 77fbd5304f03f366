//! Tokens whose signatures the main module has looked at, so that no future is needed here. It brings back
//! an answer for a number, and never sees what the token would then be good for.

use common::token::access::{Unanswered, Unsigned};
use common::token::{TokenError, Verified};

use crate::isolate::Isolate;
use crate::plan::Plan;
use crate::verify;

/// Questions kept at a time. Those of requests that were given up are never answered.
const MOST: usize = 256;

/// Tokens that wait for an answer, by the number of the question, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    waiting: Vec<(u32, Unanswered)>,
    last: u32,
}

impl Signatures {
    fn ask(&mut self, token: Unanswered) -> u32 {
        if self.waiting.len() >= MOST {
            self.waiting.remove(0);
        }
        self.last = self.last.wrapping_add(1);
        self.waiting.push((self.last, token));
        self.last
    }

    /// What comes of the answer to a question; nothing if that is not waited for.
    fn answered(
        &mut self,
        ticket: u32,
        is_good: bool,
    ) -> Option<(Box<str>, Result<Verified, TokenError>)> {
        let at = self.waiting.iter().position(|(own, _)| *own == ticket)?;
        Some(self.waiting.remove(at).1.answered(is_good))
    }
}

/// The plan to look at a token's signature.
pub(crate) fn ask(isolate: &Isolate, unsigned: Unsigned<'_, '_>) -> String {
    let (check, token) = unsigned.put();
    let ticket = isolate.signatures.borrow_mut().ask(token);
    Plan::verify(ticket, &check, &verify::jwk(check.key)).finish()
}

/// Takes the answer: a good token is remembered. `None` when nobody waits for it any more.
pub(crate) fn take(
    isolate: &Isolate,
    ticket: u32,
    is_good: bool,
) -> Option<Result<(), TokenError>> {
    let (text, token) = isolate.signatures.borrow_mut().answered(ticket, is_good)?;
    Some(token.map(|verified| isolate.remember(&text, verified)))
}
