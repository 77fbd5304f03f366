//! Refreshes a session for a request in hand: once for all requests of the session that come at the same
//! time. Those that come later bring the new cookies, or get the same successor from the origin.

use std::cell::OnceCell;
use std::rc::Rc;

use common::verdict::{OriginSilent, Refreshed};

use crate::isolate::Isolate;
use crate::origin::{self, Rotation};
use crate::request::Asked;
use crate::settings::Settings;
use crate::{clock, platform};

/// A refresh that takes longer was cut off with the request that it was for.
const LOST_MS: f64 = 3_000.0;
/// Between two glances at it, in milliseconds.
const PAUSE: u32 = 5;

/// A refresh under way, and what came of it once it is there.
#[derive(Debug)]
pub(crate) struct UnderWay {
    began: f64,
    came: OnceCell<Came>,
}

/// What came of a refresh: new tokens, or none and why.
pub(crate) type Came = Result<Rc<Rotation>, Refreshed>;

/// Refreshes by this token, or waits for the refresh that another request has begun.
pub(crate) async fn refresh(
    isolate: &Isolate,
    settings: &Settings,
    asked: &Asked<'_>,
    token: &str,
) -> Came {
    let under_way = isolate.refreshing.borrow().iter().find(|(own, _)| own == token).cloned();
    if let Some((_, under_way)) = under_way
        && let Some(came) = await_other(&under_way).await
    {
        return came;
    }
    let mine = Rc::new(UnderWay { began: clock::now_ms(), came: OnceCell::new() });
    isolate.refreshing.borrow_mut().push((token.into(), Rc::clone(&mine)));
    let came = origin::refresh(settings, asked, token)
        .await
        .map(Rc::new)
        .map_err(|ended| if ended { Refreshed::Ended } else { Refreshed::Silent(OriginSilent) });
    let came = mine.came.get_or_init(|| came).clone();
    isolate.refreshing.borrow_mut().retain(|(_, other)| !Rc::ptr_eq(other, &mine));
    came
}

/// What one request awaits, another may not, so the waiting is by the clock.
async fn await_other(under_way: &UnderWay) -> Option<Came> {
    while clock::now_ms() - under_way.began < LOST_MS {
        if let Some(came) = under_way.came.get() {
            return Some(came.clone());
        }
        platform::sleep(PAUSE).await;
    }
    None
}
