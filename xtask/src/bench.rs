//! `cargo xtask bench`: measurements of the real parts, as medians.

mod startup;

pub use startup::startup;
