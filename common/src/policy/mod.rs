//! Which request asks for what. The most specific rule wins; what no rule covers wants a signed-in
//! user.

mod cors;
mod host;
mod methods;
mod path;
mod rule;

pub use cors::{Cors, CorsConfig, InvalidCors};
pub use host::{Host, InvalidHost};
pub use methods::is_never_passed;
pub use path::{CanonicalPath, NotCanonical};
pub use rule::{Cache, Hand, InvalidRule, Requirement, Rule, RuleConfig, Unfresh};

use serde::{Deserialize, Deserializer};

use crate::json::{self, Json, Table, Unreadable};
use crate::text::joined;

/// The policy as written in `wrangler.toml`.
#[derive(Clone, Debug)]
pub struct PolicyConfig {
    /// The rules, in any order.
    pub rules: Vec<RuleConfig>,
}

impl PolicyConfig {
    /// Reads the table.
    ///
    /// # Errors
    /// Which member is not what it should be.
    pub fn read(value: Json) -> Result<Self, Unreadable> {
        let mut table = Table::read(value, String::new())?;
        let rules = table.take("rules");
        let Json::List(rules) = table.needed("rules", rules)? else {
            return Err(table.wrong("rules", "a list of tables"));
        };
        table.end()?;
        let rules = rules.into_iter().enumerate();
        let read = |(index, rule)| RuleConfig::read(rule, format!("rules[{index}]"));
        Ok(Self { rules: rules.map(read).collect::<Result<_, _>>()? })
    }
}

impl<'de> Deserialize<'de> for PolicyConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        json::deserialize(from, Self::read)
    }
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
    #[error(
        "rules[{first}] ({first_text}) and rules[{second}] ({second_text}) are for the same \
         requests, and neither is more specific: keep one"
    )]
    Contradiction {
        /// One of them.
        first: usize,
        /// What it is for.
        first_text: String,
        /// The other.
        second: usize,
        /// What it is for.
        second_text: String,
    },
    /// A rule that others leave nothing to.
    #[error(
        "rules[{index}] ({text}) is left with no method but unusual ones, since rules[{}] take all \
         the common ones there: take it out, or list the methods it is for", numbers(.by)
    )]
    Shadowed {
        /// Which one.
        index: usize,
        /// What it is for.
        text: String,
        /// The rules that win over it.
        by: Vec<usize>,
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
    /// Whether a rule's path has letters in upper case.
    has_upper_case: bool,
}

impl Policy {
    /// Checks a policy.
    ///
    /// # Errors
    /// When a rule cannot be used, two contradict each other, or one can never win.
    pub fn new(config: PolicyConfig) -> Result<Self, InvalidPolicy> {
        let mut rules: Vec<Rule> = Vec::with_capacity(config.rules.len());
        for (index, config) in config.rules.into_iter().enumerate() {
            let rule =
                Rule::new(index, config).map_err(|source| InvalidPolicy::Rule { index, source })?;
            if let Some(first) = rules.iter().position(|other| rule.contradicts(other)) {
                return Err(InvalidPolicy::Contradiction {
                    first,
                    first_text: rules.get(first).map(Rule::to_string).unwrap_or_default(),
                    second: index,
                    second_text: rule.to_string(),
                });
            }
            rules.push(rule);
        }
        if let Some((index, rule)) =
            rules.iter().enumerate().find(|(_, rule)| left_over(rule, &rules))
        {
            let wins =
                |other: &Rule| methods::COMMON.iter().any(|method| rule.loses(method, other));
            let by = rules.iter().enumerate().filter(|(_, other)| wins(other));
            return Err(InvalidPolicy::Shadowed {
                index,
                text: rule.to_string(),
                by: by.map(|(index, _)| index).collect(),
            });
        }
        let mut sorted: Vec<Rule> = Vec::with_capacity(rules.len());
        for rule in rules {
            let place = sorted.partition_point(|other| other.order() <= rule.order());
            sorted.insert(place, rule);
        }
        let rules = sorted;
        let has_upper_case = rules.iter().any(Rule::has_upper_case);
        Ok(Self { rules, otherwise: Rule::signed_in(), has_upper_case })
    }

    /// The rules, most specific first.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// Where a request belongs.
    ///
    /// # Errors
    /// `NotCanonical` where servers that read paths in different ways would find it in different
    /// places: some cut `;` and what follows off a segment, so `/admin;x` could reach what is under
    /// `/admin`; some do not tell `/ADMIN` from it.
    pub fn place(
        &self,
        host: &Host<'_>,
        method: &str,
        path: &CanonicalPath<'_>,
    ) -> Result<Place<'_>, NotCanonical> {
        let place = self.of(host, method, || path.segments(), str::eq);
        if let Some(cut) = path.without_parameters() {
            let cut: Vec<&str> = cut.collect();
            let bare = self.of(host, method, || cut.iter().copied(), str::eq_ignore_ascii_case);
            if !(place.is_public() && bare.is_public()) {
                return Err(NotCanonical);
            }
        }
        if self.has_upper_case || path.has_upper_case() {
            let caseless = self.of(host, method, || path.segments(), str::eq_ignore_ascii_case);
            if !place.is_same(caseless) {
                return Err(NotCanonical);
            }
        }
        Ok(place)
    }

    /// Every rule that covers a request, the one that wins first and the most general last.
    pub fn covering<'p>(
        &'p self,
        host: &'p Host<'_>,
        method: &'p str,
        path: &'p CanonicalPath<'_>,
    ) -> impl Iterator<Item = &'p Rule> {
        let written = self.rules.iter();
        let covering =
            written.filter(move |rule| rule.covers(host, method, path.segments(), str::eq));
        covering.chain([&self.otherwise])
    }

    fn of<'s, I: Iterator<Item = &'s str>>(
        &self,
        host: &Host<'_>,
        method: &str,
        segments: impl Fn() -> I,
        same: fn(&str, &str) -> bool,
    ) -> Place<'_> {
        let mut first_two = segments();
        match first_two.next() {
            // An edge proves itself on all that it passes on, so it must not pass this on.
            Some(first) if same(first, "auth") => {
                let edge_only = first_two.next().is_some_and(|second| same(second, "edge"));
                return if edge_only { Place::EdgeOnly } else { Place::Origin };
            }
            Some(first) if same(first, ".well-known") => return Place::Origin,
            _ => {}
        }
        let rule = self.rules.iter().find(|rule| rule.covers(host, method, segments(), same));
        Place::App(rule.unwrap_or(&self.otherwise))
    }
}

impl Place<'_> {
    fn is_public(self) -> bool {
        matches!(self, Self::App(rule) if rule.require == Requirement::Public)
    }

    fn is_same(self, other: Place<'_>) -> bool {
        match (self, other) {
            (Self::App(rule), Place::App(other)) => rule.index() == other.index(),
            (Self::Origin, Place::Origin) | (Self::EdgeOnly, Place::EdgeOnly) => true,
            _ => false,
        }
    }
}

fn numbers(indices: &[usize]) -> String {
    joined(&indices.iter().map(usize::to_string).collect::<Vec<_>>(), ", ")
}

/// Whether no common method is left to a rule for all of them.
fn left_over(rule: &Rule, rules: &[Rule]) -> bool {
    methods::COMMON.iter().all(|method| rules.iter().any(|other| rule.loses(method, other)))
}

/// The issuer's own paths.
fn is_reserved<'s>(mut segments: impl Iterator<Item = &'s str>) -> bool {
    let first = segments.next().unwrap_or_default();
    ["auth", ".well-known"].iter().any(|reserved| reserved.eq_ignore_ascii_case(first))
}

#[cfg(test)]
mod tests;
