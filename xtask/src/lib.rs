//! The workbench: sets a machine up, builds the Worker, and runs the whole of Portcullis.
//!
//! [`stack`] starts the demo app, the origin and the Worker as real processes; `cargo xtask dev`
//! and the end-to-end tests use the same one. Nothing here ships with the product.

pub mod bench;
pub mod build;
pub mod dev;
mod error;
pub mod fuzz;
mod process;
mod progress;
pub mod setup;
pub mod stack;
pub mod test;
pub mod verdict;
mod workspace;

pub use error::Error;
pub use progress::Step;
pub use workspace::Workspace;
