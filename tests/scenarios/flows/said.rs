//! Reads an answer into the words of the table. What fits none of them is an error.

use e2e::{Answer, Outcome};

use super::table::Asker;

/// What an answer does to our cookies.
enum Cookies {
    Left,
    /// The new access token.
    New(String),
    Cleared,
}

/// The words for the edge's answer, of a session it must have named to the app.
pub(super) fn by_edge(answer: &Answer, asker: Asker, sid: &str) -> Outcome<String> {
    let verdict = answer.header("portcullis-verdict");
    let mut words = match answer.status {
        200 => {
            if verdict != "forward" || !answer.is_from_the_app() {
                return Err(format!("200 not from the app: {verdict}").into());
            }
            if answer.seen("x-auth-session") != [sid] {
                return Err("the app was told of another session".into());
            }
            String::from("200")
        }
        status @ (303 | 401) => {
            challenged(answer, verdict)?;
            format!("{status} `{verdict}`")
        }
        status => return Err(format!("{status} {}", answer.body).into()),
    };
    let is_redirect = answer.status == 303;
    let to_login = answer.header("location") == "/auth/login?return_to=/orders";
    if is_redirect != to_login || is_redirect && asker != Asker::Page {
        return Err(format!("{} to {:?}", answer.status, answer.header("location")).into());
    }
    if answer.status == 401 && answer.code() != verdict {
        return Err(format!("{verdict} in the header, {} in the body", answer.code()).into());
    }
    let cookies = cookies(answer, is_redirect)?;
    let in_header = answer.header("portcullis-access-token");
    if let Cookies::New(access) = &cookies {
        words += ", new";
        if answer.header("cache-control") != "private, no-store" {
            return Err("new tokens that a cache may keep".into());
        }
        if !in_header.is_empty() && in_header != access {
            return Err("two new access tokens, in the header and in the cookie".into());
        }
    }
    if !in_header.is_empty() {
        words += ", header";
    }
    Ok(words + ended(answer)? + cleared(&cookies))
}

/// The words for the answer of `POST /auth/refresh` for this session.
pub(super) fn by_origin(answer: &Answer, sid: &str) -> Outcome<String> {
    let cookies = cookies(answer, false)?;
    if answer.header("cache-control") != "no-store" {
        return Err("an answer with tokens, or none, that a cache may keep".into());
    }
    let words = match (answer.status, &cookies) {
        (200, Cookies::New(access)) => {
            // CKS-08: a script never sees the refresh token.
            if answer.text("refresh_token").is_some() || answer.access()? != *access {
                return Err("the body holds the refresh token, or another access token".into());
            }
            if answer.text("session_id").as_deref() != Some(sid) {
                return Err("the tokens are of another session".into());
            }
            String::from("200, new")
        }
        (401, Cookies::Left | Cookies::Cleared) => format!("401 `{}`", answer.code()),
        (status, _) => return Err(format!("{status} {}", answer.body).into()),
    };
    Ok(words + ended(answer)? + cleared(&cookies))
}

/// RFC 6750 §3: a request without credentials is told of no error.
fn challenged(answer: &Answer, code: &str) -> Outcome {
    let challenge = answer.header("www-authenticate");
    let fits = challenge.starts_with("Bearer realm=")
        && challenge.contains("invalid_token") != (code == "token_missing");
    if fits { Ok(()) } else { Err(format!("{code} with the challenge {challenge:?}").into()) }
}

fn ended(answer: &Answer) -> Outcome<&'static str> {
    match answer.header("portcullis-session") {
        "" => Ok(""),
        "ended" => Ok(", ended"),
        other => Err(format!("a session that is {other:?}").into()),
    }
}

fn cleared(cookies: &Cookies) -> &'static str {
    match cookies {
        Cookies::Cleared => ", cleared",
        Cookies::Left | Cookies::New(_) => "",
    }
}

/// Both of our cookies or neither, beside the one that counts redirects.
fn cookies(answer: &Answer, is_redirect: bool) -> Outcome<Cookies> {
    let mut lines = Vec::new();
    for line in answer.headers.get_all("set-cookie") {
        let line = line.to_str()?;
        let (name, value) = line.split_once('=').ok_or("a cookie without a name")?;
        let value = value.split(';').next().unwrap_or_default();
        lines.push((name, value, line.contains("Max-Age=0;")));
    }
    lines.sort_unstable();
    let counted = lines.iter().any(|(name, ..)| *name == "__Host-login-tries");
    if counted != is_redirect {
        return Err("a redirect that is not counted, or a count without one".into());
    }
    lines.retain(|(name, ..)| *name != "__Host-login-tries");
    match lines.as_slice() {
        [] => Ok(Cookies::Left),
        [("__Host-at", "", true), ("__Host-rt", "", true)] => Ok(Cookies::Cleared),
        [("__Host-at", access, false), ("__Host-rt", refresh, false)]
            if !access.is_empty() && !refresh.is_empty() =>
        {
            Ok(Cookies::New((*access).into()))
        }
        _ => {
            let names: Vec<&str> = lines.iter().map(|(name, ..)| *name).collect();
            Err(format!("half of our cookies, or others: {names:?}").into())
        }
    }
}
