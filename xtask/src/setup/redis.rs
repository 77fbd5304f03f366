//! A Redis server that the tests start for themselves.

use super::{already, apt_install, find};
use crate::{Error, Workspace};

pub(super) fn ensure(workspace: &Workspace) -> Result<(), Error> {
    if find("redis-server").is_some() {
        already("redis-server");
        return Ok(());
    }
    apt_install(workspace, "redis-server", &["redis-server"])
}
