//! What the rows run in: one workerd with all Workers, an app, and mailboxes for each number of
//! revocations.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use e2e::fleet::free_port;
use e2e::issuer::{Issuer, Mailboxes};
use e2e::stub::{self, answer};
use e2e::{Outcome, raw};
use serde_json::{Map, Value, json};
use xtask::stack::{BareWorker, Part, Service, workers};
use xtask::{Workspace, bench};

use crate::load::Tokens;
use crate::rows::{PEERS, Row, Worker};

/// What tokens are made for.
const ISSUER: &str = "https://id.example";
/// A path whose requests the app looks at; the others must cost it little.
const LOOKED_AT: &str = "/looked-at";
/// How long workerd may take to come up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that runs.
pub(crate) struct Site {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) app: App,
    workerd: Part,
    workers: Vec<(Worker, u16, Arc<Mailboxes>)>,
    /// With nothing revoked.
    nobody: Arc<Mailboxes>,
}

impl Site {
    /// Starts what these rows need, in a folder.
    pub(crate) async fn start(folder: &Path, rows: &[Row]) -> Outcome<Self> {
        let workspace = Workspace::locate();
        let modules = bench::peers(&workspace, &PEERS)?;
        let issuer = Arc::new(Issuer::new(ISSUER, "bench-key")?);
        let app = App::start()?;
        let nobody = Arc::new(issuer.mailboxes(0)?);
        let mut services = Vec::new();
        let mut workers_at: Vec<(Worker, u16, Arc<Mailboxes>)> = Vec::new();
        for row in rows {
            if workers_at.iter().any(|(worker, ..)| *worker == row.worker) {
                continue;
            }
            let port = free_port()?;
            let (worker, mailboxes) = match row.worker {
                Worker::Peer(name) => {
                    let mailboxes = Arc::clone(&nobody);
                    let module = fs::read_to_string(modules.join(name).with_extension("js"))?;
                    let mut vars = Map::new();
                    vars.insert("APP_URL".into(), json!(format!("http://127.0.0.1:{}", app.port)));
                    vars.insert("ISSUER".into(), json!(ISSUER));
                    vars.insert("AUDIENCE".into(), json!("portcullis-app"));
                    vars.insert("EPOCH".into(), json!("1795263677000"));
                    vars.insert("JWKS".into(), issuer.jwks()?);
                    let kv = Some(mailboxes.port);
                    (BareWorker::Script { module, vars, kv }, mailboxes)
                }
                Worker::Ours(revoked) => {
                    let mailboxes = Arc::new(issuer.mailboxes(revoked)?);
                    let vars = issuer.vars(&mailboxes, app.port)?;
                    (BareWorker::Ours { vars, kv: Some(mailboxes.port) }, mailboxes)
                }
            };
            services.push(Service::on(port, worker));
            workers_at.push((row.worker, port, mailboxes));
        }
        let mut workerd = workers(&workspace, folder, &services)?;
        workerd.start()?;
        let mut site = Self { issuer, app, workerd, workers: workers_at, nobody };
        for row in rows {
            site.answers(row).await?;
        }
        site.compare(rows).await?;
        Ok(site)
    }

    /// Whoever does the header work must do the same: the app gets the same headers from all of them.
    async fn compare(&self, rows: &[Row]) -> Outcome {
        let mut first: Option<(&str, BTreeSet<String>)> = None;
        for row in rows.iter().filter(|row| row.works_on_headers()) {
            let (port, _) = self.of(row)?;
            let token = self.issuer.token("somebody")?;
            let headers = format!(
                "authorization: Bearer {token}\r\ncookie: __Host-rt=x; theme=dark\r\n\
                 x-auth-subject: eve\r\nX_Portcullis_Edge: eve\r\naccept: */*\r\n"
            );
            raw::get(port, LOOKED_AT, &headers).await?;
            let seen = self.app.headers();
            match &first {
                Some((name, wanted)) if *wanted != seen => {
                    let name = format!("{} and {name}", row.name);
                    return Err(format!("{name} send other headers: {seen:?}, {wanted:?}").into());
                }
                Some(_) => {}
                None => first = Some((&row.name, seen)),
            }
        }
        Ok(())
    }

    /// The vars of a Worker of ours that knows of no revocation.
    pub(crate) fn vars(&self) -> Outcome<Map<String, Value>> {
        self.issuer.vars(&self.nobody, self.app.port)
    }

    /// The process whose time is measured.
    pub(crate) fn process(&self) -> Outcome<u32> {
        self.workerd.id().ok_or_else(|| "workerd is not running".into())
    }

    /// Where a row's Worker listens, and its mailboxes.
    pub(crate) fn of(&self, row: &Row) -> Outcome<(u16, &Mailboxes)> {
        let found = self.workers.iter().find(|(worker, ..)| *worker == row.worker);
        let (_, port, mailboxes) = found.ok_or("a row without a Worker")?;
        Ok((*port, mailboxes))
    }

    /// Looks whether a row's Worker thinks of its tokens what it should: one that refused them for
    /// something else would be measured at the wrong work.
    pub(crate) async fn judges(&self, row: &Row, tokens: &Tokens) -> Outcome {
        let (port, _) = self.of(row)?;
        let all = fs::read_to_string(&tokens.file)?;
        let token = all.lines().next().unwrap_or_default();
        let answer =
            raw::get(port, "/orders/17", &format!("authorization: Bearer {token}\r\n")).await?;
        let wanted = row.shown.verdict();
        let right = match row.worker {
            Worker::Ours(_) => answer.text.contains(&format!("portcullis-verdict: {wanted}\r\n")),
            Worker::Peer(_) => answer.status == Some(200),
        };
        if right {
            Ok(())
        } else {
            Err(format!("{}: not {wanted}: {}", row.name, answer.text).into())
        }
    }

    /// Waits until a row's Worker lets a good token in: it has come up, and has its head.
    pub(crate) async fn answers(&mut self, row: &Row) -> Outcome {
        let (port, _) = self.of(row)?;
        let header = format!("authorization: Bearer {}\r\n", self.issuer.token("somebody")?);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = raw::get(port, "/orders/17", &header).await;
            if answer.as_ref().is_ok_and(|answer| answer.status == Some(200)) {
                return Ok(());
            }
            self.workerd.check()?;
            if Instant::now() > deadline {
                let said = answer.map(|answer| answer.text).unwrap_or_default();
                return Err(self.workerd.failure(format!("answers {}: {said}", row.name)).into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The app: the same kilobyte for everybody. Counts who asks, and keeps the names of the last
/// request's headers.
pub(crate) struct App {
    pub(crate) port: u16,
    asked: Arc<AtomicU64>,
    last: Arc<Mutex<BTreeSet<String>>>,
}

impl App {
    fn start() -> Outcome<Self> {
        let orders: Vec<_> = (0..16)
            .map(|at| json!({"order": at, "item": "a portcullis of oak and iron", "price": 1999}))
            .collect();
        let headers = "content-type: application/json\r\ncache-control: public, max-age=60\r\n\
                       etag: \"17\"\r\n";
        let body = serde_json::to_vec(&orders)?;
        let told: Arc<[u8]> = answer("200 OK", headers, &body).into();
        let (asked, last) = (Arc::new(AtomicU64::new(0)), Arc::default());
        let (count, names) = (Arc::clone(&asked), Arc::clone(&last));
        let port = stub::serve(move |request| {
            count.fetch_add(1, Ordering::Relaxed);
            if request.target() == LOOKED_AT {
                let seen = request.headers().map(|(name, _)| name.to_ascii_lowercase()).collect();
                let names: &Mutex<BTreeSet<String>> = &names;
                *names.lock().unwrap_or_else(PoisonError::into_inner) = seen;
            }
            Arc::clone(&told)
        })?;
        Ok(Self { port, asked, last })
    }

    /// Requests so far.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// The names of the headers that the last request for [`LOOKED_AT`] had.
    pub(crate) fn headers(&self) -> BTreeSet<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
