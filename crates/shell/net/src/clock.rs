//! The real wall clock, for everything that takes the time as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use model::{Clock, Timestamp};

/// The clock of this machine. Before 1970 it shows the beginning of time, so
/// that certificates count as not yet valid rather than as valid for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_a_time_after_this_was_written() {
        assert!(SystemClock.now() > Timestamp::from_secs(1_760_000_000));
    }
}
