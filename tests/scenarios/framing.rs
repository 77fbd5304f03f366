//! FRM-01, FRM-02, FRM-04 at the edge: bytes whose end two servers could see in two places. Each is
//! refused, or is one request to the app, and the next answer on the line is the next request's.

use std::time::Duration;

use e2e::raw::{self, Line};
use e2e::{Outcome, Recorder};

use crate::front::Front;

/// How often a connection is used again.
const REUSES: usize = 1_000;

/// After so long nothing more comes: the rest of a body is waited for, or a next request.
const SILENCE: Duration = Duration::from_secs(1);

/// What would be a second request if the first one's end were seen early.
const SMUGGLED: &str = "GET /public/smuggled HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Each a request on a public path, so that all of it would get through.
fn ambiguous() -> Vec<(&'static str, String)> {
    let post = |headers: &str, body: &str| {
        format!("POST /public/first HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n\r\n{body}")
    };
    let chunked = format!("0\r\n\r\n{SMUGGLED}");
    let long = SMUGGLED.len();
    vec![
        ("CL.TE", post("content-length: 5\r\ntransfer-encoding: chunked", &chunked)),
        ("TE.CL", post(&format!("transfer-encoding: chunked\r\ncontent-length: {long}"), &chunked)),
        ("TE.TE", post("transfer-encoding: chunked\r\ntransfer-encoding: identity", &chunked)),
        ("TE list", post("transfer-encoding: chunked, identity", &chunked)),
        ("TE gzip", post("transfer-encoding: gzip, chunked", &chunked)),
        ("TE unknown", post("transfer-encoding: xchunked", &chunked)),
        ("TE spaced", post("transfer-encoding : chunked", &chunked)),
        ("TE tab", post("transfer-encoding:\tchunked", &chunked)),
        ("TE vertical tab", post("transfer-encoding:\x0bchunked", &chunked)),
        ("TE quoted", post("transfer-encoding: \"chunked\"", &chunked)),
        ("TE upper", post("Transfer-Encoding: CHUNKED", &chunked)),
        ("TE folded", post("transfer-encoding:\r\n chunked", &chunked)),
        (
            "TE in 1.0",
            post("transfer-encoding: chunked", &chunked)
                .replace("HTTP/1.1\r\nhost", "HTTP/1.0\r\nhost"),
        ),
        ("TE _", post("transfer_encoding: chunked\r\ncontent-length: 0", &chunked)),
        ("CL twice", post(&format!("content-length: 0\r\ncontent-length: {long}"), SMUGGLED)),
        ("CL list", post(&format!("content-length: 0, {long}"), SMUGGLED)),
        ("CL plus", post("content-length: +5", SMUGGLED)),
        ("CL minus", post("content-length: -1", SMUGGLED)),
        ("CL hex", post("content-length: 0x5", SMUGGLED)),
        ("CL spaced", post("content-length : 5", SMUGGLED)),
        ("CL words", post("content-length: 5 5", SMUGGLED)),
        ("CL empty", post("content-length: ", SMUGGLED)),
        ("CL huge", post("content-length: 18446744073709551617", SMUGGLED)),
        ("CL folded", post("content-length:\r\n 5", SMUGGLED)),
        (
            "chunk extension with a line feed",
            post("transfer-encoding: chunked", &format!("1;a\nx\r\n1\r\n0\r\n\r\n{SMUGGLED}")),
        ),
        ("chunk size in 0x", post("transfer-encoding: chunked", &format!("0x0\r\n\r\n{SMUGGLED}"))),
        (
            "chunk size with a sign",
            post("transfer-encoding: chunked", &format!("+0\r\n\r\n{SMUGGLED}")),
        ),
        (
            "chunk size too big",
            post("transfer-encoding: chunked", &format!("10000000000000000\r\n\r\n{SMUGGLED}")),
        ),
        (
            "chunk without its end",
            post("transfer-encoding: chunked", &format!("1\r\nab\r\n0\r\n\r\n{SMUGGLED}")),
        ),
        ("bare line feeds", format!("GET /public/first HTTP/1.1\nhost: localhost\n\n{SMUGGLED}")),
        (
            "bare carriage returns",
            format!("GET /public/first HTTP/1.1\rhost: localhost\r\r{SMUGGLED}"),
        ),
        (
            "folded header",
            format!(
                "GET /public/first HTTP/1.1\r\nhost: localhost\r\nx-a: b\r\n c: d\r\n\r\n{SMUGGLED}"
            ),
        ),
        (
            "a NUL",
            format!("GET /public/first HTTP/1.1\r\nhost: localhost\r\nx-a: b\0\r\n\r\n{SMUGGLED}"),
        ),
        (
            "space before the first header",
            format!("GET /public/first HTTP/1.1\r\n host: localhost\r\n\r\n{SMUGGLED}"),
        ),
        (
            "GET with a body",
            format!(
                "GET /public/first HTTP/1.1\r\nhost: localhost\r\ncontent-length: {long}\r\n\r\n{SMUGGLED}"
            ),
        ),
        ("HTTP/0.9", format!("GET /public/first\r\n\r\n{SMUGGLED}")),
        ("HTTP/1.2", format!("GET /public/first HTTP/1.2\r\nhost: localhost\r\n\r\n{SMUGGLED}")),
        ("HTTP/2 preface", format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{SMUGGLED}")),
    ]
}

pub(crate) async fn tell() -> Outcome {
    let front = Front::start(None).await?;
    one_from_one(&front).await?;
    hosts(&front).await?;
    sizes(&front).await?;
    reuse(&front).await?;
    front.fleet.end().await
}

/// Never two requests from one. What follows the end of the first on the same connection is the
/// client's own next request: it must be one to the gate as well, with a response of its own.
async fn one_from_one(front: &Front) -> Outcome {
    let (mut closed, mut single) = (0, 0);
    for (name, request) in ambiguous() {
        let answer = raw::send_for(front.port(), request.as_bytes(), SILENCE).await?;
        let answers = answer.text.matches("HTTP/1.1 ").count();
        let reached = front.app.take();
        assert!(
            reached.len() <= answers,
            "{name}: {} requests to the app, {answers} answers: {}",
            reached.len(),
            answer.text
        );
        let smuggled =
            reached.iter().filter(|request| request.path() == "/public/smuggled").count();
        // The gate saw what it passed on: as many verdicts as requests.
        let verdicts = answer.text.matches("portcullis-verdict: forward").count();
        assert!(smuggled == 0 || verdicts == reached.len(), "{name}: smuggled: {}", answer.text);
        if reached.is_empty() {
            closed += 1
        } else {
            single += 1
        }
        for request in &reached {
            let lengths = request.values("content-length").len();
            let encodings = request.values("transfer-encoding").len();
            assert!(lengths + encodings <= 1, "{name}: passed on with two ends: {request:?}");
        }
    }
    println!("FRM-01: {closed} refused or closed, {single} passed as one request");
    Ok(())
}

/// FRM-02: without a host nobody can say for whom a request is; two are two.
async fn hosts(front: &Front) -> Outcome {
    for headers in ["", "host: localhost\r\nhost: evil.example\r\n", "host: a\r\nHost: a\r\n"] {
        let request = format!("GET /orders HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
        let answer = raw::send(front.port(), request.as_bytes()).await?;
        assert!(front.app.take().is_empty(), "{headers:?}: {}", answer.text);
        assert!(
            answer.status.is_none_or(|s| (400..500).contains(&s)),
            "{headers:?}: {}",
            answer.text
        );
    }
    Ok(())
}

/// FRM-04: large ones are passed on whole or refused, and nothing falls over.
async fn sizes(front: &Front) -> Outcome {
    let many: String = (0..101).map(|at| format!("x-many-{at}: {at}\r\n")).collect();
    let path = |length: usize| format!("/public/{}", "x".repeat(length - "/public/".len()));
    for (what, target, headers) in [
        ("101 headers", String::from("/public/x"), many),
        (
            "a header of 64 KiB",
            "/public/x".into(),
            format!("x-long: {}\r\n", "y".repeat(64 * 1024)),
        ),
        (
            "128 KiB of headers",
            "/public/x".into(),
            format!("x-a: {0}\r\nx-b: {0}\r\n", "y".repeat(64 * 1024)),
        ),
        ("a URL of 16 KiB and a byte", path(16 * 1024 + 1), String::new()),
        ("a URL of 70,000 bytes", path(70_000), String::new()),
    ] {
        let answer = raw::get(front.port(), &target, &headers).await?;
        let reached = front.app.take();
        match answer.status {
            Some(200) => {
                assert_eq!(reached.len(), 1, "{what}");
                assert_eq!(reached[0].target(), target, "{what}: cut");
                let sent = headers.lines().count();
                let own =
                    reached[0].headers.iter().filter(|h| headers.contains(&format!("{h}\r\n")));
                assert_eq!(own.count(), sent, "{what}: headers were lost");
            }
            None | Some(400 | 413 | 414 | 431) => assert!(reached.is_empty(), "{what}"),
            other => return Err(format!("{what}: {other:?} {}", answer.text).into()),
        }
        println!("FRM-04 {what}: {:?}", answer.status);
    }
    let well = raw::get(front.port(), "/public/x", "").await?;
    assert_eq!(well.status, Some(200), "{}", well.text);
    drop(front.app.take());
    Ok(())
}

/// No answer is another request's, over many uses of one connection, with what confuses in between.
async fn reuse(front: &Front) -> Outcome {
    let mut line = Line::open(front.port()).await?;
    let (mut opened, mut answered) = (1, 0);
    let bodies = ["", "x", "GET /public/smuggled HTTP/1.1\r\n\r\n"];
    for at in 0..REUSES {
        let tag = format!("tag-{at}");
        let body = bodies[at % bodies.len()];
        let token = if at % 5 == 0 { "none" } else { front.token.as_str() };
        let request = if at % 2 == 0 {
            format!(
                "POST /orders/{at} HTTP/1.1\r\nhost: localhost\r\nx-tag: {tag}\r\n\
                 authorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        } else {
            let chunk = if body.is_empty() {
                String::new()
            } else {
                format!("{:x}\r\n{body}\r\n", body.len())
            };
            format!(
                "POST /orders/{at} HTTP/1.1\r\nhost: localhost\r\nx-tag: {tag}\r\n\
                 authorization: Bearer {token}\r\ntransfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"
            )
        };
        let Some(answer) = line.ask(request.as_bytes()).await? else {
            // A refused body may end the connection; the next request then has one of its own.
            assert_eq!(token, "none", "{tag}: closed without an answer");
            line = Line::open(front.port()).await?;
            opened += 1;
            continue;
        };
        if token == "none" {
            assert_eq!(answer.status, Some(401), "{tag}: {}", answer.text);
        } else {
            assert_eq!(answer.status, Some(200), "{tag}: {}", answer.text);
            assert_eq!(answer.header("x-tag"), tag, "another request's answer: {}", answer.text);
            assert!(answer.body().ends_with(&tag), "another request's body: {}", answer.text);
            answered += 1;
        }
    }
    passed_whole(&front.app, &bodies, answered);
    println!(
        "FRM-01: {REUSES} requests over {opened} connections, {answered} passed, each its own answer"
    );
    Ok(())
}

fn passed_whole(app: &Recorder, bodies: &[&str], answered: usize) {
    let reached = app.take();
    assert_eq!(reached.len(), answered, "the app saw other requests than were answered");
    for request in reached {
        let at: usize = request.path().trim_start_matches("/orders/").parse().unwrap_or(usize::MAX);
        let body = bodies[at % bodies.len()];
        assert_eq!(String::from_utf8_lossy(&request.body), body, "{}", request.line);
    }
}
