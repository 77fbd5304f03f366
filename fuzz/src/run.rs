//! The runner: so many seconds or inputs for each target, first here, then side by side with Wasm.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::panic;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime};

use clap::Parser;
use fuzz::{batch, bytes, run, targets};

/// Feeds random inputs to everything that reads what strangers send.
#[derive(Parser)]
#[command(name = "fuzz-run")]
struct Cli {
    /// Which targets; all of them when none is named.
    targets: Vec<String>,
    /// Seconds for each target and each way of running it.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Inputs for each target and each way of running it, however long they take.
    #[arg(long)]
    runs: Option<u32>,
    /// Where the inputs begin; the same seed gives the same inputs [default: of the clock].
    #[arg(long)]
    seed: Option<u32>,
    /// Runs this one input of a target again.
    #[arg(long, value_name = "HEX")]
    replay: Option<String>,
    /// The targets as Wasm, made for Node: held against the native ones.
    #[arg(long, value_name = "FILE", requires = "script")]
    wasm: Option<PathBuf>,
    /// What answers for them.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Node.
    #[arg(long, default_value = "node")]
    node: PathBuf,
}

/// Inputs between two looks at the clock.
const BATCH: u32 = 500;

pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

impl Cli {
    fn run(&self) -> Result<(), String> {
        if let Some(stranger) = self.targets.iter().find(|name| !targets().any(|one| one == *name))
        {
            return Err(format!(
                "no target {stranger}: there are {}",
                targets().collect::<Vec<_>>().join(", ")
            ));
        }
        if let Some(hex) = &self.replay {
            return self.replay(hex);
        }
        let seed = self
            .seed
            .unwrap_or_else(|| SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().subsec_nanos());
        let mut wasm = self.wasm()?;
        // Each crash is told once, by us.
        panic::set_hook(Box::new(|_| {}));
        for name in targets() {
            if !self.targets.is_empty() && !self.targets.iter().any(|one| one == name) {
                continue;
            }
            let began = Instant::now();
            let runs = self.each_batch(|from| here(name, seed, from))?;
            say(&format!("{name}: {runs} runs in {} s, no crash", began.elapsed().as_secs()));
            if let Some(wasm) = &mut wasm {
                let began = Instant::now();
                let runs = self.each_batch(|from| wasm.compare(name, seed, from))?;
                let seconds = began.elapsed().as_secs();
                say(&format!(
                    "{name}: {runs} runs in {seconds} s native and as Wasm, no difference"
                ));
            }
        }
        Ok(())
    }

    /// Calls with the number of each batch's first input, until it is enough.
    fn each_batch(&self, mut run: impl FnMut(u32) -> Result<(), String>) -> Result<u32, String> {
        let began = Instant::now();
        let mut done: u32 = 0;
        loop {
            let enough = match self.runs {
                Some(runs) => done >= runs,
                None => began.elapsed() >= Duration::from_secs(self.seconds),
            };
            let Some(next) = done.checked_add(BATCH).filter(|_| !enough) else {
                return Ok(done);
            };
            run(done)?;
            done = next;
        }
    }

    fn replay(&self, hex: &str) -> Result<(), String> {
        let [target] = self.targets.as_slice() else {
            return Err("--replay: name the one target".into());
        };
        let bytes: Option<Vec<u8>> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
            .collect();
        let bytes = bytes.ok_or("--replay: expected pairs of hexadecimal digits")?;
        say(&run(target, &bytes).unwrap_or_default());
        Ok(())
    }

    fn wasm(&self) -> Result<Option<Wasm>, String> {
        let (Some(module), Some(script)) = (&self.wasm, &self.script) else {
            return Ok(None);
        };
        let mut child = Command::new(&self.node)
            .arg(script)
            .arg(module)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("starting {}: {error}", self.node.display()))?;
        let (Some(asks), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("node was started without pipes".into());
        };
        Ok(Some(Wasm { child, asks, answers: BufReader::new(answers) }))
    }
}

fn here(target: &str, seed: u32, from: u32) -> Result<(), String> {
    for number in from..from.saturating_add(BATCH) {
        let input = bytes(seed, number);
        panic::catch_unwind(|| run(target, &input)).map_err(|cause| {
            let words = cause.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| cause.downcast_ref().copied()).unwrap_or("it panicked");
            format!("{target} (seed {seed}, input {number}): {words}\n{}", again(target, &input))
        })?;
    }
    Ok(())
}

fn again(target: &str, input: &[u8]) -> String {
    let mut text = format!("run it again: cargo xtask fuzz {target} --replay ");
    for byte in input {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The targets as Wasm, in Node.
struct Wasm {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Wasm {
    fn compare(&mut self, target: &str, seed: u32, from: u32) -> Result<(), String> {
        let failed = |error: io::Error| format!("{target} as Wasm: no answer: {error}");
        writeln!(self.asks, "{target} {seed} {from} {BATCH}").map_err(failed)?;
        // Both work at the same time.
        let native = batch(target, seed, from, BATCH);
        let mut length = String::new();
        self.answers.read_line(&mut length).map_err(failed)?;
        let length = length.trim().parse().map_err(|_| {
            format!("{target} (seed {seed}, inputs from {from}): it crashes as Wasm, not here")
        })?;
        let mut wasm = vec![0; length];
        self.answers.read_exact(&mut wasm).map_err(failed)?;
        if wasm == native.as_bytes() {
            return Ok(());
        }
        let wasm = String::from_utf8_lossy(&wasm);
        let same = native.lines().zip(wasm.lines()).take_while(|(one, other)| one == other).count();
        let number = from + u32::try_from(same).unwrap_or_default();
        let line = |text: &str| text.lines().nth(same).unwrap_or_default().to_owned();
        Err(format!(
            "{target} (seed {seed}, input {number}): native and Wasm differ\nnative: {}\nWasm:   {}\n{}",
            line(&native),
            line(&wasm),
            again(target, &bytes(seed, number)),
        ))
    }
}

impl Drop for Wasm {
    fn drop(&mut self) {
        // It has nothing to lose; if it ended by itself, so much the better.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn say(text: &str) {
    writeln!(io::stdout(), "{text}").ok();
}
