//! What handlers can reach.

use std::sync::Arc;

use common::problem::Code;

use super::error::Refusal;
use super::work::Work;
use crate::port::{Clock, Signer};
use crate::service::{
    Admin, Change, ClientTrust, Credentials, EdgeTrust, Epochs, Heads, Login, Outbox, Profiles,
    Register, Reset, Revocation, Rotator, Social, Throttle, Verify,
};

/// The services, and the little else that answers are shaped from.
pub(crate) struct Services {
    pub(crate) admin: Admin,
    pub(crate) clients: ClientTrust,
    /// `None` where no letters are sent.
    pub(crate) by_mail: Option<ByMail>,
    pub(crate) change: Change,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) edge: EdgeTrust,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) heads: Arc<Heads>,
    pub(crate) login: Login,
    pub(crate) profiles: Profiles,
    pub(crate) register: Register,
    pub(crate) revocation: Arc<Revocation>,
    pub(crate) rotator: Rotator,
    pub(crate) social: Social,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The issuer's URL.
    pub(crate) issuer: String,
    /// The app that access tokens are for.
    pub(crate) audience: String,
    /// The client that they are given to.
    pub(crate) client_id: String,
    /// Scheme, host and port of the issuer, as browsers write an `Origin`.
    pub(crate) own_origin: String,
    /// What is under way.
    pub(crate) work: Work,
}

/// What is done by letters.
pub(crate) struct ByMail {
    pub(crate) verify: Verify,
    pub(crate) reset: Reset,
    pub(crate) outbox: Outbox,
}

impl Services {
    /// What is done by letters, where letters are sent.
    pub(super) fn by_mail(&self) -> Result<&ByMail, Refusal> {
        self.by_mail.as_ref().ok_or_else(|| {
            let why = "This site sends no letters: its operator has not set `mail`.";
            Refusal::because(Code::NotFound, why)
        })
    }
}
