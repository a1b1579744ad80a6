//! What waits to be written to the peer: one buffer, used again, that tells
//! how much of it is neither body nor chosen by this side.

use crate::http2::frame;

/// Bytes at the front that were sent are moved away only from here on.
const MOVED_FROM: usize = 64 * 1024;
/// What an idle connection keeps of the buffer.
const KEPT_BYTES: usize = 4 * 1024;

/// Frames on their way out.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    start: usize,
    /// Bytes ever sent.
    gone: u64,
    replies: Share,
    heads: Share,
}

impl Output {
    pub(super) fn waiting(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.start)
    }

    /// Bytes of replies to frames of the peer that wait; never too few.
    pub(super) const fn replies(&self) -> usize {
        self.replies.count()
    }

    /// The same of heads and trailers.
    pub(super) const fn heads(&self) -> usize {
        self.heads.count()
    }

    /// Writes a frame the peer has caused, or one of the connection.
    pub(super) fn reply(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.bytes.len();
        write(&mut self.bytes);
        self.replies.add(self.bytes.len().saturating_sub(before));
    }

    /// Writes a head or trailers.
    pub(super) fn head(&mut self, id: u32, block: &[u8], end: bool) {
        let before = self.bytes.len();
        frame::write_headers(&mut self.bytes, id, (block, end), frame::PAYLOAD_BYTES);
        self.heads.add(self.bytes.len().saturating_sub(before));
    }

    /// Writes data in frames every peer takes; `end` goes on the last.
    pub(super) fn data(&mut self, id: u32, bytes: &[u8], end: bool) {
        let mut rest = bytes;
        loop {
            let length = rest.len().min(frame::PAYLOAD_BYTES);
            let (part, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            frame::write_data(&mut self.bytes, id, part, end && after.is_empty());
            if after.is_empty() {
                return;
            }
            rest = after;
        }
    }

    /// So many bytes from the front were sent.
    pub(super) fn sent(&mut self, count: usize) {
        let count = count.min(self.len());
        self.start += count;
        self.gone = self.gone.saturating_add(count as u64);
        if self.len() == 0 {
            self.bytes.clear();
            self.start = 0;
        } else if self.start >= MOVED_FROM && self.start >= self.len() {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        let end = self.gone.saturating_add(self.len() as u64);
        for share in [&mut self.replies, &mut self.heads] {
            share.passed(self.gone, end);
        }
    }

    /// Gives memory back that an idle connection has no use for.
    pub(super) fn rest(&mut self) {
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
    }
}

/// Counts one sort of bytes in the buffer, in two generations: those before a
/// mark and those behind it. When the mark is passed, the older are surely
/// gone.
#[derive(Debug, Default)]
struct Share {
    older: usize,
    newer: usize,
    mark: u64,
}

impl Share {
    const fn count(&self) -> usize {
        self.older.saturating_add(self.newer)
    }

    const fn add(&mut self, count: usize) {
        self.newer = self.newer.saturating_add(count);
    }

    const fn passed(&mut self, gone: u64, end: u64) {
        if gone == end {
            (self.older, self.newer, self.mark) = (0, 0, end);
        } else if gone >= self.mark {
            (self.older, self.newer, self.mark) = (self.newer, 0, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in_however_they_are_sent() {
        let (mut output, mut wanted, mut got) = (Output::default(), Vec::new(), Vec::new());
        for round in 0..200_usize {
            let bytes = vec![round as u8; round * 37];
            output.data(1, &bytes, false);
            frame::write_data(&mut wanted, 1, &bytes, false);
            let count = output.len() * 2 / 3;
            got.extend_from_slice(&output.waiting()[..count]);
            output.sent(count);
        }
        got.extend_from_slice(output.waiting());
        assert!(got == wanted);
        output.sent(usize::MAX);
        assert_eq!(output.len(), 0);
    }

    #[test]
    fn data_is_cut_into_frames_of_the_common_size() {
        let mut output = Output::default();
        output.data(3, &[7; 40_000], true);
        let mut rest = output.waiting();
        let mut seen = Vec::new();
        while let Some(head) = frame::FrameHead::read(rest) {
            seen.push((head.length, head.has(frame::END_STREAM)));
            rest = &rest[9 + head.length..];
        }
        assert_eq!(seen, [(16_384, false), (16_384, false), (7_232, true)]);
    }

    #[test]
    fn replies_are_forgotten_once_they_are_sent() {
        let mut output = Output::default();
        output.reply(|out| out.extend_from_slice(&[0; 100]));
        output.data(1, &[0; 1_000], false);
        assert_eq!(output.replies(), 100);
        output.sent(50);
        assert_eq!(output.replies(), 100);
        // Never empty, as data always follows, and yet not counted for ever.
        for _ in 0..3 {
            output.data(1, &[0; 1_000], false);
            output.sent(1_050);
        }
        assert_eq!(output.replies(), 0);
    }

    #[test]
    fn an_idle_connection_keeps_little() {
        let mut output = Output::default();
        output.data(1, &[0; 100_000], true);
        output.rest();
        assert!(output.len() > 100_000);
        output.sent(usize::MAX);
        output.rest();
        assert_eq!(output.bytes.capacity(), 0);
    }
}
