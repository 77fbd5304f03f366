//! Asks the origin about tokens that a segment may hold: once for all who ask at the same time, and
//! not again for as long as the answer holds.

use std::cell::Cell;
use std::rc::Rc;

use common::token::Verified;
use common::verdict::OriginSilent;

use crate::isolate::Isolate;
use crate::settings::Settings;
use crate::{clock, origin, platform};

/// A question that takes longer was cut off with the request that asked it.
const LOST_MS: f64 = 3_000.0;
/// Between two glances at it, in milliseconds.
const PAUSE: u32 = 5;

/// A question under way, and its answer once it is there.
#[derive(Debug)]
pub(crate) struct Asked {
    began: f64,
    answer: Cell<Option<Result<bool, OriginSilent>>>,
}

/// Whether the token is revoked, by the origin's own word.
pub(crate) async fn settle(
    isolate: &Isolate,
    settings: &Settings,
    token: &Verified,
) -> Result<bool, OriginSilent> {
    let name = token.ids;
    let asked = isolate.asked.borrow().iter().find(|(own, _)| *own == name).cloned();
    if let Some((_, asked)) = asked
        && let Some(answer) = await_other(&asked).await
    {
        return answer;
    }
    let asked = Rc::new(Asked { began: clock::now_ms(), answer: Cell::new(None) });
    let mine = Rc::clone(&asked);
    isolate.asked.borrow_mut().push((name, mine));
    // The head as it was before the question: what is revoked later comes with a later one.
    let epoch = isolate.head().map(|head| head.epoch());
    let answer = origin::is_revoked(settings, name).await;
    asked.answer.set(Some(answer));
    isolate.asked.borrow_mut().retain(|(_, other)| !Rc::ptr_eq(other, &asked));
    if let (Ok(revoked), Some(epoch)) = (answer, epoch) {
        isolate.answers.borrow_mut().remember(token, epoch, revoked, clock::now());
    }
    answer
}

/// Waits for the answer to another request's question. What one request awaits, another may not,
/// so the waiting is by the clock.
async fn await_other(asked: &Asked) -> Option<Result<bool, OriginSilent>> {
    while clock::since(asked.began) < LOST_MS {
        if let Some(answer) = asked.answer.get() {
            return Some(answer);
        }
        platform::sleep(PAUSE).await;
    }
    None
}
