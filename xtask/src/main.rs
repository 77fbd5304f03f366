//! `cargo xtask`: the project's tasks.

use std::{env, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use common::{spelling, variable};
use serde_json::Value;
use xtask::{
    Error, Workspace, bench, build, dev, fuzz, setup,
    stack::{self, Options, Ports},
    test, verdict,
};

/// Sets up, runs, tests and measures Portcullis.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what building and running needs; does nothing twice.
    Setup,
    /// Run the demo app, the origin and the Worker, until Ctrl-C.
    Dev(Dev),
    /// Run every test: the workspace here, and `common` as Wasm too.
    Test {
        /// Also the tests that take long.
        #[arg(long)]
        long: bool,
        /// Arguments for `cargo test`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Say what the gate would do with a request and why.
    #[command(disable_help_flag = true)]
    Explain {
        /// Arguments for `portcullis-verdict explain`; `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Test the policy of wrangler.toml against policy-tests.toml, or other files.
    #[command(disable_help_flag = true)]
    TestPolicy {
        /// Arguments for `portcullis-verdict test-policy`; `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Feed random inputs to everything that reads what strangers send, here and as Wasm.
    #[command(disable_help_flag = true)]
    Fuzz {
        /// Arguments for the runner, such as `token --seconds 60`; `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build the Worker into build/, unless nothing has changed.
    BuildEdge,
    /// Measure, and print what was measured.
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
}

#[derive(Subcommand)]
enum Bench {
    /// Start-up time of the origin and the Worker, and the origin's idle memory.
    Startup,
    /// How long a logout takes to the edges, with a plot in docs/.
    Revocation,
    /// Processor time of a request at the edge, beside other Workers, with a chart in docs/.
    Edge(BenchEdge),
    /// Refreshes and sign-ins at the origin, beside other servers, with a chart in docs/.
    Origin(BenchOrigin),
}

#[derive(Args)]
struct BenchEdge {
    /// How often each row has its turn.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Seconds of load each time; a turn goes on until two of them were the processor's.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Only rows whose names begin so, such as `headers,portcullis-cached`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// With so many live revocations.
    #[arg(long, value_delimiter = ',', default_values_t = [0, 100_000, 1_000_000])]
    revocations: Vec<u64>,
}

#[derive(Args)]
struct BenchOrigin {
    /// How often each row has its turn.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of load each time.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Only rows whose names begin so, such as `portcullis-redis,express`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

#[derive(Args)]
struct Dev {
    /// Port of the Worker; 0 picks a free one, here and below.
    #[arg(long, default_value_t = Ports::default().edge)]
    edge_port: u16,
    /// Port of the origin.
    #[arg(long, default_value_t = Ports::default().origin)]
    origin_port: u16,
    /// Port of the demo app.
    #[arg(long, default_value_t = Ports::default().app)]
    app_port: u16,
    /// Port of the origin's health and metrics.
    #[arg(long, default_value_t = Ports::default().operator)]
    operator_port: u16,
    /// Keep sessions in this Redis, such as `redis://localhost:6379`.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// Keep accounts in this SQL database.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Folder of keys, stores, KV and logs [default: .portcullis in the project].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Configuration of the origin, such as `tokens.access_ttl=60s`.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
    /// A var of the Worker, such as `REPORT=refusals`; objects and lists as JSON.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = worker_var)]
    vars: Vec<(String, String)>,
}

fn main() -> ExitCode {
    let task = Cli::parse().task;
    let failure = match task {
        // Of these 1 is an answer.
        Task::Explain { .. } | Task::TestPolicy { .. } => ExitCode::from(verdict::UNANSWERED),
        _ => ExitCode::FAILURE,
    };
    run(task).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        failure
    })
}

fn run(task: Task) -> Result<ExitCode, Error> {
    let workspace = Workspace::locate();
    match task {
        Task::Setup => {
            setup::run(&workspace)?;
            if !workspace.path(".dev.vars").exists() {
                let origin = build::origin(&workspace, build::Profile::Dev)?;
                stack::write_dev_vars(&workspace, &origin)?;
            }
        }
        Task::Dev(options) => dev::run(&workspace, options.resolve(&workspace)?)?,
        Task::Test { long, arguments } => {
            test::run(&workspace, &test::Selection { long, arguments })?;
        }
        Task::Explain { arguments } => return verdict::run(&workspace, "explain", &arguments),
        Task::TestPolicy { arguments } => {
            return verdict::run(&workspace, "test-policy", &arguments);
        }
        Task::Fuzz { arguments } => fuzz::run(&workspace, &arguments)?,
        Task::Bench { what: Bench::Startup } => bench::startup(&workspace)?,
        Task::Bench { what: Bench::Revocation } => bench::revocation(&workspace)?,
        Task::Bench { what: Bench::Edge(course) } => bench::edge(&workspace, &course.into())?,
        Task::Bench { what: Bench::Origin(course) } => bench::origin(&workspace, course.into())?,
        Task::BuildEdge => build::edge(&workspace, &setup::run(&workspace)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl From<BenchEdge> for bench::EdgeCourse {
    fn from(course: BenchEdge) -> Self {
        let BenchEdge { rounds, seconds, only, revocations } = course;
        Self { rounds, seconds, only, revocations }
    }
}

impl From<BenchOrigin> for bench::OriginCourse {
    fn from(course: BenchOrigin) -> Self {
        let BenchOrigin { rounds, seconds, only } = course;
        Self { rounds, seconds, only, origin: PathBuf::new(), bare: PathBuf::new() }
    }
}

impl Dev {
    fn resolve(self, workspace: &Workspace) -> Result<Options, Error> {
        let state = match self.state {
            Some(path) if path.is_relative() => env::current_dir()
                .map_err(|source| Error::Io {
                    doing: "asking for the current folder".into(),
                    source,
                })?
                .join(path),
            Some(path) => path,
            None => workspace.path(".portcullis"),
        };
        Ok(Options {
            ports: Ports {
                edge: self.edge_port,
                origin: self.origin_port,
                app: self.app_port,
                operator: self.operator_port,
            },
            redis: self.redis,
            database: self.database,
            settings: self.settings,
            vars: self.vars.into_iter().map(|(name, value)| (name, var(value))).collect(),
            ..Options::new(state)
        })
    }
}

/// `KEY=VALUE`, cut at the first sign.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".into()),
    }
}

/// `NAME=VALUE`, of a name that the Worker reads.
fn worker_var(text: &str) -> Result<(String, String), String> {
    let (name, value) = pair(text)?;
    let Some(complaint) = spelling::unread(&name) else { return Ok((name, value)) };
    let known: Vec<_> = variable::ALL.iter().map(|known| known.name()).collect();
    let end = if complaint.ends_with('?') { "" } else { "." };
    Err(format!("{complaint}{end} It reads {}", known.join(", ")))
}

/// A var's value: a table or list where it is one in JSON, else the text as it is.
fn var(text: String) -> Value {
    match serde_json::from_str(&text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
        _ => Value::String(text),
    }
}
