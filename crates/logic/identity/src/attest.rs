//! From evidence to entitlements: which identities a process may have. The
//! evidence is values that somebody else gathered and vouches for; gathering
//! it is not done here.

use model::{Millis, SpiffeId};

use crate::evidence::Evidence;
use crate::selector::Selector;

/// An identity and what a process must show to have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The identity.
    pub id: SpiffeId,
    selectors: Vec<Selector>,
    /// How long a leaf lives.
    pub lifetime: Millis,
    /// After how long it is renewed, before jitter.
    pub renew: Millis,
    /// The hint of the Workload API, unique among the entries of one process.
    pub hint: String,
}

/// An entry without selectors would be everybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identity needs at least one selector")]
pub struct NoSelectors;

impl Entry {
    /// An entry with an empty hint.
    ///
    /// # Errors
    /// When there is no selector.
    pub fn new(
        id: SpiffeId,
        selectors: Vec<Selector>,
        lifetime: Millis,
        renew: Millis,
    ) -> Result<Self, NoSelectors> {
        if selectors.is_empty() {
            return Err(NoSelectors);
        }
        Ok(Self { id, selectors, lifetime, renew, hint: String::new() })
    }

    /// The same entry with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// What a process must show; never empty.
    #[must_use]
    pub fn selectors(&self) -> &[Selector] {
        &self.selectors
    }

    fn admits(&self, evidence: &Evidence) -> bool {
        !self.selectors.is_empty() && self.selectors.iter().all(|s| s.matches(evidence))
    }
}

/// The entries whose selectors the process shows, all of each, in their order.
#[must_use]
pub fn attest<'a>(evidence: &Evidence, entries: &'a [Entry]) -> Vec<&'a Entry> {
    entries.iter().filter(|entry| entry.admits(evidence)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence() -> Evidence {
        Evidence {
            uid: 1000,
            gid: 100,
            pid: 40,
            path: Some("/usr/bin/web".to_owned()),
            ancestors: vec![30, 20, 1],
        }
    }

    fn entry(selectors: &[&str]) -> Entry {
        let selectors = selectors.iter().map(|text| text.parse().unwrap()).collect();
        let id = "spiffe://shop/ns/default/sa/web".parse().unwrap();
        Entry::new(id, selectors, Millis::from_secs(60), Millis::from_secs(30)).unwrap()
    }

    #[test]
    fn every_selector_counts() {
        for (selectors, admitted) in [
            (&["unix:uid:1000"][..], true),
            (&["unix:uid:1000", "unix:path:/usr/bin/web"], true),
            (&["unix:uid:1000", "unix:path:/usr/bin/other"], false),
            (&["unix:uid:0", "unix:path:/usr/bin/web"], false),
            (&["unix:gid:100"], true),
            (&["unix:gid:1000"], false),
        ] {
            let entries = [entry(selectors)];
            assert_eq!(attest(&evidence(), &entries).len() == 1, admitted, "{selectors:?}");
        }
    }

    #[test]
    fn a_pid_means_the_process_and_its_descendants() {
        for (pid, admitted) in [(40, true), (30, true), (20, true), (41, false), (4, false)] {
            let entries = [entry(&[&format!("unix:pid:{pid}")])];
            assert_eq!(attest(&evidence(), &entries).len() == 1, admitted, "{pid}");
        }
    }

    #[test]
    fn an_unreadable_path_matches_no_path() {
        let unknown = Evidence { path: None, ..evidence() };
        assert!(attest(&unknown, &[entry(&["unix:path:/usr/bin/web"])]).is_empty());
        assert_eq!(attest(&unknown, &[entry(&["unix:uid:1000"])]).len(), 1);
    }

    #[test]
    fn a_replaced_file_is_not_the_file() {
        let replaced = Evidence { path: Some("/usr/bin/web (deleted)".to_owned()), ..evidence() };
        assert!(attest(&replaced, &[entry(&["unix:path:/usr/bin/web"])]).is_empty());
    }

    #[test]
    fn an_entry_without_selectors_does_not_exist() {
        let id = "spiffe://shop/ns/default/sa/web".parse().unwrap();
        let entry = Entry::new(id, Vec::new(), Millis(1), Millis(1));
        assert_eq!(entry, Err(NoSelectors));
    }

    #[test]
    fn a_process_may_have_several_identities_in_order() {
        let mut other = entry(&["unix:gid:100"]).with_hint("second");
        other.id = "spiffe://shop/ns/default/sa/batch".parse().unwrap();
        let entries = [entry(&["unix:uid:1000"]), entry(&["unix:uid:7"]), other];
        let found = attest(&evidence(), &entries);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].hint, "second");
    }
}
