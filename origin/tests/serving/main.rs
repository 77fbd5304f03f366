//! Stories of an origin that serves as a process of its own.

mod keys;
mod log;
mod process;
mod revoke;
