//! Facts in, entitlements out: the only place where a process is given an
//! identity. It looks at one view and at facts read for this one judgement.

use std::sync::Arc;

use host::Facts;
use identity::{Bundle, Entry, Evidence, attest};

use crate::keyring::Standing;
use crate::svid::Svid;
use crate::view::View;

/// What a process gets.
#[derive(Debug)]
pub(crate) enum Judgement {
    /// These, and nothing else.
    Granted(Grant),
    /// It is entitled, and the first certificate isn't there yet.
    Soon,
    /// It is entitled, and there is no certificate that counts.
    Absent,
    /// No entry matches it.
    Nothing,
}

/// The identities of one process; at least one.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub given: Vec<Given>,
    pub bundle: Arc<Bundle>,
}

/// One of them, and the hint that tells it from the others.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub svid: Arc<Svid>,
    pub hint: String,
}

/// The same certificate under the same hint.
impl PartialEq for Given {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.svid, &other.svid) && self.hint == other.hint
    }
}

impl PartialEq for Grant {
    fn eq(&self, other: &Self) -> bool {
        self.given == other.given
            && self.bundle.trust_domain() == other.bundle.trust_domain()
            && self.bundle.anchors() == other.bundle.anchors()
    }
}

/// Judges a process by `facts` in the world of `view`; `own` is the process
/// of the agent.
pub(crate) fn judge(view: &View, facts: &Facts, own: i32) -> Judgement {
    let entries = entitled(view, facts, own);
    let mut given = Vec::new();
    for entry in &entries {
        match view.standing.get(&entry.id) {
            None | Some(Standing::Pending) => return Judgement::Soon,
            Some(Standing::Absent) => {}
            Some(Standing::Ready(svid)) => add(&mut given, svid, &entry.hint),
        }
    }
    match (entries.is_empty(), given.is_empty()) {
        (true, _) => Judgement::Nothing,
        (false, true) => Judgement::Absent,
        (false, false) => Judgement::Granted(Grant { given, bundle: Arc::clone(&view.bundle) }),
    }
}

/// The entries that match, in the authority's order.
fn entitled<'a>(view: &'a View, facts: &Facts, own: i32) -> Vec<&'a Entry> {
    let evidence = evidence(facts, own);
    let mut entries = attest(&evidence, &view.entries);
    entries.retain(|entry| view.pins.hold(entry));
    entries
}

/// What the agent's process starts doesn't inherit what that process is
/// entitled to: in `up` it holds the doors of all services, and the services
/// themselves are its children.
fn evidence(facts: &Facts, own: i32) -> Evidence {
    let path = facts.path.as_ref().and_then(|path| path.to_str()).map(str::to_owned);
    let mut ancestors = facts.ancestors.clone();
    ancestors.retain(|pid| *pid != own);
    Evidence { uid: facts.uid, gid: facts.gid, pid: facts.pid, path, ancestors }
}

/// An identity that two entries give is there once. Hints are unique: where
/// one is missing or taken, the SPIFFE ID stands in for it.
fn add(given: &mut Vec<Given>, svid: &Arc<Svid>, hint: &str) {
    if given.iter().any(|other| other.svid.id == svid.id) {
        return;
    }
    let taken = hint.is_empty() || given.iter().any(|other| other.hint == hint);
    let hint = if taken { svid.id.to_string() } else { hint.to_owned() };
    given.push(Given { svid: Arc::clone(svid), hint });
}

#[cfg(test)]
mod tests;
