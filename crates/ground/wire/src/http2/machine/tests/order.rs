//! The order of frames on a connection: preface, SETTINGS, header blocks,
//! sizes, unknown frames.

use model::{Limits, Timestamp};

use super::super::Machine;
use super::raw::*;
use crate::http2::ErrorCode;
use crate::http2::frame::{Kind, PREFACE};

#[test]
fn a_server_begins_with_its_settings_and_opens_the_connection() {
    let limits = Limits::default();
    let mut raw = Raw::new(Machine::server(&limits));
    let frames = raw.frames();
    assert_eq!(frames.len(), 2);
    let wanted = [0, 3, 0, 0, 0, 100, 0, 4, 0, 2, 0, 0, 0, 6, 0, 1, 0, 0, 0, 8, 0, 0, 0, 1];
    assert_eq!((frames[0].kind, frames[0].payload.as_slice()), (Kind::Settings, &wanted[..]));
    let more = (2_u32 * 1024 * 1024 - 65_535).to_be_bytes();
    assert_eq!((frames[1].kind, frames[1].payload.as_slice()), (Kind::WindowUpdate, &more[..]));
}

#[test]
fn a_client_begins_with_the_preface_and_wants_no_push() {
    let machine = Machine::client(&Limits::default());
    let frames = parse(machine.output().strip_prefix(PREFACE).unwrap());
    assert_eq!(frames[0].payload[..6], [0, 2, 0, 0, 0, 0]);
    assert_eq!(frames[1].kind, Kind::WindowUpdate);
}

#[test]
fn a_preface_comes_in_any_pieces_and_another_one_ends_the_connection() {
    for bad_at in 0..PREFACE.len() {
        let mut raw = Raw::new(Machine::server(&Limits::default()));
        for (at, byte) in PREFACE.iter().enumerate() {
            let byte = if at == bad_at { byte ^ 1 } else { *byte };
            assert_eq!(raw.machine.is_over(), at > bad_at);
            raw.feed(&[byte]);
        }
        raw.assert_ended(ErrorCode::ProtocolError);
    }
    let mut raw = Raw::new(Machine::server(&Limits::default()));
    for byte in PREFACE {
        raw.feed(&[*byte]);
    }
    raw.feed(&settings(&[]));
    raw.frames();
    raw.assert_fine();
}

#[test]
fn http1_on_this_connection_ends_it() {
    let mut raw = Raw::new(Machine::server(&Limits::default()));
    raw.feed(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    raw.assert_ended(ErrorCode::ProtocolError);
}

#[test]
fn the_first_frame_is_settings() {
    for first in [ping(), get(1), settings_ack(), window(0, 1), frame(0x77, 0, 0, b"")] {
        let mut raw = Raw::new(Machine::server(&Limits::default()));
        raw.feed(PREFACE);
        raw.feed(&first);
        raw.assert_ended(ErrorCode::ProtocolError);
    }
}

#[test]
fn settings_and_pings_are_answered() {
    let mut raw = Raw::server(&Limits::default());
    raw.feed_all(&[settings(&[(3, 5)]), ping(), frame(6, 1, 0, b"whatever")]);
    let frames = raw.frames();
    assert_eq!(frames[0], Frame { kind: Kind::Settings, flags: 1, stream: 0, payload: vec![] });
    let pong = Frame { kind: Kind::Ping, flags: 1, stream: 0, payload: b"12345678".to_vec() };
    assert_eq!(frames[1..], [pong]);
}

#[test]
fn frames_of_the_wrong_size_end_the_connection() {
    for bad in [
        frame(4, 0, 0, &[0; 5]),
        frame(4, 1, 0, &[0; 6]),
        frame(6, 0, 0, &[0; 7]),
        frame(6, 0, 0, &[0; 9]),
        frame(8, 0, 0, &[0; 3]),
        frame(8, 0, 1, &[1; 5]),
        frame(3, 0, 1, &[0; 3]),
        frame(7, 0, 0, &[0; 7]),
        frame(1, 0x20, 1, &[0; 4]),
        frame(1, 0x8, 1, &[]),
        frame(0, 0x8, 1, &[]),
        frame(0, 0, 1, &[0; 16_385]),
        frame(0xee, 0, 1, &[0; 16_385]),
    ] {
        let mut raw = Raw::server(&Limits::default());
        raw.feed(&post(1));
        raw.feed(&bad);
        raw.assert_ended(ErrorCode::FrameSizeError);
    }
}

#[test]
fn a_frame_too_large_is_refused_by_its_head_alone() {
    let mut raw = Raw::server(&Limits::default());
    raw.feed(&frame(0, 0, 1, &[0; 16_385])[..9]);
    raw.assert_ended(ErrorCode::FrameSizeError);
}

#[test]
fn the_largest_frame_is_taken() {
    let mut raw = Raw::server(&Limits::default());
    raw.feed(&post(1));
    raw.feed(&data(1, &[7; 16_384], true));
    assert_eq!(raw.told(), ["request 1", "data 1", "end 1"]);
    assert_eq!(raw.machine.received(id(1)), [7; 16_384]);
}

#[test]
fn frames_of_the_connection_name_no_stream_and_others_do() {
    for bad in [
        frame(4, 0, 1, &[]),
        frame(6, 0, 1, &[0; 8]),
        frame(7, 0, 1, &[0; 8]),
        frame(0, 0, 0, b"x"),
        frame(1, 5, 0, &block(GET)),
        frame(2, 0, 0, &[0; 5]),
        frame(3, 0, 0, &[0; 4]),
    ] {
        let mut raw = Raw::server(&Limits::default());
        raw.feed(&bad);
        raw.assert_ended(ErrorCode::ProtocolError);
    }
}

#[test]
fn nobody_pushes() {
    let push = |stream| frame(5, 4, stream, &[0, 0, 0, 2, 0x82]);
    let mut raw = Raw::server(&Limits::default());
    raw.feed_all(&[post(1), push(1)]);
    raw.assert_ended(ErrorCode::ProtocolError);
    let mut raw = Raw::client(&Limits::default());
    raw.feed(&push(1));
    raw.assert_ended(ErrorCode::ProtocolError);
}

#[test]
fn unknown_frames_are_passed_over() {
    let mut raw = Raw::server(&Limits::default());
    raw.feed_all(&[frame(0xfa, 0xff, 0, b"any"), frame(0xfa, 0, 77, &[0; 16_384]), get(1)]);
    assert_eq!(raw.told(), ["request 1 end"]);
    raw.assert_fine();
}

#[test]
fn unknown_flags_and_reserved_bits_are_passed_over() {
    let mut raw = Raw::server(&Limits::default());
    let mut request = frame(1, 0xd5 & !0x28, 1, &block(GET));
    request[5] |= 0x80;
    raw.feed(&request);
    assert_eq!(raw.told(), ["request 1 end"]);
}

#[test]
fn a_header_block_comes_in_pieces_and_nothing_comes_between() {
    let whole = block(GET);
    let (first, rest) = whole.split_at(10);
    let (second, third) = rest.split_at(0);
    let pieces = [frame(1, 1, 1, first), frame(9, 0, 1, second), frame(9, 4, 1, third)];
    let mut raw = Raw::server(&Limits::default());
    raw.feed_all(&pieces);
    assert_eq!(raw.told(), ["request 1 end"]);
    for between in
        [ping(), frame(9, 4, 3, rest), get(3), frame(0x99, 0, 0, b""), data(1, b"", true)]
    {
        let mut raw = Raw::server(&Limits::default());
        raw.feed_all(&[pieces[0].clone(), between]);
        assert!(raw.told().is_empty());
        raw.assert_ended(ErrorCode::ProtocolError);
    }
}

#[test]
fn continuation_continues_something() {
    let mut raw = Raw::server(&Limits::default());
    raw.feed(&frame(9, 4, 1, &block(GET)));
    raw.assert_ended(ErrorCode::ProtocolError);
    let mut raw = Raw::server(&Limits::default());
    raw.feed_all(&[get(1), frame(9, 4, 1, &[])]);
    raw.assert_ended(ErrorCode::ProtocolError);
}

#[test]
fn settings_have_values_they_can_have() {
    for (bad, code) in [
        ((2, 2), ErrorCode::ProtocolError),
        ((4, 0x8000_0000), ErrorCode::FlowControlError),
        ((5, 16_383), ErrorCode::ProtocolError),
        ((5, 0x0100_0000), ErrorCode::ProtocolError),
        ((8, 2), ErrorCode::ProtocolError),
    ] {
        let mut raw = Raw::server(&Limits::default());
        raw.feed(&settings(&[bad]));
        raw.assert_ended(code);
    }
    let mut raw = Raw::client(&Limits::default());
    raw.feed(&settings(&[(2, 1)]));
    raw.assert_ended(ErrorCode::ProtocolError);
    let mut raw = Raw::server(&Limits::default());
    raw.feed(&settings(&[(2, 1), (4, 0x7fff_ffff), (5, 16_777_215), (8, 1), (0xabcd, 9)]));
    raw.assert_fine();
}

#[test]
fn what_cannot_be_decoded_ends_the_connection() {
    let mut raw = Raw::server(&Limits::default());
    raw.feed(&frame(1, 5, 1, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
    raw.assert_ended(ErrorCode::CompressionError);
}

#[test]
fn priorities_are_read_and_not_followed() {
    let mut raw = Raw::server(&Limits::default());
    let mut with_priority = vec![0x80, 0, 0, 9, 255];
    with_priority.extend(block(GET));
    let idle = frame(2, 0, 9, &[0, 0, 0, 7, 1]);
    raw.feed_all(&[idle, frame(1, 0x25, 1, &with_priority), frame(2, 0, 1, &[0, 0, 0, 3, 1])]);
    assert_eq!(raw.told(), ["request 1 end"]);
    raw.assert_fine();
}

#[test]
fn no_stream_hangs_on_itself() {
    let on_itself = [0, 0, 0, 1, 16];
    let mut raw = Raw::server(&Limits::default());
    raw.feed(&frame(1, 0x25, 1, &[&on_itself[..], &block(GET)].concat()));
    assert!(raw.told().is_empty());
    raw.assert_reset(1, ErrorCode::ProtocolError);
    let mut raw = Raw::server(&Limits::default());
    raw.feed_all(&[post(1), frame(2, 0, 1, &on_itself)]);
    raw.assert_reset(1, ErrorCode::ProtocolError);
    let mut raw = Raw::server(&Limits::default());
    raw.feed(&frame(2, 0, 1, &on_itself));
    raw.assert_ended(ErrorCode::ProtocolError);
}

#[test]
fn a_priority_of_the_wrong_size_costs_the_stream() {
    let mut raw = Raw::server(&Limits::default());
    raw.feed_all(&[post(1), frame(2, 0, 1, &[0; 4])]);
    raw.assert_reset(1, ErrorCode::FrameSizeError);
}

#[test]
fn what_is_unfinished_is_known_since_when() {
    let mut raw = Raw::new(Machine::server(&Limits::default()));
    let at = |raw: &mut Raw, ms, bytes: &[u8]| {
        raw.now = Timestamp(ms);
        raw.feed(bytes);
        raw.machine.header_block_since().map(|since| since.0)
    };
    assert_eq!(at(&mut raw, 10, b""), Some(10), "the preface");
    assert_eq!(at(&mut raw, 20, &PREFACE[..5]), Some(10));
    assert_eq!(at(&mut raw, 30, &PREFACE[5..]), None);
    let request = [settings(&[]), get(1)].concat();
    assert_eq!(at(&mut raw, 40, &request[..20]), Some(40), "half a frame");
    assert_eq!(at(&mut raw, 50, &request[20..30]), Some(40));
    assert_eq!(at(&mut raw, 60, &request[30..]), None);
    let whole = block(GET);
    let (first, rest) = whole.split_at(7);
    assert_eq!(at(&mut raw, 70, &frame(1, 0, 3, first)), Some(70), "half a block");
    assert_eq!(at(&mut raw, 80, &frame(9, 0, 3, b"")), Some(70));
    assert_eq!(at(&mut raw, 90, &frame(9, 4, 3, rest)), None);
    let body = data(3, &[1; 100], false);
    assert_eq!(at(&mut raw, 95, &body[..9]), None, "data");
    assert_eq!(at(&mut raw, 96, &body[9..50]), None);
    assert_eq!(at(&mut raw, 97, &body[50..]), None);
    assert_eq!(raw.machine.received(id(3)).len(), 100);
}
