//! What a field may look like in HTTP/2 (RFC 9113, section 8.2): read so, and
//! written so. What it means is not asked here.

use super::error::MalformedHead;
use crate::alphabet::{is_all_value, is_token};
use crate::http::Underscores;

/// Checks an ordinary field of a head or trailer section.
pub(super) fn check(
    name: &[u8],
    value: &[u8],
    underscores: Underscores,
) -> Result<(), MalformedHead> {
    let is_small = |byte: &u8| is_token(*byte) && !byte.is_ascii_uppercase();
    if name.first() == Some(&b':') {
        return Err(MalformedHead::Pseudo);
    }
    if name.is_empty() || !name.iter().all(is_small) {
        return Err(MalformedHead::Name);
    }
    if underscores == Underscores::Refused && name.contains(&b'_') {
        return Err(MalformedHead::Underscore);
    }
    if !is_proper_value(value) {
        return Err(MalformedHead::Value);
    }
    if is_connection_specific(name, value) {
        return Err(MalformedHead::ConnectionSpecific);
    }
    Ok(())
}

/// No control character, no blank at either end.
pub(super) fn is_proper_value(value: &[u8]) -> bool {
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    is_all_value(value) && !is_blank(value.first()) && !is_blank(value.last())
}

/// What only a connection of HTTP/1 has. `TE` may say `trailers` and nothing
/// else (RFC 9113, section 8.2.2).
pub(super) fn is_connection_specific(name: &[u8], value: &[u8]) -> bool {
    let is = |own: &[u8]| name.eq_ignore_ascii_case(own);
    match name.len() {
        2 => is(b"te") && !value.eq_ignore_ascii_case(b"trailers"),
        7 => is(b"upgrade"),
        10 => is(b"connection") || is(b"keep-alive"),
        16 => is(b"proxy-connection"),
        17 => is(b"transfer-encoding"),
        _ => false,
    }
}
