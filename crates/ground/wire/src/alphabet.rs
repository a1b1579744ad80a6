//! The sets of bytes the grammars of HTTP are written in (RFC 9110,
//! section 5.6, and RFC 3986, section 2), each as one question.

/// A `tchar`: what methods, field names and options are made of.
pub(crate) fn is_token(byte: u8) -> bool {
    TOKENS.get(usize::from(byte)).copied().unwrap_or_default()
}

const TOKENS: [bool; 256] = {
    let mut table = [false; 256];
    let mut rest: &[u8] = b"!#$%&'*+-.^_`|~0123456789\
        ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    while let [byte, after @ ..] = rest {
        // The index is a byte, the table has a place for each.
        #[expect(clippy::indexing_slicing, reason = "checked when compiled")]
        {
            table[*byte as usize] = true;
        }
        rest = after;
    }
    table
};

/// What may stand in a field value or a reason phrase: tab, space, visible
/// ASCII and the opaque bytes above it. No other control character.
pub(crate) const fn is_value(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// Whether all bytes may stand in a value. It looks at all of them whatever it
/// finds, so that the compiler can take many at a time.
pub(crate) fn is_all_value(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |proper, byte| proper & is_value(*byte))
}

/// Visible ASCII: what a request target is made of.
pub(crate) const fn is_visible(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e)
}

/// What RFC 3986 calls unreserved: escaping it changes nothing.
pub(crate) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// What stands unescaped in a path segment (`pchar`): unreserved, `sub-delims`,
/// `:` and `@`.
pub(crate) const fn is_segment(byte: u8) -> bool {
    is_unreserved(byte) || is_delimiter(byte) || matches!(byte, b':' | b'@')
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

/// Takes spaces and tabs off both ends (`OWS`).
pub(crate) const fn trim_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Where a byte first stands, sixteen at a time.
pub(crate) fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let has_it = |block: &&[u8; 16]| block.iter().fold(false, |hit, byte| hit | (*byte == wanted));
    let start = blocks.iter().take_while(|block| !has_it(block)).count() * 16;
    let tail = if start < bytes.len() - rest.len() { bytes.get(start..)? } else { rest };
    tail.iter().position(|byte| *byte == wanted).map(|at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_standard() {
        let tokens: String = (0..=255_u8).filter(|byte| is_token(*byte)).map(char::from).collect();
        let wanted =
            "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~";
        assert_eq!(tokens, wanted);
    }

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for length in 0..70 {
            let mut bytes = vec![b'x'; length];
            assert_eq!(find(&bytes, b'!'), None);
            for at in (0..length).rev() {
                bytes[at] = b'!';
                assert_eq!(find(&bytes, b'!'), Some(at), "{at} of {length}");
            }
        }
    }

    #[test]
    fn blanks_come_off_both_ends_only() {
        for (text, wanted) in [(" \ta b\t ", "a b"), ("", ""), (" \t", ""), ("a", "a")] {
            assert_eq!(trim_blanks(text.as_bytes()), wanted.as_bytes());
        }
    }
}
