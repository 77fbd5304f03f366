//! The whole of Portcullis, running: demo app, origin and Worker, each a real process.
//!
//! Used by `cargo xtask dev` and by the end-to-end tests alike. The origin is configured by its
//! environment only, the Worker by a wrangler configuration derived from the project's own; secrets
//! travel in the environment or in files only the owner can read, never in arguments.

mod claim;
mod demo_app;
mod edge;
mod letters;
mod options;
mod origin;
mod pages;
mod part;
mod ports;
pub(crate) mod probe;
mod secret;
mod served;
mod unanswered;
mod vars;
mod workerd;

use std::{
    fs, io,
    path::Path,
    time::{Duration, Instant},
};

pub use claim::Claim;
pub use demo_app::DemoApp;
pub use edge::worker_vars;
pub use options::Options;
pub(crate) use origin::part as origin_part;
pub use origin::{anchor_key, command as origin_command};
pub use part::Part;
pub use ports::Ports;
pub(crate) use secret::write_private;
pub use secret::{kept_secret, private_folder};
pub use served::Served;
pub use vars::look_over;
pub use workerd::{BareWorker, Service, workerd, workers};

use common::variable;
use unanswered::Unanswered;

use crate::{Error, Workspace, error::Doing};

/// How long the parts may take to come up; wrangler is the slowest.
const PATIENCE: Duration = Duration::from_mins(1);

/// The running parts. Dropping it ends them all.
#[derive(Debug)]
pub struct Stack {
    ports: Ports,
    claim: Claim,
    /// Runs as long as the stack is held.
    _app: DemoApp,
    /// Where the edge forwards to instead, if that is somebody's own app.
    another_app: Option<String>,
    origin: Part,
    edge: Part,
}

impl Stack {
    /// Starts every part and waits until requests go through.
    ///
    /// `origin_program` is what [`crate::build::origin`] built; the Worker must be built too.
    ///
    /// # Errors
    /// When a port or the state folder is taken, or a part ends or does not come up; the error has
    /// the end of its log.
    pub async fn start(
        workspace: &Workspace,
        origin_program: &Path,
        options: Options,
    ) -> Result<Self, Error> {
        let claim = Claim::take(&options)?;
        Self::start_in(claim, workspace, origin_program, options).await
    }

    /// The same in a state folder that was taken before.
    ///
    /// # Errors
    /// See [`Self::start`].
    pub async fn start_in(
        mut claim: Claim,
        workspace: &Workspace,
        origin_program: &Path,
        options: Options,
    ) -> Result<Self, Error> {
        let ports = options.ports.resolve()?;
        claim.serves_at(&url(ports))?;
        let state = claim.state().to_path_buf();
        let edge_secret = kept_secret(&state.join("edge-secret"))?;
        let anchor = anchor_key(origin_program, &state, &options)?;

        let app = DemoApp::with_letters(ports.app, state.join(origin::LETTERS))?;
        let origin = origin::part(origin_program, &state, ports, &edge_secret, &options);
        let edge = edge::part(workspace, &state, ports, &edge_secret, &anchor, &options)?;
        let another_app = options
            .vars
            .iter()
            .rfind(|(name, _)| name == variable::APP_URL.name())
            .map(|(_, url)| url.as_str().map_or_else(|| url.to_string(), str::to_owned));
        let mut stack = Self { ports, claim, _app: app, another_app, origin, edge };
        stack.edge.start()?;
        stack.origin.start()?;
        stack.ready().await?;
        Ok(stack)
    }

    /// Where people and programs send their requests, without a slash at the end.
    #[must_use]
    pub fn edge_url(&self) -> String {
        url(self.ports)
    }

    /// The ports in use.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The folder with keys, stores, KV and logs.
    #[must_use]
    pub fn state(&self) -> &Path {
        self.claim.state()
    }

    /// The URL or binding of somebody's own app, if the edge forwards to that.
    #[must_use]
    pub fn another_app(&self) -> Option<&str> {
        self.another_app.as_deref()
    }

    /// The origin, to be ended and started again.
    pub fn origin(&mut self) -> &mut Part {
        &mut self.origin
    }

    /// The Worker, to be ended and started again.
    pub fn edge(&mut self) -> &mut Part {
        &mut self.edge
    }

    /// Waits until the origin is ready, a request goes through the edge to the app, and the edge
    /// has accepted the origin's head: a token that is none then gets 401 rather than 503. With an
    /// app of one's own it is enough that the edge answers.
    ///
    /// # Errors
    /// When a part ends or the wait is longer than a minute.
    pub async fn ready(&mut self) -> Result<(), Error> {
        let (operator, edge) = (self.ports.operator, self.ports.edge);
        let deadline = Instant::now() + PATIENCE;
        self.answers(Which::Origin, operator, "/readyz", 200, deadline).await?;
        if self.another_app.is_some() {
            // What somebody's own app answers is its own business; this the edge refuses by itself.
            return self.answers(Which::Edge, edge, "/a//b", 400, deadline).await;
        }
        self.answers(Which::Edge, edge, "/public/ready", 200, deadline).await?;
        self.answers(Which::Edge, edge, "/ready", 401, deadline).await
    }

    /// Waits for a part to end by itself, and says which. Meanwhile tells, once each, who does not
    /// answer the edge.
    pub async fn broken(&mut self, tell: impl Fn(&str)) -> Error {
        let (log, earlier) = self.edge.log();
        let mut unanswered = Unanswered::after(log, earlier);
        loop {
            unanswered.news().iter().for_each(|said| tell(said));
            for part in [&mut self.origin, &mut self.edge] {
                if let Err(error) = part.check() {
                    return error;
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Ends the parts in order: the origin first, while the KV it publishes to is still there.
    ///
    /// # Errors
    /// When the system refuses to tell of a part.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.origin.stop().await?;
        self.edge.stop().await
    }

    /// What the edge's log says of its configuration, if that is wrong: waiting will not mend it.
    fn edge_is_misconfigured(&self) -> Option<String> {
        let printed = self.edge.printed_now().ok()?;
        // wrangler paints what a Worker says; from the next escape sequence on it is paint again.
        let why = printed.get(printed.rfind("Configuration is wrong")?..)?;
        let why = why.split(['\n', '\u{1b}']).next()?;
        Some(format!("the edge, by wrangler.toml and --var: {why}"))
    }

    async fn answers(
        &mut self,
        which: Which,
        port: u16,
        path: &str,
        wanted: u16,
        deadline: Instant,
    ) -> Result<(), Error> {
        let mut last = String::from("did not answer");
        loop {
            self.origin.check()?;
            self.edge.check()?;
            match probe::status(port, path).await {
                Ok(status) if status == wanted => return Ok(()),
                Ok(500) if let Some(why) = self.edge_is_misconfigured() => {
                    return Err(Error::Unexpected(why));
                }
                Ok(status) => last = format!("answered GET {path} with {status}, not {wanted},"),
                // Not listening yet; what it last answered tells more.
                Err(_) => {}
            }
            if Instant::now() > deadline {
                let silent = match which {
                    Which::Origin => &self.origin,
                    Which::Edge => &self.edge,
                };
                return Err(silent.failure(format!("{last} for {} s", PATIENCE.as_secs())));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn url(ports: Ports) -> String {
    format!("http://localhost:{}", ports.edge)
}

#[derive(Clone, Copy)]
enum Which {
    Origin,
    Edge,
}

/// What somebody has put into `.dev.vars`: secrets for an app's own use, or an `ASSERTION_KEY`.
///
/// # Errors
/// When there is one that cannot be read.
pub fn own_dev_vars(workspace: &Workspace) -> Result<String, Error> {
    let path = workspace.path(".dev.vars");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(edge::own_lines(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).doing(|| format!("reading {}", path.display())),
    }
}

/// Writes `.dev.vars`, so that plain `npx wrangler dev` has what the default state folder's origin signs
/// with. Lines that are somebody's own stay.
///
/// # Errors
/// When the origin cannot tell its anchor key or the file cannot be written.
pub fn write_dev_vars(workspace: &Workspace, origin_program: &Path) -> Result<(), Error> {
    let options = Options::new(workspace.path(".portcullis"));
    let state = private_folder(&options.state)?;
    let secret = kept_secret(&state.join("edge-secret"))?;
    let anchor = anchor_key(origin_program, &state, &options)?;
    let path = workspace.path(".dev.vars");
    let own = own_dev_vars(workspace)?;
    write_private(&path, &edge::dev_vars(&secret, &anchor, &own))
        .doing(|| format!("writing {}", path.display()))
}
