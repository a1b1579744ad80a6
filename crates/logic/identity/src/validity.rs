//! From when until when a certificate counts. Certificates know whole seconds
//! only, so both ends are cut down to them.

use model::{Millis, Timestamp};

/// How far a new certificate's beginning lies in the past, so that a peer
/// whose clock runs late accepts it at once. It is the only allowance for
/// skew there is: verification itself has none, expiry is exact.
pub const BACKDATE: Millis = Millis::from_secs(30);

/// A span of time with both ends included (RFC 5280, section 4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before: Timestamp,
    /// The last moment.
    pub not_after: Timestamp,
}

impl Validity {
    /// From a little before `now` for so long.
    #[must_use]
    pub const fn beginning(now: Timestamp, life: Millis) -> Self {
        Self {
            not_before: whole_second(now.minus(BACKDATE)),
            not_after: whole_second(now.plus(life)),
        }
    }

    /// The part that lies in `outer` too.
    #[must_use]
    pub fn within(self, outer: Self) -> Self {
        Self {
            not_before: self.not_before.max(outer.not_before),
            not_after: self.not_after.min(outer.not_after),
        }
    }

    /// Whether `now` lies in it.
    #[must_use]
    pub fn holds(self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

const fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_secs(moment.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_included_and_nothing_beyond() {
        let now = Timestamp(1_000_000_999);
        let validity = Validity::beginning(now, Millis::from_secs(10));
        assert_eq!(validity.not_before, Timestamp(999_970_000));
        assert_eq!(validity.not_after, Timestamp(1_000_010_000));
        assert!(validity.holds(validity.not_before) && validity.holds(validity.not_after));
        assert!(!validity.holds(validity.not_before.minus(Millis(1))));
        assert!(!validity.holds(validity.not_after.plus(Millis(1))));
    }

    #[test]
    fn an_inner_span_never_leaves_the_outer_one() {
        let outer = Validity::beginning(Timestamp::from_secs(100), Millis::from_secs(50));
        let inner = Validity::beginning(Timestamp::from_secs(90), Millis::from_secs(500));
        assert_eq!(inner.within(outer), outer);
    }
}
