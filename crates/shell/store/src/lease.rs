//! Leases: keys that go away when nobody says they are still wanted. How long
//! one has left is kept in memory; after a restart each has its whole time
//! again, so that a restart never takes away what is alive.

use std::collections::BTreeMap;
use std::fmt;

use model::{Millis, Timestamp};

/// The name of a lease. Never used twice in one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub u64);

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When each lease runs out.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    known: BTreeMap<LeaseId, Due>,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    ttl: Millis,
    /// `None` until somebody says what time it is.
    at: Option<Timestamp>,
}

impl Deadlines {
    /// All leases of a store just opened.
    pub(crate) fn of(leases: impl IntoIterator<Item = (LeaseId, Millis)>) -> Self {
        let known = leases.into_iter().map(|(id, ttl)| (id, Due { ttl, at: None })).collect();
        Self { known }
    }

    pub(crate) fn grant(&mut self, id: LeaseId, ttl: Millis, now: Timestamp) {
        self.known.insert(id, Due { ttl, at: Some(now.plus(ttl)) });
    }

    /// Whether there is such a lease; it has its whole time again.
    pub(crate) fn keep_alive(&mut self, id: LeaseId, now: Timestamp) -> bool {
        let Some(due) = self.known.get_mut(&id) else { return false };
        due.at = Some(now.plus(due.ttl));
        true
    }

    pub(crate) fn revoke(&mut self, id: LeaseId) {
        self.known.remove(&id);
    }

    /// The leases that have run out at `now`. One that nobody has spoken of
    /// since the store was opened begins to run now.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<LeaseId> {
        let mut out = Vec::new();
        for (id, due) in &mut self.known {
            let at = *due.at.get_or_insert(now.plus(due.ttl));
            if at <= now {
                out.push(*id);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Millis = Millis(10);

    #[test]
    fn a_lease_runs_out_unless_it_is_kept() {
        let mut deadlines = Deadlines::default();
        deadlines.grant(LeaseId(1), TTL, Timestamp(0));
        deadlines.grant(LeaseId(2), TTL, Timestamp(0));
        assert!(deadlines.keep_alive(LeaseId(2), Timestamp(5)));
        assert_eq!(deadlines.due(Timestamp(9)), []);
        assert_eq!(deadlines.due(Timestamp(10)), [LeaseId(1)]);
        deadlines.revoke(LeaseId(1));
        assert_eq!(deadlines.due(Timestamp(15)), [LeaseId(2)]);
        assert!(!deadlines.keep_alive(LeaseId(1), Timestamp(1)));
    }

    #[test]
    fn after_a_restart_each_has_its_whole_time() {
        let mut deadlines = Deadlines::of([(LeaseId(1), TTL)]);
        assert_eq!(deadlines.due(Timestamp(1_000)), []);
        assert_eq!(deadlines.due(Timestamp(1_009)), []);
        assert_eq!(deadlines.due(Timestamp(1_010)), [LeaseId(1)]);
    }
}
