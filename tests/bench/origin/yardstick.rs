//! argon2id by itself, with the parameters of the origin and as many threads as it hashes with: what no
//! sign-in can be faster than.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use e2e::load::Turn;
use e2e::{Outcome, process};

/// The word that makes this program the yardstick.
pub(crate) const WORD: &str = "argon2id";

/// Hashes on one core for so many seconds, in a process of its own.
pub(crate) fn turn(core: &str, seconds: u64) -> Outcome<Turn> {
    let output = Command::new("taskset")
        .args(["-c", core])
        .arg(std::env::current_exe()?)
        .args([WORD, &seconds.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let mut words = printed.split_whitespace().map(str::parse::<u64>);
    let mut next = || words.next().ok_or("argon2id told nothing");
    let (requests, took, cpu) = (next()??, next()??, next()??);
    Ok(Turn {
        requests,
        cpu: Duration::from_micros(cpu),
        took: Duration::from_micros(took),
        ..Turn::default()
    })
}

/// Hashes, and prints how many hashes took how many microseconds, of them how many of the processor.
pub(crate) fn hash(seconds: u64) -> Outcome {
    let threads = available_parallelism().map_or(1, NonZeroUsize::get);
    let until = Duration::from_secs(seconds);
    let before = process::cpu(std::process::id())?;
    let started = Instant::now();
    let workers: Vec<_> =
        (0..threads).map(|_| thread::spawn(move || hash_until(started + until))).collect();
    let mut hashes = 0;
    for worker in workers {
        hashes += worker.join().map_err(|_| "a thread that hashes broke")??;
    }
    let (took, cpu) = (started.elapsed(), process::cpu(std::process::id())?.saturating_sub(before));
    writeln!(std::io::stdout(), "{hashes} {} {}", took.as_micros(), cpu.as_micros())?;
    Ok(())
}

fn hash_until(end: Instant) -> Result<u64, argon2::Error> {
    let params = Params::new(19 * 1024, 2, 1, Some(Params::DEFAULT_OUTPUT_LEN))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    // Taken once, as the origin's threads do.
    let mut memory = vec![Block::default(); argon2.params().block_count()];
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let mut hashes = 0;
    while Instant::now() < end {
        argon2.hash_password_into_with_memory(
            b"oak and iron, chained",
            b"sixteen bytes of",
            &mut output,
            &mut memory,
        )?;
        hashes += 1;
    }
    Ok(hashes)
}
