//! `cargo xtask bench`: measurements of the real parts, as medians.

mod edge;
mod origin;
mod peers;
mod revocation;
mod startup;

pub use edge::{EdgeCourse, edge};
pub use origin::{OriginCourse, origin};
pub use peers::peers;
pub use revocation::revocation;
pub use startup::{startup, worker_starts};
