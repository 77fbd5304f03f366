//! The page in the docs: written from the table, never by hand.

use std::path::Path;

use e2e::Outcome;

use super::table::{Asker, Carrier, TABLE};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/flows.md");
/// Set to write the page anew.
const UPDATE: &str = "PORTCULLIS_UPDATE_DOCS";

const GUIDE: &str = "\
# Which tokens get which answer

What the edge answers to each pair of tokens that a client may send, and what `POST /auth/refresh` does. The
table is written from a test that sends each of its cases to a running edge and origin; change it there.

An app behind the edge and a page in front of it need no code for these: the edge refreshes, sends people to sign in and
clears cookies by itself. A script has two things to do: show the way to sign in at 401, and, if it keeps its access token
in memory, take the new one from `portcullis-access-token`.

**What is sent.** The access token goes in `Authorization: Bearer …` (*header*) or in its cookie; the refresh token in its
cookie. A *page* is a browser that loads one (`GET`, `Sec-Fetch-Mode: navigate`), a *call* a `POST` by a script of a page of
ours. The path is for whoever is signed in.

| | the access token | the refresh token |
|---|---|---|
| valid | is within its time, and nobody revoked it by itself | is the latest of a session that lives |
| expired | was over longer ago than the leeway of 30 seconds | is the latest of a session that lived out its time |
| revoked | was revoked by itself, at `/auth/revoke` or by an administrator; its session lives on | is the latest of a session that was ended: by a logout, an administrator, a new password |
| reused | | was used before, and so was the one that came in its place |
| absent | is not sent | is not sent |
| other session's | is valid, of another session than the refresh token | |

Both are of one session but for the last line.

**What is answered.**

| | |
|---|---|
| 200 | at the edge: the app's answer, to a request that named the access token's session; at `/auth/refresh`: the access token in the body, the refresh token in its cookie alone |
| 303 *code* | to `/auth/login?return_to=…`; the [code](errors.md) is in `portcullis-verdict`. After three in a row from one path, or sixteen from any, 401 instead |
| 401 *code* | a problem document with this [code](errors.md); at the edge it is in `portcullis-verdict` too, and `WWW-Authenticate` is there |
| new | both cookies are set, to tokens of the same session |
| header | the new access token is in `portcullis-access-token` too |
| ended | `portcullis-session: ended`: the session is over |
| cleared | both cookies are cleared |

Where neither *new* nor *cleared* is said, neither cookie is touched.

";

const READING: &str = "
How to read it:

- **A good access token is enough.** Nothing looks at the refresh token until it is needed, so one that was stolen and used is
  found out at the next refresh, not before. That ends the session, and the access token is refused from then on.
- **A session that was ended takes its access tokens with it**, however valid they are by themselves: see *valid* with
  *revoked*. One that lived out its time leaves its last access token its ten minutes.
- **A cookie's token that was revoked by itself is refreshed for like one that expired.** Its session lives: with
  `tokens.latest_only` a rotation in another tab revokes it, and nobody is to be signed out for that. A page that keeps its token in
  memory refreshes at `/auth/refresh`: of two such pages the edge would let each revoke the other's.
- **The header outweighs the cookie.** The edge clears cookies only when what they hold is over; what a page keeps in memory it
  throws away itself.
- **Tokens of two sessions are never mixed.** The edge goes by the access token and leaves the refresh token alone;
  `/auth/refresh` takes neither, and spends neither.
- **`/auth/refresh` never clears cookies.** Its refusal may come after another tab won the race, and the cookies are that one's.
";

fn text() -> String {
    let mut page = String::from(GUIDE);
    page += "| access | refresh | header, page | header, call | cookie, page | cookie, call | `POST /auth/refresh` |\n";
    page += "|---|---|---|---|---|---|---|\n";
    for row in &TABLE {
        page += &format!("| {} | {} |", row.access, row.refresh);
        for carrier in [Carrier::Header, Carrier::Cookie] {
            for asker in [Asker::Page, Asker::Call] {
                page += &format!(" {} |", row.at_edge(carrier, asker));
            }
        }
        page += &format!(" {} |\n", row.origin);
    }
    page + READING
}

/// Whether the page says what the table does.
pub(super) fn is_true() -> Outcome {
    let (page, text) = (Path::new(PAGE), text());
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(page, &text)?;
    }
    if std::fs::read_to_string(page)? == text {
        return Ok(());
    }
    Err(format!("docs/flows.md is not what the table says: run this test with {UPDATE}=1").into())
}
