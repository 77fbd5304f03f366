//! What one isolate keeps between requests. Each value is taken out or put in at once; none is
//! held while something is awaited.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use common::issuers::Keyring;
use common::revocation::{Answers, Head, Segment};
use common::token::{Ids, Verified, VerifiedCache};
use common::verdict::{Facts, Findings, Verdict, World, decide};

use crate::desk::Desk;
use crate::jwks::Unkept;
use crate::refresh::UnderWay;
use crate::repeats::Repeats;
use crate::settings::Settings;
use crate::signatures::Signatures;
use crate::sockets::Sockets;
use crate::suspicion::Asked;
use crate::{clock, platform};

/// Tokens of one generation of the cache; two generations of a kilobyte each make 8 MB.
const CACHED_TOKENS: usize = 4096;

/// Answers of one generation: a token in two thousand raises a suspicion where a million ids are
/// revoked.
const REMEMBERED_ANSWERS: usize = 8192;

/// The isolate's memory.
pub(crate) struct Isolate {
    settings: OnceCell<Option<Rc<Settings>>>,
    head: RefCell<Option<Rc<Head>>>,
    keyring: RefCell<Rc<Keyring>>,
    cache: RefCell<VerifiedCache>,
    pub(crate) answers: RefCell<Answers>,
    /// What crosses the border.
    pub(crate) desk: RefCell<Desk>,
    /// What the main module keeps of answers.
    pub(crate) repeats: RefCell<Repeats>,
    /// The tokens whose signatures are being looked at.
    pub(crate) signatures: RefCell<Signatures>,
    /// The tokens whose `WebSockets` are open.
    pub(crate) sockets: RefCell<Sockets>,
    /// The questions that the origin is being asked.
    pub(crate) asked: RefCell<Vec<(Ids, Rc<Asked>)>>,
    /// The sessions that are being refreshed, by their refresh tokens.
    pub(crate) refreshing: RefCell<Vec<(String, Rc<UnderWay>)>>,
    /// Other issuers' keys that KV lacks.
    pub(crate) unkept: RefCell<Vec<Unkept>>,
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
        keyring: RefCell::default(),
        cache: RefCell::new(VerifiedCache::new(CACHED_TOKENS)),
        answers: RefCell::new(Answers::new(REMEMBERED_ANSWERS)),
        desk: RefCell::default(),
        repeats: RefCell::default(),
        signatures: RefCell::default(),
        sockets: RefCell::default(),
        asked: RefCell::default(),
        refreshing: RefCell::default(),
        unkept: RefCell::default(),
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
            platform::error(&format!("Configuration is wrong, so every request gets 500. {wrong}"));
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

    /// The other issuers' keys in hand.
    pub(crate) fn keyring(&self) -> Rc<Keyring> {
        Rc::clone(&self.keyring.borrow())
    }

    /// Changes them; who holds the ones from before keeps those.
    pub(crate) fn change_keyring(&self, change: impl FnOnce(&mut Keyring)) {
        change(Rc::make_mut(&mut self.keyring.borrow_mut()));
    }

    /// Remembers a verified token.
    pub(crate) fn remember(&self, token: &str, verified: Verified) {
        self.cache.borrow_mut().remember(token, verified);
    }

    /// What is known now of what may change.
    pub(crate) fn known(&self) -> Known {
        Known { head: self.head(), keyring: self.keyring() }
    }

    /// Asks for the verdict on what is known.
    pub(crate) fn decide<'a, 'w>(
        &self,
        facts: &Facts<'a>,
        settings: &'w Settings,
        known: &'w Known,
        findings: &Findings,
    ) -> Verdict<'a, 'w> {
        self.with_world(settings, known, |world| decide(facts, world, findings))
    }

    /// Answers from what is known.
    pub(crate) fn with_world<'w, T>(
        &self,
        settings: &'w Settings,
        known: &'w Known,
        answer: impl FnOnce(&World<'w, '_>) -> T,
    ) -> T {
        answer(&World {
            policy: &settings.vars.policy,
            rules: &settings.vars.rules,
            issuers: &settings.vars.issuers,
            keyring: &known.keyring,
            staleness: settings.vars.staleness,
            head: known.head.as_deref(),
            cache: &self.cache.borrow(),
            answers: &self.answers.borrow(),
            now: clock::now(),
        })
    }
}

/// What is known at a time, kept while it is judged by.
#[derive(Debug)]
pub(crate) struct Known {
    head: Option<Rc<Head>>,
    keyring: Rc<Keyring>,
}
