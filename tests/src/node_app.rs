//! An app in Node, of a text and the packages in `tests/apps`: Express, Hono, jose.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use xtask::stack::Part;
use xtask::{Workspace, setup};

use crate::fleet::free_port;
use crate::{Client, Outcome};

/// How long one may take to come up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running app; ended when dropped.
#[derive(Debug)]
pub struct NodeApp {
    _process: Part,
    port: u16,
}

impl NodeApp {
    /// Runs this module in a folder that is made for it, with these variables, and waits until it listens on
    /// the loopback port that `PORT` names.
    ///
    /// # Errors
    /// When its packages cannot be installed or it does not come up.
    pub async fn start(folder: &Path, module: &str, variables: &[(&str, &str)]) -> Outcome<Self> {
        let workspace = Workspace::locate();
        let packages = workspace.path("tests/apps");
        setup::packages(&workspace, &packages)?;
        fs::create_dir(folder)?;
        // Node looks for packages beside the module that asks for them.
        symlink(packages.join("node_modules"), folder.join("node_modules"))?;
        let (file, port) = (folder.join("app.mjs"), free_port()?);
        fs::write(&file, module)?;
        let mut all = vec![("PORT".to_owned(), port.to_string())];
        all.extend(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let mut process = Part::new("app", port, folder.join("app.log"), move || {
            let mut command = Command::new(workspace.path("node_modules/.bin/node"));
            command.arg(&file).envs(all.clone());
            command
        });
        process.start()?;
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            process.check()?;
            if since.elapsed() > PATIENCE {
                return Err(process.failure("did not answer".into()).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { _process: process, port })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A client of it, past any edge.
    ///
    /// # Errors
    /// See [`Client::new`].
    pub fn client(&self) -> Outcome<Client> {
        Client::new(self.url())
    }
}
