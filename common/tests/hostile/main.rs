//! What is tried against the reading of tokens, with real signatures.
//!
//! On the host a library (jsonwebtoken on aws-lc) verifies and is the second judge; as Wasm, where
//! there is none, the rows run that are decided before any cryptography.

// The name that the rest of the workspace knows this crate by.
extern crate portcullis_common as common;

#[cfg(test)]
pub mod cases;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod judge;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod keys;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod kinds;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod mutations;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod properties;
#[cfg(test)]
mod tokens;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod wycheproof;
