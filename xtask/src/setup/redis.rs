//! A Redis server that the tests start for themselves, and what makes certificates for it.

use super::{already, apt_install, find};
use crate::{Error, Workspace};

pub(super) fn ensure(workspace: &Workspace) -> Result<(), Error> {
    for program in ["redis-server", "openssl"] {
        if find(program).is_some() {
            already(program);
        } else {
            apt_install(workspace, program, &[program])?;
        }
    }
    Ok(())
}
