//! What the fields of a head say about body length and connection: the one
//! place that reads `Content-Length`, `Transfer-Encoding` and `Connection`
//! (RFC 9112, sections 6 and 9; RFC 9110, section 7.6.1).

use super::section::Section;
use crate::alphabet::{is_token, trim_blanks};
use crate::header::is_never_nominated;

/// More digits than any length has (H1-05).
const LENGTH_DIGITS_MAX: usize = 19;
/// More options than any `Connection` header needs; keeps the pass over
/// options and fields short.
const OPTIONS_MAX: usize = 16;

/// Why the framing or connection fields of a head can't be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// `Content-Length` is anything but one number.
    #[error("content-length is not one plain number")]
    Length,
    /// More than one `Content-Length`, equal or not.
    #[error("content-length stands there more than once")]
    Lengths,
    /// `Transfer-Encoding` twice, as a list, or malformed.
    #[error("transfer-encoding is not exactly `chunked`")]
    Codings,
    /// A coding we don't speak. In requests that is also `chunked` in capital
    /// letters: a proxy before us may not have known it.
    #[error("the transfer-encoding is not known here")]
    UnknownCoding,
    /// The two ways of framing at once.
    #[error("content-length and transfer-encoding stand there together")]
    LengthAndCoding,
    /// `Transfer-Encoding` where the version or the kind of message has none.
    #[error("transfer-encoding can't stand in this message")]
    CodingUnfit,
    /// `Connection` is no list of options, or too long a one.
    #[error("the connection header is malformed")]
    Connection,
    /// `Connection` nominates a field that must not be taken away.
    #[error("the connection header names a protected field")]
    Nominated,
}

impl ControlError {
    /// 501 for an unknown coding, else 400.
    #[must_use]
    pub const fn status(self) -> u16 {
        if matches!(self, Self::UnknownCoding) { 501 } else { 400 }
    }
}

/// A `Transfer-Encoding` that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// `chunked`, letter by letter.
    Chunked,
    /// The same in another case.
    ChunkedInOtherCase,
}

/// The findings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Control {
    pub(crate) length: Option<u64>,
    pub(crate) coding: Option<Coding>,
    /// `Connection: close`.
    pub(crate) close: bool,
    /// `Connection: upgrade`.
    pub(crate) upgrade: bool,
    /// Options that are names of fields to be dropped.
    nominates: bool,
    options: usize,
}

impl Control {
    /// Reads the fields and marks those that end at this hop.
    pub(crate) fn read(section: &mut Section) -> Result<Self, ControlError> {
        let mut control = Self::default();
        for (name, value) in section.fields() {
            control.take(name, value)?;
        }
        let nominates = control.nominates;
        section.hold_back(|section, name, value| {
            ends_here(name, value) || (nominates && is_nominated(section, name))
        });
        if control.coding.is_some() && control.length.is_some() {
            return Err(ControlError::LengthAndCoding);
        }
        Ok(control)
    }

    fn take(&mut self, name: &str, value: &[u8]) -> Result<(), ControlError> {
        match name.len() {
            10 if name.eq_ignore_ascii_case("connection") => {
                options(value).try_for_each(|option| self.take_option(option))
            }
            14 if name.eq_ignore_ascii_case("content-length") => self.take_length(value),
            17 if name.eq_ignore_ascii_case("transfer-encoding") => self.take_coding(value),
            _ => Ok(()),
        }
    }

    fn take_length(&mut self, value: &[u8]) -> Result<(), ControlError> {
        if self.length.is_some() {
            return Err(ControlError::Lengths);
        }
        self.length = Some(read_length(value).ok_or(ControlError::Length)?);
        Ok(())
    }

    fn take_coding(&mut self, value: &[u8]) -> Result<(), ControlError> {
        if self.coding.is_some() || value.is_empty() || !value.iter().copied().all(is_token) {
            return Err(ControlError::Codings);
        }
        self.coding = Some(match value {
            b"chunked" => Coding::Chunked,
            _ if value.eq_ignore_ascii_case(b"chunked") => Coding::ChunkedInOtherCase,
            _ => return Err(ControlError::UnknownCoding),
        });
        Ok(())
    }

    fn take_option(&mut self, option: &[u8]) -> Result<(), ControlError> {
        self.options += 1;
        let option = std::str::from_utf8(option).map_err(|_| ControlError::Connection)?;
        if self.options > OPTIONS_MAX || !option.bytes().all(is_token) {
            return Err(ControlError::Connection);
        }
        let is = |known: &str| option.eq_ignore_ascii_case(known);
        if is("close") {
            self.close = true;
        } else if is("upgrade") {
            self.upgrade = true;
        } else if is("keep-alive") || is("te") {
            // Nothing to do: the fields of these names are judged anyway.
        } else if is_never_nominated(option) {
            return Err(ControlError::Nominated);
        } else {
            self.nominates = true;
        }
        Ok(())
    }
}

/// Whether a field says something only to the next hop. `Content-Length` and
/// `Transfer-Encoding` are among them because whoever writes the message
/// frames it anew. Of `TE` only `trailers` means something beyond this hop.
fn ends_here(name: &str, value: &[u8]) -> bool {
    let is = |own: &str| name.eq_ignore_ascii_case(own);
    match name.len() {
        2 => is("te") && !value.eq_ignore_ascii_case(b"trailers"),
        7 => is("upgrade"),
        10 => is("connection") || is("keep-alive"),
        14 => is("content-length"),
        16 => is("proxy-connection"),
        17 => is("transfer-encoding"),
        18 => is("proxy-authenticate"),
        19 => is("proxy-authorization"),
        25 => is("proxy-authentication-info"),
        _ => false,
    }
}

fn is_nominated(section: &Section, name: &str) -> bool {
    !name.eq_ignore_ascii_case("te")
        && section
            .values("connection")
            .flat_map(options)
            .any(|option| option.eq_ignore_ascii_case(name.as_bytes()))
}

/// The members of a `Connection` list; empty ones are passed over.
fn options(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trim_blanks).filter(|option| !option.is_empty())
}

/// Digits only, and not too many of them; leading zeros are digits.
fn read_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > LENGTH_DIGITS_MAX {
        return None;
    }
    value.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Result<(Control, Vec<String>), ControlError> {
        let mut section = Section::default();
        for line in lines.split_terminator("\r\n") {
            let (name, value) = line.split_once(": ").unwrap();
            section.push(name.as_bytes(), value.as_bytes());
        }
        let control = Control::read(&mut section)?;
        let left = section.passed_on().map(|(name, _)| name.to_owned()).collect();
        Ok((control, left))
    }

    #[test]
    fn lengths_are_plain_numbers() {
        for (text, wanted) in [
            ("0", Some(0)),
            ("5", Some(5)),
            ("010", Some(10)),
            ("9999999999999999999", Some(9_999_999_999_999_999_999)),
        ] {
            assert_eq!(read_length(text.as_bytes()), wanted, "{text}");
        }
        for bad in [
            "",
            "+5",
            "-5",
            "0x10",
            "1_0",
            "5 5",
            "5;",
            "5,5",
            "5, 5",
            "٥",
            "00000000000000000005",
            "18446744073709551616",
        ] {
            assert_eq!(read_length(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn what_ends_here_is_not_passed_on() {
        let (control, left) = read(
            "Host: a\r\nConnection: close, X-Gone,, keep-alive\r\nKeep-Alive: timeout=5\r\n\
             x-gone: 1\r\nTE: gzip\r\nProxy-Authorization: x\r\nUpgrade: h2c\r\nAccept: */*\r\n",
        )
        .unwrap();
        assert!(control.close && !control.upgrade);
        assert_eq!(left, ["Host", "Accept"]);
    }

    #[test]
    fn te_trailers_goes_on_even_when_nominated() {
        let (_, left) = read("Connection: TE\r\nTE: trailers\r\n").unwrap();
        assert_eq!(left, ["TE"]);
    }

    #[test]
    fn protected_fields_cannot_be_nominated() {
        for option in ["Host", "content-length", "Authorization", "x-forwarded-user", "POSTERN.X"] {
            let lines = format!("Connection: close, {option}\r\n");
            assert_eq!(read(&lines).unwrap_err(), ControlError::Nominated, "{option}");
        }
    }

    #[test]
    fn malformed_and_endless_option_lists_are_refused() {
        let endless = format!("Connection: {}\r\n", "a,".repeat(17));
        for lines in ["Connection: a b\r\n", "Connection: \"close\"\r\n", &endless] {
            assert_eq!(read(lines).unwrap_err(), ControlError::Connection, "{lines}");
        }
        let many = format!("Connection: {}\r\n", "a,".repeat(16));
        assert!(read(&many).is_ok());
    }
}
