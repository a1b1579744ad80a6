//! The meaning of the rules, written to be read. Doors run the compiled form,
//! which property tests hold to this one; nothing here is made to be fast.

use crate::facts::{Action, Facts, Verdict};
use crate::path::Path;
use crate::rule::{Effect, Rule};

/// Decides: a matching deny wins, else a matching allow is needed, else it is
/// denied. A path that isn't canonical is denied before any rule is asked.
#[must_use]
pub fn decide(rules: &[Rule], facts: &Facts<'_>) -> Verdict {
    if !is_judgeable(&facts.action) {
        return Verdict { allowed: false, rule: None };
    }
    let first = |effect| rules.iter().position(|r| r.effect == effect && matches(r, facts));
    if let Some(deny) = first(Effect::Deny) {
        return Verdict { allowed: false, rule: Some(deny) };
    }
    let allow = first(Effect::Allow);
    Verdict { allowed: allow.is_some(), rule: allow }
}

/// Whether all clauses of a rule hold.
pub(crate) fn matches(rule: &Rule, facts: &Facts<'_>) -> bool {
    rule.covers_caller(facts.caller)
        && rule.covers_port(facts.port)
        && rule.covers_action(&facts.action)
}

/// Whether rules can be asked about it at all.
pub(crate) fn is_judgeable(action: &Action<'_>) -> bool {
    match action {
        Action::Connect => true,
        Action::Http { path, .. } => Path::of(path).is_some(),
    }
}

#[cfg(test)]
mod tests;
