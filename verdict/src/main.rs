//! `portcullis-verdict`: what would the gate do, and why?

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Args, Parser, Subcommand};
use common::UnixSeconds;
use portcullis_verdict::explain::{self, Outcome};
use portcullis_verdict::{Config, Error, Knowledge, Request, Sources, trial};

/// Says what the gate would do with a request and why, by the gate's own code.
#[derive(Parser)]
#[command(name = "portcullis-verdict")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Follow one request; exits with 0 if it passes, 1 if it is refused, and 2 if that cannot be
    /// told: where nobody gave the keys to check a signature with, where it is not known whether the
    /// token is revoked, and where the origin would be asked for new tokens.
    Explain(Box<Explain>),
    /// Run the cases of a file; exits with 1 if one is not as expected, and 2 if they were not run.
    TestPolicy(TestPolicy),
}

#[derive(Args)]
struct Gate {
    /// The Worker's configuration [default: wrangler.toml, here or in the nearest folder above].
    #[arg(long, value_name = "FILE")]
    wrangler: Option<PathBuf>,
    /// The environment in it.
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// The time, in seconds since 1970 [default: now].
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
}

#[derive(Args)]
struct Explain {
    #[command(flatten)]
    gate: Gate,
    /// The method.
    #[arg(long, default_value = "GET")]
    method: String,
    #[command(flatten)]
    place: Place,
    /// The access token, sent as a bearer token; `-` reads it from standard input.
    #[arg(long)]
    token: Option<String>,
    /// The `Cookie` header.
    #[arg(long)]
    cookie: Option<String>,
    /// The `Origin` header.
    #[arg(long)]
    origin: Option<String>,
    /// Any other header.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The origin's signed head: a file, a URL, or `-`. Checks signature and revocation.
    #[arg(long, value_name = "FILE|URL")]
    head: Option<String>,
    /// The anchor's public key [default: the configuration's].
    #[arg(long, requires = "head")]
    anchor: Option<String>,
    /// The key set of the token's issuer: a file, a URL, or `-`. Checks the signature.
    #[arg(long, value_name = "FILE|URL")]
    jwks: Option<String>,
}

/// The URL, as the Worker is asked for it, behind `--url` or alone.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// The URL, as the Worker is asked for it.
    #[arg(value_name = "URL")]
    asked: Option<String>,
    /// The same, for scripts that name it.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

#[derive(Args)]
struct TestPolicy {
    #[command(flatten)]
    gate: Gate,
    /// The cases [default: policy-tests.toml beside the configuration].
    file: Option<PathBuf>,
    /// Take notes for failures: a rule that no case gets to, a name that the Worker does not read.
    #[arg(long)]
    strict: bool,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Explain(task) => task.run(),
        Task::TestPolicy(task) => task.run(),
    };
    let told = done.and_then(|(text, code)| {
        let failed = |source| Error::Output { source };
        io::stdout().write_all(text.as_bytes()).map_err(failed)?;
        Ok(code)
    });
    told.map_or_else(
        |error| {
            // Standard error may be closed, too.
            writeln!(io::stderr(), "error: {error}").ok();
            ExitCode::from(2)
        },
        ExitCode::from,
    )
}

impl Gate {
    /// Which configuration is meant; wrangler itself looks for it in the same way.
    fn wrangler(&self) -> Result<PathBuf, Error> {
        const NAME: &str = "wrangler.toml";
        if let Some(named) = &self.wrangler {
            return Ok(named.clone());
        }
        let here = env::current_dir().map_err(|source| Error::File { path: ".".into(), source })?;
        let found = here.ancestors().map(|folder| folder.join(NAME)).find(|file| file.is_file());
        found.ok_or_else(|| Error::Argument {
            argument: "--wrangler",
            problem: format!("needed: there is no {NAME} in {} nor above it", here.display()),
        })
    }

    fn read(&self, wrangler: &Path) -> Result<(Config, UnixSeconds), Error> {
        let config = Config::read(wrangler, self.env.as_deref())?;
        let seconds = self
            .at
            .unwrap_or_else(|| SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs());
        Ok((config, UnixSeconds::new(seconds)))
    }
}

impl Explain {
    fn run(self) -> Result<(String, u8), Error> {
        let (config, now) = self.gate.read(&self.gate.wrangler()?)?;
        let request = self.request()?;
        let sources = Sources { head: self.head, anchor: self.anchor, jwks: self.jwks };
        let known = Knowledge::gather(&sources, &config, request.token(), now)?;
        let told = explain::explain(&request.facts(), &config, &known, now);
        let code = match told.outcome() {
            Outcome::Passes => 0,
            Outcome::Refused => 1,
            Outcome::Undecided => 2,
        };
        Ok((told.to_string(), code))
    }

    fn request(&self) -> Result<Request, Error> {
        // One of the two is there.
        let url = self.place.asked.as_ref().or(self.place.url.as_ref());
        let mut request = Request::new(&self.method, url.map_or("", String::as_str))?;
        match self.token.as_deref() {
            Some("-") => {
                let token = io::read_to_string(io::stdin())
                    .map_err(|source| Error::File { path: "-".into(), source })?;
                request.add("authorization", format!("Bearer {}", token.trim()));
            }
            Some(token) => request.add("authorization", format!("Bearer {token}")),
            None => {}
        }
        for (name, value) in [("cookie", &self.cookie), ("origin", &self.origin)] {
            if let Some(value) = value {
                request.add(name, value);
            }
        }
        for header in &self.headers {
            let (name, value) = header.split_once(':').ok_or_else(|| Error::Argument {
                argument: "--header",
                problem: format!("{header:?}: expected \"name: value\""),
            })?;
            request.add(name.trim(), value.trim());
        }
        Ok(request)
    }
}

impl TestPolicy {
    fn run(self) -> Result<(String, u8), Error> {
        let wrangler = self.gate.wrangler()?;
        let (config, now) = self.gate.read(&wrangler)?;
        let file = self.file.unwrap_or_else(|| wrangler.with_file_name("policy-tests.toml"));
        let outcome = trial::run(&config, &file, now)?;
        let mut told = outcome.to_string();
        let noted = self.strict && outcome.notes() > 0;
        if noted {
            told = format!("{told}{} notes, which are failures by --strict\n", outcome.notes());
        }
        Ok((told, u8::from(noted || !outcome.passed())))
    }
}
