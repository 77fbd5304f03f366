//! What is fuzzed. Each target asserts what holds of every answer, and tells the answer.

mod cookie;
mod foreign;
mod head;
mod headers;
mod issuer;
mod path;
mod policy;
mod segment;
mod token;
mod verdict;

use crate::input::Input;

/// Runs one input and says what came of it.
pub(crate) type Target = fn(&mut Input<'_>) -> String;

/// Every target, by name.
pub(crate) const TARGETS: [(&str, Target); 9] = [
    ("token", token::run),
    ("foreign", foreign::run),
    ("cookie", cookie::run),
    ("path", path::run),
    ("headers", headers::run),
    ("head", head::run),
    ("segment", segment::run),
    ("policy", policy::run),
    ("verdict", verdict::run),
];
