//! WebSocket frames as far as a door has to know them (RFC 6455, section 5.2):
//! where one ends, so that a close frame of our own can stand between two, and
//! how that one is written. It never looks into a message.

/// The longest reason a close frame can carry, in bytes.
const REASON_BYTES_MAX: usize = 123;
/// The longest head of a frame.
const HEAD_BYTES_MAX: usize = 14;

/// Follows one direction of a WebSocket and knows where frames end.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    /// Bytes of the present frame's payload that are still to come.
    payload: u64,
    /// The beginning of a head that isn't complete.
    head: [u8; HEAD_BYTES_MAX],
    seen: usize,
    closed: bool,
}

impl Frames {
    /// Follows on through `bytes`.
    pub fn pass(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.step(rest);
        }
    }

    /// Follows on to the next end of a frame: how many of `bytes` stand before
    /// it. `None`: the frame goes on behind them.
    pub fn pass_to_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.step(rest);
            if self.is_between() {
                return Some(bytes.len() - rest.len());
            }
        }
        None
    }

    /// Whether one frame has ended and none has begun.
    #[must_use]
    pub const fn is_between(&self) -> bool {
        self.payload == 0 && self.seen == 0
    }

    /// Whether a close frame went by: nothing may follow it.
    #[must_use]
    pub const fn has_closed(&self) -> bool {
        self.closed
    }

    /// Takes one byte of a head, or as much of a payload as is there.
    fn step<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.payload > 0 {
            let here = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
            self.payload -= here as u64;
            return bytes.get(here..).unwrap_or_default();
        }
        let Some((first, rest)) = bytes.split_first() else { return bytes };
        if let Some(slot) = self.head.get_mut(self.seen) {
            *slot = *first;
        }
        self.seen += 1;
        if let Some(payload) = self.payload_length() {
            self.closed |= self.head.first().is_some_and(|first| first & 0x0f == 8);
            (self.payload, self.seen) = (payload, 0);
        }
        rest
    }

    /// The payload's length, once the head is complete.
    fn payload_length(&self) -> Option<u64> {
        let second = *self.head.get(1).filter(|_| self.seen >= 2)?;
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        let width = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if self.seen < 2 + width + mask {
            return None;
        }
        match width {
            0 => Some(u64::from(second & 0x7f)),
            _ => {
                let digits = self.head.get(2..2 + width)?;
                Some(digits.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
            }
        }
    }
}

/// Writes a close frame (RFC 6455, section 5.5.1). With a `mask` it is a
/// client's, without one a server's. A longer reason is cut.
pub fn write_close(out: &mut Vec<u8>, code: u16, reason: &str, mask: Option<[u8; 4]>) {
    let reason = reason.as_bytes();
    let reason = reason.get(..REASON_BYTES_MAX).unwrap_or(reason);
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(reason);
    let length = u8::try_from(payload.len()).unwrap_or_default();
    out.push(0x88);
    match mask {
        None => out.push(length),
        Some(mask) => {
            out.push(length | 0x80);
            out.extend_from_slice(&mask);
            payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        }
    }
    out.extend_from_slice(&payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, length: usize, mask: bool) -> Vec<u8> {
        let bit = if mask { 0x80 } else { 0 };
        let mut out = vec![first];
        match length {
            0..=125 => out.push(bit | u8::try_from(length).unwrap()),
            126..=0xffff => {
                out.push(bit | 126);
                out.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                out.push(bit | 127);
                out.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        out.extend(std::iter::repeat_n(7, if mask { 4 } else { 0 }));
        out.extend(std::iter::repeat_n(b'x', length));
        out
    }

    #[test]
    fn frames_end_where_their_lengths_say_however_they_are_split() {
        for (length, mask) in [(0, true), (5, false), (125, true), (126, false), (70_000, true)] {
            let bytes = frame(0x82, length, mask);
            for split in [1, 2, 3, 7, bytes.len() - 1, bytes.len()] {
                let mut frames = Frames::default();
                let pieces: Vec<_> = bytes.chunks(split).collect();
                for (at, piece) in pieces.iter().enumerate() {
                    frames.pass(piece);
                    assert_eq!(frames.is_between(), at + 1 == pieces.len(), "{length} by {split}");
                }
            }
        }
    }

    #[test]
    fn the_end_of_the_present_frame_is_found_among_others() {
        let (one, two) = (frame(0x01, 300, true), frame(0x80, 3, true));
        let both = [one.clone(), two].concat();
        let mut frames = Frames::default();
        frames.pass(&both[..10]);
        assert_eq!(frames.pass_to_end(&both[10..]), Some(one.len() - 10));
        assert!(frames.is_between() && !frames.has_closed());
        assert_eq!(frames.pass_to_end(&[0x81]), None);
    }

    #[test]
    fn a_close_frame_is_written_and_recognised() {
        for mask in [None, Some([1, 2, 3, 4])] {
            let mut out = Vec::new();
            write_close(&mut out, 1008, "id", mask);
            let wanted: &[u8] = match mask {
                None => b"\x88\x04\x03\xf0id",
                Some(_) => &[0x88, 0x84, 1, 2, 3, 4, 3 ^ 1, 0xf0 ^ 2, b'i' ^ 3, b'd' ^ 4],
            };
            assert_eq!(out, wanted);
            let mut frames = Frames::default();
            frames.pass(&out);
            assert!(frames.is_between() && frames.has_closed());
        }
        let mut out = Vec::new();
        write_close(&mut out, 1008, &"r".repeat(500), None);
        assert_eq!((out.len(), out[1]), (127, 125));
    }
}
