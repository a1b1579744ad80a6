//! The reason of a decision in plain words, for operators: which rule decided
//! or came nearest, clause by clause, with the values seen. Never shown to the
//! caller. The verdict itself is the naive evaluator's.

use std::fmt;

use model::{Principal, ServiceName};

use crate::clause::{self, Clause, shown};
use crate::facts::{Facts, Verdict};
use crate::naive;
use crate::rule::{Effect, Rule, RuleName};

/// Why something was allowed or denied. `Display` gives several lines of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    verdict: Verdict,
    why: Why,
    caller: String,
    service: Option<String>,
    rule: Option<RuleName>,
    clauses: Vec<Clause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Allowed,
    DenyRule,
    NoRuleAllows,
    OnlyDenyRules,
    NoRules,
    NotCanonical,
}

/// Explains what [`naive::decide`] says about these facts.
#[must_use]
pub fn explain(rules: &[Rule], facts: &Facts<'_>) -> Explanation {
    let verdict = naive::decide(rules, facts);
    let why = why(rules, facts, verdict);
    let subject = match why {
        Why::NotCanonical => None,
        _ => verdict.rule.or_else(|| nearest_allow(rules, facts)).and_then(|ix| rules.get(ix)),
    };
    Explanation {
        verdict,
        why,
        caller: caller_text(facts.caller),
        service: None,
        rule: subject.map(|rule| rule.name.clone()),
        clauses: subject.map_or_else(Vec::new, |rule| clause::clauses(rule, facts)),
    }
}

fn why(rules: &[Rule], facts: &Facts<'_>, verdict: Verdict) -> Why {
    let mut allows = rules.iter().filter(|rule| rule.effect == Effect::Allow);
    match verdict {
        Verdict { allowed: true, .. } => Why::Allowed,
        Verdict { rule: Some(_), .. } => Why::DenyRule,
        _ if !naive::is_judgeable(&facts.action) => Why::NotCanonical,
        _ if rules.is_empty() => Why::NoRules,
        _ if allows.next().is_none() => Why::OnlyDenyRules,
        _ => Why::NoRuleAllows,
    }
}

/// The allow rule of which most clauses hold; of equals the one whose path
/// agrees longest, then the first.
fn nearest_allow(rules: &[Rule], facts: &Facts<'_>) -> Option<usize> {
    let allows = rules.iter().enumerate().filter(|(_, rule)| rule.effect == Effect::Allow);
    let nearest = allows.rev().max_by_key(|(_, rule)| clause::nearness(rule, facts));
    nearest.map(|(index, _)| index)
}

impl Explanation {
    /// The same explanation with the name of the service whose rules these are.
    #[must_use]
    pub fn about(self, service: &ServiceName) -> Self {
        Self { service: Some(service.to_string()), ..self }
    }

    /// What was decided; the same as [`naive::decide`] says.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The rule that decided or came nearest.
    #[must_use]
    pub const fn rule(&self) -> Option<&RuleName> {
        self.rule.as_ref()
    }

    /// The clauses of that rule.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    fn headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = self.service.as_deref().unwrap_or("this service");
        let caller = &self.caller;
        match self.why {
            Why::Allowed => write!(f, "allowed: a rule of {service} lets {caller} do this"),
            Why::DenyRule => write!(f, "denied: a deny rule of {service} stops {caller}"),
            Why::NoRuleAllows => write!(f, "denied: no rule of {service} lets {caller} do this"),
            Why::OnlyDenyRules => write!(
                f,
                "denied: {service} has deny rules only, and what no rule allows is denied"
            ),
            Why::NoRules => {
                write!(f, "denied: {service} has no rules, and what no rule allows is denied")
            }
            Why::NotCanonical => {
                write!(f, "denied: the path isn't in canonical form, so no rule was asked")
            }
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.headline(f)?;
        if let Some(rule) = &self.rule {
            let label = if self.verdict.rule.is_some() { "rule" } else { "nearest rule" };
            write!(f, "\n{label}: {}", shown(rule.as_str()))?;
        }
        self.clauses.iter().try_for_each(|clause| write!(f, "\n  {clause}"))
    }
}

/// `web` for a service, the whole SPIFFE ID for any other identity.
fn caller_text(caller: &Principal) -> String {
    match caller.spiffe_id().and_then(model::SpiffeId::service) {
        Some(service) => service.to_string(),
        None => caller.to_string(),
    }
}

#[cfg(test)]
mod tests;
