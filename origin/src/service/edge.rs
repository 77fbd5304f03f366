//! What is believed of an edge, and of nobody else.

use std::net::IpAddr;

use aws_lc_rs::constant_time;
use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::Secret;

/// Knows the secret that an edge shares with us.
pub(crate) struct EdgeTrust(Option<Secret<String>>);

/// Proof that an edge is speaking.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge(());

impl EdgeTrust {
    pub(crate) fn new(secret: Option<Secret<String>>) -> Self {
        Self(secret)
    }

    /// Whether these bytes are the secret; takes the same time however many of them fit.
    pub(crate) fn proof(&self, presented: &[u8]) -> Option<Edge> {
        let secret = self.0.as_ref()?.expose().as_bytes();
        constant_time::verify_slices_are_equal(secret, presented).ok().map(|()| Edge(()))
    }
}

/// A device as the edge reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reported {
    /// A digest of its user agent and its network.
    pub(crate) digest: String,
    /// Its network, not its address, which a telephone changes all the time: `192.0.2.0/24`, and of IPv6
    /// a /48.
    pub(crate) network: String,
}

impl Reported {
    /// What the edge says of user agent and address.
    pub(crate) fn by(_: Edge, user_agent: &[u8], address: IpAddr) -> Self {
        let (kept, network) = match address.to_canonical() {
            IpAddr::V4(v4) => {
                let kept = v4.to_bits() >> 8 << 8;
                (v4.octets().into_iter().take(3).collect::<Vec<_>>(), IpAddr::V4(kept.into()))
            }
            IpAddr::V6(v6) => {
                let kept = v6.to_bits() >> 80 << 80;
                (v6.octets().into_iter().take(6).collect(), IpAddr::V6(kept.into()))
            }
        };
        let network = format!("{network}/{}", 8 * kept.len());
        let mut hash = Context::new(&SHA256);
        hash.update(&kept);
        hash.update(b"\0");
        hash.update(user_agent);
        // 128 bits tell devices apart as well as 256 do.
        let digest: Vec<u8> = hash.finish().as_ref().iter().take(16).copied().collect();
        Self { digest: URL_SAFE_NO_PAD.encode(digest), network }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_secret_nobody_is_the_edge() {
        let nobody = EdgeTrust::new(None);
        assert!(nobody.proof(b"").is_none());
        let trust = EdgeTrust::new(Some(Secret::new(String::from("0123456789abcdef"))));
        assert!(trust.proof(b"0123456789abcdef").is_some());
        for other in [&b""[..], b"0123456789abcde", b"0123456789abcdeF", b"0123456789abcdef0"] {
            assert!(trust.proof(other).is_none());
        }
    }

    #[test]
    fn a_device_is_its_agent_in_its_network() {
        let at =
            |agent: &[u8], address: &str| Reported::by(Edge(()), agent, address.parse().unwrap());
        let phone = at(b"phone", "192.0.2.7");
        assert_eq!(phone, at(b"phone", "192.0.2.200"));
        assert_eq!(phone, at(b"phone", "::ffff:192.0.2.8"));
        assert_ne!(phone.digest, at(b"phone", "192.0.3.7").digest);
        assert_ne!(phone.digest, at(b"laptop", "192.0.2.7").digest);
        assert_eq!(phone.network, "192.0.2.0/24");
        assert_eq!(at(b"x", "2001:db8:1:2::3"), at(b"x", "2001:db8:1:ffff::9"));
        assert_ne!(at(b"x", "2001:db8:1:2::3").digest, at(b"x", "2001:db8:2:2::3").digest);
        assert_eq!(at(b"x", "2001:db8:1:2::3").network, "2001:db8:1::/48");
    }
}
