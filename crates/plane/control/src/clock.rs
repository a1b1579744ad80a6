//! The time leases run on: it counts only while this process runs. Time in
//! which nobody could have renewed (a stopped process, a suspended machine)
//! ends nothing, and a stepped wall clock doesn't either.

use std::time::Instant;

use model::{Clock as _, Millis, Timestamp};
use net::SystemClock;
use parking_lot::Mutex;

/// A longer silence than this means that the process stood still.
const STEP_MAX: Millis = Millis::from_secs(2);

/// Turns readings of a steady clock into counted time.
#[derive(Debug)]
struct Pace {
    counted: Timestamp,
    seen: Millis,
}

impl Pace {
    fn tick(&mut self, seen: Millis) -> Timestamp {
        let step = Millis(seen.0.saturating_sub(self.seen.0)).min(STEP_MAX);
        self.seen = seen.max(self.seen);
        self.counted = self.counted.plus(step);
        self.counted
    }
}

/// Counted time. It has to be asked at least every two seconds to keep pace.
#[derive(Debug)]
pub(crate) struct LeaseClock {
    begun: Instant,
    pace: Mutex<Pace>,
}

impl LeaseClock {
    /// Begins at the time of the wall clock.
    pub(crate) fn start() -> Self {
        let pace = Pace { counted: SystemClock.now(), seen: Millis(0) };
        Self { begun: Instant::now(), pace: Mutex::new(pace) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let seen = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.pace.lock().tick(Millis(seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_counts_as_one_short_step() {
        let mut pace = Pace { counted: Timestamp(1_000), seen: Millis(0) };
        assert_eq!(pace.tick(Millis(500)), Timestamp(1_500));
        assert_eq!(pace.tick(Millis(180_500)), Timestamp(3_500));
        assert_eq!(pace.tick(Millis(180_600)), Timestamp(3_600));
    }

    #[test]
    fn it_never_goes_back() {
        let mut pace = Pace { counted: Timestamp(1_000), seen: Millis(100) };
        assert_eq!(pace.tick(Millis(50)), Timestamp(1_000));
        assert_eq!(pace.tick(Millis(100)), Timestamp(1_000));
    }
}
