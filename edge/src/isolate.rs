//! What one isolate keeps between requests. Each value is taken out or put in at once; none is
//! held while something is awaited.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use common::revocation::{Answers, Head, Segment};
use common::token::{Verified, VerifiedCache};
use common::verdict::{Facts, Findings, Verdict, World, decide};
use common::{SessionId, TokenId};
use worker::console_error;

use crate::clock;
use crate::settings::Settings;
use crate::sockets::Sockets;
use crate::suspicion::Asked;

/// Tokens of one generation of the cache; two generations of a kilobyte each make 8 MB.
const CACHED_TOKENS: usize = 4096;

/// Answers of one generation: a token in two thousand raises a suspicion where a million ids are
/// revoked.
const REMEMBERED_ANSWERS: usize = 8192;

/// The isolate's memory.
pub(crate) struct Isolate {
    settings: OnceCell<Option<Rc<Settings>>>,
    head: RefCell<Option<Rc<Head>>>,
    cache: RefCell<VerifiedCache>,
    pub(crate) answers: RefCell<Answers>,
    /// The tokens whose `WebSockets` are open.
    pub(crate) sockets: RefCell<Sockets>,
    /// The questions that the origin is being asked.
    pub(crate) asked: RefCell<HashMap<(SessionId, TokenId), Rc<Asked>>>,
    /// Segments of a head that could not be completed.
    pub(crate) loaded: RefCell<Vec<Arc<Segment>>>,
    /// When a request began to catch up with the origin, while it does.
    pub(crate) catching_up: Cell<f64>,
    /// When a key was last looked for that no head had named.
    pub(crate) searched: Cell<f64>,
    /// When a look into the mailboxes was last begun, in milliseconds; before all time at first.
    pub(crate) look_began: Cell<f64>,
    /// When one last ended, whatever it found.
    pub(crate) look_ended: Cell<f64>,
}

thread_local! {
    static ISOLATE: Rc<Isolate> = Rc::new(Isolate {
        settings: OnceCell::new(),
        head: RefCell::new(None),
        cache: RefCell::new(VerifiedCache::new(CACHED_TOKENS)),
        answers: RefCell::new(Answers::new(REMEMBERED_ANSWERS)),
        sockets: RefCell::default(),
        asked: RefCell::default(),
        loaded: RefCell::default(),
        catching_up: Cell::new(f64::NEG_INFINITY),
        searched: Cell::new(f64::NEG_INFINITY),
        look_began: Cell::new(f64::NEG_INFINITY),
        look_ended: Cell::new(f64::NEG_INFINITY),
    });
}

impl Isolate {
    /// The one of this thread.
    pub(crate) fn here() -> Rc<Self> {
        ISOLATE.with(Rc::clone)
    }

    /// Takes the configuration, once: a new one comes with a new isolate.
    pub(crate) fn configure(&self, variables: &str) {
        let read = Settings::read(variables).map(Rc::new);
        if let Err(wrong) = &read {
            console_error!("Configuration is wrong, so every request gets 500. {wrong}");
        }
        // A second one changes nothing.
        let _first = self.settings.set(read.ok());
    }

    /// The configuration; none when it is wrong.
    pub(crate) fn settings(&self) -> Option<Rc<Settings>> {
        self.settings.get().cloned().flatten()
    }

    /// The head in hand.
    pub(crate) fn head(&self) -> Option<Rc<Head>> {
        self.head.borrow().clone()
    }

    /// Takes a head in hand, unless the one there is as new.
    pub(crate) fn take(&self, head: Head) {
        let mut hand = self.head.borrow_mut();
        if hand.as_ref().is_none_or(|old| head.supersedes(old)) {
            *hand = Some(Rc::new(head));
        }
    }

    /// Remembers a verified token.
    pub(crate) fn remember(&self, token: &str, verified: Verified) {
        self.cache.borrow_mut().remember(token, verified);
    }

    /// Asks for the verdict on what is known now.
    pub(crate) fn decide<'a, 'w>(
        &self,
        facts: &Facts<'a>,
        settings: &'w Settings,
        head: Option<&'w Head>,
        findings: &Findings,
    ) -> Verdict<'a, 'w> {
        self.with_world(settings, head, |world| decide(facts, world, findings))
    }

    /// Answers from what is known now.
    pub(crate) fn with_world<'w, T>(
        &self,
        settings: &'w Settings,
        head: Option<&'w Head>,
        answer: impl FnOnce(&World<'w, '_>) -> T,
    ) -> T {
        answer(&World {
            policy: &settings.policy,
            rules: &settings.rules,
            staleness: settings.staleness,
            head,
            cache: &self.cache.borrow(),
            answers: &self.answers.borrow(),
            now: clock::now(),
        })
    }
}
