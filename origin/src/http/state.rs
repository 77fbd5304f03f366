//! What handlers can reach.

use std::sync::Arc;

use crate::port::{Clock, Signer};
use crate::service::{
    Admin, Credentials, EdgeTrust, Epochs, Heads, Login, Profiles, Register, Revocation, Rotator,
    Social, Throttle,
};

/// The services, and the little else that answers are shaped from.
pub(crate) struct Services {
    pub(crate) admin: Admin,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) edge: EdgeTrust,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) heads: Arc<Heads>,
    pub(crate) login: Login,
    pub(crate) profiles: Profiles,
    pub(crate) register: Register,
    pub(crate) revocation: Revocation,
    pub(crate) rotator: Rotator,
    pub(crate) social: Social,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The issuer's URL.
    pub(crate) issuer: String,
    /// Scheme, host and port of the issuer, as browsers write an `Origin`.
    pub(crate) own_origin: String,
}
