//! What the system tells of a process.

use std::fs;
use std::time::Duration;

use crate::Outcome;

/// How fine its processor time is told: a hundredth of a second (proc(5), `sysconf(_SC_CLK_TCK)`).
pub const TICK: Duration = Duration::from_millis(10);

/// The processor time that all threads of a process have used.
///
/// # Errors
/// When the system does not tell.
pub fn cpu(process: u32) -> Outcome<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name stands in brackets and may hold anything; user and system time are the 12th and 13th
    // words behind it.
    let behind = stat.rsplit_once(')').map(|(_, behind)| behind).unwrap_or_default();
    let words = behind.split_whitespace().skip(11).take(2);
    let ticks = words.map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(TICK * ticks)
}

/// The resident memory of a process, in bytes.
///
/// # Errors
/// When the system does not tell.
pub fn memory(process: u32) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.ok_or("the system does not tell the memory")?.trim().parse::<u64>()? * 1024)
}
