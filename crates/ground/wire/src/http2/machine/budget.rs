//! What a peer may spend in ten seconds. Honest work gives some of it back.

use model::{Millis, Timestamp};

/// How long one account runs before a new one is opened.
const SPAN: Millis = Millis(10_000);

/// One account. It knows the time only by what it is told.
#[derive(Debug)]
pub(super) struct Budget {
    max: usize,
    spent: usize,
    since: Timestamp,
}

impl Budget {
    pub(super) const fn new(max: usize) -> Self {
        Self { max, spent: 0, since: Timestamp(0) }
    }

    /// Opens a new account when the old one has run out, or when the clock was
    /// set back.
    pub(super) fn advance(&mut self, now: Timestamp) {
        if now < self.since || now.since(self.since) >= SPAN {
            (self.spent, self.since) = (0, now);
        }
    }

    /// Takes so much; false when that is more than there was.
    pub(super) const fn spend(&mut self, count: usize) -> bool {
        self.spent = self.spent.saturating_add(count);
        self.spent <= self.max
    }

    /// Gives back what was spent, never more.
    pub(super) const fn give_back(&mut self, count: usize) {
        self.spent = self.spent.saturating_sub(count);
    }

    /// Whether less than half is spent.
    pub(super) const fn is_half_left(&self) -> bool {
        self.spent < self.max.div_ceil(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_ten_seconds_and_then_begins_anew() {
        let mut budget = Budget::new(2);
        budget.advance(Timestamp(50_000));
        assert!(budget.spend(2));
        budget.advance(Timestamp(59_999));
        assert!(!budget.spend(1));
        budget.advance(Timestamp(60_000));
        assert!(budget.spend(2));
        assert!(!budget.spend(1));
    }

    #[test]
    fn a_clock_set_back_opens_a_new_account() {
        let mut budget = Budget::new(1);
        budget.advance(Timestamp(50_000));
        assert!(budget.spend(1));
        budget.advance(Timestamp(40_000));
        assert!(budget.spend(1));
    }

    #[test]
    fn nobody_saves_up() {
        let mut budget = Budget::new(3);
        budget.give_back(100);
        assert!(budget.spend(3));
        assert!(!budget.spend(1));
        budget.give_back(2);
        assert!(budget.spend(1));
    }

    #[test]
    fn half_is_left_until_half_is_spent() {
        let mut budget = Budget::new(5);
        assert!(budget.spend(2) && budget.is_half_left());
        assert!(budget.spend(1) && !budget.is_half_left());
        assert!(!Budget::new(0).is_half_left());
    }
}
