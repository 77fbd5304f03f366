//! The shape of a key in a JWK set, of which the decisions know more than is described.

use utoipa::ToSchema;

/// A public key of this issuer's (RFC 7517 §4, RFC 8037 §2).
#[derive(ToSchema)]
#[schema(as = Key)]
#[expect(dead_code, reason = "the shape of what `Jwk` is written as, for the description")]
pub(in super::super) struct KeyDocument {
    /// `OKP`.
    kty: String,
    /// The key's name.
    kid: String,
    /// The one algorithm it is for.
    alg: String,
    /// `sig`.
    #[schema(rename = "use")]
    usage: String,
    /// `Ed25519`.
    crv: String,
    /// The key itself.
    x: String,
    /// Not before, Unix seconds: for rotation with overlap.
    #[schema(nullable = false)]
    nbf: Option<u64>,
    /// Not after, Unix seconds.
    #[schema(nullable = false)]
    exp: Option<u64>,
}
