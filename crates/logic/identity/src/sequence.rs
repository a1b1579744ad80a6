//! The frame of a DER value. The parsers behind this crate ignore what follows
//! the value they read; here nothing may follow. What is inside is not looked
//! at.

/// Whether `der` is exactly one SEQUENCE of less than 64 KiB, in the shortest
/// form of its length, with nothing behind it (X.690, section 10.1).
pub(crate) fn is_one_sequence(der: &[u8]) -> bool {
    let length = match der {
        [0x30, 0x82, high @ 1..=255, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
        [0x30, 0x81, length @ 0x80..=0xff, ..] => 3 + usize::from(*length),
        [0x30, length @ 0..=0x7f, ..] => 2 + usize::from(*length),
        _ => return false,
    };
    der.len() == length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(head: &[u8], length: usize) -> Vec<u8> {
        [head, &vec![0; length]].concat()
    }

    #[test]
    fn a_sequence_is_taken_whole_or_not_at_all() {
        for (head, length) in [
            (&[0x30, 3][..], 3),
            (&[0x30, 0], 0),
            (&[0x30, 0x81, 200], 200),
            (&[0x30, 0x82, 1, 0], 256),
        ] {
            assert!(is_one_sequence(&framed(head, length)), "{head:x?}");
            assert!(!is_one_sequence(&framed(head, length + 1)), "{head:x?} and one more");
            let whole = framed(head, length);
            assert!(!is_one_sequence(&whole[..whole.len() - 1]), "{head:x?} and one less");
        }
    }

    #[test]
    fn other_tags_and_longer_forms_are_refused() {
        for (head, length) in [
            (&[0x31, 1][..], 1),
            (&[0x30, 0x81, 5], 5),
            (&[0x30, 0x82, 0, 200], 200),
            (&[0x30, 0x80], 2),
        ] {
            assert!(!is_one_sequence(&framed(head, length)), "{head:x?}");
        }
        assert!(!is_one_sequence(&[]) && !is_one_sequence(&[0x30]));
    }
}
