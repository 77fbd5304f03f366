//! What was found, a line each.

use std::fmt;
use std::future::Future;
use std::time::Duration;

/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is to be thought of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    /// It may be meant so.
    Doubtful,
    Wrong,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Wrong => "wrong",
        }
    }
}

/// Something that was looked at.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    what: String,
    told: String,
}

impl Finding {
    pub(super) fn good(what: impl Into<String>, told: impl Into<String>) -> Self {
        Self { verdict: Verdict::Good, what: what.into(), told: told.into() }
    }

    pub(super) fn doubtful(what: impl Into<String>, told: impl Into<String>) -> Self {
        Self { verdict: Verdict::Doubtful, what: what.into(), told: told.into() }
    }

    pub(super) fn wrong(what: impl Into<String>, told: impl Into<String>) -> Self {
        Self { verdict: Verdict::Wrong, what: what.into(), told: told.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A line each, whatever somebody else's words are.
        let told: String = self.told.split(['\r', '\n']).collect::<Vec<_>>().join(" ");
        write!(f, "{:<9} {:<14} {told}", self.verdict.word(), self.what)
    }
}

/// What came of a look; that it took too long is wrong.
pub(super) async fn in_time<T>(
    what: &str,
    look: impl Future<Output = Result<T, Finding>>,
) -> Result<T, Finding> {
    within(PATIENCE, what, look).await
}

async fn within<T>(
    patience: Duration,
    what: &str,
    look: impl Future<Output = Result<T, Finding>>,
) -> Result<T, Finding> {
    let late = || {
        let told = format!("no answer within {patience:?}; see that it can be reached from here");
        Finding::wrong(what, told)
    };
    tokio::time::timeout(patience, look).await.unwrap_or_else(|_| Err(late()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line() {
        let finding = Finding::wrong("kv.api", "somebody said\r\nno");
        assert_eq!(finding.to_string(), "wrong     kv.api         somebody said  no");
    }

    #[tokio::test]
    async fn a_look_that_takes_too_long_is_wrong() {
        let never = std::future::pending::<Result<(), Finding>>();
        let finding = within(Duration::from_millis(10), "redis.url", never).await.unwrap_err();
        assert_eq!(finding.verdict, Verdict::Wrong);
        assert!(finding.to_string().contains("within 10ms"), "{finding}");
    }
}
