//! How streams ended that are no longer there: which frames may still come for
//! them, and which are an error (RFC 9113, section 5.1). It remembers the last
//! two thousand in half a kilobyte, whatever a peer does.

use super::event::StreamId;

/// Streams remembered; those before are treated as cut.
const KEPT: u32 = 2_048;
/// Streams in one word, two bits each.
const PER_WORD: u32 = 32;
const WORDS: usize = (KEPT / PER_WORD) as usize;

/// What became of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// It hasn't begun.
    Idle,
    /// A later one began without it (RFC 9113, section 5.1.1).
    Skipped,
    /// The peer had ended or reset its side: nothing more may come.
    Ended,
    /// This side reset it: what the peer had sent before it heard may come.
    Cut,
}

/// The streams one side has opened, of which all have odd ids.
#[derive(Debug)]
pub(super) struct History {
    last: u32,
    words: [u64; WORDS],
}

impl History {
    pub(super) const fn new() -> Self {
        Self { last: 0, words: [0; WORDS] }
    }

    /// The last stream that began; 0 before the first.
    pub(super) const fn last(&self) -> u32 {
        self.last
    }

    /// Takes note that a stream begins, behind all others.
    pub(super) fn begin(&mut self, id: u32) {
        let (first, end) = (self.last.saturating_add(1) / 2, id / 2);
        if end.saturating_sub(first) >= KEPT {
            self.words = [0; WORDS];
        } else {
            for place in first..=end {
                self.put(place, 0);
            }
        }
        self.last = id;
    }

    /// Takes note of how one has ended that has begun.
    pub(super) fn end(&mut self, id: StreamId, past: Past) {
        let bits = match past {
            Past::Idle | Past::Skipped => 0,
            Past::Ended => 1,
            Past::Cut => 2,
        };
        if self.is_kept(id.0) {
            self.put(id.0 / 2, bits);
        }
    }

    /// What became of one.
    pub(super) fn of(&self, id: u32) -> Past {
        if id > self.last {
            return Past::Idle;
        }
        let (word, shift) = slot(id / 2);
        let bits = self.words.get(word).map_or(0, |word| word >> shift & 3);
        match bits {
            _ if !self.is_kept(id) => Past::Cut,
            0 => Past::Skipped,
            1 => Past::Ended,
            _ => Past::Cut,
        }
    }

    const fn is_kept(&self, id: u32) -> bool {
        id <= self.last && (self.last - id) / 2 < KEPT
    }

    fn put(&mut self, place: u32, bits: u64) {
        let (at, shift) = slot(place);
        if let Some(word) = self.words.get_mut(at) {
            *word = *word & !(3 << shift) | bits << shift;
        }
    }
}

const fn slot(place: u32) -> (usize, u32) {
    let place = place % KEPT;
    ((place / PER_WORD) as usize, place % PER_WORD * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stream_is_remembered_as_it_ended() {
        let mut history = History::new();
        assert_eq!(history.of(1), Past::Idle);
        history.begin(1);
        history.begin(7);
        history.end(StreamId(1), Past::Ended);
        history.end(StreamId(7), Past::Cut);
        for (id, past) in [
            (1, Past::Ended),
            (3, Past::Skipped),
            (5, Past::Skipped),
            (7, Past::Cut),
            (9, Past::Idle),
        ] {
            assert_eq!(history.of(id), past, "{id}");
        }
    }

    #[test]
    fn what_is_too_long_ago_counts_as_cut_and_leaves_no_trace() {
        let mut history = History::new();
        for id in (1..40_000).step_by(2) {
            history.begin(id);
            assert_eq!(history.of(id), Past::Skipped, "{id}");
            history.end(StreamId(id), Past::Ended);
        }
        history.end(StreamId(1), Past::Skipped);
        let oldest = history.last() - 2 * (KEPT - 1);
        assert_eq!(history.of(oldest), Past::Ended);
        assert_eq!(history.of(oldest - 2), Past::Cut);
        assert_eq!(history.of(1), Past::Cut);
    }

    #[test]
    fn a_long_jump_forgets_what_lay_before() {
        for jump in [KEPT * 2 - 2, KEPT * 2, KEPT * 2 + 2, 0x7fff_fffe] {
            let mut history = History::new();
            history.begin(1);
            history.end(StreamId(1), Past::Ended);
            history.begin(1 + jump);
            for id in [1 + jump, jump - 1, jump - 3] {
                assert_eq!(history.of(id), Past::Skipped, "{id} after {jump}");
            }
            assert_eq!(history.of(3 + jump), Past::Idle);
        }
    }
}
