//! Refreshes a session for a request in hand: once for all requests that bring the same refresh token
//! within a few seconds. A browser puts the cookies on all requests of a page before it sends the first six.

use std::cell::OnceCell;
use std::rc::Rc;

use common::verdict::Refreshed;

use crate::isolate::Isolate;
use crate::origin::{self, Rotation};
use crate::request::Asked;
use crate::settings::Settings;
use crate::{clock, platform};

/// A refresh that takes longer was cut off with the request that it was for.
const LOST_MS: f64 = 3_000.0;
/// How long what came of a refresh is handed to those who still bring the old token. The access token
/// is judged each time, so that a session that was ended meanwhile stays ended.
const KEPT_MS: f64 = 10_000.0;
/// How many of them at most: a few kilobytes each.
const MOST_KEPT: usize = 1_000;
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
    let under_way = isolate.refreshing.borrow().iter().rfind(|(own, _)| own == token).cloned();
    if let Some((_, under_way)) = under_way
        && let Some(came) = await_other(&under_way).await
    {
        return came;
    }
    let mine = Rc::new(UnderWay { began: clock::now_ms(), came: OnceCell::new() });
    isolate.refreshing.borrow_mut().push((token.into(), Rc::clone(&mine)));
    let came = origin::refresh(settings, asked, token).await.map(Rc::new);
    let came = mine.came.get_or_init(|| came).clone();
    let mut refreshing = isolate.refreshing.borrow_mut();
    let failed = came.is_err();
    let full = refreshing.len() > MOST_KEPT;
    refreshing.retain(|(_, other)| {
        let is_over = other.came.get().is_some();
        let is_old = clock::since(other.began) >= KEPT_MS;
        !(is_old || is_over && full || failed && Rc::ptr_eq(other, &mine))
    });
    came
}

/// What one request awaits, another may not, so the waiting is by the clock.
async fn await_other(under_way: &UnderWay) -> Option<Came> {
    loop {
        let age = clock::since(under_way.began);
        if let Some(came) = under_way.came.get() {
            return (age < KEPT_MS).then(|| came.clone());
        }
        if age >= LOST_MS {
            return None;
        }
        platform::sleep(PAUSE).await;
    }
}
