//! Holds on the processes that selectors name by number.
//!
//! A selector `unix:pid:N` means the process that had the number when the
//! entry came. Without a hold its successor under the same number would
//! inherit the identity for as long as the entry stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use host::ProcessHandle;
use identity::{Entry, Selector};

/// One hold per number named; a process that was gone already has none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pins {
    held: BTreeMap<i32, Option<Arc<ProcessHandle>>>,
}

impl Pins {
    /// The holds for `entries`. Those of before are kept as they are, the
    /// dead ones too: a number doesn't come alive again while it is named.
    pub(crate) fn for_entries(&self, entries: &[Entry]) -> Self {
        let mut held = BTreeMap::new();
        for pid in entries.iter().flat_map(pids) {
            let hold = || ProcessHandle::open(pid).ok().map(Arc::new);
            let kept = self.held.get(&pid).cloned();
            held.entry(pid).or_insert_with(|| kept.unwrap_or_else(hold));
        }
        Self { held }
    }

    /// Whether all processes the entry names are still those that were meant.
    pub(crate) fn hold(&self, entry: &Entry) -> bool {
        pids(entry).all(|pid| {
            self.held.get(&pid).and_then(Option::as_ref).is_some_and(|process| process.is_alive())
        })
    }
}

fn pids(entry: &Entry) -> impl Iterator<Item = i32> {
    entry.selectors().iter().filter_map(|selector| match selector {
        Selector::Pid(pid) => Some(*pid),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use model::Millis;

    use super::*;

    fn entry(selectors: &[Selector]) -> Entry {
        let id = "spiffe://shop/a".parse().unwrap();
        Entry::new(id, selectors.to_vec(), Millis(1), Millis(1)).unwrap()
    }

    fn child() -> (Child, i32) {
        let child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        (child, pid)
    }

    #[test]
    fn an_entry_that_names_no_process_always_holds() {
        assert!(Pins::default().hold(&entry(&[Selector::Uid(1)])));
    }

    #[test]
    fn an_entry_holds_while_its_process_lives() {
        let (mut child, pid) = child();
        let entries = [entry(&[Selector::Pid(pid)])];
        let pins = Pins::default().for_entries(&entries);
        assert!(pins.hold(&entries[0]));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!pins.hold(&entries[0]));
        assert!(!pins.for_entries(&entries).hold(&entries[0]));
    }

    #[test]
    fn a_number_that_was_dead_when_named_stays_dead_until_it_is_named_anew() {
        let (mut child, pid) = child();
        let entries = [entry(&[Selector::Pid(pid)])];
        let dead = Pins { held: BTreeMap::from([(pid, None)]) };
        let kept = dead.for_entries(&entries);
        let named_anew = kept.for_entries(&[]).for_entries(&entries);
        assert!(!kept.hold(&entries[0]));
        assert!(named_anew.hold(&entries[0]));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn an_entry_without_its_hold_doesn_t_hold() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(!Pins::default().hold(&entry(&[Selector::Pid(own)])));
    }
}
