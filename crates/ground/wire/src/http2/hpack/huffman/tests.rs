//! Every byte, every padding, and against the plainest decoder there is.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// All bytes from 0 to 255, as another implementation (Go's) writes them.
const ALL: &str = "ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffff\
        abffffffdfffffebfffffecfffffedfffffeefffffefffffff0ffffff1ffffff2fffffffbfffffcfffff\
        fd3fffffd7fffffdbfffffdffffffe3fffffe7fffffebfffffed4fe3f9ffaffcabf1febfafefe7fdfd2c\
        bb00089969b71d79fb9f7fff20ffbff3ff50ddbd7f061c58f265cd9f469d5af66dddbf871e5f9cff7ff7\
        fffc3ff9ffe45fff4719242cb34e6e9d68a6a3d7dac426defe3cfaf7fffbfe7ffbffdffffffcfffe6fff\
        f4bfff9ffffa3fffd3ffff53fffd5ffffb3fffeb7fffdaffffb7ffff73fffeeffffdeffffebffffbffff\
        fd9ffffdbfffebffffe0ffffeeffffc3ffff8bffff1ffffe4fffee7fffb1ffff97fffd9ffffcdffff9ff\
        fffbffffdafffeeffff4ffffb7fffee7fffe8ffffd3fffdeffffd5fffeeffffbdffffe1fffdfffff7fff\
        ff5ffffecffff07fff87fffe0ffff17fffedffff87ffff77fffeffffeaffff8bfffe3ffff93ffff87fff\
        cbffff37ffff1fffff83ffffe1fffebfffe3ffff3fffff2ffffa3ffffd9fffff17ffffc7fffff27ffffd\
        efffffbffffff2fffff8fffffb7fff97fff8fffffe6fffffc1fffff87ffffe7fffffc5ffffe5fffe4fff\
        f2fffffd1fffff4ffffffefffffe3fffffc9fffff97fffb3ffffcffffb7fffcdffff4ffff9ffffd1ffff\
        cffffeaffffafffffddffffeffffff4fffff5fffffabffffa7ffffd7fffff9bffffecfffffb7fffff3ff\
        fffe8fffffd3fffffabfffff5fffffff7ffffecfffffdbfffffbbfffff7ffffff0fffffbbf";

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

fn decoded(input: &[u8]) -> Result<Vec<u8>, HpackError> {
    let mut out = Vec::new();
    decode(input, &mut out).map(|()| out)
}

/// The codes of all symbols as bits, worked out the slow way.
static CODES: LazyLock<Vec<Vec<bool>>> = LazyLock::new(|| {
    let mut codes = vec![Vec::new(); 257];
    let (mut code, mut last) = (0_u32, 5);
    for length in 5..=30 {
        for symbol in (0..257).filter(|symbol| LENGTHS[*symbol] == length) {
            code <<= length - last;
            last = length;
            codes[symbol] = (0..length).rev().map(|bit| code >> bit & 1 == 1).collect();
            code += 1;
        }
    }
    codes
});

fn code(symbol: usize) -> Vec<bool> {
    CODES[symbol].clone()
}

fn packed(bits: &[bool], padding: bool) -> Vec<u8> {
    let byte = |bits: &[bool]| {
        (0..8).fold(0, |sum, at| sum << 1 | u8::from(*bits.get(at).unwrap_or(&padding)))
    };
    bits.chunks(8).map(byte).collect()
}

fn encoded(text: &[u8]) -> Vec<u8> {
    let bits: Vec<_> = text.iter().flat_map(|byte| code(usize::from(*byte))).collect();
    packed(&bits, true)
}

/// Bit by bit, looking for the code among all of them.
fn decoded_slowly(input: &[u8]) -> Result<Vec<u8>, HpackError> {
    let (mut out, mut bits) = (Vec::new(), Vec::new());
    for byte in input {
        for bit in (0..8).rev() {
            bits.push(byte >> bit & 1 == 1);
            if let Some(symbol) = CODES.iter().position(|code| *code == bits) {
                out.push(u8::try_from(symbol).map_err(|_| HpackError::Huffman)?);
                bits.clear();
            }
        }
    }
    let is_padding = bits.len() < 8 && bits.iter().all(|bit| *bit);
    if is_padding { Ok(out) } else { Err(HpackError::Huffman) }
}

#[test]
fn all_bytes_read_as_another_implementation_wrote_them() {
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(decoded(&bytes(ALL)), Ok(all.clone()));
    assert_eq!(encoded(&all), bytes(ALL));
}

#[test]
fn the_code_uses_up_all_there_is() {
    let all: u64 = LENGTHS.iter().map(|length| 1 << (LENGTH_MAX - u32::from(*length))).sum();
    assert_eq!(all, 1 << LENGTH_MAX);
    assert_eq!(lookup(u64::MAX), (END, 30));
}

#[test]
fn every_byte_alone_and_behind_another() {
    for byte in 0..=255 {
        for text in [&[byte][..], &[byte, b'a'], &[b'a', byte], &[0xf9, byte, 0x0a, byte]] {
            assert_eq!(decoded(&encoded(text)), Ok(text.to_vec()));
        }
    }
    assert_eq!(decoded(b""), Ok(Vec::new()));
}

#[test]
fn padding_is_short_and_all_ones() {
    for text in [&b"0"[..], b"www.example.com", b"a", b"&", b"\\", b"\n"] {
        let bits: Vec<_> = text.iter().flat_map(|byte| code(usize::from(*byte))).collect();
        assert_eq!(decoded(&packed(&bits, true)), Ok(text.to_vec()));
        if bits.len() % 8 != 0 {
            assert_eq!(decoded(&packed(&bits, false)), decoded_slowly(&packed(&bits, false)));
        }
        let longer = [packed(&bits, true), vec![0xff]].concat();
        assert_eq!(decoded(&longer), Err(HpackError::Huffman), "eight bits and more");
    }
    assert_eq!(decoded(&[0b0000_0110]), Err(HpackError::Huffman), "a zero in it");
    assert_eq!(decoded(&[0b0000_0111]), Ok(b"0".to_vec()));
    assert_eq!(decoded(&[0xff]), Err(HpackError::Huffman));
}

#[test]
fn the_end_symbol_never_stands_in_a_string() {
    let before: Vec<_> = b"0a".iter().flat_map(|byte| code(usize::from(*byte))).collect();
    let behind = [before, code(256), code(usize::from(b'0'))].concat();
    for bits in [&code(256), &behind] {
        assert_eq!(decoded(&packed(bits, true)), Err(HpackError::Huffman));
    }
    assert_eq!(decoded(&[0xff; 40]), Err(HpackError::Huffman));
}

proptest! {
    #[test]
    fn any_text_comes_back(text in prop::collection::vec(any::<u8>(), 0..40)) {
        prop_assert_eq!(decoded(&encoded(&text)), Ok(text));
    }

    #[test]
    fn any_bytes_read_as_slowly_as_fast(
        input in prop::collection::vec(prop_oneof![any::<u8>(), Just(0xff)], 0..24)
    ) {
        prop_assert_eq!(decoded(&input), decoded_slowly(&input));
    }
}
