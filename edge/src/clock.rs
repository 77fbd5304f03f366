//! The platform's clock. In workerd it stands still while a request computes, so every judgement
//! on a request is made at the time it came in or last waited (WRK-07).

use common::UnixSeconds;

/// Now, in milliseconds since the epoch.
pub(crate) fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// Now, in whole seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a date after 1970 and before the year 285,000,000"
)]
pub(crate) fn now() -> UnixSeconds {
    UnixSeconds::new((now_ms() / 1000.0) as u64)
}

/// How long ago that was, in milliseconds; for ever, when the clock was set back meanwhile.
pub(crate) fn since(then_ms: f64) -> f64 {
    let passed = now_ms() - then_ms;
    // The clocks of two requests may differ by a little.
    if passed < -1_000.0 { f64::INFINITY } else { passed }
}
