//! Windows in both directions (RFC 9113, sections 5.2 and 6.9).

use model::Limits;

use super::super::Machine;
use super::raw::*;
use crate::http2::ErrorCode;
use crate::http2::frame::{Kind, PREFACE};

fn server() -> Raw {
    Raw::server(&Limits::default())
}

/// Opens a stream and begins its answer.
pub(super) fn open(raw: &mut Raw, stream: u32) {
    raw.feed(&get(stream));
    raw.machine.response(id(stream), 200).send(false).unwrap();
    raw.told();
    raw.frames();
}

/// The bytes of DATA in what the machine wrote, by stream.
pub(super) fn written(raw: &mut Raw) -> Vec<(u32, usize)> {
    let frames = raw.frames().into_iter().filter(|frame| frame.kind == Kind::Data);
    frames.map(|frame| (frame.stream, frame.payload.len())).collect()
}

/// The increments the machine gave, by stream.
fn increments(raw: &mut Raw) -> Vec<(u32, u32)> {
    let frames = raw.frames().into_iter().filter(|frame| frame.kind == Kind::WindowUpdate);
    let read = |payload: Vec<u8>| u32::from_be_bytes(payload.try_into().unwrap());
    frames.map(|frame| (frame.stream, read(frame.payload))).collect()
}

#[test]
fn data_goes_as_far_as_the_streams_window() {
    let mut raw = server();
    raw.feed(&settings(&[(4, 10)]));
    open(&mut raw, 1);
    assert_eq!(raw.machine.room(id(1)), 10);
    assert_eq!(raw.machine.data(id(1), b"0123456789ab", true), 10);
    assert_eq!(written(&mut raw), [(1, 10)]);
    assert!(raw.told().is_empty());
    raw.feed(&window(1, 1));
    assert_eq!(raw.told(), ["room 1"]);
    assert_eq!(raw.machine.data(id(1), b"ab", true), 1);
    raw.feed(&window(1, 100));
    assert_eq!(raw.told(), ["room 1"]);
    assert_eq!(raw.machine.data(id(1), b"b", true), 1);
    let last = raw.frames().pop().unwrap();
    assert_eq!((last.flags, last.payload), (1, b"b".to_vec()));
}

#[test]
fn data_goes_as_far_as_the_connections_window() {
    let mut raw = server();
    raw.feed(&settings(&[(4, 1_000_000)]));
    open(&mut raw, 1);
    open(&mut raw, 3);
    assert_eq!(raw.machine.data(id(1), &[0; 70_000], false), 65_535);
    assert_eq!(raw.machine.data(id(3), b"x", false), 0);
    raw.frames();
    assert!(raw.told().is_empty());
    raw.feed(&window(0, 30_000));
    assert_eq!(raw.told(), ["room 1", "room 3"]);
    assert_eq!(raw.machine.data(id(1), &[0; 4_465], true), 4_465);
    assert_eq!(raw.machine.data(id(3), b"x", true), 1);
    assert_eq!(written(&mut raw), [(1, 4_465), (3, 1)]);
}

#[test]
fn the_end_without_bytes_needs_no_window() {
    let mut raw = server();
    raw.feed(&settings(&[(4, 0)]));
    open(&mut raw, 1);
    assert_eq!(raw.machine.data(id(1), b"x", true), 0);
    assert_eq!(raw.machine.data(id(1), b"", true), 0);
    let frames = raw.frames();
    assert_eq!((frames[0].flags, frames[0].payload.len()), (1, 0));
}

#[test]
fn new_settings_move_the_windows_of_open_streams() {
    let mut raw = server();
    open(&mut raw, 1);
    assert_eq!(raw.machine.data(id(1), &[0; 10], false), 10);
    raw.feed(&settings(&[(4, 4)]));
    assert_eq!(raw.machine.room(id(1)), 0);
    assert_eq!(raw.machine.data(id(1), b"x", false), 0);
    // The window is at -6: neither 6 nor a setting that brings it to 0 opens it.
    raw.feed(&window(1, 6));
    assert!(raw.told().is_empty());
    raw.feed(&settings(&[(4, 7)]));
    assert_eq!(raw.told(), ["room 1"]);
    assert_eq!(raw.machine.room(id(1)), 3);
    raw.feed(&settings(&[(4, 3)]));
    assert_eq!(raw.machine.room(id(1)), 0);
    open(&mut raw, 3);
    assert_eq!(raw.machine.room(id(3)), 3);
}

#[test]
fn of_a_window_set_twice_the_last_word_counts() {
    let mut raw = server();
    open(&mut raw, 1);
    raw.feed(&settings(&[(4, 0), (4, 5)]));
    assert_eq!(raw.machine.room(id(1)), 5);
}

#[test]
fn windows_overflow_nowhere() {
    let mut raw = server();
    raw.feed(&window(0, 0x7fff_ffff - 65_535));
    raw.assert_fine();
    raw.feed(&window(0, 1));
    raw.assert_ended(ErrorCode::FlowControlError);

    let mut raw = server();
    raw.feed_all(&[post(1), window(1, 0x7fff_ffff - 65_535)]);
    raw.assert_fine();
    raw.feed(&window(1, 1));
    raw.assert_reset(1, ErrorCode::FlowControlError);

    let mut raw = server();
    raw.feed_all(&[post(1), window(1, 10), settings(&[(4, 0x7fff_ffff)])]);
    raw.assert_ended(ErrorCode::FlowControlError);
}

#[test]
fn a_window_is_opened_by_something() {
    let mut raw = server();
    raw.feed_all(&[post(1), window(1, 0)]);
    raw.assert_reset(1, ErrorCode::ProtocolError);
    let mut raw = server();
    raw.feed(&window(0, 0));
    raw.assert_ended(ErrorCode::ProtocolError);
}

#[test]
fn a_stream_takes_as_much_as_its_window_says() {
    let limits = Limits { http2_stream_window_bytes: 70_000, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    raw.feed(&post(1));
    for _ in 0..7 {
        raw.feed(&data(1, &[0; 10_000], false));
    }
    raw.assert_fine();
    assert_eq!(raw.machine.received(id(1)).len(), 70_000);
    raw.feed(&data(1, b"x", false));
    raw.assert_reset(1, ErrorCode::FlowControlError);
}

#[test]
fn a_connection_takes_as_much_as_its_window_says() {
    let limits = Limits {
        http2_stream_window_bytes: 70_000,
        http2_connection_window_bytes: 80_000,
        ..Limits::default()
    };
    let mut raw = Raw::server(&limits);
    raw.feed_all(&[post(1), post(3)]);
    for stream in [1, 1, 1, 1, 3, 3, 3, 3] {
        raw.feed(&data(stream, &[0; 10_000], false));
    }
    raw.assert_fine();
    raw.feed(&data(3, b"x", false));
    raw.assert_ended(ErrorCode::FlowControlError);
}

#[test]
fn padding_counts_for_windows_and_comes_back_at_once() {
    let limits = Limits {
        http2_stream_window_bytes: 65_535,
        http2_connection_window_bytes: 65_535,
        ..Limits::default()
    };
    let mut raw = Raw::server(&limits);
    raw.feed(&post(1));
    for _ in 0..2_000 {
        raw.feed(&padded(1, b"x", 200, false));
        raw.machine.consume(id(1), 1);
        raw.frames();
    }
    assert!(!raw.machine.is_over());
    let mut raw = Raw::server(&limits);
    raw.feed(&post(1));
    // Nobody reads: 300 bytes of data, and the padding doesn't eat the window.
    for _ in 0..300 {
        raw.feed(&padded(1, b"x", 255, false));
    }
    assert!(!raw.machine.is_over());
    let increments: u32 =
        increments(&mut raw).iter().filter(|(s, _)| *s == 1).map(|(_, by)| by).sum();
    assert!(increments > 32_767 && increments <= 300 * 256, "{increments}");
}

#[test]
fn credit_comes_back_as_the_owner_reads() {
    let limits = Limits {
        http2_stream_window_bytes: 70_000,
        http2_connection_window_bytes: 100_000,
        ..Limits::default()
    };
    let mut raw = Raw::server(&limits);
    raw.feed(&post(1));
    for _ in 0..6 {
        raw.feed(&data(1, &[0; 10_000], false));
    }
    assert_eq!(increments(&mut raw), []);
    raw.machine.consume(id(1), 34_999);
    assert_eq!(increments(&mut raw), []);
    raw.machine.consume(id(1), 1);
    assert_eq!(increments(&mut raw), [(1, 35_000)]);
    raw.machine.consume(id(1), 15_000);
    assert_eq!(increments(&mut raw), [(0, 50_000)]);
    assert_eq!(raw.machine.received(id(1)).len(), 10_000);
}

#[test]
fn a_stream_that_has_ended_needs_no_credit() {
    let mut raw = server();
    raw.feed(&post(1));
    for _ in 0..8 {
        raw.feed(&data(1, &[0; 16_000], false));
    }
    raw.feed(&data(1, b"", true));
    raw.machine.consume(id(1), 128_000);
    assert_eq!(increments(&mut raw), []);
}

#[test]
fn what_nobody_reads_any_more_goes_back_to_the_connection() {
    let limits = Limits {
        http2_connection_window_bytes: 65_535,
        http2_stream_window_bytes: 65_535,
        ..Limits::default()
    };
    let mut sum = 0;
    let mut raw = Raw::server(&limits);
    for stream in (1..200).step_by(2) {
        raw.feed_all(&[post(stream), data(stream, &[0; 16_000], false)]);
        raw.told();
        match stream % 3 {
            0 => raw.feed(&reset(stream, ErrorCode::Cancel)),
            1 => raw.machine.reset(id(stream), ErrorCode::InternalError),
            _ => {}
        }
        raw.machine.close(id(stream));
        if stream % 3 != 0 {
            raw.feed(&data(stream, &[0; 10_000], false));
        }
        assert!(!raw.machine.is_over(), "{stream}: {:?}", raw.machine.error());
        sum += increments(&mut raw).iter().filter(|(s, _)| *s == 0).map(|(_, by)| by).sum::<u32>();
    }
    let all = 100 * 16_000 + 67 * 10_000;
    assert!(sum > all - 33_000 && sum <= all, "{sum} of {all}");
}

#[test]
fn a_small_window_holds_once_the_peer_has_heard_of_it() {
    let limits = Limits { http2_stream_window_bytes: 1_000, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    // Not acknowledged: the peer may still go by the first window.
    raw.feed_all(&[post(1), data(1, &[0; 16_000], false), settings_ack()]);
    raw.told();
    raw.assert_fine();
    raw.feed_all(&[post(3), data(3, &[0; 1_000], false)]);
    raw.assert_fine();
    raw.feed(&data(3, b"x", false));
    raw.assert_reset(3, ErrorCode::FlowControlError);
    // Stream 1 is 15,000 below zero until its bytes are read.
    raw.machine.consume(id(1), 16_000);
    raw.feed(&data(1, &[0; 1_000], false));
    raw.frames();
    raw.feed(&data(1, b"x", false));
    raw.assert_reset(1, ErrorCode::FlowControlError);
}

#[test]
fn a_client_sends_its_body_by_the_same_rules() {
    let mut raw = Raw::new(Machine::client(&Limits::default()));
    raw.machine.sent(PREFACE.len());
    raw.frames();
    let line = super::super::RequestLine {
        method: "POST",
        scheme: "http",
        authority: "a.test",
        path: "/",
        protocol: None,
    };
    // Before the peer's SETTINGS the first window holds.
    let stream = raw.machine.open(line).send(false).unwrap();
    assert_eq!(raw.machine.data(stream, &[0; 70_000], false), 65_535);
    raw.feed_all(&[settings(&[(4, 65_536)]), window(0, 10)]);
    assert_eq!(raw.told(), ["room 1"]);
    assert_eq!(raw.machine.data(stream, &[0; 4_465], true), 1);
}
