//! Which services are believed to be who they say.

use aws_lc_rs::constant_time;
use aws_lc_rs::digest::{SHA256, digest};

use crate::config::Clients;

/// Knows the digests of the services' secrets.
pub(crate) struct ClientTrust(Clients);

impl ClientTrust {
    pub(crate) const fn new(clients: Clients) -> Self {
        Self(clients)
    }

    /// Whether this is the secret of the service `id`. Names are no secrets.
    pub(crate) fn proves(&self, id: &str, secret: &[u8]) -> bool {
        let presented = digest(&SHA256, secret);
        self.0.iter().any(|client| {
            let digest = &client.digest;
            client.id == id
                && constant_time::verify_slices_are_equal(digest, presented.as_ref()).is_ok()
        })
    }
}
