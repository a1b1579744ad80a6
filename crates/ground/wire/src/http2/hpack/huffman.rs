//! The Huffman code of HPACK (RFC 7541, section 5.2 and appendix B). The code
//! is canonical, so the lengths alone give it, and the tables to decode it are
//! worked out when this is compiled. Nothing here encodes.

use super::error::HpackError;

/// How many bits each byte has, and last the end symbol.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, //
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, //
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, //
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, //
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, //
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, //
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, //
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, //
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, //
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, //
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, //
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, //
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, //
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, //
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, //
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, //
    30,
];
const LENGTH_MAX: u32 = 30;
/// So many bits are decided by one look; all codes of text are as short.
const SHORT: u32 = 10;
/// The end symbol, which never stands in a string.
const END: u16 = 256;

/// For each beginning of [`SHORT`] bits the byte and the length of its code;
/// length 0 where the code is longer.
static SHORT_CODES: [(u8, u8); 1 << SHORT] = short_codes();
/// The codes of each length: the first number beyond them, as the upper 32 of
/// 64 bits, the first code, and where its symbol stands in [`ORDER`].
static CLASSES: [Class; LENGTH_MAX as usize + 1] = classes();
/// The symbols in the order of their codes.
static ORDER: [u16; 257] = order();

#[derive(Clone, Copy)]
struct Class {
    beyond: u64,
    first: u64,
    at: usize,
}

/// Decodes a whole string behind what is in `out`.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) -> Result<(), HpackError> {
    let mut bits = Bits { window: 0, held: 0, rest: input };
    loop {
        bits.refill();
        // Nothing is longer than 30 bits: as long as there are so many, codes
        // can't be cut off.
        while bits.held >= LENGTH_MAX {
            let (symbol, length) = lookup(bits.window);
            out.push(u8::try_from(symbol).map_err(|_| HpackError::Huffman)?);
            bits.drop(length);
        }
        if bits.rest.is_empty() {
            return bits.last(out);
        }
    }
}

/// The bits to come, the first at the top, zeros behind the held ones.
struct Bits<'a> {
    window: u64,
    held: u32,
    rest: &'a [u8],
}

impl Bits<'_> {
    fn refill(&mut self) {
        if let Some((eight, _)) = self.rest.split_first_chunk::<8>() {
            let bytes = (63 - self.held) / 8;
            let keep = self.held + bytes * 8;
            let fresh = u64::from_be_bytes(*eight) >> self.held;
            self.window |= fresh & !(u64::MAX >> keep);
            self.held = keep;
            self.rest = self.rest.get(bytes as usize..).unwrap_or_default();
            return;
        }
        while self.held <= 56
            && let Some((byte, after)) = self.rest.split_first()
        {
            self.window |= u64::from(*byte) << (56 - self.held);
            self.held += 8;
            self.rest = after;
        }
    }

    const fn drop(&mut self, length: u32) {
        self.window <<= length;
        self.held -= length;
    }

    /// The last codes, then padding: at most seven bits, all of them ones.
    fn last(&mut self, out: &mut Vec<u8>) -> Result<(), HpackError> {
        while self.held > 0 {
            let (symbol, length) = lookup(self.window);
            if length > self.held {
                let ones = self.window.leading_ones() >= self.held;
                return if ones && self.held < 8 { Ok(()) } else { Err(HpackError::Huffman) };
            }
            out.push(u8::try_from(symbol).map_err(|_| HpackError::Huffman)?);
            self.drop(length);
        }
        Ok(())
    }
}

/// The symbol whose code stands at the top of the window, and its length.
fn lookup(window: u64) -> (u16, u32) {
    let short = usize::try_from(window >> (64 - SHORT)).unwrap_or_default();
    match SHORT_CODES.get(short) {
        Some((byte, length)) if *length > 0 => (u16::from(*byte), u32::from(*length)),
        _ => lookup_long(window),
    }
}

fn lookup_long(window: u64) -> (u16, u32) {
    for (class, length) in CLASSES.iter().zip(0..).skip(SHORT as usize + 1) {
        if window >> 32 < class.beyond {
            let at = usize::try_from((window >> (64 - length)) - class.first).unwrap_or_default();
            return (ORDER.get(class.at + at).copied().unwrap_or(END), length);
        }
    }
    (END, LENGTH_MAX)
}

#[expect(clippy::indexing_slicing, reason = "checked when compiled")]
const fn classes() -> [Class; LENGTH_MAX as usize + 1] {
    let mut classes = [Class { beyond: 0, first: 0, at: 0 }; LENGTH_MAX as usize + 1];
    let (mut code, mut at, mut length) = (0_u64, 0, 1);
    while length <= LENGTH_MAX {
        let (first, begin) = (code, at);
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as u32 == length {
                (code, at) = (code + 1, at + 1);
            }
            symbol += 1;
        }
        let beyond = code << (32 - length);
        classes[length as usize] = Class { beyond, first, at: begin };
        code <<= 1;
        length += 1;
    }
    classes
}

#[expect(clippy::indexing_slicing, reason = "checked when compiled")]
const fn order() -> [u16; 257] {
    let mut order = [0; 257];
    let (mut at, mut length) = (0, 1);
    while length <= LENGTH_MAX {
        let mut symbol = 0_u16;
        while symbol <= END {
            if LENGTHS[symbol as usize] as u32 == length {
                order[at] = symbol;
                at += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    order
}

#[expect(clippy::indexing_slicing, reason = "checked when compiled")]
const fn short_codes() -> [(u8, u8); 1 << SHORT] {
    let (classes, order) = (classes(), order());
    let mut codes = [(0, 0); 1 << SHORT];
    let mut beginning = 0;
    while beginning < codes.len() {
        let mut length = 1;
        while length <= SHORT {
            let class = classes[length as usize];
            if ((beginning as u64) << (32 - SHORT)) < class.beyond {
                let at = (beginning >> (SHORT - length)) - class.first as usize;
                codes[beginning] = (order[class.at + at] as u8, length as u8);
                break;
            }
            length += 1;
        }
        beginning += 1;
    }
    codes
}

#[cfg(test)]
mod tests;
