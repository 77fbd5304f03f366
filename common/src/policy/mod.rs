//! Which path asks for what. The most specific rule wins; what no rule covers wants a signed-in
//! user.

mod path;
mod rule;

pub use path::{CanonicalPath, NotCanonical};
pub use rule::{Hand, InvalidRule, Requirement, Rule, RuleConfig, Unfresh};

use serde::Deserialize;

/// The policy as written in `wrangler.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyConfig {
    /// The rules, in any order.
    pub rules: Vec<RuleConfig>,
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// A single rule.
    #[error("rules[{index}]: {source}")]
    Rule {
        /// Which one, counted from 0.
        index: usize,
        /// Why.
        source: InvalidRule,
    },
    /// Two rules, each as specific as the other.
    #[error("rules[{first}] and rules[{second}] are both for {text}: keep one")]
    Contradiction {
        /// One of them.
        first: usize,
        /// The other.
        second: usize,
        /// What they are for.
        text: String,
    },
}

/// Where a request belongs.
#[derive(Clone, Copy, Debug)]
pub enum Place<'p> {
    /// The issuer's own paths: passed to the origin.
    Origin,
    /// What only an edge may ask of the origin: nobody else gets there.
    EdgeOnly,
    /// The app's, under this rule.
    App(&'p Rule),
}

/// A policy that was checked.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Most specific first.
    rules: Vec<Rule>,
    otherwise: Rule,
}

impl Policy {
    /// Checks a policy.
    ///
    /// # Errors
    /// When a rule cannot be used, or two contradict each other.
    pub fn new(config: PolicyConfig) -> Result<Self, InvalidPolicy> {
        let mut rules: Vec<Rule> = Vec::with_capacity(config.rules.len());
        for (index, config) in config.rules.into_iter().enumerate() {
            let rule = Rule::new(config).map_err(|source| InvalidPolicy::Rule { index, source })?;
            if let Some(first) = rules.iter().position(|other| rule.contradicts(other)) {
                let text = rule.to_string();
                return Err(InvalidPolicy::Contradiction { first, second: index, text });
            }
            rules.push(rule);
        }
        rules.sort_by_key(|rule| core::cmp::Reverse(rule.specificity()));
        Ok(Self { rules, otherwise: Rule::signed_in() })
    }

    /// Where a request belongs.
    ///
    /// # Errors
    /// `NotCanonical` for `;` in a path unless it is public with and without its parameters: some
    /// servers cut them off, so `/admin;x` could reach what is under `/admin`.
    pub fn place(&self, method: &str, path: &CanonicalPath<'_>) -> Result<Place<'_>, NotCanonical> {
        let place = self.of(method, || path.segments());
        if let Some(cut) = path.without_parameters() {
            let cut: Vec<&str> = cut.collect();
            let bare = self.of(method, || cut.iter().copied());
            if !(place.is_public() && bare.is_public()) {
                return Err(NotCanonical);
            }
        }
        Ok(place)
    }

    fn of<'s, I: Iterator<Item = &'s str>>(
        &self,
        method: &str,
        segments: impl Fn() -> I,
    ) -> Place<'_> {
        if is_reserved(segments()) {
            // An edge proves itself on all that it passes on, so it must not pass this on.
            let edge_only = segments().take(2).eq(["auth", "edge"]);
            return if edge_only { Place::EdgeOnly } else { Place::Origin };
        }
        let rule = self.rules.iter().find(|rule| rule.covers(method, segments()));
        Place::App(rule.unwrap_or(&self.otherwise))
    }
}

impl Place<'_> {
    fn is_public(self) -> bool {
        matches!(self, Self::App(rule) if rule.require == Requirement::Public)
    }
}

/// The issuer's own paths.
fn is_reserved<'s>(mut segments: impl Iterator<Item = &'s str>) -> bool {
    matches!(segments.next(), Some("auth" | ".well-known"))
}

#[cfg(test)]
mod tests;
