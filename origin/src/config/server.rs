//! `[server]`: where to listen.

use std::net::SocketAddr;

use serde::Deserialize;

use super::error::Invalid;
use super::value::Text;

/// Where the origin listens.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// For edges.
    pub(crate) listen: SocketAddr,
    /// For the operator: health and metrics. Keep it from the outside.
    pub(crate) operator_listen: SocketAddr,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    listen: Option<Text>,
    operator_listen: Option<Text>,
}

impl Raw {
    pub(super) fn parse(self) -> Result<Server, Invalid> {
        let expected = "an address and port like 127.0.0.1:8788";
        let listen = self.listen.unwrap_or_else(|| Text::from("127.0.0.1:8788"));
        let operator = self.operator_listen.unwrap_or_else(|| Text::from("127.0.0.1:8790"));
        Ok(Server {
            listen: listen.parse("server.listen", expected)?,
            operator_listen: operator.parse("server.operator_listen", expected)?,
        })
    }
}
