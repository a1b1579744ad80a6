//! A JSON object on one line, written into a buffer. Everything outside
//! printable ASCII is escaped, so that no value can end the line, colour a
//! terminal or break a reader (LOG-01).

use std::io::Write as _;

/// Longer texts are cut here, in characters, and end in `...`.
pub(crate) const TEXT_CHARS_MAX: usize = 2_048;

/// An object being written. Names are the caller's own constants and stand as
/// they are; values are escaped.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    pub(crate) fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        self.out.push(b'"');
        for (count, c) in value.chars().enumerate() {
            if count == TEXT_CHARS_MAX {
                self.out.extend_from_slice(b"...");
                break;
            }
            escape(self.out, c);
        }
        self.out.push(b'"');
    }

    /// Left out when there is none.
    pub(crate) fn text_if(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(crate) fn number(&mut self, name: &'static str, value: u64) {
        self.name(name);
        // Writing into a Vec can't fail.
        let _infallible = write!(self.out, "{value}");
    }

    /// Ends the object and the line.
    pub(crate) fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }

    fn name(&mut self, name: &'static str) {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

fn escape(out: &mut Vec<u8>, c: char) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        ' '..='~' => out.extend(u8::try_from(c)),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _infallible = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> String {
        let mut out = Vec::new();
        let mut object = Object::begin(&mut out);
        object.text("v", value);
        object.end();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn printable_ascii_stays_and_the_rest_is_escaped() {
        assert_eq!(text("/a b~!"), "{\"v\":\"/a b~!\"}\n");
        assert_eq!(text("\"\\"), "{\"v\":\"\\\"\\\\\"}\n");
        assert_eq!(
            text("\r\n\t\0\u{1b}\u{7f}"),
            "{\"v\":\"\\u000d\\u000a\\u0009\\u0000\\u001b\\u007f\"}\n"
        );
        assert_eq!(
            text("é\u{2028}\u{202e}😀"),
            "{\"v\":\"\\u00e9\\u2028\\u202e\\ud83d\\ude00\"}\n"
        );
    }

    #[test]
    fn every_character_stays_on_the_line() {
        for c in (0..=0x1_ffff).filter_map(char::from_u32) {
            let line = text(&c.to_string());
            assert!(line.strip_suffix('\n').unwrap().bytes().all(|b| matches!(b, b' '..=b'~')));
        }
    }

    #[test]
    fn long_texts_are_cut_in_characters() {
        let line = text(&"é".repeat(TEXT_CHARS_MAX + 1));
        assert_eq!(line.matches("\\u00e9").count(), TEXT_CHARS_MAX);
        assert!(line.ends_with("...\"}\n"));
        assert!(!text(&"x".repeat(TEXT_CHARS_MAX)).contains("..."));
    }

    #[test]
    fn members_are_separated() {
        let mut out = Vec::new();
        let mut object = Object::begin(&mut out);
        object.number("a", u64::MAX);
        object.text_if("b", None);
        object.text_if("c", Some(""));
        object.end();
        assert_eq!(out, b"{\"a\":18446744073709551615,\"c\":\"\"}\n");
    }
}
