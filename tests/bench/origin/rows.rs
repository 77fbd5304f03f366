//! What is measured: whom a load is put on, how it is asked, and what is promised of ours.

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Ours, with its sessions in Redis.
    OnRedis,
    /// Ours, with its sessions in a file.
    Embedded,
    /// A server of the same libraries as ours and nothing else: `origin/examples/bare.rs`.
    Bare,
    /// A server of npm's packages, by the name of its file in `tests/bench/peers/issuers/src`.
    Peer(&'static str),
    /// No server: argon2id by itself.
    Argon2,
}

/// What is asked of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// New tokens for the session's current one.
    Refresh,
    /// A new session for an address and its password.
    Login,
}

/// A promise: this row answers at least so many times as many requests in a second of a core as another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) of: &'static str,
    pub(crate) ratio: f64,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// As `--only` names it.
    pub(crate) name: &'static str,
    /// For people.
    pub(crate) title: &'static str,
    pub(crate) who: Who,
    pub(crate) task: Task,
    pub(crate) limits: &'static [Limit],
    /// Microseconds of processor time that a request may take.
    pub(crate) micros: Option<f64>,
}

const REFRESH: &[Limit] = &[
    Limit { of: "express", ratio: 6.0 },
    Limit { of: "oidc-provider", ratio: 8.0 },
    Limit { of: "better-auth", ratio: 18.0 },
    // 50 µs where the least that it can cost is 37.
    Limit { of: "bare", ratio: 0.74 },
];
const LOGIN: &[Limit] = &[Limit { of: "argon2id", ratio: 0.93 }];

/// Every row.
pub(crate) const ROWS: [Row; 9] = [
    Row {
        micros: Some(50.0),
        ..refresh("portcullis-redis", "Portcullis on Redis", Who::OnRedis, REFRESH)
    },
    refresh("portcullis-embedded", "Portcullis, embedded store", Who::Embedded, &[]),
    refresh("bare", "axum, aws-lc (EdDSA), redis-rs, bare", Who::Bare, &[]),
    refresh("express", "express, jsonwebtoken (HS256), ioredis", Who::Peer("express"), &[]),
    refresh("oidc-provider", "oidc-provider on Redis", Who::Peer("oidc-provider"), &[]),
    refresh("better-auth", "better-auth on Redis", Who::Peer("better-auth"), &[]),
    login("login-redis", "Portcullis on Redis", Who::OnRedis, LOGIN),
    login("login-embedded", "Portcullis, embedded store", Who::Embedded, LOGIN),
    login("argon2id", "argon2id alone (19 MiB, 2, 1)", Who::Argon2, &[]),
];

const fn refresh(
    name: &'static str,
    title: &'static str,
    who: Who,
    limits: &'static [Limit],
) -> Row {
    Row { name, title, who, task: Task::Refresh, limits, micros: None }
}

const fn login(name: &'static str, title: &'static str, who: Who, limits: &'static [Limit]) -> Row {
    Row { name, title, who, task: Task::Login, limits, micros: None }
}

/// How a request is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// Lines, each with its end; `%s` is the token, here and in the body.
    pub(crate) headers: &'static str,
    pub(crate) body: &'static str,
    /// Whether a token is good for one request only.
    pub(crate) once: bool,
}

const JSON: &str = "Accept: application/json\r\nContent-Type: application/json\r\n";

impl Row {
    /// How its requests are written.
    pub(crate) fn asked(&self) -> Asked {
        match (self.task, self.who) {
            (Task::Login, _) => Asked {
                method: "POST",
                path: "/auth/login",
                headers: JSON,
                body: "%s",
                once: false,
            },
            (Task::Refresh, Who::Peer("oidc-provider")) => Asked {
                method: "POST",
                path: "/token",
                headers: "Accept: application/json\r\n\
                          Content-Type: application/x-www-form-urlencoded\r\n",
                body: "grant_type=refresh_token&client_id=app&refresh_token=%s",
                once: true,
            },
            (Task::Refresh, Who::Peer("better-auth")) => Asked {
                method: "GET",
                path: "/api/auth/get-session",
                headers: "Accept: application/json\r\nCookie: %s\r\n",
                body: "",
                once: false,
            },
            (Task::Refresh, _) => Asked {
                method: "POST",
                path: "/auth/refresh",
                headers: JSON,
                body: r#"{"refresh_token":"%s"}"#,
                once: true,
            },
        }
    }
}
