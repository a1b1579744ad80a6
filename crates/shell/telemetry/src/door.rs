//! The meters of one door: gauges an operator watches, and refusals.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use model::{Generation, Timestamp};

/// What a door says of itself.
#[derive(Debug, Default)]
pub struct DoorMeters {
    svid_expiry_secs: AtomicU64,
    generation: Mutex<Generation>,
    connections_open: AtomicU64,
    /// By role and reason, both from fixed lists.
    denied: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

impl DoorMeters {
    /// The door has a certificate that expires then.
    pub fn svid_expires(&self, at: Timestamp) {
        self.svid_expiry_secs.store(at.as_secs(), Ordering::Relaxed);
    }

    /// The door runs this generation now.
    pub fn runs(&self, generation: Generation) {
        *self.generation.lock().unwrap_or_else(PoisonError::into_inner) = generation;
    }

    /// Counts a connection as open for as long as the value lives.
    #[must_use]
    pub fn open_connection(self: &Arc<Self>) -> OpenConnection {
        self.connections_open.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }

    /// Counts a refusal or failure.
    pub fn denied(&self, role: &'static str, reason: &'static str) {
        let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        *denied.entry((role, reason)).or_default() += 1;
    }

    /// 0 when there is no certificate yet.
    pub(crate) fn svid_expiry_secs(&self) -> u64 {
        self.svid_expiry_secs.load(Ordering::Relaxed)
    }

    pub(crate) fn generation(&self) -> Generation {
        *self.generation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connections_open(&self) -> u64 {
        self.connections_open.load(Ordering::Relaxed)
    }

    pub(crate) fn denials(&self) -> BTreeMap<(&'static str, &'static str), u64> {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A connection that is open; dropping it counts it as closed.
#[derive(Debug)]
pub struct OpenConnection(Arc<DoorMeters>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connections_open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_count_while_they_live() {
        let door = Arc::new(DoorMeters::default());
        let open: Vec<_> = (0..3).map(|_| door.open_connection()).collect();
        assert_eq!(door.connections_open(), 3);
        drop(open);
        assert_eq!(door.connections_open(), 0);
    }

    #[test]
    fn refusals_count_by_role_and_reason() {
        let door = DoorMeters::default();
        [("inbound", "policy"), ("inbound", "policy"), ("gateway", "policy")]
            .iter()
            .for_each(|(role, reason)| door.denied(role, reason));
        let denials = door.denials();
        assert_eq!(denials.get(&("inbound", "policy")), Some(&2));
        assert_eq!(denials.get(&("gateway", "policy")), Some(&1));
    }
}
