//! One request through the gate: asks for the verdict, finds out what it wants to know, does what
//! it says.

use common::Epoch;
use common::problem::Code;
use common::same_origin::changes_state;
use common::token::TokenError;
use common::verdict::{
    Asking, Findings, OriginPermit, Permit, Preflight, Question, Refusal, Verdict,
};
use web_sys::{Request, Response};
use worker::{Context, Env, console_error};

use crate::facts::OwnedFacts;
use crate::fault::Fault;
use crate::isolate::Isolate;
use crate::report::{self, Kind};
use crate::settings::Settings;
use crate::{forward, mailbox, origin, refuse, suspicion, verify};

/// Answers one request.
pub(crate) async fn answer(
    request: &Request,
    env: &Env,
    context: &Context,
) -> Result<Response, Fault> {
    let isolate = Isolate::here();
    let Ok(settings) = isolate.settings(env) else {
        // Never open: a gate that does not know its rules lets nobody through.
        return refusal(&isolate, &Code::Misconfigured.into(), "portcullis");
    };
    let gate = Gate { isolate: &isolate, settings: &settings, env, context, request };
    let facts = OwnedFacts::gather(request)?;
    // An isolate that nobody used looks for a new head before it trusts the one it has.
    let overdue = mailbox::is_overdue(&isolate);
    if !overdue {
        mailbox::look_in_background(&isolate, env, context);
    }
    let outcome = gate.settle(&facts, overdue).await;
    if overdue {
        // For a request that did not need the look, the next one should not have to wait for it.
        mailbox::look_in_background(&isolate, env, context);
    }
    outcome.or_else(|refused| {
        report::log(&refused, &facts);
        refusal(&isolate, &refused, &settings.realm)
    })
}

struct Gate<'g> {
    isolate: &'g Isolate,
    settings: &'g Settings,
    env: &'g Env,
    context: &'g Context,
    request: &'g Request,
}

impl Gate<'_> {
    /// Asks until there is a verdict that can be acted on, then acts.
    async fn settle(&self, facts: &OwnedFacts, overdue: bool) -> Result<Response, Refusal> {
        let mut findings = Findings::default();
        let mut looked = false;
        loop {
            let head = self.isolate.head();
            let asked = facts.as_facts();
            let verdict = self.isolate.decide(&asked, self.settings, head.as_deref(), &findings);
            let wants_a_look = match &verdict {
                Verdict::Forward(permit) => overdue && !permit.is_public(),
                Verdict::Refuse(refusal) if blames_us(refusal) => {
                    overdue || mailbox::may_retry(self.isolate)
                }
                Verdict::Refuse(refusal) => {
                    !looked && knows_no_key(refusal) && mailbox::may_search(self.isolate)
                }
                Verdict::PassToOrigin(_) | Verdict::Answer(_) | Verdict::Find(_) => false,
            };
            if wants_a_look && !looked {
                looked = true;
                mailbox::look(self.isolate, self.settings, self.env).await;
                continue;
            }
            match verdict {
                Verdict::Forward(permit) => return self.forward(&permit, facts).await,
                Verdict::PassToOrigin(permit) => return self.pass(permit, facts).await,
                Verdict::Refuse(refusal) => return Err(refusal),
                Verdict::Answer(preflight) => return self.answer(&preflight),
                Verdict::Find(Question::Signature(unsigned)) => {
                    let answered = verify::verify(&unsigned.check).await;
                    let text = unsigned.text();
                    let token = unsigned.answered(answered);
                    if let Ok(verified) = &token {
                        self.isolate.remember(text, verified.clone());
                    }
                    findings.token = Some(token);
                }
                Verdict::Find(Question::Revoked(token, Asking::ByRule)) => {
                    let answer = origin::is_revoked(self.settings, token.sid, token.jti).await;
                    findings.revoked = Some(answer);
                }
                Verdict::Find(Question::Revoked(token, Asking::OnSuspicion)) => {
                    let answer = suspicion::settle(self.isolate, self.settings, &token).await;
                    findings.revoked = Some(answer);
                }
            }
        }
    }

    fn answer(&self, preflight: &Preflight) -> Result<Response, Refusal> {
        let head = self.isolate.head();
        let response = refuse::preflight(preflight)
            .and_then(|r| report::on_refusal(&r, "preflight", head.as_deref()).map(|()| r));
        response.map_err(|fault| {
            console_error!("{fault}");
            Code::Internal.into()
        })
    }

    async fn forward(&self, permit: &Permit<'_>, facts: &OwnedFacts) -> Result<Response, Refusal> {
        let kind = if permit.is_public() { Kind::Public } else { Kind::Private };
        let response = forward::forward(permit, self.request, facts, self.settings).await;
        self.hand_back(response, kind, Code::UpstreamUnreachable)
    }

    async fn pass(&self, permit: OriginPermit, facts: &OwnedFacts) -> Result<Response, Refusal> {
        let response = origin::pass(permit, self.request, facts, self.settings).await;
        if let Ok(response) = &response
            && let Some(epoch) = epoch_of(response)
        {
            if changes_state(&self.request.method()) {
                // Before the answer goes out: who was told of a logout here finds it done here.
                mailbox::catch_up(self.isolate, self.settings, self.env, epoch).await;
            } else {
                mailbox::catch_up_in_background(self.isolate, self.env, self.context, epoch);
            }
        }
        self.hand_back(response, Kind::Origin, Code::OriginUnreachable)
    }

    fn hand_back(
        &self,
        response: Result<Response, Fault>,
        kind: Kind,
        otherwise: Code,
    ) -> Result<Response, Refusal> {
        let head = self.isolate.head();
        response
            .and_then(|r| report::on_forwarded(&r, kind, head.as_deref(), self.settings.report))
            .map_err(|fault| {
                console_error!("{fault}");
                otherwise.into()
            })
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

/// The epoch that the origin's answer tells.
fn epoch_of(response: &Response) -> Option<Epoch> {
    let text = response.headers().get("portcullis-epoch").ok()??;
    text.parse().ok().map(Epoch::new)
}

fn refusal(isolate: &Isolate, refused: &Refusal, realm: &str) -> Result<Response, Fault> {
    let response = refuse::refuse(refused.code(), refused.scope(), realm)?;
    report::on_refusal(&response, refused.code().as_str(), isolate.head().as_deref())?;
    Ok(response)
}
