//! What a core gathers before it hands it on: access lines, and the few
//! decisions to allow that are kept each second.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use model::Timestamp;
use telemetry::{AccessRecord, Sink};

/// Decisions to allow that are kept for `explain`, per core and second.
const ALLOWS_KEPT_MAX: u32 = 20;
/// Lines a core gathers before it hands them on.
const LINES_BYTES: usize = 16 * 1024;

/// The access lines of one core, gathered before they are handed on.
pub(crate) struct Lines {
    sink: Arc<Sink>,
    gathered: RefCell<Vec<u8>>,
}

impl Lines {
    pub(crate) fn new(sink: Arc<Sink>) -> Self {
        Self { sink, gathered: RefCell::default() }
    }

    pub(crate) fn write(&self, record: &AccessRecord<'_>) {
        let mut gathered = self.gathered.borrow_mut();
        telemetry::write_json(record, &mut gathered);
        if gathered.len() >= LINES_BYTES {
            self.sink.lines(&gathered);
            gathered.clear();
        }
    }

    /// Hands on what is gathered.
    pub(crate) fn flush(&self) {
        let mut gathered = self.gathered.borrow_mut();
        if !gathered.is_empty() {
            self.sink.lines(&gathered);
            gathered.clear();
        }
    }
}

/// Lets a few decisions to allow through each second.
#[derive(Default)]
pub(crate) struct AllowSampler {
    second: Cell<u64>,
    taken: Cell<u32>,
}

impl AllowSampler {
    /// Whether this one is kept.
    pub(crate) fn take(&self, now: Timestamp) -> bool {
        if self.second.replace(now.as_secs()) != now.as_secs() {
            self.taken.set(0);
        }
        self.taken.set(self.taken.get().saturating_add(1));
        self.taken.get() <= ALLOWS_KEPT_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_allows_are_kept_each_second() {
        let sampler = AllowSampler::default();
        let kept = |second| (0..100).filter(|_| sampler.take(Timestamp::from_secs(second))).count();
        assert_eq!((kept(1), kept(2)), (20, 20));
    }
}
