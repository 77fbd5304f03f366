//! One request through the gate: asks for the verdict, finds out what it wants to know, and writes down
//! what is to be done.

use std::cell::OnceCell;
use std::rc::Rc;

use common::problem::Code;
use common::token::TokenError;
use common::token::assertion::HEADER;
use common::vars::Log;
use common::verdict::{
    Asking, Findings, Login, OriginPermit, Permit, Preflight, Question, Refreshed, Refusal, Verdict,
};

use crate::desk::Reply;
use crate::isolate::Isolate;
use crate::origin::{self, Rotation};
use crate::plan::Plan;
use crate::platform::Env;
use crate::repeats::{Kept, Repeat};
use crate::request::Asked;
use crate::settings::Settings;
use crate::{
    answer, assertion, clock, forward, jwks, mailbox, refresh, signatures, suspicion, upkeep,
    verify,
};

/// What to do, if it follows from what is in hand.
pub(crate) fn decide(isolate: &Isolate, asked: &Asked<'_>) -> Option<Reply> {
    let Some(settings) = isolate.settings() else {
        // Never open: a gate that does not know its rules lets nobody through.
        return Some(Reply::Plan(refusal_of(isolate, Code::Misconfigured)));
    };
    at_once(isolate, &settings, asked, &Findings::default())
}

/// The same once a token's signature was looked at.
pub(crate) fn answered(
    isolate: &Isolate,
    ticket: u32,
    signature_is_good: bool,
    asked: &Asked<'_>,
) -> Option<Reply> {
    let settings = isolate.settings()?;
    let taken = signatures::take(isolate, ticket, signature_is_good)?;
    // A good one is found among the tokens seen before.
    let findings = Findings { token: taken.err().map(Err), ..Findings::default() };
    at_once(isolate, &settings, asked, &findings)
}

fn at_once(
    isolate: &Isolate,
    settings: &Settings,
    asked: &Asked<'_>,
    findings: &Findings,
) -> Option<Reply> {
    let gate = Gate { isolate, settings, asked, renewal: &OnceCell::new() };
    let known = isolate.known();
    let verdict = isolate.decide(&asked.facts(None), settings, &known, findings);
    if gate.wants_a_look(&verdict) {
        return None;
    }
    match verdict {
        Verdict::Refuse(refusal) => Some(gate.repeat(&refusal)),
        Verdict::Find(Question::Signature(unsigned)) => {
            Some(Reply::Plan(signatures::ask(isolate, *unsigned)))
        }
        verdict => gate.plan(verdict).ok().map(Reply::Plan),
    }
}

/// The plan, whatever has to be found out for it.
pub(crate) async fn find_out(isolate: &Isolate, asked: &Asked<'_>, env: &Env) -> String {
    let Some(settings) = isolate.settings() else {
        return refusal_of(isolate, Code::Misconfigured);
    };
    let renewal = OnceCell::new();
    let gate = Gate { isolate, settings: &settings, asked, renewal: &renewal };
    let mut findings = Findings::default();
    let mut looked = false;
    loop {
        let known = isolate.known();
        let facts = asked.facts(gate.renewed());
        let verdict = isolate.decide(&facts, &settings, &known, &findings);
        if !looked && gate.wants_a_look(&verdict) {
            looked = true;
            if let Verdict::Refuse(refusal) = &verdict
                && knows_no_key(refusal)
            {
                mailbox::begin_search(isolate);
            }
            mailbox::look(isolate, &settings, env).await;
            continue;
        }
        match gate.plan(verdict) {
            Ok(plan) => return plan,
            Err(Open::Find(question)) => gate.answer(question, env, &mut findings).await,
            Err(Open::Assert(permit)) => return gate.forward_asserted(permit).await,
        }
    }
}

/// The plan for when nobody behind the gate answered.
pub(crate) fn unreachable(isolate: &Isolate, origin: bool, late: bool) -> String {
    let code = match (origin, late) {
        (true, _) => Code::OriginUnreachable,
        (false, false) => Code::UpstreamUnreachable,
        (false, true) => Code::UpstreamTimeout,
    };
    refusal_of(isolate, code)
}

struct Gate<'g> {
    isolate: &'g Isolate,
    settings: &'g Settings,
    asked: &'g Asked<'g>,
    /// New tokens that were fetched for this request.
    renewal: &'g OnceCell<Rc<Rotation>>,
}

/// What is missing for a plan.
enum Open<'a, 'w> {
    Find(Question<'a, 'w>),
    Assert(Permit<'a>),
}

impl Gate<'_> {
    /// Whether the mailboxes may hold what would change the verdict.
    fn wants_a_look(&self, verdict: &Verdict<'_, '_>) -> bool {
        // An isolate that nobody used looks for a new head before it trusts the one it has.
        let overdue = || mailbox::is_overdue(self.isolate);
        match verdict {
            Verdict::Forward(permit) => !permit.is_public() && overdue(),
            Verdict::Refuse(refusal) if self.blames_us(refusal) => {
                overdue() || mailbox::may_retry(self.isolate)
            }
            Verdict::Refuse(refusal) => knows_no_key(refusal) && mailbox::may_search(self.isolate),
            Verdict::PassToOrigin(_) | Verdict::Answer(_) | Verdict::Find(_) => false,
        }
    }

    /// Whether a refusal comes from what we do not know rather than from what the client did. With a head
    /// in hand, unknown keys are those of another issuer, of which no mailbox tells.
    fn blames_us(&self, refusal: &Refusal) -> bool {
        match refusal.code() {
            Code::RevocationsUnknown => true,
            Code::KeysUnknown => self.isolate.head().is_none(),
            _ => false,
        }
    }

    async fn answer(&self, question: Question<'_, '_>, env: &Env, findings: &mut Findings) {
        match question {
            Question::Signature(unsigned) => {
                let answered = verify::verify(&unsigned.check).await;
                let text = unsigned.text();
                let token = unsigned.answered(answered);
                if let Ok(verified) = &token {
                    self.isolate.remember(text, verified.clone());
                }
                findings.token = Some(token);
            }
            Question::Refresh(token) => {
                let came = refresh::refresh(self.isolate, self.settings, self.asked, token).await;
                findings.refreshed = Some(match came {
                    Ok(rotation) => {
                        // Asked for once: there is nothing in it yet.
                        let _first = self.renewal.set(rotation);
                        // What was found out of the old token says nothing of the new one.
                        *findings = Findings::default();
                        Refreshed::Renewed
                    }
                    Err(why) => why,
                });
            }
            Question::Keys(issuer) => {
                jwks::load(self.isolate, self.settings, env, issuer).await;
                findings.looked_for_keys = true;
            }
            Question::Revoked(token, Asking::ByRule) => {
                let answer = origin::is_revoked(self.settings, token.ids).await;
                findings.revoked = Some(answer);
            }
            Question::Revoked(token, Asking::OnSuspicion) => {
                let answer = suspicion::settle(self.isolate, self.settings, &token).await;
                findings.revoked = Some(answer);
            }
        }
    }

    /// The access token that a refresh brought.
    fn renewed(&self) -> Option<&str> {
        self.renewal.get().map(|rotation| rotation.access.expose().as_str())
    }

    /// The plan of a verdict, if it asks for nothing more.
    fn plan<'a, 'w>(&self, verdict: Verdict<'a, 'w>) -> Result<String, Open<'a, 'w>> {
        match verdict {
            Verdict::Forward(permit) if permit.asserted().is_some() => Err(Open::Assert(permit)),
            Verdict::Forward(permit) => Ok(self.forward(&permit, None)),
            Verdict::PassToOrigin(permit) => Ok(self.pass(&permit)),
            Verdict::Answer(preflight) => Ok(self.preflight(&preflight)),
            Verdict::Refuse(refused) => Ok(self.refuse(&refused)),
            Verdict::Find(question) => Err(Open::Find(question)),
        }
    }

    async fn forward_asserted(&self, permit: Permit<'_>) -> String {
        match assertion::of(&permit, self.asked, self.settings).await {
            Some(assertion) => self.forward(&permit, Some(&assertion)),
            // The app believes nothing else, so nothing else is sent.
            None => self.refuse(&permit.refuse(Code::Internal)),
        }
    }

    fn forward(&self, permit: &Permit<'_>, assertion: Option<&str>) -> String {
        let mut plan = Plan::forward(upkeep::is_due(self.isolate));
        let socket = permit
            .lasting()
            .map(|token| self.isolate.sockets.borrow_mut().watch(token.clone(), clock::now()));
        forward::to_app(&mut plan, permit, self.asked, self.settings, socket);
        if let Some(assertion) = assertion {
            plan.with(HEADER, assertion);
        }
        self.change_answer_of_app(&mut plan, permit);
        plan.finish()
    }

    /// What the app's answer loses and gets, which is the same for most of them.
    fn change_answer_of_app(&self, plan: &mut Plan, permit: &Permit<'_>) {
        // A plan that is torn is not carried out, so nothing of it would be kept.
        if self.renewal.get().is_none() && permit.cors().is_none() && !plan.is_torn() {
            let kept = Kept::OfApp { cache: permit.cache(), is_public: permit.is_public() };
            match self.repeated(kept) {
                Repeat::Again(number) => return plan.kept(number),
                Repeat::Keep(number) => plan.kept(number),
            }
        }
        answer::of_app(plan, permit);
        self.tell(plan);
    }

    /// A refusal that the main module may have in hand already.
    fn repeat(&self, refused: &Refusal) -> Reply {
        if self.logs(refused) || !refused.is_bare() {
            return Reply::Plan(self.refuse(refused));
        }
        let upkeep = upkeep::is_due(self.isolate);
        match self.repeated(Kept::Refusal(refused.code())) {
            Repeat::Again(number) => Reply::Again { number, upkeep },
            Repeat::Keep(number) => {
                let mut plan = Plan::keep(upkeep, number, refused.code().status());
                let head = self.isolate.head();
                answer::refuse(&mut plan, refused, &self.settings.vars.realm, head.as_deref());
                plan.body(&answer::document(refused));
                Reply::Plan(plan.finish())
            }
        }
    }

    fn repeated(&self, kept: Kept) -> Repeat {
        let told = self.isolate.head().as_deref().map(answer::told);
        self.isolate.repeats.borrow_mut().of(kept, told)
    }

    fn logs(&self, refused: &Refusal) -> bool {
        self.settings.vars.log == Log::Refusals || refused.code().status() >= 500
    }

    fn refuse(&self, refused: &Refusal) -> String {
        let mut plan = refusal(self.isolate, refused, &self.settings.vars.realm);
        if self.logs(refused) {
            answer::log(&mut plan, refused, self.asked);
        }
        // One that was revoked since is worth nothing to a browser, which may hold another by now.
        if refused.code() != Code::TokenRevoked {
            self.bring_renewal(&mut plan);
        }
        plan.body(&answer::document(refused));
        plan.finish()
    }

    /// Whatever comes of the request, the old refresh token is spent.
    fn bring_renewal(&self, plan: &mut Plan) {
        if let Some(rotation) = self.renewal.get() {
            let in_memory = common::verdict::bearer(self.asked.headers.get("authorization"));
            answer::renewed(plan, rotation, matches!(in_memory, Ok(Some(_))));
        }
    }

    fn preflight(&self, preflight: &Preflight) -> String {
        let mut plan = Plan::answer(upkeep::is_due(self.isolate), 204);
        answer::preflight(&mut plan, preflight, self.isolate.head().as_deref());
        plan.finish()
    }

    fn pass(&self, permit: &OriginPermit) -> String {
        let mut plan = Plan::origin(upkeep::is_due(self.isolate));
        forward::to_origin(&mut plan, permit, self.asked, self.settings);
        self.tell(&mut plan);
        plan.finish()
    }

    fn tell(&self, plan: &mut Plan) {
        self.bring_renewal(plan);
        answer::tell_forwarded(plan, self.isolate.head().as_deref(), self.settings.vars.report);
    }
}

/// Whether a token names a key that the head in hand does not: perhaps a later one does.
fn knows_no_key(refusal: &Refusal) -> bool {
    refusal.cause() == Some(TokenError::Key)
}

/// The plan of a refusal, but for its body.
fn refusal(isolate: &Isolate, refused: &Refusal, realm: &str) -> Plan {
    let status = refused.login().map_or(refused.code().status(), |_| Login::STATUS);
    let mut plan = Plan::answer(upkeep::is_due(isolate), status);
    answer::refuse(&mut plan, refused, realm, isolate.head().as_deref());
    plan
}

/// A refusal that is about no request in particular.
fn refusal_of(isolate: &Isolate, code: Code) -> String {
    let settings = isolate.settings();
    let realm = settings.as_ref().map_or("portcullis", |settings| &settings.vars.realm);
    let refused = code.into();
    let mut plan = refusal(isolate, &refused, realm);
    plan.body(&answer::document(&refused));
    plan.finish()
}
