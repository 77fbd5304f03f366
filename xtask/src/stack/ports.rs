//! The ports of the parts.

use std::{io, net::TcpListener};

use crate::{Error, error::Doing};

/// Where each part listens, on the loopback interface.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The Worker.
    pub edge: u16,
    /// The origin's public side.
    pub origin: u16,
    /// The demo app.
    pub app: u16,
    /// The origin's operator side: health and metrics.
    pub operator: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { edge: 8787, origin: 8788, app: 8789, operator: 8790 }
    }
}

impl Ports {
    /// Free ports for all, for stacks that run beside others.
    #[must_use]
    pub fn free() -> Self {
        Self { edge: 0, origin: 0, app: 0, operator: 0 }
    }

    /// Picks free ports where 0 is asked for, and refuses taken ones.
    pub(crate) fn resolve(self) -> Result<Self, Error> {
        self.differ()?;
        // All held until all are picked, so that no two are the same.
        let (edge, held_edge) = take("edge", self.edge)?;
        let (origin, held_origin) = take("origin", self.origin)?;
        let (app, held_app) = take("app", self.app)?;
        let (operator, held_operator) = take("operator", self.operator)?;
        drop((held_edge, held_origin, held_app, held_operator));
        Ok(Self { edge, origin, app, operator })
    }

    /// No other program has a port that two of ours were given.
    fn differ(self) -> Result<(), Error> {
        let parts = [
            ("edge", self.edge),
            ("origin", self.origin),
            ("app", self.app),
            ("operator", self.operator),
        ];
        for (at, (first, port)) in parts.iter().enumerate() {
            let again = parts.iter().skip(at + 1).find(|(_, other)| other == port && *port != 0);
            if let Some((second, _)) = again {
                return Err(Error::PortTwice { first, second, port: *port });
            }
        }
        Ok(())
    }
}

/// A free port for something nobody needs to know of.
pub(super) fn any() -> Result<u16, Error> {
    Ok(take("inspector", 0)?.0)
}

fn take(name: &'static str, wanted: u16) -> Result<(u16, TcpListener), Error> {
    let listener =
        TcpListener::bind(("127.0.0.1", wanted)).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => Error::PortTaken { part: name, port: wanted },
            _ => Error::Io { doing: format!("listening on port {wanted} for the {name}"), source },
        })?;
    let address = listener.local_addr().doing(|| format!("asking for the {name}'s port"))?;
    Ok((address.port(), listener))
}
