//! What is answered to which tokens. The page in the docs is written from this table, and the story
//! holds the gate and the origin to it.

use std::fmt;

/// The access token that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Valid,
    Expired,
    Absent,
    Revoked,
    Other,
}

/// The refresh token that is sent, in its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresh {
    Valid,
    Expired,
    Reused,
    Revoked,
    Absent,
}

/// How the access token is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Header,
    Cookie,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// A browser that loads a page.
    Page,
    /// A script of a page of ours that calls an API.
    Call,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Absent => "absent",
            Self::Revoked => "revoked",
            Self::Other => "other session's",
        })
    }
}

impl fmt::Display for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Reused => "reused",
            Self::Revoked => "revoked",
            Self::Absent => "absent",
        })
    }
}

/// One pair of tokens, and what is answered to it, in the words that the page explains.
pub(super) struct Row {
    pub(super) access: Access,
    pub(super) refresh: Refresh,
    /// At the edge: by header to a page and to a call, by cookie to a page and to a call.
    edge: [&'static str; 4],
    /// At `POST /auth/refresh`, however the access token is sent and whoever asks.
    pub(super) origin: &'static str,
}

impl Row {
    pub(super) fn at_edge(&self, carrier: Carrier, asker: Asker) -> &'static str {
        let [header_page, header_call, cookie_page, cookie_call] = self.edge;
        match (carrier, asker) {
            (Carrier::Header, Asker::Page) => header_page,
            (Carrier::Header, Asker::Call) => header_call,
            (Carrier::Cookie, Asker::Page) => cookie_page,
            (Carrier::Cookie, Asker::Call) => cookie_call,
        }
    }
}

const fn row(
    access: Access,
    refresh: Refresh,
    edge: [&'static str; 4],
    origin: &'static str,
) -> Row {
    Row { access, refresh, edge, origin }
}

const SERVED: [&str; 4] = ["200"; 4];
const RENEWED: [&str; 4] = ["200, new, header", "200, new, header", "200, new", "200, new"];
const MISSING: [&str; 4] =
    ["303 `token_missing`", "401 `token_missing`", "303 `token_missing`", "401 `token_missing`"];
const MISSING_ENDED: [&str; 4] = [
    "303 `token_missing`, ended, cleared",
    "401 `token_missing`, ended, cleared",
    "303 `token_missing`, ended, cleared",
    "401 `token_missing`, ended, cleared",
];
const EXPIRED: [&str; 4] =
    ["303 `token_expired`", "401 `token_expired`", "303 `token_expired`", "401 `token_expired`"];
const EXPIRED_ENDED: [&str; 4] = [
    "303 `token_expired`, ended, cleared",
    "401 `token_expired`, ended, cleared",
    "303 `token_expired`, ended, cleared",
    "401 `token_expired`, ended, cleared",
];
const REVOKED: [&str; 4] =
    ["303 `token_revoked`", "401 `token_revoked`", "303 `token_revoked`", "401 `token_revoked`"];
/// What was put into a cookie can be taken out of it; what a page keeps itself cannot.
const REVOKED_ENDED: [&str; 4] = [
    "303 `token_revoked`",
    "401 `token_revoked`",
    "303 `token_revoked`, ended, cleared",
    "401 `token_revoked`, ended, cleared",
];

const OK: &str = "200, new";
const OVER: &str = "401 `refresh_expired`, ended";
const REUSED: &str = "401 `refresh_reused`, ended";
const SIGNED_OUT: &str = "401 `refresh_revoked`, ended";
const NONE: &str = "401 `refresh_missing`";
const MIXED: &str = "401 `refresh_invalid`";

#[rustfmt::skip]
pub(super) const TABLE: [Row; 25] = [
    row(Access::Valid,   Refresh::Valid,   SERVED,        OK),
    row(Access::Valid,   Refresh::Expired, SERVED,        OVER),
    row(Access::Valid,   Refresh::Reused,  SERVED,        REUSED),
    row(Access::Valid,   Refresh::Revoked, REVOKED_ENDED, SIGNED_OUT),
    row(Access::Valid,   Refresh::Absent,  SERVED,        NONE),
    row(Access::Expired, Refresh::Valid,   RENEWED,       OK),
    row(Access::Expired, Refresh::Expired, EXPIRED_ENDED, OVER),
    row(Access::Expired, Refresh::Reused,  EXPIRED_ENDED, REUSED),
    row(Access::Expired, Refresh::Revoked, EXPIRED_ENDED, SIGNED_OUT),
    row(Access::Expired, Refresh::Absent,  EXPIRED,       NONE),
    row(Access::Absent,  Refresh::Valid,   ["200, new"; 4], OK),
    row(Access::Absent,  Refresh::Expired, MISSING_ENDED, OVER),
    row(Access::Absent,  Refresh::Reused,  MISSING_ENDED, REUSED),
    row(Access::Absent,  Refresh::Revoked, MISSING_ENDED, SIGNED_OUT),
    row(Access::Absent,  Refresh::Absent,  MISSING,       NONE),
    row(Access::Revoked, Refresh::Valid,   ["303 `token_revoked`", "401 `token_revoked`", "200, new", "200, new"], OK),
    row(Access::Revoked, Refresh::Expired, REVOKED_ENDED, OVER),
    row(Access::Revoked, Refresh::Reused,  REVOKED_ENDED, REUSED),
    row(Access::Revoked, Refresh::Revoked, REVOKED_ENDED, SIGNED_OUT),
    row(Access::Revoked, Refresh::Absent,  REVOKED,       NONE),
    row(Access::Other,   Refresh::Valid,   SERVED,        MIXED),
    row(Access::Other,   Refresh::Expired, SERVED,        MIXED),
    row(Access::Other,   Refresh::Reused,  SERVED,        MIXED),
    row(Access::Other,   Refresh::Revoked, SERVED,        MIXED),
    row(Access::Other,   Refresh::Absent,  SERVED,        NONE),
];
