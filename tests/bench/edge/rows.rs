//! What is measured: which Worker is asked with which tokens, and what that may cost.

/// The other Workers, by the names of their files.
pub(crate) const PEERS: [&str; 6] =
    ["empty", "passthrough", "headers", "hono-jwk", "jose", "jose-kv"];

/// Which tokens a request bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Good ones, the same few again and again.
    Seen,
    /// Good ones, each for the first time.
    New,
    /// Ones that are none.
    Garbage,
    /// Another issuer's.
    Foreign,
    /// Good ones until some time ago.
    Expired,
}

impl Shown {
    /// Whether the app is to see such a request.
    pub(crate) fn passes(self) -> bool {
        self.verdict() == "forward"
    }

    /// What ours says of one.
    pub(crate) fn verdict(self) -> &'static str {
        match self {
            Self::Seen | Self::New => "forward",
            Self::Garbage | Self::Foreign => "token_invalid",
            Self::Expired => "token_expired",
        }
    }
}

/// A Worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worker {
    /// One of [`PEERS`].
    Peer(&'static str),
    /// Ours, with so many live revocations.
    Ours(u64),
}

/// Something that may cost at most so many times another row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) of: &'static str,
    pub(crate) ratio: f64,
}

/// What is promised of ours.
const SEEN: &[Limit] =
    &[Limit { of: "headers", ratio: 1.10 }, Limit { of: "jose-kv", ratio: 0.50 }];
const NEW: &[Limit] = &[Limit { of: "jose", ratio: 0.92 }];
const REFUSED: &[Limit] = &[Limit { of: "empty", ratio: 1.35 }];

/// One row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// As `--only` names it.
    pub(crate) name: String,
    /// For people.
    pub(crate) title: String,
    pub(crate) worker: Worker,
    pub(crate) shown: Shown,
    pub(crate) limits: &'static [Limit],
}

impl Row {
    /// Whether its Worker does the whole header work on what it lets in.
    pub(crate) fn works_on_headers(&self) -> bool {
        !matches!(self.worker, Worker::Peer("empty" | "passthrough" | "hono-jwk"))
    }
}

/// Every row, with ours for each of these numbers of revocations.
pub(crate) fn rows(revocations: &[u64]) -> Vec<Row> {
    let mut rows: Vec<Row> = [
        ("empty", "answers without a look"),
        ("passthrough", "sends everything on"),
        ("headers", "the header work alone"),
        ("hono-jwk", "hono's jwk, then sends on"),
        ("jose", "jose, header work"),
        ("jose-kv", "jose, KV, header work"),
    ]
    .map(|(name, title)| Row {
        name: name.into(),
        title: title.into(),
        worker: Worker::Peer(name),
        shown: Shown::Seen,
        limits: &[],
    })
    .into();
    let mut ours = |name: &str, title: String, revoked, shown, limits| {
        let (name, worker) = (name.to_owned(), Worker::Ours(revoked));
        rows.push(Row { name, title, worker, shown, limits });
    };
    for &revoked in revocations {
        ours(
            "portcullis-cached",
            format!("Portcullis, token seen before, {} revoked", short(revoked)),
            revoked,
            Shown::Seen,
            SEEN,
        );
    }
    for &revoked in revocations {
        ours(
            "portcullis-new",
            format!("Portcullis, token not seen before, {} revoked", short(revoked)),
            revoked,
            Shown::New,
            NEW,
        );
    }
    let most = revocations.last().copied().unwrap_or_default();
    for (name, what, shown) in [
        ("portcullis-garbage", "garbage", Shown::Garbage),
        ("portcullis-foreign", "a foreign token", Shown::Foreign),
        ("portcullis-expired", "an expired token", Shown::Expired),
    ] {
        ours(name, format!("Portcullis refuses {what}"), most, shown, REFUSED);
    }
    rows
}

/// 0, 100 k, 1 M.
fn short(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{} k", count / 1_000),
        _ => format!("{} M", count / 1_000_000),
    }
}
