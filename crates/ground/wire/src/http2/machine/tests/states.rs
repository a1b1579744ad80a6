//! Which frames may come for a stream in which state (RFC 9113, section 5.1),
//! and which ids a stream may have.

use model::Limits;

use super::raw::*;
use crate::http2::frame::Kind;
use crate::http2::{ErrorCode, RequestLine, SendError};

fn server() -> Raw {
    Raw::server(&Limits::default())
}

/// A server that has answered stream 1 completely.
fn answered() -> Raw {
    let mut raw = server();
    raw.feed(&get(1));
    raw.machine.response(id(1), 200).send(true).unwrap();
    raw.frames();
    raw
}

#[test]
fn an_idle_stream_takes_only_a_head_and_advice() {
    for bad in [data(1, b"x", true), reset(1, ErrorCode::Cancel), window(1, 5), window(2, 5)] {
        let mut raw = server();
        raw.feed(&bad);
        raw.assert_ended(ErrorCode::ProtocolError);
    }
    let mut raw = server();
    raw.feed_all(&[frame(2, 0, 1, &[0; 5]), get(1)]);
    assert_eq!(raw.told(), ["request 1 end"]);
}

#[test]
fn a_client_opens_odd_streams_in_rising_order() {
    let mut raw = server();
    raw.feed_all(&[get(1), get(5), get(7), get(0x7fff_ffff)]);
    assert_eq!(raw.told().len(), 4);
    raw.assert_fine();
    for bad in [2, 3] {
        let mut raw = server();
        raw.feed_all(&[get(1), get(5), get(bad)]);
        raw.assert_ended(ErrorCode::ProtocolError);
    }
}

#[test]
fn a_stream_that_was_passed_by_is_as_good_as_never_opened() {
    for bad in [data(3, b"x", true), reset(3, ErrorCode::Cancel), window(3, 5)] {
        let mut raw = server();
        raw.feed_all(&[get(5), bad]);
        raw.assert_ended(ErrorCode::ProtocolError);
    }
}

#[test]
fn behind_its_end_a_stream_takes_no_data_and_no_head() {
    for bad in [data(1, b"x", false), headers(1, &[("a", "b")], true), get(1)] {
        let mut raw = server();
        raw.feed_all(&[get(1), get(3)]);
        raw.told();
        raw.feed(&bad);
        assert_eq!(raw.told(), ["reset 1 STREAM_CLOSED"]);
        raw.assert_reset(1, ErrorCode::StreamClosed);
    }
    let mut raw = server();
    raw.feed_all(&[get(1), window(1, 5), frame(2, 0, 1, &[0; 5])]);
    raw.assert_fine();
}

#[test]
fn a_closed_stream_takes_no_data_and_no_head_either() {
    for bad in [data(1, b"x", true), get(1), headers(1, &[("a", "b")], true)] {
        for is_forgotten in [false, true] {
            let mut raw = answered();
            if is_forgotten {
                raw.machine.close(id(1));
            }
            raw.feed(&bad);
            raw.assert_ended(ErrorCode::StreamClosed);
        }
    }
}

#[test]
fn a_stream_closed_with_its_body_is_closed_too() {
    for is_forgotten in [false, true] {
        let mut raw = server();
        raw.feed_all(&[post(1), data(1, b"body", true)]);
        raw.machine.response(id(1), 200).send(true).unwrap();
        if is_forgotten {
            raw.machine.close(id(1));
        }
        raw.feed(&data(1, b"x", false));
        raw.assert_ended(ErrorCode::StreamClosed);
    }
}

#[test]
fn a_closed_stream_may_still_hear_of_windows_and_resets() {
    for is_forgotten in [false, true] {
        let mut raw = answered();
        raw.told();
        if is_forgotten {
            raw.machine.close(id(1));
        }
        raw.feed_all(&[window(1, 5), reset(1, ErrorCode::NoError), frame(2, 0, 1, &[0; 5])]);
        assert!(raw.told().is_empty());
        raw.assert_fine();
    }
}

#[test]
fn what_the_peer_has_reset_stays_reset() {
    for bad in [data(1, b"x", false), headers(1, &[("a", "b")], true)] {
        let mut raw = server();
        raw.feed(&post(1));
        assert_eq!(raw.told(), ["request 1"]);
        raw.feed(&reset(1, ErrorCode::Cancel));
        assert_eq!(raw.told(), ["reset 1 CANCEL by peer"]);
        raw.assert_fine();
        raw.feed(&bad);
        raw.assert_ended(ErrorCode::StreamClosed);
    }
}

#[test]
fn what_this_side_has_reset_may_still_come() {
    let mut raw = server();
    raw.feed_all(&[post(1), data(1, b"first", false)]);
    raw.told();
    raw.machine.reset(id(1), ErrorCode::InternalError);
    raw.assert_reset(1, ErrorCode::InternalError);
    raw.feed_all(&[data(1, b"late", false), headers(1, &[("a", "b")], true), window(1, 9)]);
    raw.feed(&reset(1, ErrorCode::Cancel));
    raw.machine.close(id(1));
    raw.feed_all(&[data(1, b"later", false), reset(1, ErrorCode::Cancel)]);
    assert!(raw.told().is_empty());
    raw.assert_fine();
}

#[test]
fn late_heads_keep_the_tables_in_step() {
    let mut raw = server();
    raw.feed(&post(1));
    raw.machine.close(id(1));
    raw.told();
    // Puts `x: y` into the table, in trailers nobody reads; the next request
    // refers to it.
    raw.feed(&frame(1, 5, 1, &[0x40, 1, b'x', 1, b'y']));
    raw.feed(&frame(1, 5, 3, &[block(GET), vec![0xbe]].concat()));
    let events = raw.events();
    let Some(super::super::Event::Request { head, .. }) = events.first() else {
        panic!("{events:?}")
    };
    assert_eq!(head.value("x"), Some(&b"y"[..]));
}

#[test]
fn closing_an_unfinished_stream_resets_it() {
    let mut raw = server();
    raw.feed_all(&[get(1), post(3), post(5), get(7)]);
    raw.told();
    raw.machine.response(id(5), 403).send(true).unwrap();
    raw.machine.response(id(7), 200).send(true).unwrap();
    raw.frames();
    for stream in [1, 3, 5, 7] {
        raw.machine.close(id(stream));
    }
    let frames = raw.answers();
    let codes: Vec<_> = frames.iter().map(|frame| (frame.stream, code_of(frame))).collect();
    let wanted = [(1, ErrorCode::Cancel), (3, ErrorCode::Cancel), (5, ErrorCode::NoError)];
    assert_eq!(codes, wanted);
    assert_eq!(raw.machine.open_streams(), 0);
}

#[test]
fn who_has_closed_a_stream_hears_no_more_of_it() {
    let mut raw = server();
    raw.feed(&post(1));
    assert_eq!(raw.told(), ["request 1"]);
    raw.feed_all(&[data(1, b"x", true)]);
    raw.machine.close(id(1));
    assert!(raw.told().is_empty());
    assert_eq!(raw.machine.received(id(1)), b"");
    assert_eq!(raw.machine.data(id(1), b"x", true), 0);
    assert_eq!(raw.machine.response(id(1), 200).send(true), Err(SendError::StreamClosed));
}

#[test]
fn a_request_reset_at_once_never_reaches_an_owner() {
    let mut raw = server();
    raw.feed(&[get(1), post(3), reset(1, ErrorCode::Cancel), reset(3, ErrorCode::Cancel)].concat());
    assert!(raw.told().is_empty());
    assert_eq!(raw.machine.open_streams(), 0);
    raw.feed(&[get(5), post(7)].concat());
    assert_eq!(raw.told(), ["request 5 end", "request 7"]);
}

#[test]
fn a_head_goes_out_once_and_trailers_behind_it() {
    let mut raw = server();
    raw.feed(&get(1));
    assert_eq!(raw.machine.trailers_out(id(1)).send(true), Err(SendError::OutOfOrder));
    assert_eq!(raw.machine.response(id(1), 100).send(true), Err(SendError::OutOfOrder));
    assert_eq!(raw.machine.response(id(1), 101).send(false), Err(SendError::Malformed));
    assert_eq!(raw.machine.response(id(1), 600).send(false), Err(SendError::Malformed));
    assert_eq!(raw.machine.data(id(1), b"x", true), 0);
    raw.machine.response(id(1), 103).send(false).unwrap();
    raw.machine.response(id(1), 200).send(false).unwrap();
    assert_eq!(raw.machine.response(id(1), 200).send(true), Err(SendError::OutOfOrder));
    assert_eq!(raw.machine.data(id(1), b"body", false), 4);
    let mut trailers = raw.machine.trailers_out(id(1));
    assert!(trailers.field("Grpc-Status", b"0"));
    trailers.send(false).unwrap();
    assert_eq!(raw.machine.trailers_out(id(1)).send(true), Err(SendError::StreamClosed));
    let frames = raw.frames();
    let seen: Vec<_> = frames.iter().map(|frame| (frame.kind, frame.flags)).collect();
    let wanted = [(Kind::Headers, 4), (Kind::Headers, 4), (Kind::Data, 0), (Kind::Headers, 5)];
    assert_eq!(seen, wanted);
    assert_eq!(fields_of(&frames[3]), [("grpc-status".to_owned(), "0".to_owned())]);
}

#[test]
fn a_client_reads_only_of_streams_it_has_opened() {
    for bad in [answer(1, "200", true), data(1, b"x", false), answer(2, "200", true)] {
        let mut raw = Raw::client(&Limits::default());
        raw.feed(&bad);
        raw.assert_ended(ErrorCode::ProtocolError);
    }
}

#[test]
fn a_client_numbers_its_streams() {
    let mut raw = Raw::client(&Limits::default());
    let line = RequestLine {
        method: "GET",
        scheme: "https",
        authority: "a.test",
        path: "/x?y",
        protocol: None,
    };
    for wanted in [1, 3, 5] {
        assert_eq!(raw.machine.open(line).send(true), Ok(id(wanted)));
    }
    let frames = raw.frames();
    let fields: Vec<_> =
        fields_of(&frames[0]).into_iter().map(|(name, value)| name + "=" + &value).collect();
    assert_eq!(fields, [":method=GET", ":scheme=https", ":path=/x?y", ":authority=a.test"]);
    assert_eq!(frames[2].stream, 5);
}

#[test]
fn a_block_dropped_has_done_nothing() {
    let mut raw = Raw::client(&Limits::default());
    let line = RequestLine {
        method: "GET",
        scheme: "https",
        authority: "a.test",
        path: "/",
        protocol: None,
    };
    drop(raw.machine.open(line));
    assert_eq!(
        raw.machine.open(RequestLine { path: "", ..line }).send(true),
        Err(SendError::Malformed)
    );
    assert_eq!(
        raw.machine.open(RequestLine { scheme: "ftp", ..line }).send(true),
        Err(SendError::Malformed)
    );
    assert_eq!(
        raw.machine.open(RequestLine { protocol: Some("websocket"), ..line }).send(false),
        Err(SendError::Malformed)
    );
    assert_eq!(raw.frames(), []);
    assert_eq!(raw.machine.open(line).send(true), Ok(id(1)));
}
