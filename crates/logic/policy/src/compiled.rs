//! The rules of one service made ready for the hot path: callers interned,
//! narrowed once per connection to what concerns its caller and port, after
//! which a request asks a tree of paths.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Principal, SpiffeId};

use crate::facts::Action;
use crate::path::Path;
use crate::permit::{Denied, Permit};
use crate::rule::{Effect, From, Rule};
use crate::trie::{Found, Node};

/// All rules of one service in one snapshot. A clone is the same rules.
#[derive(Clone, Debug)]
pub struct Compiled {
    rules: Arc<[Rule]>,
    /// By caller, the rules that name it.
    named: Arc<HashMap<SpiffeId, Vec<usize>>>,
    /// The rules that speak of callers in any other way.
    broad: Arc<[usize]>,
}

impl Compiled {
    /// Can't fail: whatever a [`Rule`] says can be compiled.
    #[must_use]
    pub fn compile(rules: Vec<Rule>) -> Self {
        let mut named: HashMap<SpiffeId, Vec<usize>> = HashMap::new();
        let mut broad = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            for from in rule.from() {
                match from {
                    From::Id(id) => named.entry(id.clone()).or_default().push(index),
                    From::Anyone | From::Anonymous | From::Namespace { .. } => broad.push(index),
                }
            }
        }
        Self { rules: rules.into(), named: Arc::new(named), broad: broad.into() }
    }

    /// The rules in their order; verdicts and permits give indexes into it.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What is left of the rules for one caller on one port. Allocates; done
    /// once per connection and snapshot.
    #[must_use]
    pub fn narrow(&self, caller: &Principal, port: u16) -> Narrowed {
        let mut narrowed = Narrowed::nothing(Arc::clone(&self.rules));
        for index in self.candidates(caller) {
            if let Some(rule) = self.rules.get(index)
                && rule.covers_caller(caller)
                && rule.covers_port(port)
            {
                narrowed.keep(index, rule);
            }
        }
        narrowed
    }

    /// The rules that may speak of the caller, in rising order.
    fn candidates(&self, caller: &Principal) -> Vec<usize> {
        let named = caller.spiffe_id().and_then(|id| self.named.get(id));
        let mut candidates: Vec<usize> =
            named.into_iter().flatten().chain(self.broad.iter()).copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }
}

/// The rules that concern one caller on one port; only facts of the request
/// are tested from here on. Belongs to the [`Compiled`] it came from.
#[derive(Debug)]
pub struct Narrowed {
    rules: Arc<[Rule]>,
    /// Rules that hold whatever the action is.
    always: Found,
    /// All rules, each as it counts when nothing of HTTP can be seen.
    unseen: Found,
    /// The first allow rule, with or without HTTP clauses.
    allow: Option<usize>,
    /// HTTP clauses.
    http: Node,
}

impl Narrowed {
    fn nothing(rules: Arc<[Rule]>) -> Self {
        let (always, unseen) = (Found::default(), Found::default());
        Self { rules, always, unseen, allow: None, http: Node::default() }
    }

    fn keep(&mut self, index: usize, rule: &Rule) {
        if rule.covers_action(&Action::Connect) {
            self.unseen.add(rule.effect, index);
        }
        if rule.effect == Effect::Allow {
            self.allow = self.allow.or(Some(index));
        }
        if rule.http.is_empty() {
            self.always.add(rule.effect, index);
        }
        for http in &rule.http {
            self.http.insert(http, rule.effect, index);
        }
    }

    /// Decides about one action and, if it may happen, hands `target` out in a
    /// permit. Allocates nothing.
    ///
    /// `rules` are those of the snapshot the exchange runs in. When they aren't
    /// the ones this was narrowed from, the answer would be another world's, so
    /// it is denied.
    ///
    /// # Errors
    /// When a deny rule matches, no allow rule does, or the path isn't canonical.
    pub fn decide<T>(
        &self,
        rules: &Compiled,
        action: &Action<'_>,
        target: T,
    ) -> Result<Permit<T>, Denied> {
        if !Arc::ptr_eq(&self.rules, &rules.rules) {
            return Err(Denied { rule: None });
        }
        match action {
            Action::Connect => conclude(self.unseen, target),
            Action::Http { method, path } => {
                let path = Path::of(path).ok_or(Denied { rule: None })?;
                let mut found = self.always;
                self.http.find(method, path, &mut found);
                conclude(found, target)
            }
        }
    }

    /// Whether the caller may reach the service for anything at all. For its
    /// own door, which asks this before it connects; what each request may do
    /// is decided by the door of the service.
    ///
    /// # Errors
    /// When a deny rule stops everything, or no allow rule is left.
    pub fn reach<T>(&self, target: T) -> Result<Permit<T>, Denied> {
        conclude(Found { deny: self.always.deny, allow: self.allow }, target)
    }
}

fn conclude<T>(found: Found, target: T) -> Result<Permit<T>, Denied> {
    match found {
        Found { deny: None, allow: Some(rule) } => Ok(Permit::grant(rule, target)),
        Found { deny, .. } => Err(Denied { rule: deny }),
    }
}

#[cfg(test)]
mod tests;
