//! Writes fields without a table and without Huffman codes, so that there is
//! no state to attack and nothing to guess from lengths (RFC 7541,
//! section 7). What can't stand in a place is not written there.

use super::{fixed, integer};
use crate::alphabet::{is_token, is_visible};
use crate::http2::field::{is_connection_specific, is_proper_value};

/// The first bits of a field that stands in a table.
const INDEXED: u8 = 0x80;
/// Those of one that nobody may put into a table (RFC 7541, section 7.1.3).
const NEVER_INDEXED: u8 = 0x10;
/// Those of any other.
const PLAIN: u8 = 0x00;

/// Indexes of the pseudo-header fields.
const AUTHORITY: usize = 1;
const METHOD: usize = 2;
const PATH: usize = 4;
const SCHEME: usize = 6;
const STATUS: usize = 8;

/// Writes an ordinary field, its name in small letters. Writes nothing and
/// gives `false` when the name is no token, when the value has a control
/// character or a blank at an end, and for what only HTTP/1 connections have.
pub fn encode_field(out: &mut Vec<u8>, name: &str, value: &[u8]) -> bool {
    let is_proper = !name.is_empty()
        && name.bytes().all(is_token)
        && is_proper_value(value)
        && !is_connection_specific(name.as_bytes(), value);
    if !is_proper {
        return false;
    }
    let Some(index) = fixed::index_of(name) else {
        out.push(if is_secret(name) { NEVER_INDEXED } else { PLAIN });
        integer::write(out, 0, 7, name.len());
        out.extend(name.bytes().map(|byte| byte.to_ascii_lowercase()));
        write_text(out, value);
        return true;
    };
    if is_secret(name) {
        literal(out, NEVER_INDEXED, index, value);
    } else {
        known(out, index..=index, value);
    }
    true
}

/// Fields that a middle box may not keep in any table either.
fn is_secret(name: &str) -> bool {
    let is = |own: &str| name.eq_ignore_ascii_case(own);
    match name.len() {
        6 => is("cookie"),
        10 => is("set-cookie"),
        13 => is("authorization"),
        19 => is("proxy-authorization"),
        _ => false,
    }
}

/// Writes `:status`. One outside 100 to 599 becomes 502.
pub fn encode_status(out: &mut Vec<u8>, status: u16) {
    let status = if (100..600).contains(&status) { status } else { 502 };
    let digit = |place: u16| b'0' + u8::try_from(status / place % 10).unwrap_or_default();
    known(out, STATUS..=STATUS + 6, &[digit(100), digit(10), digit(1)]);
}

/// Writes `:method`. Writes nothing and gives `false` when it is no token.
pub fn encode_method(out: &mut Vec<u8>, method: &str) -> bool {
    let is_proper = !method.is_empty() && method.bytes().all(is_token);
    is_proper && known(out, METHOD..=METHOD + 1, method.as_bytes())
}

/// Writes `:scheme`. Writes nothing and gives `false` when it is neither
/// `http` nor `https`.
pub fn encode_scheme(out: &mut Vec<u8>, scheme: &str) -> bool {
    matches!(scheme, "http" | "https") && known(out, SCHEME..=SCHEME + 1, scheme.as_bytes())
}

/// Writes `:authority`. Writes nothing and gives `false` when it isn't visible
/// ASCII.
pub fn encode_authority(out: &mut Vec<u8>, authority: &str) -> bool {
    is_text(authority) && known(out, AUTHORITY..=AUTHORITY, authority.as_bytes())
}

/// Writes `:path`. Writes nothing and gives `false` when it isn't visible
/// ASCII.
pub fn encode_path(out: &mut Vec<u8>, path: &str) -> bool {
    is_text(path) && known(out, PATH..=PATH + 1, path.as_bytes())
}

/// Writes `:protocol` (RFC 8441). Writes nothing and gives `false` when it
/// isn't visible ASCII.
pub fn encode_protocol(out: &mut Vec<u8>, protocol: &str) -> bool {
    if !is_text(protocol) {
        return false;
    }
    out.push(PLAIN);
    write_text(out, b":protocol");
    write_text(out, protocol.as_bytes());
    true
}

fn is_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_visible)
}

/// Writes a field whose name has these indexes: as one of them if the value is
/// in the table too.
fn known(out: &mut Vec<u8>, mut indexes: std::ops::RangeInclusive<usize>, value: &[u8]) -> bool {
    let first = *indexes.start();
    let is_it =
        |index: &usize| fixed::entry(*index).is_some_and(|(_, own)| own.as_bytes() == value);
    match indexes.find(is_it) {
        Some(index) => integer::write(out, INDEXED, 7, index),
        None => literal(out, PLAIN, first, value),
    }
    true
}

fn literal(out: &mut Vec<u8>, bits: u8, index: usize, value: &[u8]) {
    integer::write(out, bits, 4, index);
    write_text(out, value);
}

fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    integer::write(out, 0, 7, text.len());
    out.extend_from_slice(text);
}
