//! The adapters that hold keys, hash passwords and draw randomness. All cryptography is aws-lc's
//! and argon2's.

mod entropy;
mod key_file;
mod key_pair;
mod key_ring;
mod passwords;
pub(crate) mod signatures;
mod signing_file;
mod signing_keys;
mod symmetric_key;

pub(crate) use entropy::{OsRandom, SystemClock};
pub(crate) use key_pair::AssertionKey;
pub(crate) use key_ring::KeyRing;
pub(crate) use passwords::Hashers;
pub(crate) use signing_file::SigningFile;
pub(crate) use signing_keys::{KeyState, Rotate, Utc};
