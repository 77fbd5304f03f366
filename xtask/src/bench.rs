//! `cargo xtask bench`: measurements of the real parts, as medians.

mod edge;
mod peers;
mod revocation;
mod startup;

pub use edge::{EdgeCourse, edge};
pub use peers::peers;
pub use revocation::revocation;
pub use startup::{startup, worker_starts};
