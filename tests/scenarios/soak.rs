//! CCH-06, WRK-06, WRK-09: a thousand users at one isolate, their requests interleaved over connections
//! that are kept: nobody is ever taken for somebody else, and memory stays flat. WRK-05: the worst of
//! bad tokens cost little, and break nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::fleet::free_port;
use e2e::issuer::{Issuer, Mailboxes};
use e2e::stub::{self, Asked, answer};
use e2e::{Client, Edge, Outcome, secrets};
use tokio::task::JoinSet;

const USERS: usize = 1_000;
/// Tokens of each user: more in all than the edge remembers, so that some are forgotten meanwhile.
const TOKENS: usize = 9;
const CONNECTIONS: usize = 32;
/// One request in so many is nobody's, on a path for everybody.
const NOBODY: usize = 16;
/// Processor time that a bad token may take.
const BAD_TOKEN: Duration = Duration::from_millis(5);
/// What the platform gives to one request.
const SUBREQUESTS: u64 = 50;
/// How often the mailboxes are looked into in the background.
const LOOK: Duration = Duration::from_secs(5);

/// How far the soak goes.
struct Course {
    requests: usize,
    revoked: u64,
    /// How often each bad token is sent: what it takes is read from a clock of hundredths of a second.
    bad: u32,
    /// How much memory may grow after the first fifth, in hundredths; a short one still fills caches.
    growth: u64,
}

pub(crate) async fn tell() -> Outcome {
    tell_of(Course { requests: 20_000, revoked: 100_000, bad: 100, growth: 100 }).await
}

pub(crate) async fn tell_at_length() -> Outcome {
    tell_of(Course { requests: 1_000_000, revoked: 1_000_000, bad: 1_000, growth: 5 }).await
}

async fn tell_of(course: Course) -> Outcome {
    let issuer = Arc::new(Issuer::new("https://id.example", "soak-key")?);
    let mailboxes = issuer.mailboxes(course.revoked)?;
    let arrived = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&arrived);
    let app = stub::serve(move |asked| {
        count.fetch_add(1, Ordering::Relaxed);
        echo(asked)
    })?;
    let folder = tempfile::tempdir()?;
    let vars = issuer.vars(&mailboxes, app)?;
    let edge = Edge::start(folder.path(), free_port()?, &vars, mailboxes.port).await?;
    edge.informed().await?;
    let cold = reads(&mailboxes);
    assert!(cold <= SUBREQUESTS, "a cold isolate asked {cold} times");

    let began = Instant::now();
    let tokens = Arc::new(tokens(&issuer)?);
    let memory = soak(&edge, &tokens, course.requests).await?;
    let took = began.elapsed();
    assert_eq!(arrived.load(Ordering::Relaxed), course.requests, "one request each for the app");
    let looks = took.as_secs() / LOOK.as_secs() + 2;
    let asked = reads(&mailboxes) - cold;
    // Two mailboxes a look; a token in two thousand is asked about, since a filter may be mistaken.
    let suspicions = u64::try_from(USERS * TOKENS)? / 500;
    assert!(asked <= 2 * looks + suspicions, "{asked} questions in {took:?}");
    let [early, late] = memory;
    println!(
        "{} requests in {took:?}, memory from {} to {} MB, mailboxes read {asked} times",
        course.requests,
        early >> 20,
        late >> 20
    );
    assert!(late * 100 <= early * (100 + course.growth), "memory grew from {early} to {late}");

    bad_tokens(&edge, &issuer, course.bad).await?;
    let client = edge.client()?;
    let answer = client.get("/orders/0", &tokens[0]).await?.expect(200)?;
    assert_eq!(answer.body, "user-0 /orders/0");
    let found = secrets::found_in(&edge.printed()?);
    assert!(found.is_empty(), "the edge's log holds tokens: {found:?}");
    Ok(())
}

/// The app: tells who it thinks is asking, and for what; thinks that everybody may keep the answer.
fn echo(asked: Asked<'_>) -> Arc<[u8]> {
    let subject = asked.header("x-auth-subject").unwrap_or("nobody");
    let told = format!("{subject} {}", asked.target());
    answer("200 OK", "cache-control: public, max-age=600\r\n", told.as_bytes()).into()
}

fn reads(mailboxes: &Mailboxes) -> u64 {
    let reads = &mailboxes.reads;
    reads.kv.load(Ordering::Relaxed) + reads.origin.load(Ordering::Relaxed)
}

/// Those of the first user first, then again of the first.
fn tokens(issuer: &Issuer) -> Outcome<Vec<String>> {
    let tokens: Vec<_> = (0..USERS * TOKENS)
        .map(|at| issuer.token(&format!("user-{}", at % USERS)))
        .collect::<Outcome<_>>()?;
    for token in &tokens {
        secrets::used(token);
    }
    Ok(tokens)
}

/// Sends the requests; the edge's memory after the first fifth, and at the end.
async fn soak(edge: &Edge, tokens: &Arc<Vec<String>>, requests: usize) -> Outcome<[u64; 2]> {
    let done = Arc::new(AtomicUsize::new(0));
    let mut asking = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let (client, tokens, done) = (edge.client()?, Arc::clone(tokens), Arc::clone(&done));
        asking.spawn(async move {
            for number in (connection..requests).step_by(CONNECTIONS) {
                ask(&client, &tokens, number).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Ok(())
        });
    }
    let mut seen = Vec::new();
    while !asking.is_empty() {
        tokio::select! {
            ended = asking.join_next() => ended.transpose()?.transpose().map(drop)?,
            () = tokio::time::sleep(Duration::from_millis(50)) => {
                seen.push((done.load(Ordering::Relaxed), edge.memory()?));
            }
        }
    }
    // The collector of garbage lets memory swing: the middle of what was seen in each tenth.
    let tenths: Vec<u64> = (0..10)
        .filter_map(|tenth| {
            let within = tenth * requests / 10..(tenth + 1) * requests / 10;
            let mut memory: Vec<_> = seen
                .iter()
                .filter(|(at, _)| within.contains(at))
                .map(|(_, bytes)| *bytes)
                .collect();
            memory.sort_unstable();
            memory.get(memory.len() / 2).copied()
        })
        .collect();
    println!("MB in each tenth: {:?}", tenths.iter().map(|bytes| bytes >> 20).collect::<Vec<_>>());
    match tenths.as_slice() {
        [_, _, early, .., late] => Ok([*early, *late]),
        _ => Err("too quick for its memory to be seen".into()),
    }
}

/// One request. Each path is asked for once: whoever gets another's answer is found out.
async fn ask(client: &Client, tokens: &[String], number: usize) -> Outcome {
    let (answer, wanted) = if number.is_multiple_of(NOBODY) {
        let path = format!("/public/{number}");
        (client.get_plain(&path).await?, format!("nobody {path}"))
    } else {
        // Neighbours in time are other users, and a user's tokens take turns.
        let at = number * 7 % tokens.len();
        let path = format!("/orders/{number}");
        (client.get(&path, &tokens[at]).await?, format!("user-{} {path}", at % USERS))
    };
    let answer = answer.expect(200)?;
    assert_eq!(answer.body, wanted);
    if !wanted.starts_with("nobody") {
        assert_eq!(answer.header("cache-control"), "private, no-store");
    }
    Ok(())
}

/// WRK-05: what is dear to read, to parse or to verify.
async fn bad_tokens(edge: &Edge, issuer: &Issuer, times: u32) -> Outcome {
    let client = edge.client()?;
    for (name, token) in worst(issuer)? {
        let before = edge.cpu()?;
        for _ in 0..times {
            client.get("/orders/0", &token).await?.expect(401)?;
        }
        let each = edge.cpu()?.saturating_sub(before) / times;
        println!("{name}, {} bytes: {each:?} each", token.len());
        assert!(each < BAD_TOKEN, "{name} takes {each:?}");
    }
    Ok(())
}

fn worst(issuer: &Issuer) -> Outcome<Vec<(&'static str, String)>> {
    const MOST: usize = 8 * 1024;
    let coded = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let good = issuer.token("somebody")?;
    let parts: Vec<&str> = good.split('.').collect();
    let (header, claims) = (parts[0], parts[1]);
    let room = MOST - header.len() - parts[2].len() - 2;
    let filled = |text: String| text.chars().take(room * 3 / 4).collect::<String>();
    let long = "A".repeat(683);
    let rsa = format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":"rsa-4096","n":"{long}"}}"#);
    let jwk = format!(
        r#"{{"alg":"RS256","typ":"at+jwt","kid":"x","jwk":{{"kty":"RSA","e":"AQAB","n":"{long}"}}}}"#
    );
    let deep = filled("[".repeat(MOST));
    let objects = filled(r#"{"a":"#.repeat(MOST));
    let members: Vec<_> = (0..room / 11).map(|at| format!(r#""{at}":0"#)).collect();
    let members = format!("{{{}}}", members.join(","));
    let escapes = filled(format!(r#"{{"iss":"{}"#, r"\u0000".repeat(MOST)));
    let digits = filled(format!(r#"{{"exp":{}"#, "9".repeat(MOST)));
    let signature = URL_SAFE_NO_PAD.encode([7; 64]);
    let by_header = |text: &str| format!("{}.{claims}.{signature}", coded(text));
    let by_claims = |text: &str| format!("{header}.{}.{signature}", coded(text));
    Ok(vec![
        ("dots", ".".repeat(MOST)),
        ("letters", format!("{0}.{0}.{0}", "A".repeat((MOST - 2) / 3))),
        ("a header of RSA-4096", format!("{}.{claims}.{long}", coded(&rsa))),
        ("a header with a key of RSA-4096", format!("{}.{claims}.{long}", coded(&jwk))),
        ("a deep header", by_header(&filled("[".repeat(5_000)))),
        ("deep claims of arrays", by_claims(&deep)),
        ("deep claims of objects", by_claims(&objects)),
        ("claims of many members", by_claims(&members)),
        ("claims of escapes", by_claims(&escapes)),
        ("claims of digits", by_claims(&digits)),
        ("a wrong signature", format!("{header}.{claims}.{signature}")),
    ])
}
