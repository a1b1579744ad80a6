//! HPACK (RFC 7541): a writer that uses what an attack needs and no more, and
//! a reader that understands everything and is loud about what can't be.

use std::collections::VecDeque;
use std::sync::LazyLock;

use crate::http2::hpack_tables::{CODE_LENGTHS, STATIC};

/// A field as it stands on the wire; lossily, for comparing with words.
pub type Field = (String, String);

/// A block of literals without indexing.
pub fn block<N: AsRef<[u8]>, V: AsRef<[u8]>>(fields: &[(N, V)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| literal(0, name.as_ref(), value.as_ref())).collect()
}

/// A literal that enters the dynamic table (section 6.2.1).
pub fn kept(name: &[u8], value: &[u8]) -> Vec<u8> {
    literal(0x40, name, value)
}

/// A field from one of the tables (section 6.1); the newest dynamic one is 62.
pub fn indexed(index: usize) -> Vec<u8> {
    integer(0x80, 7, index)
}

/// A change of the dynamic table's size (section 6.3).
pub fn table_size(size: usize) -> Vec<u8> {
    integer(0x20, 5, size)
}

fn literal(pattern: u8, name: &[u8], value: &[u8]) -> Vec<u8> {
    let text = |bytes: &[u8]| [integer(0, 7, bytes.len()), bytes.to_vec()].concat();
    [vec![pattern], text(name), text(value)].concat()
}

/// Section 5.1.
pub fn integer(pattern: u8, bits: u8, value: usize) -> Vec<u8> {
    let most = (1_usize << bits) - 1;
    if value < most {
        return vec![pattern | u8::try_from(value).unwrap()];
    }
    let (mut bytes, mut left) = (vec![pattern | u8::try_from(most).unwrap()], value - most);
    while left > 127 {
        bytes.push(u8::try_from(left % 128).unwrap() | 0x80);
        left /= 128;
    }
    bytes.push(u8::try_from(left).unwrap());
    bytes
}

/// What one direction of a connection remembers between its header blocks.
#[derive(Debug, Default)]
pub struct Reader {
    dynamic: VecDeque<Field>,
    size_max: Option<usize>,
}

impl Reader {
    /// All fields of a block; panics at what no proper peer writes.
    pub fn read(&mut self, block: &[u8]) -> Vec<Field> {
        let (mut fields, mut bytes) = (Vec::new(), block);
        while let Some(first) = bytes.first().copied() {
            if first & 0xe0 == 0x20 {
                self.size_max = Some(take_integer(&mut bytes, 5));
                self.evict();
                continue;
            }
            let (bits, keep) = match first {
                0x80.. => (7, false),
                0x40.. => (6, true),
                _ => (4, false),
            };
            let index = take_integer(&mut bytes, bits);
            let field = match (bits, index) {
                (7, index) => self.at(index),
                (_, 0) => (take_text(&mut bytes), take_text(&mut bytes)),
                (_, index) => (self.at(index).0, take_text(&mut bytes)),
            };
            if keep {
                self.dynamic.push_front(field.clone());
                self.evict();
            }
            fields.push(field);
        }
        fields
    }

    fn at(&self, index: usize) -> Field {
        match STATIC.get(index.checked_sub(1).expect("index 0")) {
            Some((name, value)) => ((*name).to_owned(), (*value).to_owned()),
            None => self.dynamic.get(index - 62).expect("an index of the table").clone(),
        }
    }

    fn evict(&mut self) {
        let size = |(name, value): &Field| name.len() + value.len() + 32;
        let most = self.size_max.unwrap_or(4096);
        assert!(most <= 4096, "a table of {most} bytes");
        while self.dynamic.iter().map(size).sum::<usize>() > most {
            self.dynamic.pop_back();
        }
    }
}

fn take_byte(bytes: &mut &[u8]) -> u8 {
    let (first, rest) = bytes.split_first().expect("the rest of a header block");
    *bytes = rest;
    *first
}

fn take_integer(bytes: &mut &[u8], bits: u8) -> usize {
    let most = (1_usize << bits) - 1;
    let mut value = usize::from(take_byte(bytes)) & most;
    let mut shift = 0;
    while value >= most {
        let byte = take_byte(bytes);
        value += usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn take_text(bytes: &mut &[u8]) -> String {
    let is_packed = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let length = take_integer(bytes, 7);
    let (text, rest) = bytes.split_at_checked(length).expect("a whole string");
    *bytes = rest;
    let text = if is_packed { unpack(text) } else { text.to_vec() };
    String::from_utf8_lossy(&text).into_owned()
}

/// The Huffman code: for each length its first code and its symbols.
static CODES: LazyLock<Vec<(u32, Vec<usize>)>> = LazyLock::new(|| {
    let mut next = 0_u32;
    let of_length = |length: u8| {
        let all = CODE_LENGTHS.iter().enumerate().filter(move |(_, own)| **own == length);
        all.map(|(symbol, _)| symbol).collect::<Vec<_>>()
    };
    (0..=30)
        .map(|length| {
            next <<= 1;
            let (first, symbols) = (next, of_length(length));
            next += u32::try_from(symbols.len()).unwrap();
            (first, symbols)
        })
        .collect()
});

/// Section 5.2; the padding is not looked at.
fn unpack(bytes: &[u8]) -> Vec<u8> {
    let (mut text, mut code, mut length) = (Vec::new(), 0_u32, 0);
    for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| (byte >> at) & 1)) {
        (code, length) = ((code << 1) | u32::from(bit), length + 1);
        let (first, symbols) = CODES.get(length).expect("a code of the table");
        let at = usize::try_from(code - code.min(*first)).unwrap();
        if let Some(symbol) = symbols.get(at).filter(|_| code >= *first) {
            text.push(u8::try_from(*symbol).expect("no EOS"));
            (code, length) = (0, 0);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7541, appendix C.4.1 to C.4.3.
    #[test]
    fn the_examples_of_the_standard_are_read() {
        type Example = (&'static [u8], &'static [(&'static str, &'static str)]);
        let blocks: [Example; 3] = [
            (
                b"\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff",
                &[(":authority", "www.example.com")],
            ),
            (
                b"\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf",
                &[(":authority", "www.example.com"), ("cache-control", "no-cache")],
            ),
            (
                b"\x82\x87\x85\xbf\x40\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf",
                &[(":authority", "www.example.com"), ("custom-key", "custom-value")],
            ),
        ];
        let mut reader = Reader::default();
        for (block, wanted) in blocks {
            let fields = reader.read(block);
            let end: Vec<_> =
                fields.iter().skip(3).map(|(n, v)| (n.as_str(), v.as_str())).collect();
            assert_eq!(fields[0], (":method".into(), "GET".into()));
            assert_eq!(end, wanted);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let long = "v".repeat(70_000);
        let fields = [("a", "b"), (":path", "/x"), ("long", long.as_str())];
        let mut all = [table_size(4096), kept(b"x-kept", b"once")].concat();
        all.extend(indexed(62));
        all.extend(block(&fields));
        let mut wanted = vec![("x-kept", "once"); 2];
        wanted.extend(fields);
        let read = Reader::default().read(&all);
        let read: Vec<_> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(read, wanted);
    }
}
