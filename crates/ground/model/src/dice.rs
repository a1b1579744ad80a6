//! Chance as an argument: logic that needs a random number takes a [`Dice`],
//! so that a test can name its seed and repeat a run exactly.

/// A source of random numbers. Whether they are fit for keys depends on the
/// implementation; nothing in the logic crates makes keys from them.
pub trait Dice {
    /// The next 64 random bits.
    fn roll(&mut self) -> u64;

    /// A number in `0..bound`; 0 when `bound` is 0. The bias of the
    /// multiply-and-shift reduction is below 2⁻³² for bounds below 2³².
    fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.roll()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }
}

/// SplitMix64: a small, repeatable generator for tests, simulations and
/// load balancing. Never for keys or identifiers.
#[derive(Clone, Debug)]
pub struct SeededDice {
    state: u64,
}

impl SeededDice {
    /// Dice that roll the same numbers for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }
}

impl Dice for SeededDice {
    fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_rolls_the_same_numbers() {
        let (mut a, mut b) = (SeededDice::new(7), SeededDice::new(7));
        assert!((0..100).all(|_| a.roll() == b.roll()));
    }

    #[test]
    fn below_stays_below_and_reaches_every_face() {
        let mut dice = SeededDice::new(1);
        let mut seen = [false; 6];
        for _ in 0..1_000 {
            seen[usize::try_from(dice.below(6)).unwrap()] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert_eq!(dice.below(0), 0);
    }
}
