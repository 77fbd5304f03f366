//! Stories of an origin that serves as a process of its own.

mod keys;
mod letters;
mod log;
mod process;
mod revoke;
mod smtp;
