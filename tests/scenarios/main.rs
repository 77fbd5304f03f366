//! The stories, each on both stores, on real parts: workerd, the origin, Redis.
//!
//! A stack takes seconds to start, so stories share one where they do not disturb each other; the
//! sharing is by [`Kind`]. After the last story everything is ended, and the logs are searched for
//! every secret that was used.
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::format_push_string,
    reason = "stories: what is not there must fail loudly, counts are told, nothing is hot"
)]

mod accounts;
mod admin;
mod broken_instance;
mod browser;
mod caching;
mod concurrency;
mod configuration;
mod cookies;
mod crashes;
mod documented_apps;
mod false_origin;
mod flows;
mod foreign_issuers;
mod framing;
mod front;
mod handing_over;
mod hostile_requests;
mod hostile_tokens;
mod idle;
mod jwt_playbook;
mod key_rotation;
mod kv_faults;
mod kv_head;
mod kv_outage;
mod login_to_app;
mod logout_races;
mod lost_segments;
mod oidc_provider;
mod openapi;
mod other_sites;
mod pass_through;
mod passwords;
mod paths;
mod readme;
mod redis_line;
mod replicas;
mod restart;
mod reuse;
mod revocation_reaches_edges;
mod scale;
mod sentinel;
mod sessions;
mod soak;
mod social;
mod spoofs;
mod suspicion;
mod upstreams;
mod web_sockets;
mod workerd_verify;

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Write as _;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use e2e::{Failure, Outcome, Store, World, secrets};
use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

/// On which stores a story is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    /// On each of them.
    Both,
    /// On one: no session is in it.
    Either,
}

/// When a story is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// Always.
    Small,
    /// When long ones are asked for.
    Long,
}

/// The stacks that stories share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// As it comes.
    Usual,
    /// With a grace of three seconds, for what comes after it; its parts are killed and started again.
    Restless,
}

impl Kind {
    fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Usual => &[],
            Self::Restless => &[("sessions.grace", "3s")],
        }
    }
}

type Telling<'w> = Pin<Box<dyn Future<Output = Outcome> + Send + 'w>>;
type Story = for<'w> fn(&'w mut World) -> Telling<'w>;

const STORIES: &[(&str, Kind, On, Story)] = &[
    ("login_to_app", Kind::Usual, On::Both, |world| Box::pin(login_to_app::tell(world))),
    ("admin", Kind::Usual, On::Both, |world| Box::pin(admin::tell(world))),
    ("readme", Kind::Usual, On::Both, |world| Box::pin(readme::tell(world))),
    ("hostile_tokens", Kind::Usual, On::Both, |world| Box::pin(hostile_tokens::tell(world))),
    ("hostile_requests", Kind::Usual, On::Both, |world| Box::pin(hostile_requests::tell(world))),
    ("concurrency", Kind::Usual, On::Both, |world| Box::pin(concurrency::tell(world))),
    ("workerd_verify", Kind::Usual, On::Either, |world| Box::pin(workerd_verify::tell(world))),
    ("idle", Kind::Usual, On::Either, |world| Box::pin(idle::tell(world))),
    ("configuration", Kind::Usual, On::Either, |world| Box::pin(configuration::tell(world))),
    ("reuse", Kind::Restless, On::Both, |world| Box::pin(reuse::tell(world))),
    ("restart", Kind::Restless, On::Both, |world| Box::pin(restart::tell(world))),
];

/// Stories that start what they need themselves, since they break it. They wait more than they work.
type Tale = fn(Store) -> Pin<Box<dyn Future<Output = Outcome>>>;

const EMBEDDED: &[Store] = &[Store::Embedded];
const REDIS: &[Store] = &[Store::Redis];
const BOTH: &[Store] = &[Store::Embedded, Store::Redis];

#[rustfmt::skip]
const TALES: &[(&str, &[Store], Size, Tale)] = &[
    ("accounts", BOTH, Size::Small, |store| Box::pin(accounts::tell(store))),
    ("flows", BOTH, Size::Small, |store| Box::pin(flows::tell(store))),
    ("revocation_reaches_edges", EMBEDDED, Size::Small, |store| Box::pin(revocation_reaches_edges::tell(store))),
    ("false_origin", EMBEDDED, Size::Small, |store| Box::pin(false_origin::tell(store))),
    ("kv_faults", EMBEDDED, Size::Small, |store| Box::pin(kv_faults::tell(store))),
    ("kv_head", EMBEDDED, Size::Small, |store| Box::pin(kv_head::tell(store))),
    ("key_rotation", REDIS, Size::Small, |_| Box::pin(key_rotation::tell())),
    ("kv_outage", EMBEDDED, Size::Small, |store| Box::pin(kv_outage::tell(store))),
    ("jwt_playbook", EMBEDDED, Size::Small, |_| Box::pin(jwt_playbook::tell())),
    ("oidc_provider", EMBEDDED, Size::Small, |_| Box::pin(oidc_provider::tell())),
    ("openapi", EMBEDDED, Size::Small, |_| Box::pin(openapi::tell())),
    ("social", EMBEDDED, Size::Small, |_| Box::pin(social::tell())),
    ("foreign_issuers", EMBEDDED, Size::Small, |_| Box::pin(foreign_issuers::tell())),
    ("sentinel", REDIS, Size::Small, |_| Box::pin(sentinel::tell())),
    ("redis_line", REDIS, Size::Small, |store| Box::pin(redis_line::tell(store))),
    ("sessions", BOTH, Size::Small, |store| Box::pin(sessions::tell(store))),
    ("scale", REDIS, Size::Small, |_| Box::pin(scale::tell())),
    ("soak", EMBEDDED, Size::Small, |_| Box::pin(soak::tell())),
    ("broken_instance", EMBEDDED, Size::Small, |_| Box::pin(broken_instance::tell())),
    ("suspicion", REDIS, Size::Small, |_| Box::pin(suspicion::tell())),
    ("lost_segments", REDIS, Size::Small, |store| Box::pin(lost_segments::tell(store))),
    ("replicas", REDIS, Size::Small, |store| Box::pin(replicas::tell(store))),
    ("crashes", BOTH, Size::Small, |store| Box::pin(crashes::tell(store))),
    ("logout_races", BOTH, Size::Small, |store| Box::pin(logout_races::tell(store))),
    ("paths", EMBEDDED, Size::Small, |_| Box::pin(paths::tell())),
    ("other_sites", EMBEDDED, Size::Small, |_| Box::pin(other_sites::tell())),
    ("spoofs", EMBEDDED, Size::Small, |_| Box::pin(spoofs::tell())),
    ("framing", EMBEDDED, Size::Small, |_| Box::pin(framing::tell())),
    ("caching", EMBEDDED, Size::Small, |_| Box::pin(caching::tell())),
    ("browser", EMBEDDED, Size::Small, |_| Box::pin(browser::tell())),
    ("cookies", EMBEDDED, Size::Small, |_| Box::pin(cookies::tell())),
    ("handing_over", EMBEDDED, Size::Small, |_| Box::pin(handing_over::tell())),
    ("passwords", EMBEDDED, Size::Small, |_| Box::pin(passwords::tell())),
    ("documented_apps", EMBEDDED, Size::Small, |_| Box::pin(documented_apps::tell())),
    ("upstreams", EMBEDDED, Size::Small, |_| Box::pin(upstreams::tell())),
    ("pass_through", EMBEDDED, Size::Small, |_| Box::pin(pass_through::tell())),
    ("web_sockets", EMBEDDED, Size::Small, |_| Box::pin(web_sockets::tell())),
    ("pass_through_at_length", EMBEDDED, Size::Long, |_| Box::pin(pass_through::tell_at_length())),
    ("web_sockets_at_length", EMBEDDED, Size::Long, |_| Box::pin(web_sockets::tell_at_length())),
    ("openapi_at_length", EMBEDDED, Size::Long, |_| Box::pin(openapi::tell_at_length())),
    ("passwords_at_length", EMBEDDED, Size::Long, |_| Box::pin(passwords::tell_at_length())),
    ("caching_at_length", EMBEDDED, Size::Long, |_| Box::pin(caching::tell_at_length())),
    ("revocation_reaches_edges_at_length", BOTH, Size::Long, |store| Box::pin(revocation_reaches_edges::tell_at_length(store))),
    ("sentinel_at_length", REDIS, Size::Long, |_| Box::pin(sentinel::tell_at_length())),
    ("scale_at_length", REDIS, Size::Long, |_| Box::pin(scale::tell_at_length())),
    ("soak_at_length", EMBEDDED, Size::Long, |_| Box::pin(soak::tell_at_length())),
    ("replicas_at_length", REDIS, Size::Long, |store| Box::pin(replicas::tell_at_length(store))),
    ("crashes_at_length", BOTH, Size::Long, |store| Box::pin(crashes::tell_at_length(store))),
    ("logout_races_at_length", BOTH, Size::Long, |store| Box::pin(logout_races::tell_at_length(store))),
];

/// How many of those are told at a time, whatever the number of cores. More would wait for the
/// machine rather than for what they look at.
const TALES_AT_A_TIME: usize = 2;

type Slot = Arc<Mutex<Option<World>>>;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => Arc::new(runtime),
        Err(error) => return fail(&error.into()),
    };
    let mut slots = BTreeMap::new();
    let stories = libtest_mimic::run(&arguments, stories(&runtime, &mut slots));
    let clean = end(slots, &runtime);
    // By themselves: some of the stories above measure how prompt an answer is.
    arguments.test_threads.get_or_insert(TALES_AT_A_TIME);
    let tales = libtest_mimic::run(&arguments, tales(&runtime));
    if clean && !stories.has_failed() && !tales.has_failed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn stories(runtime: &Arc<Runtime>, slots: &mut BTreeMap<String, Slot>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for store in [Store::Embedded, Store::Redis] {
        for (name, kind, on, story) in STORIES {
            if *on == On::Either && store != Store::Embedded {
                continue;
            }
            let slot = slots.entry(format!("{store} {kind:?}")).or_default().clone();
            let runtime = runtime.clone();
            trials.push(Trial::test(format!("{name}::{store}"), move || {
                let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
                let told: Outcome = runtime.block_on(async {
                    let world = match slot.take() {
                        Some(world) => world,
                        None => World::start(store, kind.settings()).await?,
                    };
                    story(slot.insert(world)).await
                });
                told.map_err(|error| error.to_string().into())
            }));
        }
    }
    trials
}

/// Ends the stacks; whether they left nothing behind and no secret in a log.
fn end(slots: BTreeMap<String, Slot>, runtime: &Runtime) -> bool {
    let mut clean = true;
    for (name, slot) in slots {
        let world = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(world) = world {
            match runtime.block_on(world.end()) {
                Ok(bytes) => say(&format!(
                    "{name}: ended; none of {} secrets in {bytes} bytes of logs",
                    secrets::count()
                )),
                Err(error) => {
                    clean = false;
                    say(&format!("{name}: OPS-01 or the end FAILED: {error}"));
                }
            }
        }
    }
    clean
}

fn tales(runtime: &Arc<Runtime>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, stores, size, tale) in TALES {
        for store in *stores {
            let runtime = runtime.clone();
            let told =
                move || runtime.block_on(tale(*store)).map_err(|error| error.to_string().into());
            let trial = Trial::test(format!("{name}::{store}"), told);
            trials.push(trial.with_ignored_flag(*size == Size::Long));
        }
    }
    trials
}

fn fail(error: &Failure) -> ExitCode {
    say(&error.to_string());
    ExitCode::FAILURE
}

/// Tells whoever runs the tests.
fn say(line: &str) {
    // Output that is closed has no reader to miss it.
    let _ = writeln!(std::io::stdout(), "{line}");
}
