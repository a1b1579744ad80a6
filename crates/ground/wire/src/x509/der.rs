//! A reader of DER (X.690, section 10): definite, shortest lengths, one-byte
//! tags, nothing left over. It goes no deeper than its callers do.

use super::error::ReadError;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;

/// What is still to be read of one value's content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// One value: its tag, its content, and both with the length as they stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next value, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, ReadError> {
        let start = self.rest;
        let [tag, rest @ ..] = start else { return Err(ReadError::Der) };
        if tag & 0x1f == 0x1f {
            return Err(ReadError::Der);
        }
        let (length, rest) = read_length(rest)?;
        let (content, rest) = rest.split_at_checked(length).ok_or(ReadError::Der)?;
        let whole = start.get(..start.len() - rest.len()).ok_or(ReadError::Der)?;
        self.rest = rest;
        Ok(Element { tag: *tag, content, whole })
    }

    /// The next value, which has this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Result<Element<'a>, ReadError> {
        let element = self.any()?;
        if element.tag == tag { Ok(element) } else { Err(ReadError::Der) }
    }

    /// The content of the next value, which has this tag.
    pub(crate) fn open(&mut self, tag: u8) -> Result<Self, ReadError> {
        self.take(tag).map(|element| Self::new(element.content))
    }

    /// The next value if it has this tag.
    pub(crate) fn maybe(&mut self, tag: u8) -> Result<Option<Element<'a>>, ReadError> {
        if self.rest.first() == Some(&tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// Nothing may be left.
    pub(crate) const fn end(self) -> Result<(), ReadError> {
        if self.rest.is_empty() { Ok(()) } else { Err(ReadError::Der) }
    }
}

/// The shortest form only, and never more than four bytes of it.
fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), ReadError> {
    let [first, rest @ ..] = bytes else { return Err(ReadError::Der) };
    if *first < 0x80 {
        return Ok((usize::from(*first), rest));
    }
    let count = usize::from(first & 0x7f);
    let (digits, rest) = rest.split_at_checked(count).ok_or(ReadError::Der)?;
    if count > 4 || digits.first().is_none_or(|digit| *digit == 0) {
        return Err(ReadError::Der);
    }
    let length = digits.iter().fold(0, |sum: usize, digit| sum << 8 | usize::from(*digit));
    if length < 0x80 { Err(ReadError::Der) } else { Ok((length, rest)) }
}

/// `FALSE` or `TRUE`, each in its one spelling.
pub(crate) fn read_boolean(content: &[u8]) -> Result<bool, ReadError> {
    match content {
        [0x00] => Ok(false),
        [0xff] => Ok(true),
        _ => Err(ReadError::Der),
    }
}

/// A number that isn't negative, as its bytes without leading zeros; `[0]` is
/// zero.
pub(crate) fn read_natural(content: &[u8]) -> Result<&[u8], ReadError> {
    match content {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => Err(ReadError::Der),
        [0, rest @ ..] if !rest.is_empty() => Ok(rest),
        _ => Ok(content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_spelling() {
        let long = [&[0x04, 0x81, 0x80][..], &[7; 0x80]].concat();
        assert_eq!(Reader::new(&long).take(OCTET_STRING).unwrap().content, [7; 0x80]);
        let padded = [&[0x04, 0x82, 0x00, 0x80][..], &[7; 0x80]].concat();
        for bad in [
            &[][..],
            &[0x04],
            &[0x04, 0x01],
            &[0x04, 0x80, 0x00, 0x00],
            &[0x04, 0x81, 0x01, 0x00],
            &[0x04, 0xff],
            &[0x04, 0x85, 1, 1, 1, 1, 1],
            &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x1f, 0x01, 0x00],
            &padded,
        ] {
            assert_eq!(Reader::new(bad).any().unwrap_err(), ReadError::Der, "{bad:?}");
        }
    }

    #[test]
    fn numbers_and_booleans_have_one_spelling() {
        assert_eq!(read_natural(&[0]), Ok(&[0][..]));
        assert_eq!(read_natural(&[0, 0x80]), Ok(&[0x80][..]));
        for bad in [&[][..], &[0x80], &[0xff, 1], &[0, 1], &[0, 0]] {
            assert_eq!(read_natural(bad), Err(ReadError::Der), "{bad:?}");
        }
        assert_eq!(read_boolean(&[0xff]), Ok(true));
        assert_eq!(read_boolean(&[1]), Err(ReadError::Der));
    }

    #[test]
    fn what_is_left_over_is_an_error() {
        let mut reader = Reader::new(&[0x02, 1, 5, 9]);
        assert!(reader.maybe(OCTET_STRING).unwrap().is_none());
        assert_eq!(reader.take(INTEGER).unwrap().whole, [0x02, 1, 5]);
        assert_eq!(reader.end(), Err(ReadError::Der));
    }
}
