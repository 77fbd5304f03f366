//! Every row of the table of hostile tokens, signed with the origin's real key, sent to the real
//! edge: refused with the right code or, where the row says so, accepted. None reaches the app.

use std::collections::BTreeMap;

use common::token::TokenError;
use e2e::cases::Case;
use e2e::keys::SigningKey;
use e2e::{Answer, Client, Outcome, World};
use futures_util::StreamExt as _;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::Value;

/// Beyond this many bytes the server in front may refuse a header before the Worker sees it.
const HEADERS: usize = 15 * 1024;
/// Requests under way at once.
const AT_ONCE: usize = 8;

pub(crate) async fn tell(world: &mut World) -> Outcome {
    let edge = world.edge()?;
    let key = SigningKey::of(world.stack.state())?;
    let cases = key.mint(world.stack.edge_url())?.cases();
    let mut asked = Vec::new();
    for case in cases.iter().filter(|case| can_be_sent(case)) {
        asked.push(judge(edge.clone(), case.clone()));
    }
    let sent = asked.len();
    assert!(sent > 400, "only {sent} cases");
    let verdicts: Vec<_> =
        futures_util::stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    let mut accepted = 0;
    for verdict in verdicts {
        let (row, passed) = verdict?;
        *rows.entry(row).or_default() += 1;
        accepted += usize::from(passed);
    }
    for row in cases.iter().map(|case| case.row) {
        assert!(rows.contains_key(row), "no case of {row} was sent");
    }
    let wycheproof = wycheproof(&edge).await?;
    // The process is alive and of the same mind.
    let good = key.mint(world.stack.edge_url())?.good();
    edge.get("/control", &good).await?.expect(200)?;
    println!(
        "hostile tokens: {} sent, {accepted} accepted as they should be, of {} rows; {wycheproof} of Wycheproof refused",
        sent,
        rows.len()
    );
    Ok(())
}

/// Whether HTTP can carry the token as it is, and time is not of the essence.
fn can_be_sent(case: &Case) -> bool {
    let trimmed = case.token.trim_matches([' ', '\t']).len() == case.token.len();
    trimmed && !case.to_the_second && HeaderValue::from_str(&case.token).is_ok()
}

/// The row, and whether the token was accepted, as it should have been; anything unexpected is an
/// error.
async fn judge(edge: Client, case: Case) -> Outcome<(&'static str, bool)> {
    let Case { row, what, token, refusal, .. } = case;
    let answer = ask(edge, token.clone()).await?;
    let wrong = |expected: &str| {
        let Answer { status, body, .. } = &answer;
        format!("{row}: {what}: expected {expected}, got {status} {body}").into()
    };
    let Some(refusal) = refusal else {
        return if answer.status == 200 && answer.is_from_the_app() {
            Ok((row, true))
        } else {
            Err(wrong("200 from the app"))
        };
    };
    let code = if refusal == TokenError::Expired { "token_expired" } else { "token_invalid" };
    let as_expected = match answer.status {
        401 => answer.code() == code && answer.header("www-authenticate").contains("invalid_token"),
        // Two header lines would look the same: a comma is never guessed about.
        400 => answer.code() == "credentials_ambiguous" && token.contains(','),
        413 | 431 => token.len() > HEADERS,
        _ => false,
    };
    if as_expected && !answer.is_from_the_app() { Ok((row, false)) } else { Err(wrong(code)) }
}

async fn ask(edge: Client, token: String) -> Outcome<Answer> {
    let request = edge.request(Method::GET, "/hostile");
    edge.send(request.header("authorization", format!("Bearer {token}"))).await
}

/// Wycheproof's own tokens, of whatever key: here they are all strangers'.
async fn wycheproof(edge: &Client) -> Outcome<usize> {
    let file = include_str!("../../common/tests/vectors/wycheproof_json_web_signature_test.json");
    let file: Value = serde_json::from_str(file)?;
    let groups = file["testGroups"].as_array().cloned().unwrap_or_default();
    let tests = groups.iter().filter_map(|group| group["tests"].as_array()).flatten();
    let tokens = tests.filter_map(|test| test["jws"].as_str());
    let mut asked = Vec::new();
    for token in tokens.filter(|token| HeaderValue::from_str(token).is_ok()) {
        asked.push(ask(edge.clone(), token.into()));
    }
    let answers: Vec<_> =
        futures_util::stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    let count = answers.len();
    assert!(count >= 395, "only {count} of Wycheproof's tokens were sent");
    for answer in answers {
        let answer = answer?;
        if answer.status != 400 {
            answer.refused(401, "token_invalid")?;
        }
    }
    Ok(count)
}
