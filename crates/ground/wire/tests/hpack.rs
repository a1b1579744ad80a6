//! HPACK against other implementations: what Go's and Python's encoders wrote
//! on one connection each, table sizes changing, reads as they meant it. And
//! what holds for all inputs.
#![expect(clippy::unwrap_used, reason = "tests")]

use model::Limits;
use proptest::prelude::*;
use wire::http2::FieldList;
use wire::http2::hpack::{Decoder, HpackError, encode_field, encode_status};

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.as_bytes().chunks(2).map(byte).collect()
}

fn owned(list: &FieldList) -> Vec<(Vec<u8>, Vec<u8>)> {
    list.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

/// Each line: a block, then `name=value`, all in hexadecimal.
fn check(vectors: &str) -> usize {
    let (mut decoder, mut list) = (Decoder::new(), FieldList::new());
    for line in vectors.lines() {
        let mut words = line.split(' ');
        let block = bytes(words.next().unwrap());
        let pair = |word: &str| {
            let (name, value) = word.split_once('=').unwrap();
            (bytes(name), bytes(value))
        };
        let wanted: Vec<_> = words.map(pair).collect();
        decoder.decode(&block, &mut list, &Limits::default()).unwrap();
        assert_eq!(owned(&list), wanted, "{line}");
    }
    vectors.lines().count()
}

#[test]
fn what_others_encode_reads_as_they_meant_it() {
    assert_eq!(check(include_str!("hpack/go.txt")), 60);
    assert_eq!(check(include_str!("hpack/python.txt")), 30);
}

/// Fields that may be written, in the case they are read in.
fn fields() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let known = prop::sample::select(&["accept", "cookie", "content-type", "server", "via"][..]);
    let name = prop_oneof![known.prop_map(str::to_owned), "[a-z0-9!#$_.-]{1,40}"];
    let value = prop::collection::vec(prop_oneof![0x21..=0x7e_u8, 0x80..=0xff_u8], 0..300);
    prop::collection::vec((name, value), 0..12)
}

/// Pieces of blocks, the harmful ones included.
const PIECES: &[&[u8]] = &[
    b"\x82",
    b"\xbe",
    b"\xbf",
    b"\x20",
    b"\x3f\xe1\x1f",
    b"\x3f\xe1\x01",
    b"\x40\x01a\x01b",
    b"\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff",
    b"\x7e\x01c",
    b"\x0f\x10\x00",
    b"\x00\x06cookie\x03a=b",
    b"\xff\xff\xff",
    b"\x00\xff",
];

fn blocks() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..12),
        4 => prop::sample::select(PIECES).prop_map(<[u8]>::to_vec),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_we_encode_reads_back(fields in fields(), status in 100..600_u16) {
        let mut block = Vec::new();
        encode_status(&mut block, status);
        for (name, value) in &fields {
            let is_written = encode_field(&mut block, &name.to_uppercase(), value);
            prop_assert!(is_written || matches!(name.as_str(), "te" | "upgrade"));
        }
        let (mut decoder, mut list) = (Decoder::new(), FieldList::new());
        decoder.decode(&block, &mut list, &Limits::default()).unwrap();
        let mut wanted = vec![(b":status".to_vec(), status.to_string().into_bytes())];
        wanted.extend(fields.into_iter().map(|(name, value)| (name.into_bytes(), value)));
        prop_assert_eq!(&owned(&list), &wanted);
        let size = wanted.iter().map(|(name, value)| name.len() + value.len() + 32).sum::<usize>();
        prop_assert_eq!(list.size(), size);
        // Nothing of it went into the table.
        prop_assert_eq!(decoder.decode(b"\xbe", &mut list, &Limits::default()), Err(HpackError::Index));
    }

    /// Whatever comes: no panic, no more kept than allowed, and a tight limit
    /// changes nothing about what the next block says.
    #[test]
    fn limits_change_what_is_kept_and_never_what_is_understood(
        sent in prop::collection::vec(blocks(), 1..5)
    ) {
        let wide = Limits::default();
        let tight = Limits { head_bytes_max: 80, header_count_max: 2, ..Limits::default() };
        let (mut one, mut two) = (Decoder::new(), Decoder::new());
        let (mut all, mut some) = (FieldList::new(), FieldList::new());
        for block in &sent {
            let wanted = one.decode(block, &mut all, &wide);
            let outcome = two.decode(block, &mut some, &tight);
            if outcome == Err(HpackError::TooLarge) {
                prop_assert!(all.size() > 4 * 80 || wanted.is_err());
                break;
            }
            prop_assert_eq!(wanted, outcome);
            prop_assert_eq!(all.size(), some.size());
            if wanted.is_err() {
                break;
            }
            prop_assert!(!all.is_over());
            prop_assert!(some.is_over() || some.size() <= 80);
            prop_assert_eq!(owned(&some), if some.is_over() { Vec::new() } else { owned(&all) });
        }
    }

    /// A block cut anywhere is an error or the beginning of the whole.
    #[test]
    fn a_cut_block_never_says_something_else(block in blocks(), cut in any::<usize>()) {
        let limits = Limits::default();
        let (mut whole, mut half) = (FieldList::new(), FieldList::new());
        if Decoder::new().decode(&block, &mut whole, &limits).is_ok() {
            let cut = cut % (block.len() + 1);
            if Decoder::new().decode(&block[..cut], &mut half, &limits).is_ok() {
                prop_assert!(owned(&whole).starts_with(&owned(&half)));
            }
        }
    }
}

/// An entry of 3,000 bytes in the table, named so often in one block.
fn bomb(times: usize) -> Result<usize, HpackError> {
    let (mut decoder, mut list, limits) = (Decoder::new(), FieldList::new(), Limits::default());
    // A literal with indexing: the name `a`, and 3,000 bytes of value.
    let mut block = vec![0x40, 1, b'a', 0x7f, 0xb9, 0x16];
    block.extend(std::iter::repeat_n(b'x', 3000));
    decoder.decode(&block, &mut list, &limits).unwrap();
    decoder.decode(&vec![0x80 | 62; times], &mut list, &limits).map(|()| list.size())
}

#[test]
fn a_few_bytes_are_never_a_large_head() {
    assert_eq!(bomb(1), Ok(3033));
    assert_eq!(bomb(2), Err(HpackError::TooLarge));
}
