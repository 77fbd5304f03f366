//! Who did not answer the edge, as its log says: told once to whoever develops, and not for each request.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use common::problem::Code;

/// What the edge answers then.
const CODES: [Code; 3] =
    [Code::UpstreamUnreachable, Code::UpstreamTimeout, Code::OriginUnreachable];

/// The lines of a Worker's log that tell of an app or an origin that gave no answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    log: PathBuf,
    /// How much of the log was read.
    read: u64,
    /// The end of what was read, as long as its line has none.
    begun: String,
    told: BTreeSet<String>,
}

impl Unanswered {
    /// Those that come after so many bytes of the log.
    pub(super) fn after(log: &Path, read: u64) -> Self {
        Self { log: log.into(), read, begun: String::new(), told: BTreeSet::new() }
    }

    /// What there is to tell since it was last asked for. A log that cannot be read tells nothing.
    pub(super) fn news(&mut self) -> Vec<String> {
        let mut bytes = Vec::new();
        let Ok(length) = self.take(&mut bytes) else { return Vec::new() };
        self.read += length;
        self.begun.push_str(&String::from_utf8_lossy(&bytes));
        let whole = self.begun.rfind('\n').map_or(0, |end| end + 1);
        let rest = self.begun.split_off(whole);
        let lines = std::mem::replace(&mut self.begun, rest);
        lines.lines().filter_map(said).filter(|said| self.told.insert(said.clone())).collect()
    }

    fn take(&self, into: &mut Vec<u8>) -> io::Result<u64> {
        let mut file = File::open(&self.log)?;
        file.seek(SeekFrom::Start(self.read))?;
        Ok(file.read_to_end(into)? as u64)
    }
}

/// `upstream_unreachable: no answer from http://…`, without what wrangler puts before it and the
/// platform's reason behind it, and with the variable that says where to ask.
fn said(line: &str) -> Option<String> {
    let (before, said) = line.split_once(": no answer from ")?;
    // There may be paint right before it, which ends in a letter.
    let code = CODES.into_iter().find(|code| before.ends_with(code.as_str()))?;
    let (place, _) = said.split_once(". ")?;
    let variable = match code {
        Code::OriginUnreachable => "ORIGIN_URL",
        _ => "APP_URL or UPSTREAMS",
    };
    Some(format!("{}: no answer from {place}, as {variable} says", code.as_str()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn each_is_told_once_and_whole() -> io::Result<()> {
        let mut log = tempfile::NamedTempFile::new()?;
        let app = "upstream_unreachable: no answer from http://127.0.0.1:1.";
        let origin = "origin_unreachable: no answer from http://127.0.0.1:2.";
        writeln!(log, "{app} Error: earlier")?;
        let mut unanswered = Unanswered::after(log.path(), log.as_file().metadata()?.len());
        assert!(unanswered.news().is_empty());
        writeln!(log, "GET /x 502\n✘ [ERROR] {app} Error: Network connection lost.")?;
        write!(log, "\u{1b}[31m[ERROR] \u{1b}[0m{origin}")?;
        assert_eq!(
            unanswered.news(),
            [
                "upstream_unreachable: no answer from http://127.0.0.1:1, as APP_URL or UPSTREAMS says"
            ]
        );
        writeln!(log, " Error: x\n✘ [ERROR] {app} Error: Network connection lost.")?;
        assert_eq!(
            unanswered.news(),
            ["origin_unreachable: no answer from http://127.0.0.1:2, as ORIGIN_URL says"]
        );
        writeln!(log, "{origin} Error: x")?;
        assert!(unanswered.news().is_empty());
        Ok(())
    }
}
