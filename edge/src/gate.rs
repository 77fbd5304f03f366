//! One request through the gate: asks for the verdict, finds out what it wants to know, and writes down
//! what is to be done.

use common::problem::Code;
use common::token::TokenError;
use common::verdict::{
    Asking, Findings, OriginPermit, Permit, Preflight, Question, Refusal, Verdict,
};
use worker::Env;

use crate::isolate::Isolate;
use crate::plan::Plan;
use crate::request::Asked;
use crate::settings::Settings;
use crate::{answer, forward, jwks, mailbox, origin, suspicion, upkeep, verify};

/// The plan, if it follows from what is in hand.
pub(crate) fn decide(isolate: &Isolate, asked: &Asked<'_>) -> Option<String> {
    let Some(settings) = isolate.settings() else {
        // Never open: a gate that does not know its rules lets nobody through.
        return Some(refusal(isolate, &Code::Misconfigured.into(), "portcullis", None));
    };
    let gate = Gate { isolate, settings: &settings, asked };
    let known = isolate.known();
    let findings = Findings::default();
    let verdict = isolate.decide(&asked.facts(), &settings, &known, &findings);
    if matches!(verdict, Verdict::Find(_)) || gate.wants_a_look(&verdict) {
        return None;
    }
    gate.carry_out(verdict)
}

/// The plan, whatever has to be found out for it.
pub(crate) async fn find_out(isolate: &Isolate, asked: &Asked<'_>, env: &Env) -> String {
    let Some(settings) = isolate.settings() else {
        return refusal(isolate, &Code::Misconfigured.into(), "portcullis", None);
    };
    let gate = Gate { isolate, settings: &settings, asked };
    let facts = asked.facts();
    let mut findings = Findings::default();
    let mut looked = false;
    loop {
        let known = isolate.known();
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
        match verdict {
            Verdict::Find(question) => gate.answer(question, env, &mut findings).await,
            verdict => {
                if let Some(plan) = gate.carry_out(verdict) {
                    return plan;
                }
            }
        }
    }
}

/// The plan for when nobody behind the gate answered.
pub(crate) fn unreachable(isolate: &Isolate, origin: bool, _late: bool) -> String {
    let code = if origin { Code::OriginUnreachable } else { Code::UpstreamUnreachable };
    let realm = isolate.settings().map(|settings| settings.realm.clone()).unwrap_or_default();
    refusal(isolate, &code.into(), &realm, None)
}

struct Gate<'g> {
    isolate: &'g Isolate,
    settings: &'g Settings,
    asked: &'g Asked<'g>,
}

impl Gate<'_> {
    /// Whether the mailboxes may hold what would change the verdict.
    fn wants_a_look(&self, verdict: &Verdict<'_, '_>) -> bool {
        // An isolate that nobody used looks for a new head before it trusts the one it has.
        let overdue = || mailbox::is_overdue(self.isolate);
        match verdict {
            Verdict::Forward(permit) => !permit.is_public() && overdue(),
            Verdict::Refuse(refusal) if blames_us(refusal) => {
                overdue() || mailbox::may_retry(self.isolate)
            }
            Verdict::Refuse(refusal) => knows_no_key(refusal) && mailbox::may_search(self.isolate),
            Verdict::PassToOrigin(_) | Verdict::Answer(_) | Verdict::Find(_) => false,
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

    /// The plan of a verdict that asks for nothing more.
    fn carry_out(&self, verdict: Verdict<'_, '_>) -> Option<String> {
        match verdict {
            Verdict::Forward(permit) => Some(self.forward(&permit)),
            Verdict::PassToOrigin(permit) => Some(self.pass(&permit)),
            Verdict::Answer(preflight) => Some(self.preflight(&preflight)),
            Verdict::Refuse(refused) => {
                Some(refusal(self.isolate, &refused, &self.settings.realm, Some(self.asked)))
            }
            Verdict::Find(_) => None,
        }
    }

    fn forward(&self, permit: &Permit<'_>) -> String {
        let mut plan = Plan::forward(upkeep::is_due(self.isolate));
        let socket =
            permit.lasting().map(|token| self.isolate.sockets.borrow_mut().watch(token.clone()));
        forward::to_app(&mut plan, permit, self.asked, self.settings, socket);
        answer::of_app(&mut plan, permit);
        self.hand_back(plan)
    }

    fn preflight(&self, preflight: &Preflight) -> String {
        let mut plan = Plan::answer(upkeep::is_due(self.isolate), 204);
        answer::preflight(&mut plan, preflight, self.isolate.head().as_deref());
        plan.finish()
    }

    fn pass(&self, permit: &OriginPermit) -> String {
        let mut plan = Plan::origin(upkeep::is_due(self.isolate));
        forward::to_origin(&mut plan, permit, self.asked, self.settings);
        self.hand_back(plan)
    }

    fn hand_back(&self, mut plan: Plan) -> String {
        answer::tell_forwarded(&mut plan, self.isolate.head().as_deref(), self.settings.report);
        plan.finish()
    }
}

/// Whether a refusal comes from what we do not know rather than from what the client did.
fn blames_us(refusal: &Refusal) -> bool {
    matches!(refusal.code(), Code::KeysUnknown | Code::RevocationsUnknown)
}

/// Whether a token names a key that the head in hand does not: perhaps a later one does.
fn knows_no_key(refusal: &Refusal) -> bool {
    refusal.cause() == Some(TokenError::Key)
}

/// The plan of a refusal; told to the operator when it is about a request.
fn refusal(isolate: &Isolate, refused: &Refusal, realm: &str, asked: Option<&Asked<'_>>) -> String {
    let due = isolate.settings().is_some() && upkeep::is_due(isolate);
    let mut plan = Plan::answer(due, refused.code().status());
    answer::refuse(&mut plan, refused, realm, isolate.head().as_deref());
    if let Some(asked) = asked {
        answer::log(&mut plan, refused, asked);
    }
    plan.body(&answer::document(refused.code()));
    plan.finish()
}
