//! Random choices from a seed, so that a history can be played again.

use model::Limits;

/// Random numbers from a seed (xorshift).
pub(super) struct Random {
    pub(super) state: u64,
    /// No body is longer.
    pub(super) most: usize,
}

impl Random {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % end.max(1)
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(super) fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// Small mostly, large at times.
    pub(super) fn size(&mut self) -> usize {
        let end = self.one_of(&[1, 10, 100, 20_000, 200_000]);
        self.below(end)
    }

    pub(super) fn limits(&mut self) -> Limits {
        Limits {
            http2_streams_max: self.one_of(&[1, 3, 50]),
            http2_resets_max: 10_000,
            http2_stream_window_bytes: self.one_of(&[7, 1_000, 65_535, 131_072]),
            http2_connection_window_bytes: self.one_of(&[65_535, 70_000, 2_097_152]),
            http2_output_bytes_max: self.one_of(&[16_393, 40_000, 262_144]),
            ..Limits::default()
        }
    }
}
