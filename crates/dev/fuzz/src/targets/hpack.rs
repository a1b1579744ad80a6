//! Field blocks: two decoders of the same blocks stay in step, also when one
//! keeps nothing because the list is over its limits; and what is encoded
//! again decodes to the same. Each block stands behind one byte of length; a
//! length of 255 takes all that is left.

use model::Limits;
use wire::http2::hpack::{Decoder, encode_field};
use wire::http2::{FieldList, HpackError};

pub(super) fn run(input: &[u8]) {
    let wide = Limits { header_count_max: usize::MAX, ..Limits::default() };
    let tight = Limits { head_bytes_max: 300, header_count_max: 3, ..Limits::default() };
    let (mut one, mut other) = (Decoder::new(), Decoder::new());
    let (mut long, mut short) = (FieldList::new(), FieldList::new());
    let mut rest = input;
    while let Some((length, after)) = rest.split_first() {
        let length = if *length == u8::MAX { after.len() } else { usize::from(*length) };
        let (block, after) = after.split_at(length.min(after.len()));
        rest = after;
        let outcome = one.decode(block, &mut long, &wide);
        let outcome_tight = other.decode(block, &mut short, &tight);
        match (outcome, outcome_tight) {
            (Ok(()), Ok(())) => check_lists(&long, &short),
            (_, Err(HpackError::TooLarge)) => return,
            (one, other) => return assert_eq!(one, other),
        }
        check_encoded_again(&long);
    }
}

fn check_lists(long: &FieldList, short: &FieldList) {
    assert_eq!(long.size(), short.size(), "both count the same");
    if long.is_over() {
        assert!(long.iter().next().is_none(), "a list over its limits keeps nothing");
    } else {
        let size: usize = long.iter().map(|(name, value)| name.len() + value.len() + 32).sum();
        assert_eq!(size, long.size());
    }
    if short.is_over() {
        assert!(short.iter().next().is_none());
    } else {
        assert!(long.iter().eq(short.iter()));
        assert!(short.size() <= 300);
    }
}

/// What the encoder takes comes back as it was, in small letters.
fn check_encoded_again(list: &FieldList) {
    let (mut block, mut taken) = (Vec::new(), Vec::new());
    for (name, value) in list.iter() {
        let Ok(name) = std::str::from_utf8(name) else { continue };
        let before = block.len();
        if encode_field(&mut block, name, value) {
            taken.push((name.to_ascii_lowercase().into_bytes(), value.to_vec()));
        } else {
            assert_eq!(block.len(), before, "what is refused leaves nothing");
        }
    }
    let mut again = FieldList::new();
    let limits = Limits { header_count_max: usize::MAX, ..Limits::default() };
    Decoder::new().decode(&block, &mut again, &limits).expect("our own block");
    let again: Vec<_> = again.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    assert_eq!(again, taken);
}
