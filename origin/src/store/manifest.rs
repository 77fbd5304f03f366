//! The manifest as both stores keep it: JSON.

use common::revocation::Manifest;
use tracing::error;

/// Reads it. One that cannot be read, of a later version say, counts for none: what it told of is in
/// the log, and segments are made of it again.
pub(super) fn read(text: Option<&str>) -> Manifest {
    let Some(text) = text else { return Manifest::default() };
    serde_json::from_str(text).unwrap_or_else(|fault| {
        error!(
            error = &fault as &dyn std::error::Error,
            "the manifest of the segments is made anew"
        );
        Manifest::default()
    })
}
