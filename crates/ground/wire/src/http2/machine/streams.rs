//! The streams of a connection by their ids. The map's hash is one
//! multiplication: a peer chooses the ids, but only a hundred of them at once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::event::StreamId;
use super::stream::Stream;

/// The streams whose owner hasn't closed them.
#[derive(Debug, Default)]
pub(super) struct Streams {
    map: HashMap<u32, Stream, BuildHasherDefault<IdHasher>>,
    finished: usize,
    borrowed: usize,
}

impl Streams {
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// Those that haven't come to their end, or not to a good one.
    pub(super) fn unfinished(&self) -> usize {
        self.map.len().saturating_sub(self.finished)
    }

    /// Bytes of their heads that their sender named and did not send.
    pub(super) const fn borrowed(&self) -> usize {
        self.borrowed
    }

    /// One of them has come to its end.
    pub(super) const fn note_finished(&mut self) {
        self.finished += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    pub(super) fn get(&self, id: StreamId) -> Option<&Stream> {
        self.map.get(&id.0)
    }

    pub(super) fn get_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        self.map.get_mut(&id.0)
    }

    pub(super) fn insert(&mut self, id: StreamId, stream: Stream) {
        self.borrowed = self.borrowed.saturating_add(stream.borrowed);
        self.map.insert(id.0, stream);
    }

    /// Takes one out; the last one gives back the memory.
    pub(super) fn remove(&mut self, id: StreamId) -> Option<Stream> {
        let stream = self.map.remove(&id.0)?;
        self.finished = self.finished.saturating_sub(usize::from(stream.is_finished()));
        self.borrowed = self.borrowed.saturating_sub(stream.borrowed);
        if self.map.is_empty() && self.map.capacity() > KEPT {
            self.map = HashMap::default();
        }
        Some(stream)
    }

    /// All of them, in no order.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = (StreamId, &mut Stream)> {
        self.map.iter_mut().map(|(id, stream)| (StreamId(*id), stream))
    }
}

/// Places an idle connection keeps.
const KEPT: usize = 4;

/// Spreads the bits of an id by Fibonacci hashing.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, id: u32) {
        let product = (self.0 ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_found_by_its_id_only() {
        let mut streams = Streams::default();
        for id in (1..400).step_by(2) {
            streams.insert(StreamId(id), Stream::new(id, 1));
        }
        assert_eq!(streams.len(), 200);
        for id in 1..400 {
            let window = streams.get(StreamId(id)).map(|stream| stream.send_window.open());
            assert_eq!(window, (id % 2 == 1).then_some(id as usize));
        }
        assert!(streams.remove(StreamId(7)).is_some());
        assert!(streams.remove(StreamId(7)).is_none());
        assert_eq!(streams.len(), 199);
    }
}
