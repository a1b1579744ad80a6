//! Heads that are malformed or too large, and the tables of compression.

use model::Limits;

use super::super::Event;
use super::raw::*;
use crate::http2::frame::Kind;
use crate::http2::{ErrorCode, RequestLine, SendError};

fn server() -> Raw {
    Raw::server(&Limits::default())
}

const LINE: RequestLine<'static> =
    RequestLine { method: "GET", scheme: "https", authority: "a.test", path: "/", protocol: None };

#[test]
fn a_malformed_head_costs_the_stream_and_nobody_hears_of_it() {
    let with = |more: &[(&'static str, &'static str)]| [GET, more].concat();
    for bad in [
        GET[1..].to_vec(),
        with(&[(":method", "GET")]),
        with(&[("a", "b"), (":path", "/")]),
        with(&[(":status", "200")]),
        with(&[("Upper", "x")]),
        with(&[("connection", "close")]),
        with(&[("transfer-encoding", "chunked")]),
        with(&[("te", "gzip")]),
        with(&[("x", " lead")]),
        with(&[("x", "a\r\nb: c")]),
        with(&[("x", "nul\0")]),
        with(&[("host", "b.test")]),
        with(&[("content-length", "1"), ("content-length", "1")]),
    ] {
        let mut raw = server();
        raw.feed_all(&[headers(1, &bad, true), get(3)]);
        assert_eq!(raw.told(), ["request 3 end"], "{bad:?}");
        raw.assert_reset(1, ErrorCode::ProtocolError);
        assert_eq!(raw.machine.open_streams(), 1);
    }
}

#[test]
fn the_log_hears_of_requests_nobody_else_hears_of() {
    let limits = Limits { http2_streams_max: 1, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    raw.feed_all(&[headers(1, &GET[1..], true), headers(3, &[GET, &[("X", "y")]].concat(), true)]);
    raw.feed_all(&[get(5), get(7)]);
    let said = raw.refusals();
    let codes: Vec<_> = said.iter().map(|(code, _)| *code).collect();
    let broken = ErrorCode::ProtocolError;
    assert_eq!(codes, [broken, broken, ErrorCode::RefusedStream]);
    assert!(said[0].1 != said[1].1 && said.iter().all(|(_, why)| !why.is_empty()), "{said:?}");
    // A stream that has an owner is its owner's to log.
    raw.feed(&headers(5, &[("a", "b")], true));
    assert!(raw.refusals().is_empty());
}

#[test]
fn what_follows_a_malformed_head_is_passed_over() {
    let mut raw = server();
    raw.feed(&headers(1, &GET[1..], false));
    raw.assert_reset(1, ErrorCode::ProtocolError);
    raw.feed_all(&[data(1, b"x", false), headers(1, &[("a", "b")], true), get(3)]);
    assert_eq!(raw.told(), ["request 3 end"]);
    raw.assert_fine();
}

#[test]
fn a_head_over_the_limits_is_told_so_that_it_can_be_answered() {
    let limits = Limits { head_bytes_max: 1_000, ..Limits::default() };
    for (length, told) in [(700, "request 1 end"), (900, "too large 1")] {
        let mut raw = Raw::server(&limits);
        raw.feed(&headers(1, &[GET, &[("x", &"x".repeat(length))]].concat(), true));
        assert_eq!(raw.told(), [told]);
        raw.machine.response(id(1), 431).send(true).unwrap();
        raw.machine.close(id(1));
        assert_eq!(raw.answers().len(), 1);
        assert_eq!(raw.machine.open_streams(), 0);
    }
}

#[test]
fn too_many_fields_are_told_too_and_crumbs_are_no_fields() {
    let fields = |name| [GET, &vec![(name, "a=b"); 200]].concat();
    let mut raw = server();
    raw.feed_all(&[headers(1, &fields("x"), true), headers(3, &fields("cookie"), true)]);
    assert_eq!(raw.told(), ["too large 1", "request 3 end"]);
}

#[test]
fn a_head_far_over_the_limits_ends_the_connection() {
    let limits = Limits { head_bytes_max: 1_000, ..Limits::default() };
    let long = "x".repeat(4_000);
    let mut raw = Raw::server(&limits);
    raw.feed(&headers(1, &[GET, &[("x", &long)]].concat(), true));
    raw.assert_ended(ErrorCode::EnhanceYourCalm);
}

#[test]
fn a_compressed_block_has_a_limit_of_its_own() {
    let limits = Limits { head_bytes_max: 1_000, ..Limits::default() };
    for (bytes, is_over) in [(4_000, false), (4_001, true)] {
        let mut raw = Raw::server(&limits);
        raw.feed(&frame(1, 1, 1, &[0; 2_000]));
        raw.feed(&frame(9, 0, 1, &vec![0; bytes - 2_000]));
        assert_eq!(raw.machine.is_over(), is_over, "{bytes}");
    }
}

#[test]
fn continuations_are_counted() {
    let limits = Limits { http2_continuations_max: 3, ..Limits::default() };
    let rest = block(GET);
    for (count, is_over) in [(3, false), (4, true)] {
        let mut raw = Raw::server(&limits);
        raw.feed(&frame(1, 1, 1, &[]));
        for _ in 1..count {
            raw.feed(&frame(9, 0, 1, &[]));
        }
        raw.feed(&frame(9, 4, 1, &rest));
        assert_eq!(raw.machine.is_over(), is_over, "{count}");
        assert_eq!(raw.told().len(), usize::from(!is_over));
    }
}

#[test]
fn trailers_have_a_limit_of_their_own() {
    let limits = Limits { trailer_bytes_max: 100, ..Limits::default() };
    for (length, wanted) in [(99, "end 1"), (100, "reset 1 ENHANCE_YOUR_CALM")] {
        let mut raw = Raw::server(&limits);
        raw.feed(&post(1));
        raw.told();
        raw.feed(&headers(1, &[("x", &"y".repeat(length))], true));
        assert_eq!(raw.told(), [wanted]);
    }
}

#[test]
fn a_response_too_large_costs_its_stream_only() {
    let limits = Limits { head_bytes_max: 1_000, ..Limits::default() };
    let mut raw = Raw::client(&limits);
    raw.machine.open(LINE).send(true).unwrap();
    raw.frames();
    raw.feed(&headers(1, &[(":status", "200"), ("x", &"y".repeat(1_000))], true));
    assert_eq!(raw.told(), ["reset 1 ENHANCE_YOUR_CALM"]);
    raw.assert_reset(1, ErrorCode::EnhanceYourCalm);
}

#[test]
fn an_extended_connect_reads_as_a_request_to_upgrade() {
    let mut raw = server();
    let fields = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":path", "/chat"),
        (":authority", "a.test"),
    ];
    raw.feed_all(&[headers(1, &fields, false), data(1, b"frames", false)]);
    let events = raw.events();
    let Some(Event::Request { head, is_end: false, .. }) = events.first() else {
        panic!("{events:?}")
    };
    assert_eq!((head.method(), head.upgrade()), ("GET", Some("websocket")));
    assert_eq!(raw.machine.received(id(1)), b"frames");
}

#[test]
fn extended_connect_is_used_once_the_peer_has_offered_it() {
    let mut raw = Raw::client(&Limits::default());
    assert!(!raw.machine.peer_allows_connect_protocol());
    raw.feed(&settings(&[(8, 1)]));
    assert!(raw.machine.peer_allows_connect_protocol());
    raw.frames();
    let line = RequestLine { method: "CONNECT", protocol: Some("websocket"), ..LINE };
    raw.machine.open(line).send(false).unwrap();
    let frames = raw.frames();
    assert!(fields_of(&frames[0]).contains(&(":protocol".to_owned(), "websocket".to_owned())));
}

#[test]
fn a_plain_connect_names_an_authority_only() {
    let mut raw = Raw::client(&Limits::default());
    let line = RequestLine { method: "CONNECT", authority: "a.test:443", ..LINE };
    raw.machine.open(line).send(false).unwrap();
    let fields = fields_of(&raw.frames()[0]);
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [":method", ":authority"]);
}

#[test]
fn a_large_head_goes_out_in_pieces_every_peer_takes() {
    let mut raw = Raw::client(&Limits::default());
    let value = vec![b'v'; 40_000];
    let mut block = raw.machine.open(LINE);
    assert!(block.field("x", &value));
    block.send(true).unwrap();
    let frames = raw.frames();
    let seen: Vec<_> =
        frames.iter().map(|f| (f.kind, f.flags, f.payload.len() <= 16_384)).collect();
    let wanted =
        [(Kind::Headers, 1, true), (Kind::Continuation, 0, true), (Kind::Continuation, 4, true)];
    assert_eq!(seen, wanted);
}

#[test]
fn a_head_larger_than_the_peer_takes_is_not_sent() {
    let mut raw = Raw::client(&Limits::default());
    raw.feed(&settings(&[(6, 400)]));
    raw.frames();
    for (length, is_sent) in [(100, true), (400, false)] {
        let mut block = raw.machine.open(LINE);
        block.field("x", &vec![b'v'; length]);
        let sent = block.send(true);
        assert_eq!(sent.is_ok(), is_sent, "{sent:?}");
        assert!(is_sent || sent == Err(SendError::TooLarge));
    }
    assert_eq!(raw.frames().len(), 1);
}

#[test]
fn a_block_takes_no_field_that_cannot_stand_in_it() {
    let mut raw = Raw::client(&Limits::default());
    let mut block = raw.machine.open(LINE);
    assert!(block.field("Accept", b"*/*"));
    for (name, value) in [
        ("connection", &b"close"[..]),
        ("Transfer-Encoding", b"chunked"),
        ("upgrade", b"websocket"),
        ("te", b"gzip"),
        (":path", b"/other"),
        ("na me", b"x"),
        ("x", b"a\nb"),
    ] {
        assert!(!block.field(name, value), "{name}");
    }
    assert!(block.field("te", b"trailers"));
    block.send(true).unwrap();
    let fields = fields_of(&raw.frames()[0]);
    let names: Vec<_> = fields.iter().skip(4).map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["accept", "te"]);
}

#[test]
fn a_peer_with_a_smaller_table_is_told_once_that_none_is_used() {
    let mut raw = Raw::client(&Limits::default());
    raw.feed(&settings(&[(1, 8_192)]));
    raw.frames();
    for (smaller, first) in [(None, 0x82), (Some(4_095), 0x20), (None, 0x82), (Some(0), 0x82)] {
        if let Some(size) = smaller {
            raw.feed(&settings(&[(1, size)]));
            raw.frames();
        }
        raw.machine.open(LINE).send(true).unwrap();
        assert_eq!(raw.frames()[0].payload[0], first, "{smaller:?}");
    }
}
