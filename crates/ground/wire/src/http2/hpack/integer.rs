//! Numbers with a prefix of some bits (RFC 7541, section 5.1).

use super::error::HpackError;

/// Places of the bytes behind the prefix. Four of them hold far more than any
/// index or length we could follow; endless zeros in front are refused too.
const SHIFTS: [u32; 4] = [0, 7, 14, 21];

/// Reads a number whose first bits share a byte with something else; gives it
/// and what is left.
pub(super) fn read(input: &[u8], prefix_bits: u32) -> Result<(usize, &[u8]), HpackError> {
    let (first, mut rest) = input.split_first().ok_or(HpackError::Truncated)?;
    let mask = prefix_mask(prefix_bits);
    let mut value = usize::from(first & mask);
    if value < usize::from(mask) {
        return Ok((value, rest));
    }
    for shift in SHIFTS {
        let (byte, after) = rest.split_first().ok_or(HpackError::Truncated)?;
        value += usize::from(byte & 0x7f) << shift;
        rest = after;
        if byte & 0x80 == 0 {
            return Ok((value, rest));
        }
    }
    Err(HpackError::Integer)
}

/// Writes a number behind the upper bits of `first`.
pub(super) fn write(out: &mut Vec<u8>, first: u8, prefix_bits: u32, value: usize) {
    let mask = prefix_mask(prefix_bits);
    let Some(mut rest) = value.checked_sub(usize::from(mask)) else {
        out.push(first | low_byte(value));
        return;
    };
    out.push(first | mask);
    while rest >= 0x80 {
        out.push(0x80 | low_byte(rest & 0x7f));
        rest >>= 7;
    }
    out.push(low_byte(rest));
}

fn low_byte(value: usize) -> u8 {
    u8::try_from(value & 0xff).unwrap_or_default()
}

const fn prefix_mask(bits: u32) -> u8 {
    0xff >> (8 - bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(prefix_bits: u32, value: usize) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, 0, prefix_bits, value);
        out
    }

    /// RFC 7541, appendix C.1.
    #[test]
    fn the_examples_of_the_standard() {
        for (bits, value, bytes) in
            [(5, 10, &[10][..]), (5, 1337, &[31, 154, 10]), (8, 42, &[42]), (5, 31, &[31, 0])]
        {
            assert_eq!(written(bits, value), bytes);
            assert_eq!(read(bytes, bits), Ok((value, &[][..])));
        }
    }

    #[test]
    fn every_number_comes_back_with_every_prefix() {
        let largest = (1 << 28) - 1;
        for bits in 1..=8 {
            let edges = (0..29).flat_map(|shift: u32| [(1_usize << shift) - 1, 1 << shift]);
            for value in (0..3000).chain(edges).filter(|value| *value <= largest) {
                let mut bytes = written(bits, value);
                bytes.push(0xaa);
                assert_eq!(read(&bytes, bits), Ok((value, &[0xaa][..])), "{bits} {value}");
                bytes.truncate(bytes.len() - 2);
                assert_eq!(read(&bytes, bits), Err(HpackError::Truncated), "{bits} {value}");
            }
        }
    }

    #[test]
    fn endless_numbers_are_refused() {
        assert_eq!(read(&[31, 0x80, 0x80, 0x80, 0x00], 5), Ok((31, &[][..])));
        for bytes in [[31, 0x80, 0x80, 0x80, 0x80, 0], [31, 0xff, 0xff, 0xff, 0xff, 0x0f]] {
            assert_eq!(read(&bytes, 5), Err(HpackError::Integer));
        }
    }
}
