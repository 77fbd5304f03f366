//! CCH-01, CCH-02, CCH-03, CCH-06, CCH-07: what one person was answered, nobody else is.

use e2e::{Outcome, raw};
use futures_util::{StreamExt as _, stream};

use crate::front::Front;

/// How many requests two people make at the same time.
const INTERLEAVED: usize = 1_000;
const AT_LENGTH: usize = 10_000;

pub(crate) async fn tell() -> Outcome {
    story(INTERLEAVED).await
}

pub(crate) async fn tell_at_length() -> Outcome {
    story(AT_LENGTH).await
}

async fn story(interleaved: usize) -> Outcome {
    let mut front = Front::start(None).await?;
    let (email, password) = front.fleet.somebody().await?;
    let other = front.fleet.origin(0)?.login(&email, &password).await?.access()?;
    directives(&front).await?;
    deception(&front).await?;
    validators(&front, &other).await?;
    apart(&front, &other, interleaved).await?;
    front.fleet.end().await
}

async fn ask(front: &Front, target: &str, token: &str, headers: &str) -> Outcome<raw::RawAnswer> {
    let credential =
        if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    raw::get(front.port(), target, &format!("{credential}{headers}")).await
}

/// CCH-01, CCH-03: whatever the app says, or does not say.
async fn directives(front: &Front) -> Outcome {
    for (name, header) in [
        ("silent", ""),
        ("public", "\r\ncache-control: public, max-age=600"),
        ("shared", "\r\ncache-control: s-maxage=600, must-revalidate"),
        ("expires", "\r\nexpires: Wed, 21 Oct 2099 07:28:00 GMT"),
        ("cdn", "\r\ncdn-cache-control: max-age=600\r\nsurrogate-control: max-age=600"),
        ("cloudflare", "\r\ncloudflare-cdn-cache-control: max-age=600"),
        ("two", "\r\ncache-control: public\r\ncache-control: max-age=600"),
    ] {
        let head = format!("HTTP/1.1 200 OK{header}");
        front.app.answer(&format!("/account/{name}"), &head, "mine");
        front.app.answer(&format!("/public/{name}"), &head, "ours");
        let answer = ask(front, &format!("/account/{name}"), &front.token, "").await?;
        assert_eq!(answer.header("cache-control"), "private, no-store", "{name}: {}", answer.text);
        // A public path's answers are the app's own business.
        let answer = ask(front, &format!("/public/{name}"), "", "").await?;
        // Two lines of a header are one list to the platform.
        let told = head.replace("\r\ncache-control: max-age", ", max-age");
        let own = answer.header("cache-control");
        let own = own.is_empty() || told.contains(&format!("cache-control: {own}"));
        assert!(own, "{name}: {}", answer.text);
    }
    drop(front.app.take());
    Ok(())
}

/// CCH-02: names that caches take for files.
async fn deception(front: &Front) -> Outcome {
    for target in [
        "/account/x.css",
        "/account/logo.png",
        "/account;x.js",
        "/account%2fx.png",
        "/account/..%2fx.ico",
        "/account/x.css?v=1",
        "/account/%2e%2e/account/x.js",
    ] {
        front.app.answer(target, "HTTP/1.1 200 OK\r\ncache-control: public, max-age=600", "mine");
        let mine = ask(front, target, &front.token, "").await?;
        let passed = front.app.take().len();
        assert_eq!(mine.status == Some(200), passed == 1, "{target}: {}", mine.text);
        if passed == 1 {
            assert_eq!(
                mine.header("cache-control"),
                "private, no-store",
                "{target}: {}",
                mine.text
            );
        }
        for _ in 0..2 {
            let nobodys = ask(front, target, "", "").await?;
            assert!(matches!(nobodys.status, Some(400 | 401)), "{target}: {}", nobodys.text);
            assert!(!nobodys.text.contains("mine"), "{target}: {}", nobodys.text);
            assert!(front.app.take().is_empty(), "{target} reached the app for nobody");
        }
    }
    Ok(())
}

/// CCH-07: whether a copy is still good only the app says, for each who asks.
async fn validators(front: &Front, other: &str) -> Outcome {
    front.app.answer(
        "/account/page",
        "HTTP/1.1 200 OK\r\netag: \"a\"\r\ncache-control: max-age=600",
        "mine",
    );
    let mine = ask(front, "/account/page", &front.token, "").await?;
    assert_eq!(mine.header("etag"), "\"a\"");
    for (token, headers) in [
        (other, "if-none-match: \"a\"\r\n"),
        (other, "if-modified-since: Wed, 21 Oct 2099 07:28:00 GMT\r\n"),
        (other, "range: bytes=0-1\r\n"),
        (other, ""),
        (front.token.as_str(), "if-none-match: \"a\"\r\n"),
    ] {
        drop(front.app.take());
        ask(front, "/account/page", token, headers).await?;
        let reached = front.app.take();
        assert_eq!(reached.len(), 1, "answered from a cache: {headers:?}");
        if let Some((name, value)) = headers.trim_end().split_once(": ") {
            assert_eq!(reached[0].values(name), [value], "not passed on");
        }
    }
    front.app.answer("/account/same", "HTTP/1.1 304 Not Modified\r\netag: \"a\"", "");
    let answer = ask(front, "/account/same", other, "if-none-match: \"a\"\r\n").await?;
    assert_eq!(answer.status, Some(304), "{}", answer.text);
    let nobodys = ask(front, "/account/page", "", "if-none-match: \"a\"\r\n").await?;
    assert_eq!(nobodys.status, Some(401), "{}", nobodys.text);
    drop(front.app.take());
    Ok(())
}

/// CCH-06: two people at the same time, through one isolate.
async fn apart(front: &Front, other: &str, times: usize) -> Outcome {
    let asked = stream::iter(0..times).map(|at| async move {
        let token = if at % 2 == 0 { front.token.as_str() } else { other };
        let tag = format!("x-tag: person-{}-request-{at}\r\n", at % 2);
        let answer = ask(front, "/account/page-of-mine", token, &tag).await?;
        let own = answer.body().ends_with(&format!("person-{}-request-{at}", at % 2));
        if own { Ok(()) } else { Err(format!("request {at}: {}", answer.text).into()) }
    });
    let outcomes: Vec<Outcome> = asked.buffer_unordered(16).collect().await;
    outcomes.into_iter().collect::<Outcome>()?;
    let reached = front.app.take();
    assert_eq!(reached.len(), times);
    for request in reached {
        let mine = request.values("x-tag").join("").starts_with("person-0");
        let session = request.values("x-auth-session");
        assert_eq!(session == [front.session.as_str()], mine, "another person's identity");
    }
    println!("CCH-06: {times} requests of two people, none mixed up");
    Ok(())
}
