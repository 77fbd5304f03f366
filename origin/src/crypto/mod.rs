//! The adapters that hold keys, hash passwords and draw randomness. All cryptography is aws-lc's
//! and argon2's.

mod entropy;
mod key_file;
mod key_ring;
mod passwords;

pub(crate) use entropy::{OsRandom, SystemClock};
pub(crate) use key_ring::KeyRing;
pub(crate) use passwords::Hashers;
