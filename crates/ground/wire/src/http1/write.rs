//! Writes heads, chunks and trailers into the caller's buffer. What can't
//! stand in a place is not written there, whoever hands it in (H1-22).

use crate::alphabet::{is_all_value, is_token, is_visible};
use crate::http::Framing;

/// Ends a head: the empty line.
pub const HEAD_END: &[u8] = b"\r\n";
/// Ends the data of a chunk.
pub const CHUNK_END: &[u8] = b"\r\n";

/// Writes `GET /path HTTP/1.1`. Writes nothing and gives `false` when the
/// method is no token or the target not visible ASCII.
pub fn write_request_line(out: &mut Vec<u8>, method: &str, target: &str) -> bool {
    let is_proper = !method.is_empty()
        && method.bytes().all(is_token)
        && !target.is_empty()
        && target.bytes().all(is_visible);
    if is_proper {
        for part in [method, " ", target, " HTTP/1.1\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    is_proper
}

/// Writes `HTTP/1.1 200 OK`. A status outside 100 to 599 becomes 502, a reason
/// with control characters becomes none.
pub fn write_status_line(out: &mut Vec<u8>, status: u16, reason: impl AsRef<[u8]>) {
    let status = if (100..600).contains(&status) { status } else { 502 };
    out.extend_from_slice(b"HTTP/1.1 ");
    write_decimal(out, u64::from(status));
    out.push(b' ');
    let reason = reason.as_ref();
    if is_all_value(reason) {
        out.extend_from_slice(reason);
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes one field. Writes nothing and gives `false` when the name is no
/// token or the value holds a control character.
pub fn write_field(out: &mut Vec<u8>, name: &str, value: impl AsRef<[u8]>) -> bool {
    let value = value.as_ref();
    let is_proper = !name.is_empty() && name.bytes().all(is_token) && is_all_value(value);
    if is_proper {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    is_proper
}

/// Writes the field that announces this framing, if it has one.
pub fn write_framing(out: &mut Vec<u8>, framing: Framing) {
    match framing {
        Framing::None | Framing::UntilClose => {}
        Framing::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Framing::Length(length) => {
            out.extend_from_slice(b"content-length: ");
            write_decimal(out, length);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Writes the line before the data of a chunk, which [`CHUNK_END`] follows.
/// Writes nothing for an empty one: that would be the last.
pub fn write_chunk_head(out: &mut Vec<u8>, len: usize) {
    if len == 0 {
        return;
    }
    let mut digits = [0_u8; 16];
    let mut rest = len;
    let mut first = digits.len();
    for slot in digits.iter_mut().rev() {
        let digit = u8::try_from(rest % 16).unwrap_or_default();
        *slot = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
        rest /= 16;
        first -= 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(first..).unwrap_or_default());
    out.extend_from_slice(b"\r\n");
}

/// Writes the last chunk and the trailer section. Fields that can't stand
/// there are left out.
pub fn write_last_chunk<'a>(
    out: &mut Vec<u8>,
    trailers: impl Iterator<Item = (&'a str, &'a [u8])>,
) {
    out.extend_from_slice(b"0\r\n");
    for (name, value) in trailers {
        write_field(out, name, value);
    }
    out.extend_from_slice(b"\r\n");
}

fn write_decimal(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let mut rest = number;
    let mut first = digits.len();
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        first -= 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(first..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_head_is_written_as_it_is_read() {
        assert_eq!(
            written(|out| {
                assert!(write_request_line(out, "GET", "/a?b"));
                assert!(write_field(out, "Host", "orders"));
                write_framing(out, Framing::Length(u64::MAX));
                write_framing(out, Framing::Chunked);
                write_framing(out, Framing::None);
                out.extend_from_slice(HEAD_END);
            }),
            "GET /a?b HTTP/1.1\r\nHost: orders\r\ncontent-length: 18446744073709551615\r\n\
             transfer-encoding: chunked\r\n\r\n"
        );
        assert_eq!(written(|out| write_status_line(out, 200, "OK")), "HTTP/1.1 200 OK\r\n");
        assert_eq!(written(|out| write_status_line(out, 7, "")), "HTTP/1.1 502 \r\n");
    }

    #[test]
    fn line_breaks_are_never_written() {
        for bad in ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "a\u{7f}"] {
            assert_eq!(written(|out| assert!(!write_field(out, "X", bad))), "", "{bad:?}");
            assert_eq!(written(|out| assert!(!write_field(out, bad, "x"))), "", "{bad:?}");
            assert_eq!(written(|out| assert!(!write_request_line(out, "GET", bad))), "");
            assert_eq!(written(|out| assert!(!write_request_line(out, bad, "/"))), "");
            assert_eq!(written(|out| write_status_line(out, 200, bad)), "HTTP/1.1 200 \r\n");
        }
        assert!(!write_field(&mut Vec::new(), "", "x"));
        assert!(!write_field(&mut Vec::new(), "a:b", "x"));
        assert!(!write_request_line(&mut Vec::new(), "GET", "/a b"));
    }

    #[test]
    fn chunk_sizes_are_hexadecimal_and_never_zero() {
        for (len, text) in [(0, ""), (1, "1\r\n"), (16, "10\r\n"), (0xbeef, "beef\r\n")] {
            assert_eq!(written(|out| write_chunk_head(out, len)), text);
        }
        assert_eq!(written(|out| write_chunk_head(out, usize::MAX)), "ffffffffffffffff\r\n");
        let trailers = [("a", &b"1"[..]), ("bad", b"\r\n"), ("b", b"2")];
        let last = written(|out| write_last_chunk(out, trailers.into_iter()));
        assert_eq!(last, "0\r\na: 1\r\nb: 2\r\n\r\n");
    }
}
