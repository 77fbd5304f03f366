//! The flows that people write by hand elsewhere: each pair of an access and a refresh token, sent in
//! each way by each kind of asker, gets from edge and origin what the table says.

mod page;
mod said;
mod table;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::cases::Crypto as _;
use e2e::keys::SigningKey;
use e2e::{Answer, Client, Fleet, Outcome, Plan, Store, secrets};
use futures_util::StreamExt as _;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use table::{Access, Asker, Carrier, Refresh, Row, TABLE};

/// How long a session lives that is to be over: the shortest that can be set.
const BRIEF: Duration = Duration::from_mins(1);
/// How long ago the expired tokens expired, in seconds: far beyond the leeway.
const AGO: u64 = 300;
/// Cases under way at once.
const AT_ONCE: usize = 8;

pub(crate) async fn tell(store: Store) -> Outcome {
    page::is_true()?;
    let brief = ("sessions.browser".into(), format!("{}s", BRIEF.as_secs()));
    let plan = Plan { locations: 1, store, settings: vec![brief], ..Plan::default() };
    let mut fleet = Fleet::start(plan).await?;
    let (email, password) = fleet.somebody().await?;
    let edge = fleet.edge(0)?.patient();
    let house = House { edge, email, password, state: fleet.state() };
    let other = house.sign_in(Refresh::Valid).await?;

    let (brief, lasting): (Vec<_>, Vec<_>) =
        cases().partition(|case| case.row.refresh == Refresh::Expired);
    // Those that are to live out their time do so while the others are told.
    let brief = house.begin(&brief).await?;
    let since = tokio::time::Instant::now();
    let lasting = house.begin(&lasting).await?;
    let mut wrong = house.judge(&lasting, &other).await;
    tokio::time::sleep_until(since + BRIEF + Duration::from_secs(2)).await;
    wrong.extend(house.judge(&brief, &other).await);
    if !wrong.is_empty() {
        return Err(format!("{} of 100:\n{}", wrong.len(), wrong.join("\n")).into());
    }
    fleet.end().await
}

/// A pair of tokens, sent in one way by somebody.
#[derive(Clone, Copy)]
struct Case {
    row: &'static Row,
    carrier: Carrier,
    asker: Asker,
}

fn cases() -> impl Iterator<Item = Case> {
    TABLE.iter().flat_map(|row| {
        [Carrier::Header, Carrier::Cookie].into_iter().flat_map(move |carrier| {
            [Asker::Page, Asker::Call].map(move |asker| Case { row, carrier, asker })
        })
    })
}

/// A session as a client has it.
struct Session {
    sid: String,
    access: String,
    refresh: String,
}

/// A case with what it takes: the edge's answer must change nothing for the origin's.
struct Begun {
    case: Case,
    for_edge: Session,
    for_origin: Session,
}

/// The edge, and somebody with an account behind it.
struct House {
    edge: Client,
    email: String,
    password: String,
    state: PathBuf,
}

impl House {
    async fn begin(&self, cases: &[Case]) -> Outcome<Vec<Begun>> {
        let begun = cases.iter().map(async |case| {
            let for_edge = self.session(case.row).await?;
            Ok(Begun { case: *case, for_edge, for_origin: self.session(case.row).await? })
        });
        let begun: Vec<_> = futures_util::stream::iter(begun).buffered(AT_ONCE).collect().await;
        begun.into_iter().collect()
    }

    /// What was answered otherwise than the table says.
    async fn judge(&self, cases: &[Begun], other: &Session) -> Vec<String> {
        let judged = cases.iter().map(async |begun| {
            let Case { row, carrier, asker } = begun.case;
            let told = self.ask_edge(begun, other).await;
            let at_edge = differs(&told, row.at_edge(carrier, asker));
            let told = self.ask_origin(begun, other).await;
            [("the edge", at_edge), ("/auth/refresh", differs(&told, row.origin))]
                .into_iter()
                .filter_map(move |(who, wrong)| {
                    let (access, refresh) = (row.access, row.refresh);
                    let case = format!("{access} × {refresh}, {carrier:?}, {asker:?}");
                    Some(format!("{case}: {who} answered {}", wrong?))
                })
                .collect::<Vec<_>>()
        });
        let judged: Vec<_> = futures_util::stream::iter(judged).buffered(AT_ONCE).collect().await;
        judged.into_iter().flatten().collect()
    }

    async fn ask_edge(&self, begun: &Begun, other: &Session) -> Outcome<String> {
        let Begun { case, for_edge: session, .. } = begun;
        let request = match case.asker {
            Asker::Page => self.edge.request(Method::GET, "/orders"),
            Asker::Call => self.edge.request(Method::POST, "/orders").json(&json!({"buy": 1})),
        };
        let answer = self.send(request, case, session, other).await?;
        let named = if case.row.access == Access::Other { other } else { session };
        said::by_edge(&answer, case.asker, &named.sid)
    }

    async fn ask_origin(&self, begun: &Begun, other: &Session) -> Outcome<String> {
        let Begun { case, for_origin: session, .. } = begun;
        let request = self.edge.request(Method::POST, "/auth/refresh");
        let answer = self.send(request, case, session, other).await?;
        said::by_origin(&answer, &session.sid)
    }

    /// Sends a request with a case's tokens.
    async fn send(
        &self,
        request: RequestBuilder,
        case: &Case,
        session: &Session,
        other: &Session,
    ) -> Outcome<Answer> {
        let access = match case.row.access {
            Access::Absent => None,
            Access::Other => Some(other.access.clone()),
            Access::Valid | Access::Revoked => Some(session.access.clone()),
            Access::Expired => Some(self.expired(&session.access)?),
        };
        let mut cookies = Vec::new();
        let mut request = match case.asker {
            Asker::Page => {
                request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document")
            }
            Asker::Call => request.header("sec-fetch-mode", "cors"),
        };
        match (access, case.carrier) {
            (None, _) => {}
            (Some(access), Carrier::Header) => request = request.bearer_auth(access),
            (Some(access), Carrier::Cookie) => cookies.push(format!("__Host-at={access}")),
        }
        if case.row.refresh != Refresh::Absent {
            cookies.push(format!("__Host-rt={}", session.refresh));
        }
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        self.edge.send(request.header("sec-fetch-site", "same-origin")).await
    }

    /// A session whose tokens are as a row wants them, but for time that has to pass.
    async fn session(&self, row: &Row) -> Outcome<Session> {
        let mut session = self.sign_in(row.refresh).await?;
        if row.refresh == Refresh::Reused {
            // Used, and its successor too: no grace is for it.
            let once = self.edge.refresh(&session.refresh).await?.expect(200)?;
            let twice = self.edge.refresh(&once.refresh()?).await?.expect(200)?;
            session.access = twice.access()?;
        }
        if row.access == Access::Revoked {
            let form = format!("token={}", session.access);
            let revoke = self
                .edge
                .request(Method::POST, "/auth/revoke")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
            self.edge.send(revoke).await?.expect(200)?;
        }
        if row.refresh == Refresh::Revoked {
            let cookie = format!("__Host-rt={}", session.refresh);
            let logout = self
                .edge
                .request(Method::POST, "/auth/logout")
                .header("cookie", cookie)
                .header("sec-fetch-site", "same-origin");
            self.edge.send(logout).await?.expect(204)?;
        }
        Ok(session)
    }

    async fn sign_in(&self, refresh: Refresh) -> Outcome<Session> {
        let remember = refresh != Refresh::Expired;
        let body = json!({
            "email": self.email, "password": self.password, "remember": remember, "delivery": "body",
        });
        secrets::used(&self.password);
        let login = self.edge.request(Method::POST, "/auth/login").json(&body);
        let answer = self.edge.send(login).await?.expect(200)?;
        Ok(Session {
            sid: answer.text("session_id").ok_or("the login names no session")?,
            access: answer.access()?,
            refresh: answer.refresh()?,
        })
    }

    /// The same token as it would be had it been made earlier, signed by the origin's own key.
    fn expired(&self, access: &str) -> Outcome<String> {
        let mut parts = access.split('.');
        let (header, claims) = parts.next().zip(parts.next()).ok_or("the token has no parts")?;
        let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
        let life = claims["exp"].as_u64().zip(claims["iat"].as_u64());
        let (exp, iat) = life.ok_or("the token says nothing of its life")?;
        let end = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() - AGO;
        claims["iat"] = json!(end - (exp - iat));
        claims["exp"] = json!(end);
        let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims)?);
        let input = format!("{header}.{claims}");
        let signature = SigningKey::of(&self.state)?.sign(input.as_bytes());
        let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));
        secrets::used(&token);
        Ok(token)
    }
}

/// What was said, if it is not what was expected.
fn differs(told: &Outcome<String>, expected: &str) -> Option<String> {
    match told {
        Ok(told) if told == expected => None,
        Ok(told) => Some(format!("{told:?} and not {expected:?}")),
        Err(error) => Some(format!("{error}; not {expected:?}")),
    }
}
