//! The canonical path: unreserved escapes decoded once, the rest in capitals,
//! slashes merged, dot segments resolved (RFC 3986, sections 5.2.4 and 6.2.2).
//! A `;` and what follows it stay part of their segment; rules don't look at
//! them, and no segment may hide a dot segment behind them.

use super::error::CanonicalError;
use crate::alphabet::{is_segment, is_unreserved};

/// Writes the canonical form of `raw`, a path without its query, into `out`,
/// cleared first. The same path again gives itself. A trailing slash stays:
/// to an app it can make a difference, and rules don't look at it.
///
/// # Errors
/// When `raw` doesn't begin with a slash, or holds what two readers could
/// take for two things, an escaped slash among them. `out` is then empty.
pub fn path(raw: &str, out: &mut String) -> Result<(), CanonicalError> {
    match path_keeping_slashes(raw, out)? {
        false => Ok(()),
        true => {
            out.clear();
            Err(CanonicalError::EscapedDelimiter)
        }
    }
}

/// The same, for routes whose app takes an escaped slash as a part of a
/// segment's name: each stays in the path as `%2F`, and the answer says
/// whether there was one. Routing has to come first, so the path is written
/// before it is known whether it may stand; whoever doesn't keep them refuses
/// with [`CanonicalError::EscapedDelimiter`] then.
///
/// An app that reads such a slash as a slash after all must not find a dot
/// segment that nobody saw: those are refused here, too.
///
/// # Errors
/// As [`path`], without the escaped slash.
pub fn path_keeping_slashes(raw: &str, out: &mut String) -> Result<bool, CanonicalError> {
    out.clear();
    let outcome = resolve(raw, out);
    if outcome.is_err() {
        out.clear();
    }
    outcome
}

/// `out` always ends in a slash between segments: what it holds then is the
/// directory the next segment stands in. Tells of an escaped slash.
fn resolve(raw: &str, out: &mut String) -> Result<bool, CanonicalError> {
    let rest = raw.strip_prefix('/').ok_or(CanonicalError::Form)?;
    out.push('/');
    let mut has_escaped = false;
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        let start = out.len();
        let is_joined = decode(segment, out)?;
        has_escaped |= is_joined;
        let decoded = out.get(start..).unwrap_or_default();
        if is_joined {
            check_joined(decoded)?;
        } else if decoded.starts_with(['.', '%', ';']) {
            check_name(decoded)?;
        }
        match decoded {
            "" => {}
            "." => out.truncate(start),
            ".." => {
                out.truncate(start);
                leave_directory(out);
            }
            _ if segments.peek().is_some() => out.push('/'),
            _ => {}
        }
    }
    Ok(has_escaped)
}

/// `/a/b/` becomes `/a/`; `/` stays.
fn leave_directory(out: &mut String) {
    let inner = out.strip_suffix('/').unwrap_or(out);
    let keep = inner.rfind('/').map_or(1, |slash| slash + 1);
    out.truncate(keep);
}

/// Appends one segment in its canonical spelling; tells whether there is an
/// escaped slash in it.
fn decode(segment: &str, out: &mut String) -> Result<bool, CanonicalError> {
    let mut has_escaped = false;
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match *first {
            b'%' => {
                has_escaped |= matches!(after, [b'2', b'f' | b'F', ..]);
                rest = decode_escape(after, out)?;
            }
            byte if is_segment(byte) => out.push(char::from(byte)),
            b'#' | b'\\' => return Err(CanonicalError::Delimiter),
            // `?` would begin a query, which is no part of a path.
            b'?' => return Err(CanonicalError::Form),
            byte if byte.is_ascii_graphic() => push_escape(byte, out),
            _ => return Err(CanonicalError::Character),
        }
    }
    Ok(has_escaped)
}

/// Handles what stands behind a `%`; gives what is left after it. Bytes above
/// ASCII must be whole UTF-8 characters, overlong forms are none.
fn decode_escape<'a>(rest: &'a [u8], out: &mut String) -> Result<&'a [u8], CanonicalError> {
    let (lead, mut rest) = take_hex(rest)?;
    match lead {
        b'\\' | 0x7f | 0..=0x1f => return Err(CanonicalError::EscapedDelimiter),
        byte if is_unreserved(byte) => out.push(char::from(byte)),
        byte if byte.is_ascii() => push_escape(byte, out),
        _ => {
            let mut bytes = [lead, 0, 0, 0];
            let length = utf8_length(lead).ok_or(CanonicalError::Escape)?;
            for slot in bytes.iter_mut().take(length).skip(1) {
                let escape = rest.strip_prefix(b"%").ok_or(CanonicalError::Escape)?;
                (*slot, rest) = take_hex(escape)?;
            }
            let character = bytes.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
            check_character(character.ok_or(CanonicalError::Escape)?)?;
            bytes.iter().take(length).for_each(|byte| push_escape(*byte, out));
        }
    }
    Ok(rest)
}

const fn utf8_length(lead: u8) -> Option<usize> {
    match lead {
        0xc2..=0xdf => Some(2),
        0xe0..=0xef => Some(3),
        0xf0..=0xf4 => Some(4),
        _ => None,
    }
}

/// Refuses the full-width slash and backslash, the C1 controls, and what is
/// no character: a backend that folds widths would see delimiters.
fn check_character(text: &str) -> Result<(), CanonicalError> {
    let is_bad = |c: char| c.is_control() || matches!(c, '\u{ff0f}' | '\u{ff3c}');
    if text.chars().any(is_bad) { Err(CanonicalError::EscapedDelimiter) } else { Ok(()) }
}

/// Refuses a segment whose name, up to a `;` escaped or not, is empty or made
/// of dots and escaped look-alikes of dots (full-width dot, one and two dot
/// leader): a backend that cuts parameters off or folds widths would resolve
/// it as a dot segment.
fn check_name(segment: &str) -> Result<(), CanonicalError> {
    let name = segment.split(';').next().unwrap_or_default();
    let name = name.split_once("%3B").map_or(name, |(name, _)| name);
    let mut rest = name;
    while let Some(after) = DOTS.iter().find_map(|dot| rest.strip_prefix(dot)) {
        rest = after;
    }
    match rest.is_empty() {
        true if name.len() < segment.len() => Err(CanonicalError::Parameter),
        true if name.contains('%') => Err(CanonicalError::EscapedDelimiter),
        _ => Ok(()),
    }
}

/// Looks at a segment as at the several ones it is to an app that reads `%2F`
/// as a slash. Empty ones are fine (an address in a path: `http:%2F%2Fa`).
fn check_joined(segment: &str) -> Result<(), CanonicalError> {
    for piece in segment.split(ESCAPED_SLASH) {
        if piece == "." || piece == ".." {
            return Err(CanonicalError::EscapedDelimiter);
        }
        check_name(piece)?;
    }
    Ok(())
}

/// An escaped slash in the canonical spelling.
const ESCAPED_SLASH: &str = "%2F";

/// How a dot can look in the canonical spelling.
const DOTS: [&str; 4] = [".", "%EF%BC%8E", "%E2%80%A4", "%E2%80%A5"];

fn take_hex(rest: &[u8]) -> Result<(u8, &[u8]), CanonicalError> {
    let [high, low, rest @ ..] = rest else { return Err(CanonicalError::Escape) };
    let value = hex_value(*high).zip(hex_value(*low)).ok_or(CanonicalError::Escape)?;
    Ok((value.0 << 4 | value.1, rest))
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn push_escape(byte: u8, out: &mut String) {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    out.push('%');
    out.push(digit(byte >> 4).to_ascii_uppercase());
    out.push(digit(byte & 15).to_ascii_uppercase());
}

#[cfg(test)]
mod tests;
