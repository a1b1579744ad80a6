//! DATA and the length that was announced, trailers, interim heads, and what
//! a response may have (RFC 9113, sections 8.1 and 8.1.1).

use model::Limits;

use super::raw::*;
use crate::http2::{ErrorCode, RequestLine};

fn server() -> Raw {
    Raw::server(&Limits::default())
}

/// A client with one request of this method on stream 1.
fn client(method: &str) -> Raw {
    let mut raw = Raw::client(&Limits::default());
    let protocol = (method == "CONNECT").then_some("websocket");
    let line = RequestLine { method, scheme: "https", authority: "a.test", path: "/", protocol };
    raw.machine.open(line).send(false).unwrap();
    raw.frames();
    raw
}

fn trailers(stream: u32) -> Vec<u8> {
    headers(stream, &[("grpc-status", "0"), ("content-length", "9")], true)
}

#[test]
fn a_body_is_as_long_as_was_announced() {
    let good: &[&[Vec<u8>]] = &[
        &[data(1, b"12345", true)],
        &[data(1, b"12", false), padded(1, b"345", 7, true)],
        &[data(1, b"12345", false), data(1, b"", true)],
        &[data(1, b"12345", false), trailers(1)],
    ];
    for frames in good {
        let mut raw = server();
        raw.feed(&post_of(1, "5"));
        raw.feed_all(frames);
        assert_eq!(raw.told(), ["request 1", "data 1", "end 1"]);
        assert_eq!(raw.machine.received(id(1)), b"12345");
        raw.assert_fine();
    }
    let bad: &[&[Vec<u8>]] = &[
        &[data(1, b"1234", true)],
        &[data(1, b"123456", true)],
        &[data(1, b"123456", false)],
        &[data(1, b"12345", false), data(1, b"6", false)],
        &[data(1, b"", true)],
        &[data(1, b"1234", false), trailers(1)],
        &[trailers(1)],
    ];
    for frames in bad {
        let mut raw = server();
        raw.feed(&post_of(1, "5"));
        raw.told();
        raw.feed_all(frames);
        let told = raw.told();
        assert_eq!(told.last().unwrap(), "reset 1 PROTOCOL_ERROR", "{told:?}");
        assert!(!told.contains(&"end 1".to_owned()));
        assert_eq!(raw.machine.received(id(1)), b"");
        raw.assert_reset(1, ErrorCode::ProtocolError);
    }
}

#[test]
fn a_length_of_zero_and_one_with_the_end_are_told_apart() {
    let mut raw = server();
    raw.feed(&headers(1, &[POST, &[("content-length", "0")]].concat(), true));
    assert_eq!(raw.told(), ["request 1 end"]);
    raw.feed(&headers(3, &[POST, &[("content-length", "1")]].concat(), true));
    assert!(raw.told().is_empty());
    raw.assert_reset(3, ErrorCode::ProtocolError);
}

#[test]
fn without_an_announced_length_any_will_do() {
    let mut raw = server();
    raw.feed_all(&[post(1), data(1, &[1; 999], false), data(1, b"", true)]);
    assert_eq!(raw.told(), ["request 1", "data 1", "end 1"]);
}

#[test]
fn trailers_end_the_stream_or_cost_it() {
    let mut raw = server();
    raw.feed_all(&[post(1), data(1, b"x", false), trailers(1)]);
    assert_eq!(raw.told(), ["request 1", "data 1", "end 1"]);
    let kept: Vec<_> = raw.machine.trailers(id(1)).unwrap().fields().collect();
    assert_eq!(kept, [("grpc-status", &b"0"[..])]);
    let bad: &[Vec<u8>] = &[
        headers(1, &[("grpc-status", "0")], false),
        headers(1, &[(":path", "/")], true),
        headers(1, &[("Grpc-Status", "0")], true),
        headers(1, &[("a", "b\r\nc")], true),
    ];
    for bad in bad {
        let mut raw = server();
        raw.feed_all(&[post(1), data(1, b"x", false)]);
        raw.told();
        raw.feed(bad);
        assert_eq!(raw.told(), ["reset 1 PROTOCOL_ERROR"]);
        raw.assert_reset(1, ErrorCode::ProtocolError);
        assert!(raw.machine.trailers(id(1)).is_none());
    }
}

#[test]
fn trailers_without_a_body_are_trailers_too() {
    let mut raw = server();
    raw.feed_all(&[post(1), trailers(1)]);
    assert_eq!(raw.told(), ["request 1", "end 1"]);
    assert!(raw.machine.trailers(id(1)).is_some());
}

#[test]
fn padding_that_fits_is_passed_over_and_other_ends_the_connection() {
    let mut raw = server();
    raw.feed_all(&[post(1), padded(1, b"x", 255, false), padded(1, b"", 0, false)]);
    raw.told();
    assert_eq!(raw.machine.received(id(1)), b"x");
    raw.assert_fine();
    for bad in [frame(0, 8, 1, &[1]), frame(0, 8, 1, &[3, 0, 0]), frame(1, 0xc, 3, &[2, 0x82])] {
        let mut raw = server();
        raw.feed_all(&[post(1), bad]);
        raw.assert_ended(ErrorCode::ProtocolError);
    }
}

#[test]
fn data_is_taken_as_it_comes() {
    let mut raw = server();
    let bytes = [post(1), padded(1, b"abcdef", 3, true)].concat();
    let mut told = Vec::new();
    for byte in bytes {
        raw.feed(&[byte]);
        told.extend(raw.told());
    }
    let data = vec!["data 1"; 6];
    assert_eq!(told, [&["request 1"][..], &data, &["end 1"]].concat());
    assert_eq!(raw.machine.received(id(1)), b"abcdef");
    raw.assert_fine();
}

#[test]
fn a_stream_closed_in_the_middle_of_a_frame_wants_no_more_of_it() {
    let mut raw = server();
    let frame = data(1, &[1; 100], true);
    raw.feed_all(&[post(1), frame[..50].to_vec()]);
    raw.told();
    raw.machine.close(id(1));
    raw.feed(&[&frame[50..], &get(3)].concat());
    assert_eq!(raw.told(), ["request 3 end"]);
    raw.assert_reset(1, ErrorCode::Cancel);
}

#[test]
fn interim_heads_come_before_the_final_one() {
    let mut raw = client("POST");
    raw.feed_all(&[answer(1, "100", false), answer(1, "103", false), answer(1, "200", false)]);
    raw.feed_all(&[data(1, b"x", false), trailers(1)]);
    let wanted = ["response 1 100", "response 1 103", "response 1 200", "data 1", "end 1"];
    assert_eq!(raw.told(), wanted);
    raw.assert_fine();
}

#[test]
fn a_response_that_is_none_costs_the_stream() {
    let bad: &[&[Vec<u8>]] = &[
        &[answer(1, "100", true)],
        &[answer(1, "101", false)],
        &[answer(1, "99", false)],
        &[answer(1, "2000", false)],
        &[headers(1, &[("a", "b")], false)],
        &[headers(1, &[(":status", "200"), (":path", "/")], false)],
        &[data(1, b"x", false)],
        &[answer(1, "103", false), data(1, b"x", false)],
        &[answer(1, "200", false), answer(1, "200", false)],
        &[answer(1, "200", false), answer(1, "100", false)],
        &[headers(1, &[(":status", "200"), ("content-length", "2")], true)],
        &[headers(1, &[(":status", "200"), ("content-length", "2")], false), data(1, b"abc", true)],
        &[headers(1, &[(":status", "200"), ("content-length", "2")], false), data(1, b"a", true)],
        &[answer(1, "204", false), data(1, b"x", true)],
        &[answer(1, "304", false), data(1, b"x", true)],
    ];
    for frames in bad {
        let mut raw = client("GET");
        raw.feed_all(frames);
        let told = raw.told();
        assert_eq!(told.last().unwrap(), "reset 1 PROTOCOL_ERROR", "{told:?} of {frames:?}");
        raw.assert_reset(1, ErrorCode::ProtocolError);
    }
}

#[test]
fn an_answer_to_a_head_has_a_length_and_no_body() {
    let length = &[(":status", "200"), ("content-length", "12")];
    for frames in
        [vec![headers(1, length, true)], vec![headers(1, length, false), data(1, b"", true)]]
    {
        let mut raw = client("HEAD");
        raw.feed_all(&frames);
        raw.told();
        raw.assert_fine();
    }
    let mut raw = client("HEAD");
    raw.feed_all(&[headers(1, length, false), data(1, b"123456789012", true)]);
    raw.assert_reset(1, ErrorCode::ProtocolError);
}

#[test]
fn a_tunnel_carries_any_length() {
    let mut raw = client("CONNECT");
    raw.feed_all(&[answer(1, "200", false), data(1, b"frames", false), data(1, b"more", true)]);
    assert_eq!(raw.told(), ["response 1 200", "data 1", "end 1"]);
    assert_eq!(raw.machine.received(id(1)), b"framesmore");
}

#[test]
fn an_answer_may_be_complete_while_the_rest_of_its_request_is_refused() {
    let mut raw = client("POST");
    raw.feed_all(&[answer(1, "403", false), data(1, b"no", true), reset(1, ErrorCode::NoError)]);
    let wanted = ["response 1 403", "data 1", "end 1", "reset 1 NO_ERROR by peer"];
    assert_eq!(raw.told(), wanted);
    assert_eq!(raw.machine.received(id(1)), b"no");
    assert_eq!(raw.machine.data(id(1), b"more", false), 0);
    raw.machine.close(id(1));
    raw.assert_fine();
}

#[test]
fn an_answer_cut_off_is_not_read_to_its_end() {
    let mut raw = client("POST");
    raw.feed_all(&[answer(1, "200", false), data(1, b"part", false), reset(1, ErrorCode::NoError)]);
    assert_eq!(raw.told(), ["response 1 200", "reset 1 NO_ERROR by peer"]);
    assert_eq!(raw.machine.received(id(1)), b"");
}

#[test]
fn data_is_told_once_until_it_is_taken() {
    let mut raw = server();
    raw.feed_all(&[post(1), data(1, b"a", false), data(1, b"b", false)]);
    assert_eq!(raw.told(), ["request 1", "data 1"]);
    raw.feed(&data(1, b"c", false));
    assert_eq!(raw.told(), ["data 1"]);
    raw.feed(&data(1, b"d", false));
    raw.machine.consume(id(1), 99);
    assert!(raw.told().is_empty());
    raw.feed(&data(1, b"e", true));
    assert_eq!(raw.told(), ["data 1", "end 1"]);
    assert_eq!(raw.machine.received(id(1)), b"e");
}
