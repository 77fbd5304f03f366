//! Random inputs for everything that reads what strangers send.
//!
//! A target makes an input of bytes, gives it to `common`, asserts what must hold of any answer,
//! and says in words what the answer was. The same bytes are the same input everywhere, so the
//! words of a native run are held against those of the same code as Wasm.

#![expect(
    clippy::indexing_slicing,
    reason = "a panic is how a target tells that something is wrong"
)]

mod input;
mod target;

use fastrand::Rng;
use target::TARGETS;

/// The most bytes an input is made of.
const LONGEST: u32 = 384;

/// The bytes of one of the inputs that a seed stands for.
#[must_use]
pub fn bytes(seed: u32, number: u32) -> Vec<u8> {
    let mut rng = Rng::with_seed(u64::from(seed) << 32 | u64::from(number));
    // Numbers of one width everywhere: a `usize` would be drawn in another way as Wasm.
    let mut bytes = vec![0; rng.u32(..LONGEST) as usize];
    rng.fill(&mut bytes);
    bytes
}

/// The names of all targets.
pub fn targets() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().map(|(name, _)| *name)
}

/// Runs one input; says what the answer was. Nothing where there is no such target.
///
/// # Panics
/// When something does not hold that must.
#[must_use]
pub fn run(target: &str, bytes: &[u8]) -> Option<String> {
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target)?;
    Some(run(&mut input::Input::new(bytes)))
}

/// What the answers were to `count` inputs, a line each.
#[must_use]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen::prelude::wasm_bindgen)]
pub fn batch(target: &str, seed: u32, from: u32, count: u32) -> String {
    let mut text = String::new();
    for number in from..from.saturating_add(count) {
        text += &run(target, &bytes(seed, number)).unwrap_or_default();
        text.push('\n');
    }
    text
}
