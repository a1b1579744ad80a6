//! gRPC clients on a Unix socket send the socket's path as `:authority`
//! (`tmp%2Fagent.sock`, `/tmp/agent.sock`), which the HTTP/2 library takes for
//! malformed and refuses. It means nothing here, so what offends is replaced,
//! byte for byte, on the way in. Nothing is buffered; what can't be followed
//! passes as it is, and the library judges it.

/// The client's connection preface (RFC 9113, section 3.4).
const PREFACE_BYTES: usize = 24;
const FRAME_HEAD_BYTES: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
const PRIORITY_BYTES: usize = 5;
/// `:authority` in the static table (RFC 7541, appendix A).
const AUTHORITY_INDEX: usize = 1;
const AUTHORITY: &[u8] = b":authority";

/// Follows one connection's bytes from the client.
#[derive(Debug, Default)]
pub(crate) struct Mender {
    frame: Frame,
    fields: Fields,
}

/// Where in the stream of frames.
#[derive(Debug)]
enum Frame {
    Preface {
        left: usize,
    },
    Head {
        bytes: [u8; FRAME_HEAD_BYTES],
        got: usize,
    },
    /// Of a frame that carries fields: what comes before them.
    Padding {
        flags: u8,
        left: usize,
    },
    Priority {
        skip: usize,
        left: usize,
        padding: usize,
    },
    Block {
        left: usize,
        padding: usize,
    },
    Other {
        left: usize,
    },
}

impl Default for Frame {
    fn default() -> Self {
        Self::Preface { left: PREFACE_BYTES }
    }
}

impl Frame {
    const fn head() -> Self {
        Self::Head { bytes: [0; FRAME_HEAD_BYTES], got: 0 }
    }

    const fn other(left: usize) -> Self {
        if left == 0 { Self::head() } else { Self::Other { left } }
    }

    /// Fields, when there are any, then padding.
    const fn block(left: usize, padding: usize) -> Self {
        match left.checked_sub(padding) {
            None | Some(0) => Self::other(left),
            Some(fields) => Self::Block { left: fields, padding },
        }
    }

    const fn priority(flags: u8, left: usize, padding: usize) -> Self {
        if flags & PRIORITY == 0 {
            return Self::block(left, padding);
        }
        Self::Priority { skip: PRIORITY_BYTES, left, padding }
    }

    fn begin(head: [u8; FRAME_HEAD_BYTES]) -> Self {
        let [a, b, c, kind, flags, ..] = head;
        let left = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        match kind {
            _ if left == 0 => Self::head(),
            HEADERS if flags & PADDED != 0 => Self::Padding { flags, left },
            HEADERS => Self::priority(flags, left, 0),
            CONTINUATION => Self::block(left, 0),
            _ => Self::Other { left },
        }
    }
}

impl Mender {
    /// Looks at the next bytes and mends them in place.
    pub(crate) fn mend(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.step(byte);
        }
    }

    fn step(&mut self, byte: &mut u8) {
        let next = match &mut self.frame {
            Frame::Preface { left } | Frame::Other { left } => {
                *left -= 1;
                (*left == 0).then(Frame::head)
            }
            Frame::Head { bytes, got } => {
                if let Some(place) = bytes.get_mut(*got) {
                    *place = *byte;
                }
                *got += 1;
                (*got == FRAME_HEAD_BYTES).then(|| Frame::begin(*bytes))
            }
            Frame::Padding { flags, left } => {
                Some(Frame::priority(*flags, *left - 1, usize::from(*byte)))
            }
            Frame::Priority { skip, left, padding } => {
                (*skip, *left) = (*skip - 1, left.saturating_sub(1));
                (*skip == 0).then(|| Frame::block(*left, *padding))
            }
            Frame::Block { left, padding } => {
                self.fields.step(byte);
                *left -= 1;
                (*left == 0).then(|| Frame::other(*padding))
            }
        };
        if let Some(next) = next {
            self.frame = next;
        }
    }
}

/// Where in a block of fields (RFC 7541, section 6). It lasts over frames.
#[derive(Debug, Default)]
struct Fields {
    at: Part,
    /// The integer being read, and how far it is shifted.
    number: usize,
    shift: u32,
    /// The name read so far is that of `:authority`, or may become it.
    is_authority: bool,
    is_huffman: bool,
    name_got: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Start,
    /// The rest of an integer that says...
    More(Number),
    NameLength,
    Name {
        left: usize,
    },
    ValueLength,
    Value {
        left: usize,
    },
    /// Not followed any further.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    /// ...a whole field, or the size of the table.
    Whole,
    NameIndex,
    NameLength,
    ValueLength,
}

impl Fields {
    fn step(&mut self, byte: &mut u8) {
        match self.at {
            Part::Start => match *byte {
                first @ 0x80.. => self.begin(first, 7, Number::Whole),
                first @ 0x40.. => self.begin(first, 6, Number::NameIndex),
                first @ 0x20.. => self.begin(first, 5, Number::Whole),
                first => self.begin(first, 4, Number::NameIndex),
            },
            Part::More(number) => self.more(*byte, number),
            Part::NameLength => {
                self.is_huffman = *byte & 0x80 != 0;
                self.begin(*byte, 7, Number::NameLength);
            }
            Part::ValueLength => {
                self.is_huffman = *byte & 0x80 != 0;
                self.begin(*byte, 7, Number::ValueLength);
            }
            Part::Name { left } => {
                self.is_authority &= AUTHORITY.get(self.name_got) == Some(byte);
                self.name_got += 1;
                self.at = if left == 1 { Part::ValueLength } else { Part::Name { left: left - 1 } };
                self.is_authority &= left > 1 || self.name_got == AUTHORITY.len();
            }
            Part::Value { left } => {
                if self.is_authority && !self.is_huffman && !is_plain(*byte) {
                    *byte = b'-';
                }
                self.at = if left == 1 { Part::Start } else { Part::Value { left: left - 1 } };
            }
            Part::Lost => {}
        }
    }

    /// The first byte of an integer with so many bits of it in that byte.
    fn begin(&mut self, byte: u8, bits: u32, number: Number) {
        let most = (1_u8 << bits) - 1;
        (self.number, self.shift) = (usize::from(byte & most), 0);
        if byte & most == most {
            self.at = Part::More(number);
        } else {
            self.known(number);
        }
    }

    fn more(&mut self, byte: u8, number: Number) {
        let Some(part) = usize::from(byte & 0x7f).checked_shl(self.shift) else {
            self.at = Part::Lost;
            return;
        };
        (self.number, self.shift) = (self.number.saturating_add(part), self.shift + 7);
        if byte & 0x80 == 0 {
            self.known(number);
        }
    }

    /// An integer is complete.
    fn known(&mut self, number: Number) {
        let left = self.number;
        self.at = match number {
            Number::Whole => Part::Start,
            Number::NameIndex => {
                (self.is_authority, self.name_got) = (left == AUTHORITY_INDEX || left == 0, 0);
                if left == 0 { Part::NameLength } else { Part::ValueLength }
            }
            Number::NameLength => {
                self.is_authority &= !self.is_huffman && left == AUTHORITY.len();
                if left == 0 { Part::ValueLength } else { Part::Name { left } }
            }
            Number::ValueLength if left == 0 => Part::Start,
            Number::ValueLength => Part::Value { left },
        };
    }
}

/// What may stand in the name of a host, an address in brackets and a port.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, u8::try_from(payload.len()).unwrap(), kind, flags, 0, 0, 0, 1];
        bytes.extend_from_slice(payload);
        bytes
    }

    fn literal(first: &[u8], value: &[u8]) -> Vec<u8> {
        [first, &[u8::try_from(value.len()).unwrap()], value].concat()
    }

    /// What comes out, whichever way the bytes are cut.
    fn mended(frames: &[Vec<u8>]) -> Vec<u8> {
        let whole = [PREFACE, &frames.concat()].concat();
        let mut once = whole.clone();
        Mender::default().mend(&mut once);
        for size in 1..40 {
            let (mut cut, mut mender) = (whole.clone(), Mender::default());
            cut.chunks_mut(size).for_each(|chunk| mender.mend(chunk));
            assert_eq!(cut, once, "cut by {size}");
        }
        once[PREFACE.len()..].to_vec()
    }

    #[test]
    fn a_path_becomes_a_name() {
        for first in [&[0x41][..], &[0x01], &[0x11], b"\x00\x0a:authority", b"\x40\x0a:authority"] {
            let fields = |value| [&[0x83, 0x86][..], &literal(first, value), &[0x84]].concat();
            let seen = mended(&[frame(4, 0, &[]), frame(HEADERS, 4, &fields(b"tmp%2Fa/b.sock"))]);
            let wanted = [frame(4, 0, &[]), frame(HEADERS, 4, &fields(b"tmp-2Fa-b.sock"))].concat();
            assert_eq!(seen, wanted, "{first:?}");
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        let path = literal(&[0x44], b"/Spiffe%20/x");
        let other = literal(b"\x40\x0a:authoritx", b"a%2Fb");
        let short = literal(b"\x40\x05:auth", b"a%2Fb");
        let plain = literal(&[0x41], b"localhost:8080");
        let huffman = [&[0x41, 0x83][..], b"%%%"].concat();
        let resize = vec![0x3f, 0xe1, 0x1f];
        let fields = [resize, path, other, short, plain, huffman].concat();
        let frames =
            [frame(HEADERS, 4, &fields), frame(0, 0, b"\x41\x05a%2Fb"), frame(8, 0, &[0; 4])];
        assert_eq!(mended(&frames), frames.concat());
    }

    #[test]
    fn padding_priority_and_continuation_are_followed() {
        let of = |value: &[u8]| {
            let fields = literal(&[0x41], value);
            let (one, two) = fields.split_at(3);
            let first = [&[2][..], &[0x41; 5], one, b"%%"].concat();
            [frame(HEADERS, PADDED | PRIORITY, &first), frame(CONTINUATION, 4, two)].concat()
        };
        assert_eq!(mended(&[of(b"a%b%c")]), of(b"a-b-c"));
        let second = frame(HEADERS, 4, &literal(&[0x41], b"/x"));
        let wanted = frame(HEADERS, 4, &literal(&[0x41], b"-x"));
        assert_eq!(mended(&[of(b"a"), second]), [of(b"a"), wanted].concat());
    }

    #[test]
    fn nonsense_passes_and_breaks_nothing() {
        let mut state = 7_u32;
        for _ in 0..2_000 {
            let mut bytes = PREFACE.to_vec();
            for _ in 0..200 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                bytes.push((state >> 24) as u8 & 0x4f);
            }
            let before = bytes.len();
            Mender::default().mend(&mut bytes);
            assert_eq!(bytes.len(), before);
        }
        let endless = [&[0x7f][..], &[0xff; 40]].concat();
        assert_eq!(mended(&[frame(HEADERS, 4, &endless)]), frame(HEADERS, 4, &endless));
    }
}
