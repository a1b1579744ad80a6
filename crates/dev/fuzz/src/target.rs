//! What a target is: a decoder with what has to hold for any input. The rule
//! all share is here: no input costs much more memory than it brought.

use crate::meter;

/// No input may make a decoder hold more than this many times its own size,
/// beyond what the target declares as fixed.
const MEMORY_PER_BYTE_MAX: usize = 100;

/// A decoder, and what never may happen to it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its folder in `fuzz/corpus/`.
    pub name: &'static str,
    /// Feeds it one input. Panics when something does not hold.
    pub run: fn(&[u8]),
    /// Words of its language, for the mutators.
    pub words: &'static [&'static str],
    /// The longest input worth trying.
    pub bytes_max: usize,
    /// What it may hold whatever the input is: its buffers and tables.
    pub memory_fixed: usize,
}

impl Target {
    /// Tries one input.
    ///
    /// # Panics
    /// When something does not hold; that is the finding.
    pub fn try_input(&self, input: &[u8]) {
        let peak = meter::peak_of(|| (self.run)(input));
        let allowed = self.memory_fixed + MEMORY_PER_BYTE_MAX * input.len();
        assert!(
            peak <= allowed,
            "{}: {} bytes of input made it hold {peak} bytes; {allowed} are allowed",
            self.name,
            input.len()
        );
    }
}
