//! A small mutator that needs nothing and repeats itself: the same seed gives
//! the same inputs. It knows words and the corpus, and no coverage; finding
//! deep things is the long run's work.

use crate::corpus::Input;
use crate::target::Target;

/// Changes laid upon one another in one input.
const CHANGES_MAX: u64 = 6;
/// Bytes at the edge of something.
const EDGES: [u8; 12] = [0, 1, 0x0a, 0x0d, 0x20, 0x2e, 0x2f, 0x3a, 0x7f, 0x80, 0xfe, 0xff];

/// Makes inputs out of inputs.
#[derive(Debug)]
pub struct Mutator<'a> {
    target: &'a Target,
    corpus: &'a [Input],
    state: u64,
}

impl<'a> Mutator<'a> {
    /// One for a target; `corpus` holds at least one input.
    #[must_use]
    pub const fn new(target: &'a Target, corpus: &'a [Input], seed: u64) -> Self {
        Self { target, corpus, state: seed }
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.any_of_corpus().to_vec();
        for _ in 0..=self.below(CHANGES_MAX) {
            self.change(&mut input);
        }
        input.truncate(self.target.bytes_max);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.place(input);
        match self.below(9) {
            0 => input.truncate(at),
            1 => flip(input, at, 1 << self.below(8)),
            2 => _ = input.get_mut(at).map(|byte| *byte = self.edge()),
            3 => input.insert(at, self.edge()),
            4 => self.cut_out(input, at),
            5 => self.repeat(input, at),
            6 => self.splice(input, at),
            _ => self.insert_word(input, at),
        }
    }

    /// Takes up to 16 bytes out.
    fn cut_out(&mut self, input: &mut Vec<u8>, at: usize) {
        let end = (at + self.small(16)).min(input.len());
        input.drain(at..end);
    }

    /// Says a stretch again, up to 40 times.
    fn repeat(&mut self, input: &mut Vec<u8>, at: usize) {
        let end = (at + self.small(32)).min(input.len());
        let stretch = input.get(at..end).unwrap_or_default().repeat(self.small(40));
        input.splice(at..at, stretch);
    }

    /// Goes on as another input does.
    fn splice(&mut self, input: &mut Vec<u8>, at: usize) {
        let other = self.any_of_corpus();
        let from = self.place(other);
        input.truncate(at);
        input.extend_from_slice(other.get(from..).unwrap_or_default());
    }

    fn insert_word(&mut self, input: &mut Vec<u8>, at: usize) {
        let words = self.target.words;
        let length = u64::try_from(words.len()).unwrap_or(u64::MAX);
        let drawn = self.small(length.max(1)) - 1;
        let word = words.get(drawn).copied().unwrap_or_default();
        input.splice(at..at, word.bytes());
    }

    fn any_of_corpus(&mut self) -> &'a [u8] {
        let length = u64::try_from(self.corpus.len()).unwrap_or(u64::MAX);
        let drawn = self.small(length.max(1)) - 1;
        self.corpus.get(drawn).map(|input| input.bytes.as_slice()).unwrap_or_default()
    }

    fn edge(&mut self) -> u8 {
        let drawn = self.small(EDGES.len() as u64) - 1;
        EDGES.get(drawn).copied().unwrap_or_default()
    }

    /// A place in the input, its end included.
    fn place(&mut self, input: &[u8]) -> usize {
        self.small(input.len() as u64 + 1) - 1
    }

    /// A number from 1 to `most`.
    fn small(&mut self, most: u64) -> usize {
        usize::try_from(self.below(most)).unwrap_or_default() + 1
    }

    /// A number below `end` (SplitMix64).
    const fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn flip(input: &mut [u8], at: usize, bit: u64) {
    if let Some(byte) = input.get_mut(at) {
        *byte ^= u8::try_from(bit).unwrap_or(1);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn drawn(seed: u64) -> Vec<Vec<u8>> {
        let target =
            Target { name: "any", run: |_| {}, words: &["word"], bytes_max: 64, memory_fixed: 0 };
        let input = |bytes: &[u8]| Input { path: PathBuf::new(), bytes: bytes.to_vec() };
        let corpus = [input(b"GET / HTTP/1.1\r\n"), input(b"")];
        let mut mutator = Mutator::new(&target, &corpus, seed);
        (0..500).map(|_| mutator.next_input()).collect()
    }

    #[test]
    fn a_seed_repeats_itself_and_another_does_not() {
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn inputs_differ_and_stay_short() {
        let inputs = drawn(3);
        assert!(inputs.iter().all(|input| input.len() <= 64));
        assert!(inputs.iter().any(|input| input.windows(4).any(|part| part == b"word")));
        let different: std::collections::BTreeSet<_> = inputs.iter().collect();
        assert!(different.len() > 300, "{}", different.len());
    }
}
