//! GOAWAY in both directions, and when a connection is over (RFC 9113,
//! section 6.8).

use model::Limits;

use super::super::Machine;
use super::raw::*;
use crate::http2::frame::{self, Kind};
use crate::http2::{ErrorCode, RequestLine, SendError};

const LINE: RequestLine<'static> =
    RequestLine { method: "POST", scheme: "https", authority: "a.test", path: "/", protocol: None };

fn server() -> Raw {
    Raw::server(&Limits::default())
}

/// The GOAWAY and PING frames the machine wrote: last stream and code.
fn farewells(raw: &mut Raw) -> Vec<String> {
    let frames = raw.frames();
    let words = frames.iter().map(|frame| match frame.kind {
        Kind::GoAway => {
            let said = frame::go_away(&frame.payload).unwrap();
            format!("goaway {} {}", said.last, said.code)
        }
        kind => format!("{kind:?}"),
    });
    words.collect()
}

fn pong() -> Vec<u8> {
    frame(6, 1, 0, b"farewell")
}

#[test]
fn a_server_ends_in_two_steps_and_loses_nobody() {
    let mut raw = server();
    raw.feed(&get(1));
    raw.machine.shut_down();
    raw.machine.shut_down();
    assert_eq!(farewells(&mut raw), ["goaway 2147483647 NO_ERROR", "Ping"]);
    // The peer hasn't heard yet: what it opens is served.
    raw.feed(&get(3));
    assert_eq!(raw.told(), ["request 1 end", "request 3 end"]);
    raw.feed(&frame(6, 1, 0, b"whatever"));
    assert!(farewells(&mut raw).is_empty());
    raw.feed(&pong());
    assert_eq!(farewells(&mut raw), ["goaway 3 NO_ERROR"]);
    // Now it has.
    raw.feed_all(&[post(5), data(5, b"x", true), get(7)]);
    assert!(raw.told().is_empty());
    raw.assert_fine();
    for stream in [1, 3] {
        assert!(!raw.machine.is_over());
        raw.machine.response(id(stream), 200).send(true).unwrap();
        raw.machine.close(id(stream));
    }
    assert!(raw.machine.is_over());
    assert_eq!(raw.machine.error(), None);
    assert_eq!(raw.frames().len(), 2);
}

#[test]
fn a_server_whose_peer_never_answers_ends_all_the_same() {
    let mut raw = server();
    raw.machine.shut_down();
    assert!(!raw.machine.is_over());
    raw.frames();
    raw.machine.finish_shut_down();
    raw.machine.finish_shut_down();
    assert!(raw.machine.is_over());
    assert_eq!(farewells(&mut raw), ["goaway 0 NO_ERROR"]);
    raw.feed(&pong());
    assert!(farewells(&mut raw).is_empty());
}

#[test]
fn late_data_of_streams_not_looked_at_goes_back_to_the_window() {
    let limits = Limits { http2_connection_window_bytes: 65_535, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    raw.feed(&get(1));
    raw.machine.shut_down();
    raw.machine.finish_shut_down();
    raw.feed(&post(3));
    for _ in 0..20 {
        raw.feed(&data(3, &[0; 16_000], false));
        raw.frames();
    }
    assert!(!raw.machine.is_over());
}

#[test]
fn a_client_ends_with_its_last_stream() {
    let mut raw = Raw::client(&Limits::default());
    raw.machine.open(LINE).send(true).unwrap();
    raw.frames();
    raw.machine.shut_down();
    assert_eq!(farewells(&mut raw), ["goaway 0 NO_ERROR"]);
    assert!(!raw.machine.can_open());
    assert_eq!(raw.machine.open(LINE).send(true), Err(SendError::Closing));
    raw.feed(&answer(1, "200", true));
    assert_eq!(raw.told(), ["response 1 200 end"]);
    assert!(!raw.machine.is_over());
    raw.machine.close(id(1));
    assert!(raw.machine.is_over());
}

#[test]
fn an_idle_client_ends_at_once() {
    let mut raw = Raw::client(&Limits::default());
    raw.machine.shut_down();
    assert!(raw.machine.is_over());
    assert_eq!(farewells(&mut raw), ["goaway 0 NO_ERROR"]);
}

#[test]
fn streams_above_the_peers_last_were_never_looked_at() {
    let mut raw = Raw::client(&Limits::default());
    for _ in 0..3 {
        raw.machine.open(LINE).send(false).unwrap();
    }
    raw.frames();
    raw.feed(&go_away(3, ErrorCode::NoError));
    assert_eq!(raw.told(), ["goaway NO_ERROR", "reset 5 REFUSED_STREAM by peer"]);
    assert!(!raw.machine.can_open());
    assert_eq!(raw.machine.data(id(5), b"x", true), 0);
    assert_eq!(raw.machine.data(id(3), b"x", true), 1);
    raw.feed_all(&[answer(1, "200", true), answer(3, "200", true)]);
    assert_eq!(raw.told(), ["response 1 200 end", "response 3 200 end"]);
    raw.machine.data(id(1), b"", true);
    for stream in [1, 5, 3] {
        assert!(!raw.machine.is_over());
        raw.machine.close(id(stream));
    }
    assert!(raw.machine.is_over());
    assert_eq!(raw.machine.error(), None);
}

#[test]
fn the_second_step_of_the_peer_refuses_more() {
    let mut raw = Raw::client(&Limits::default());
    for _ in 0..2 {
        raw.machine.open(LINE).send(true).unwrap();
    }
    raw.feed(&go_away(0x7fff_ffff, ErrorCode::NoError));
    assert_eq!(raw.told(), ["goaway NO_ERROR"]);
    raw.feed_all(&[go_away(1, ErrorCode::NoError), go_away(9, ErrorCode::NoError)]);
    assert_eq!(raw.told(), ["reset 3 REFUSED_STREAM by peer"]);
}

#[test]
fn a_storm_of_goaway_is_a_flood() {
    let mut raw = Raw::client(&Limits::default());
    raw.machine.open(LINE).send(true).unwrap();
    for _ in 0..2_001 {
        raw.feed_all(&[go_away(0, ErrorCode::NoError), settings(&[(3, 0)])]);
        raw.frames();
    }
    assert_eq!(raw.machine.error().map(|(code, _)| code), Some(ErrorCode::EnhanceYourCalm));
    assert_eq!(raw.told(), ["goaway NO_ERROR", "reset 1 REFUSED_STREAM by peer"]);
}

#[test]
fn why_the_peer_has_ended_it_is_kept_for_the_log() {
    let mut raw = Raw::client(&Limits::default());
    raw.machine.open(LINE).send(true).unwrap();
    raw.feed(&go_away(1, ErrorCode::EnhanceYourCalm));
    assert_eq!(raw.told(), ["goaway ENHANCE_YOUR_CALM"]);
    assert_eq!(raw.machine.error().map(|(code, _)| code), Some(ErrorCode::EnhanceYourCalm));
    assert!(!raw.machine.is_over());
}

#[test]
fn a_server_goes_on_when_its_client_wants_no_pushes() {
    let mut raw = server();
    raw.feed_all(&[get(1), go_away(0, ErrorCode::NoError), get(3)]);
    assert_eq!(raw.told(), ["request 1 end", "goaway NO_ERROR", "request 3 end"]);
    raw.assert_fine();
}

#[test]
fn an_owner_may_end_it_now() {
    let mut raw = server();
    raw.feed(&post(1));
    raw.machine.go_away(ErrorCode::EnhanceYourCalm, "too slow");
    assert!(raw.machine.is_over());
    assert_eq!(raw.machine.error(), Some((ErrorCode::EnhanceYourCalm, "too slow")));
    assert_eq!(farewells(&mut raw), ["goaway 1 ENHANCE_YOUR_CALM"]);
    raw.machine.go_away(ErrorCode::NoError, "again");
    raw.machine.shut_down();
    raw.machine.close(id(1));
    assert_eq!(raw.frames(), []);
    let mut raw = server();
    raw.machine.go_away(ErrorCode::NoError, "done");
    assert_eq!((raw.machine.is_over(), raw.machine.error()), (true, None));
}

#[test]
fn behind_the_end_nothing_is_read_and_nothing_written() {
    let mut raw = server();
    raw.feed_all(&[post(1), window(0, 0)]);
    raw.assert_ended(ErrorCode::ProtocolError);
    raw.feed_all(&[get(3), ping(), data(1, b"x", true)]);
    assert!(raw.unused.is_empty());
    assert_eq!(raw.told(), ["request 1"]);
    assert_eq!(raw.machine.data(id(1), b"x", true), 0);
    assert_eq!(raw.machine.response(id(1), 200).send(true), Err(SendError::StreamClosed));
    raw.machine.reset(id(1), ErrorCode::Cancel);
    raw.machine.close(id(1));
    assert_eq!(raw.frames(), []);
}

#[test]
fn a_connection_that_is_idle_keeps_little() {
    let size = size_of::<Machine>();
    assert!(size < 1_600, "{size}");
}
