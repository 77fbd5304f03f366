//! `cargo xtask bench`: measurements of the real parts, as medians.

mod revocation;
mod startup;

pub use revocation::revocation;
pub use startup::startup;
