//! Growing pauses between attempts, with jitter, so that many clients who
//! failed together don't come back together. It never gives up: who may, says
//! so.

use model::{Dice, Millis};

/// Pauses that double from `first` to `longest`, each shortened by chance to
/// between half and all of itself.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Millis,
    longest: Millis,
    next: Millis,
}

impl Backoff {
    /// Begins with `first`, at least one millisecond.
    #[must_use]
    pub fn new(first: Millis, longest: Millis) -> Self {
        let first = first.max(Millis(1)).min(longest.max(Millis(1)));
        Self { first, longest: longest.max(first), next: first }
    }

    /// How long to wait now.
    pub fn pause(&mut self, dice: &mut (impl Dice + ?Sized)) -> Millis {
        let whole = self.next.0;
        self.next = Millis(whole.saturating_mul(2)).min(self.longest);
        let half = whole.div_ceil(2);
        Millis(half + dice.below(whole - half + 1))
    }

    /// Success: the next pause is the first again.
    pub const fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use model::SeededDice;

    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_stay_in_their_halves() {
        let mut backoff = Backoff::new(Millis(100), Millis(1_000));
        let mut dice = SeededDice::new(5);
        for whole in [100, 200, 400, 800, 1_000, 1_000, 1_000] {
            let pause = backoff.pause(&mut dice).0;
            assert!((whole / 2..=whole).contains(&pause), "{pause} of {whole}");
        }
        backoff.reset();
        assert!(backoff.pause(&mut dice).0 <= 100);
    }

    #[test]
    fn two_clients_do_not_march_in_step() {
        let (mut a, mut b) = (SeededDice::new(1), SeededDice::new(2));
        let mut left = Backoff::new(Millis::from_secs(1), Millis::from_secs(30));
        let mut right = left.clone();
        let differ = (0..8).filter(|_| left.pause(&mut a) != right.pause(&mut b)).count();
        assert!(differ >= 7);
    }

    #[test]
    fn a_pause_is_never_zero() {
        let mut backoff = Backoff::new(Millis(0), Millis(0));
        assert_eq!(backoff.pause(&mut SeededDice::new(1)), Millis(1));
    }
}
