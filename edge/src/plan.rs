//! What is to be done with a request, as the text that `js/carry.js` carries out: one string crosses
//! from Wasm, however many headers change.

use common::base64url;
use common::problem::{Code, Problem};
use common::token::SignatureCheck;

use crate::request::Asked;

/// Where a line ends, so what no line may hold.
const END: char = '\n';

/// A plan as it is written.
#[derive(Debug)]
pub(crate) struct Plan {
    text: String,
    /// Whether something was to be written that would have begun a line of its own.
    torn: bool,
}

impl Plan {
    /// Send the request to the app.
    pub(crate) fn forward(look_is_due: bool) -> Self {
        Self::begin("forward", look_is_due)
    }

    /// Send the request to the origin.
    pub(crate) fn origin(look_is_due: bool) -> Self {
        Self::begin("origin", look_is_due)
    }

    /// Answer the request here.
    pub(crate) fn answer(look_is_due: bool, status: u16) -> Self {
        let mut plan = Self::begin("answer", look_is_due);
        plan.line("", &status.to_string(), "");
        plan
    }

    /// Answer the request here, and keep the answer under this number, to be given again.
    pub(crate) fn keep(look_is_due: bool, number: usize, status: u16) -> Self {
        let mut plan = Self::begin("keep", look_is_due);
        plan.line("", &status.to_string(), "");
        plan.line("", &number.to_string(), "");
        plan
    }

    /// Look at a signature, and say under this number whether it is good.
    pub(crate) fn verify(ticket: u32, check: &SignatureCheck<'_, '_>, jwk: &str) -> Self {
        let mut plan = Self::begin("verify", false);
        plan.line("", &ticket.to_string(), "");
        plan.line("", check.key.algorithm().as_str(), "");
        plan.line("", jwk, "");
        plan.line("", &base64url::encode(&check.signature), "");
        plan.line("", check.signing_input, "");
        plan
    }

    fn begin(what: &str, look_is_due: bool) -> Self {
        let mut plan = Self { text: String::with_capacity(1024), torn: false };
        plan.text.push_str(what);
        if look_is_due {
            plan.text.push('+');
        }
        plan
    }

    /// Where it is sent: by which binding, if not over the network, and to which URL; and under which
    /// number a `WebSocket` is watched that comes of it.
    pub(crate) fn to(&mut self, binding: &str, base: &str, asked: &Asked<'_>, socket: Option<u32>) {
        self.line("", binding, "");
        self.line("", base, asked.url.path_and_query());
        self.line("", &socket.map(|id| id.to_string()).unwrap_or_default(), "");
    }

    /// What is sent is nobody else's business: no cache.
    pub(crate) fn past_caches(&mut self) {
        self.line("~", "", "");
    }

    /// A header that is not sent on.
    pub(crate) fn without(&mut self, name: &str) {
        self.line("-", name, "");
    }

    /// A header that is sent on, in place of any of this name.
    pub(crate) fn with(&mut self, name: &str, value: &str) {
        self.named("=", name, value);
    }

    /// A header that the response loses.
    pub(crate) fn drop_from_response(&mut self, name: &str) {
        self.line("!", name, "");
    }

    /// A header that the response gets, in place of any of this name.
    pub(crate) fn set_on_response(&mut self, name: &str, value: &str) {
        self.named(":", name, value);
    }

    /// A header that the response gets beside others of this name.
    pub(crate) fn add_to_response(&mut self, name: &str, value: &str) {
        self.named(",", name, value);
    }

    /// The same, where the response comes soon after the plan was made.
    pub(crate) fn add_to_response_if_soon(&mut self, name: &str, value: &str) {
        self.named(";", name, value);
    }

    /// The changes to the response that are kept under this number: what follows, or, when that is nothing,
    /// what followed the last time.
    pub(crate) fn kept(&mut self, number: usize) {
        self.line("*", &number.to_string(), "");
    }

    /// Whether it is none.
    pub(crate) const fn is_torn(&self) -> bool {
        self.torn
    }

    /// A line for the operator.
    pub(crate) fn log(&mut self, line: &str) {
        self.line("#", line, "");
    }

    /// The body of an answer; the last thing in its plan.
    pub(crate) fn body(&mut self, text: &str) {
        self.line("", "", "");
        self.line("", text, "");
    }

    fn named(&mut self, operation: &str, name: &str, value: &str) {
        self.line(operation, name, " ");
        self.torn |= value.contains(END);
        self.text.push_str(value);
    }

    fn line(&mut self, operation: &str, text: &str, rest: &str) {
        self.torn |= text.contains(END) || rest.contains(END);
        self.text.push(END);
        self.text.push_str(operation);
        self.text.push_str(text);
        self.text.push_str(rest);
    }

    /// The text. A plan that is torn is none: nothing is sent anywhere by it.
    pub(crate) fn finish(self) -> String {
        if !self.torn {
            return self.text;
        }
        let mut plan = Self::answer(false, Code::Internal.status());
        plan.set_on_response("content-type", Problem::MEDIA_TYPE);
        plan.set_on_response("cache-control", "no-store");
        plan.set_on_response("portcullis-verdict", Code::Internal.as_str());
        plan.body(&Problem::new(Code::Internal).to_json());
        plan.text
    }
}
