//! The secret of a letter, as somebody brings it back.

use aws_lc_rs::digest::{SHA256, digest as sha};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::Secret;

/// How a secret is kept. It has 256 random bits: no salt and no slowness would add to that.
pub(super) fn digest(secret: &Secret<String>) -> String {
    URL_SAFE_NO_PAD.encode(sha(&SHA256, secret.expose().as_bytes()))
}
