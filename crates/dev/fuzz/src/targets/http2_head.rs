//! Heads and trailers of HTTP/2, from fields that stand one to a line: what is
//! accepted is the same request when it is written as HTTP/1.1, byte for byte
//! and with nothing added.

use model::Limits;
use wire::canonical;
use wire::http::Trailers;
use wire::http1::{
    Framing, HEAD_END, RequestHead, ResponseHead, write_field, write_framing, write_request_line,
};
use wire::http2::FieldList;
use wire::http2::hpack::Decoder;

use super::told;

pub(super) fn run(input: &[u8]) {
    let list = list(input);
    for is_end in [false, true] {
        let mut head = RequestHead::new();
        match head.read_http2(&list, is_end, &Limits::default()) {
            Ok(()) => check_request(&head, is_end),
            Err(_) => assert_eq!((head.method(), head.target(), head.host()), ("", "", None)),
        }
        for method in ["GET", "HEAD", "CONNECT"] {
            try_response(&list, method, is_end);
        }
    }
    let mut trailers = Trailers::new();
    if trailers.read_http2(&list).is_ok() {
        told::check_onward(&told::list(trailers.fields()));
    }
    assert!(!trailers.fields().any(|(name, _)| name.starts_with(':') || name == "host"));
}

/// The fields as a decoder gives them, whatever they are: plain literals.
fn list(input: &[u8]) -> FieldList {
    let mut block = Vec::new();
    for line in input.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let colon =
            line.iter().skip(1).position(|byte| *byte == b':').map_or(line.len(), |at| at + 1);
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or_default();
        block.push(0);
        write_text(&mut block, name);
        write_text(&mut block, value.strip_prefix(b" ").unwrap_or(value));
    }
    let mut list = FieldList::new();
    Decoder::new().decode(&block, &mut list, &Limits::default()).expect("plain literals");
    list
}

/// A string without Huffman (RFC 7541, sections 5.1 and 5.2).
fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text.len();
    if rest < 127 {
        out.push(rest as u8);
    } else {
        out.push(127);
        rest -= 127;
        while rest >= 128 {
            out.push((rest % 128) as u8 | 128);
            rest /= 128;
        }
        out.push(rest as u8);
    }
    out.extend_from_slice(text);
}

fn check_request(head: &RequestHead, is_end: bool) {
    told::check_onward(&told::list(head.forwardable_fields()));
    assert!(head.host().is_some(), "a request is for somebody");
    assert!(!is_end || matches!(head.framing(), Framing::None | Framing::Length(0)));
    assert_ne!(head.framing(), Framing::UntilClose);
    if head.upgrade().is_some() {
        assert_eq!(head.method(), "GET");
        return;
    }
    // The path stands as it came, to be refused by the canonicaliser.
    if canonical::target(head.method(), head.target()).is_err() {
        return;
    }
    let mut out = Vec::new();
    assert!(write_request_line(&mut out, head.method(), head.target()));
    // Metadata of gRPC with underscores does not go on to HTTP/1.
    let goes_on = |(name, _): &(&str, &[u8])| !name.contains('_');
    for (name, value) in head.forwardable_fields().filter(goes_on) {
        assert!(!name.starts_with(':'), "{name}");
        assert!(write_field(&mut out, name, value), "{name}: {value:?}");
    }
    write_framing(&mut out, head.framing());
    out.extend_from_slice(HEAD_END);
    let mut again = RequestHead::new();
    let wide =
        Limits { head_bytes_max: usize::MAX / 2, header_count_max: 4_096, ..Limits::default() };
    assert_eq!(again.parse(&out, &wide), Ok(Some(out.len())), "{}", out.escape_ascii());
    assert_eq!((again.method(), again.target()), (head.method(), head.target()));
    assert_eq!((again.host(), again.framing()), (head.host(), head.framing()));
    assert_eq!(again.expect_continue(), head.expect_continue());
    let passed = head.forwardable_fields().filter(goes_on);
    assert_eq!(told::list(again.forwardable_fields()), told::list(passed));
}

fn try_response(list: &FieldList, method: &str, is_end: bool) {
    let mut head = ResponseHead::new();
    if head.read_http2(list, method, is_end).is_err() {
        return assert_eq!(head.status(), 0);
    }
    assert!((100..600).contains(&head.status()) && head.status() != 101);
    assert!(!(head.is_interim() && is_end), "something has to follow");
    told::check_onward(&told::list(head.forwardable_fields()));
    let is_bare = head.status() < 200 || matches!(head.status(), 204 | 304) || method == "HEAD";
    assert!(!(is_bare || is_end) || head.framing() == Framing::None, "{:?}", head.framing());
}
