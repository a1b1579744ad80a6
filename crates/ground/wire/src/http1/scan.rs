//! Finds where a header section ends, byte by byte and only once per byte, so
//! that a head sent in crumbs costs no more than one sent whole. It looks at
//! line ends and sizes, and not at what the lines say.

use crate::alphabet::find;
use crate::http::{Progress, SectionError};

/// What one section may measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    /// The first line with its end, in bytes.
    pub(crate) first_line: usize,
    /// Everything, in bytes.
    pub(crate) total: usize,
    /// Lines before the empty one.
    pub(crate) lines: usize,
}

impl Progress {
    /// Goes on where it stopped; `input` is the same bytes as before and maybe
    /// more. Gives the length up to and including the empty line.
    ///
    /// Should the bytes not be the same, the worst is an end found too late,
    /// and then an empty line inside the section, which its reader refuses.
    pub(crate) fn advance(
        &mut self,
        input: &[u8],
        caps: &Caps,
    ) -> Result<Option<usize>, SectionError> {
        let end = input.len().min(caps.total);
        if self.at > end {
            *self = Self::default();
        }
        while let Some(feed) = line_feed_in(input, self.at..end) {
            if self.line_feed(input, feed, caps)? {
                return Ok(Some(self.at));
            }
        }
        self.at = end;
        if self.lines == 0 && end >= caps.first_line {
            return Err(SectionError::FirstLine);
        }
        if end >= caps.total { Err(SectionError::TooLarge) } else { Ok(None) }
    }

    /// Takes note of the line that ends at `feed`; true when it was the empty
    /// one.
    fn line_feed(&mut self, input: &[u8], feed: usize, caps: &Caps) -> Result<bool, SectionError> {
        if self.lines == 0 && feed >= caps.first_line {
            return Err(SectionError::FirstLine);
        }
        let line = input.get(self.line..feed).unwrap_or_default();
        if line.last() != Some(&b'\r') {
            return Err(SectionError::LineEnd);
        }
        self.at = feed + 1;
        self.line = self.at;
        if line.len() == 1 {
            return Ok(true);
        }
        self.lines += 1;
        if self.lines > caps.lines { Err(SectionError::TooMany) } else { Ok(false) }
    }
}

fn line_feed_in(input: &[u8], range: std::ops::Range<usize>) -> Option<usize> {
    let start = range.start;
    find(input.get(range)?, b'\n').map(|at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: Caps = Caps { first_line: 10, total: 40, lines: 3 };

    fn whole(input: &[u8]) -> Result<Option<usize>, SectionError> {
        Progress::default().advance(input, &CAPS)
    }

    fn crumbs(input: &[u8]) -> Result<Option<usize>, SectionError> {
        let mut scan = Progress::default();
        for end in 0..input.len() {
            match scan.advance(&input[..end], &CAPS) {
                Ok(None) => {}
                other => return other,
            }
        }
        scan.advance(input, &CAPS)
    }

    #[test]
    fn the_end_is_the_empty_line_however_the_bytes_come() {
        for (input, wanted) in [
            (&b"a\r\nb\r\n\r\nrest"[..], Ok(Some(8))),
            (b"\r\n", Ok(Some(2))),
            (b"a\r\nb\r\n\r", Ok(None)),
            (b"", Ok(None)),
            (b"a\nb\r\n\r\n", Err(SectionError::LineEnd)),
            (b"a\r\n\n", Err(SectionError::LineEnd)),
            (b"0123456789\r\n\r\n", Err(SectionError::FirstLine)),
            (b"01234567\r\n\r\n", Ok(Some(12))),
            (b"012345678\r\n\r\n", Err(SectionError::FirstLine)),
            (b"a\r\n1\r\n2\r\n3\r\n\r\n", Err(SectionError::TooMany)),
            (b"a\r\n1\r\n2\r\n\r\n", Ok(Some(11))),
            (b"a\r\n3333333333333333333333333333333333333333", Err(SectionError::TooLarge)),
        ] {
            assert_eq!(whole(input), wanted, "{input:?}");
            assert_eq!(crumbs(input), wanted, "{input:?} in crumbs");
        }
    }

    #[test]
    fn a_shorter_input_starts_the_search_again() {
        let mut scan = Progress::default();
        assert_eq!(scan.advance(b"a long li", &CAPS), Ok(None));
        assert_eq!(scan.advance(b"a\r\n\r\n", &CAPS), Ok(Some(5)));
    }
}
