//! Child processes that never outlive their parent.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// Waits for our end of its standard input to close, which it does however we die, then ends the group.
const WARDEN: &str = "cat >/dev/null; kill -s TERM -- -$1; sleep 3; kill -s KILL -- -$1";

/// How long the members of a killed group may take to be gone.
const VANISH: Duration = Duration::from_secs(2);

/// A child process with all its descendants, as one process group.
///
/// wrangler starts workerd, npm starts compilers: a signal goes to all of them. A terminal's Ctrl-C
/// does not reach the group by itself, so that the parts can be ended in order; if this program dies
/// without ending it, even by SIGKILL, its warden does.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Child,
    members: Option<Pid>,
    warden: Child,
}

impl Group {
    /// Starts the command with no standard input, in a group of its own.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut leader = command.stdin(Stdio::null()).process_group(0).spawn()?;
        let members = i32::try_from(leader.id()).ok().and_then(Pid::from_raw);
        let warden = Command::new("/bin/sh")
            .args(["-c", WARDEN, "portcullis-warden", &leader.id().to_string()])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match warden {
            Ok(warden) => Ok(Self { leader, members, warden }),
            Err(error) => {
                leader.kill()?;
                leader.wait()?;
                Err(error)
            }
        }
    }

    /// The leader's process id.
    pub(crate) fn id(&self) -> u32 {
        self.leader.id()
    }

    /// How the leader ended, if it has.
    pub(crate) fn exited(&mut self) -> io::Result<Option<ExitStatus>> {
        self.leader.try_wait()
    }

    /// Asks every member to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends every member at once and waits until they are gone, so that their ports are free.
    pub(crate) fn kill(&mut self) {
        let Some(group) = self.members.take() else {
            return;
        };
        // A group without members left is what is wanted: the only failure these calls can have.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.leader.wait();
        let deadline = Instant::now() + VANISH;
        while test_kill_process_group(group).is_ok() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        // The warden is dismissed before it can signal a group id that another program may get.
        let _ = self.warden.kill();
        let _ = self.warden.wait();
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.members {
            // As above: no member left is no failure.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends what the command prints to the end of a log file.
pub(crate) fn log_to(command: &mut Command, log: &Path) -> io::Result<()> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    let out = File::options().create(true).append(true).open(log)?;
    command.stderr(out.try_clone()?).stdout(out);
    Ok(())
}

/// The last lines of what a log holds behind its first `from` bytes, for an error message.
pub(crate) fn tail(log: &Path, from: u64) -> String {
    const LINES: usize = 25;
    const BYTES: u64 = 16 * 1024;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(BYTES).max(from)))?;
        let mut text = Vec::new();
        file.take(BYTES).read_to_end(&mut text)?;
        Ok(text)
    };
    let text = match read() {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return format!("    (the log cannot be read: {error})"),
    };
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
    last.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that has started a child of its own and waits for it.
    fn family() -> Group {
        Group::spawn(Command::new("/bin/sh").args(["-c", "sleep 600 & wait"])).unwrap()
    }

    fn soon(mut done: impl FnMut() -> bool) -> bool {
        (0..500).any(|_| {
            thread::sleep(Duration::from_millis(10));
            done()
        })
    }

    #[test]
    fn killing_a_group_ends_every_member() {
        let mut group = family();
        let members = group.members.unwrap();
        group.kill();
        assert!(soon(|| test_kill_process_group(members).is_err()));
    }

    #[test]
    fn a_group_whose_parent_dies_is_ended_by_its_warden() {
        let mut group = family();
        // What the system does to our end of the pipe when we are killed.
        drop(group.warden.stdin.take());
        assert!(soon(|| group.exited().unwrap().is_some()));
    }

    #[test]
    fn a_tail_is_the_last_lines_that_say_something() {
        let log = std::env::temp_dir().join(format!("portcullis-tail-{}", std::process::id()));
        let lines: Vec<String> = (0..40).map(|line| format!("line {line}\n\n")).collect();
        fs::write(&log, lines.concat()).unwrap();
        let tail = tail(&log, 0);
        fs::remove_file(&log).unwrap();
        assert!(tail.starts_with("    line 15\n") && tail.ends_with("line 39"), "{tail}");
    }
}
