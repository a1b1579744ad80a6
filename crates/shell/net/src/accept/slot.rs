//! Counting open connections against a cap.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many connections may be open at once, and how many are. Clones count
/// together.
#[derive(Clone, Debug)]
pub struct Cap {
    open: Arc<AtomicUsize>,
    max: usize,
}

impl Cap {
    /// At most `max` at once.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { open: Arc::default(), max }
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Room for one more, until the slot is dropped.
    #[must_use]
    pub fn take(&self) -> Option<Slot> {
        let more = |open: usize| (open < self.max).then_some(open + 1);
        let taken = self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.ok().map(|_| Slot(Arc::clone(&self.open)))
    }
}

/// Room taken under a [`Cap`]; kept beside its connection and given back when
/// dropped.
#[derive(Debug)]
pub struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_run_out_and_come_back() {
        let cap = Cap::new(2);
        let first = cap.take().unwrap();
        let _second = cap.clone().take().unwrap();
        assert!(cap.take().is_none());
        drop(first);
        assert_eq!(cap.open(), 1);
        assert!(cap.take().is_some());
    }
}
