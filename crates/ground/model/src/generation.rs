//! The number of a configuration: a counter under an epoch.

use std::fmt;
use std::str::FromStr;

/// Which set of documents is meant. The counter grows by one with each change
/// of the documents; a restore from backup raises the epoch, so that an old
/// state can never pass for a newer one.
///
/// Written `epoch.counter`, for example `1.42`. `0.0` is "nothing yet".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation {
    /// Raised by a restore.
    pub epoch: u32,
    /// Raised by every change of the documents.
    pub counter: u64,
}

impl Generation {
    /// The generation after this one, in the same epoch.
    #[must_use]
    pub const fn next(self) -> Self {
        Self { epoch: self.epoch, counter: self.counter.saturating_add(1) }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.counter)
    }
}

impl FromStr for Generation {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, counter) = text.split_once('.').ok_or(())?;
        Ok(Self { epoch: epoch.parse().map_err(drop)?, counter: counter.parse().map_err(drop)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raised_epoch_beats_any_counter() {
        let old = Generation { epoch: 1, counter: 900 };
        let restored = Generation { epoch: 2, counter: 3 };
        assert!(restored > old);
        assert!(old.next() > old);
    }

    #[test]
    fn text_round_trips() {
        let generation = Generation { epoch: 3, counter: 41 };
        assert_eq!(generation.to_string().parse(), Ok(generation));
        assert_eq!("41".parse::<Generation>(), Err(()));
        assert_eq!("-1.2".parse::<Generation>(), Err(()));
    }
}
