//! Random numbers from the cryptography library, drawn a block at a time.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use model::Dice;

const WORDS: usize = 32;

/// Dice nobody can guess, fit for identifiers. One per core or task: rolling
/// takes `&mut self`, and a block of numbers is drawn at once.
pub struct OsDice {
    source: SystemRandom,
    block: [u8; WORDS * 8],
    left: usize,
}

impl OsDice {
    /// Dice with an empty block.
    #[must_use]
    pub fn new() -> Self {
        Self { source: SystemRandom::new(), block: [0; WORDS * 8], left: 0 }
    }

    /// 128 random bits, for identifiers.
    pub fn roll_wide(&mut self) -> u128 {
        (u128::from(self.roll()) << 64) | u128::from(self.roll())
    }

    /// Draws a block. The library's generator cannot fail once it is seeded;
    /// a machine without randomness must not run on numbers that repeat.
    fn draw(&mut self) {
        if self.source.fill(&mut self.block).is_err() {
            std::process::abort();
        }
        self.left = WORDS;
    }
}

impl Default for OsDice {
    fn default() -> Self {
        Self::new()
    }
}

impl Dice for OsDice {
    fn roll(&mut self) -> u64 {
        if self.left == 0 {
            self.draw();
        }
        self.left -= 1;
        let (words, _) = self.block.as_chunks_mut::<8>();
        words.get_mut(self.left).map_or(0, |word| u64::from_ne_bytes(std::mem::take(word)))
    }
}

impl std::fmt::Debug for OsDice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OsDice")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn rolls_differ_within_and_across_blocks() {
        let mut dice = OsDice::new();
        let rolls: HashSet<u64> = (0..WORDS * 3).map(|_| dice.roll()).collect();
        assert_eq!(rolls.len(), WORDS * 3);
        assert!(!rolls.contains(&0));
    }

    #[test]
    fn two_pairs_of_dice_roll_differently() {
        assert_ne!(OsDice::new().roll_wide(), OsDice::new().roll_wide());
    }

    #[test]
    fn debug_shows_nothing_of_the_block() {
        assert_eq!(format!("{:?}", OsDice::new()), "OsDice");
    }
}
