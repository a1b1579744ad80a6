//! What a peer may cost in ten seconds, each with the twin that stays below
//! (attacks H2-01, H2-02, H2-13).

use model::{Limits, Timestamp};

use super::raw::*;
use crate::http2::{ErrorCode, RequestLine, SendError};

/// Answers all requests that wait, and closes them.
pub(super) fn answer_all(raw: &mut Raw) {
    for event in raw.events() {
        if let super::super::Event::Request { stream, .. } = event {
            raw.machine.response(stream, 200).send(true).unwrap();
            raw.machine.close(stream);
        }
    }
    raw.frames();
}

pub(super) fn pass(raw: &mut Raw, ms: u64) {
    raw.now = Timestamp(raw.now.0 + ms);
}

const LINE: RequestLine<'static> =
    RequestLine { method: "GET", scheme: "https", authority: "a.test", path: "/", protocol: None };

#[test]
fn streams_beyond_the_limit_are_refused() {
    let limits = Limits { http2_streams_max: 3, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    raw.feed_all(&[get(1), get(3), post(5)]);
    assert_eq!(raw.told().len(), 3);
    raw.assert_fine();
    raw.feed(&get(7));
    assert!(raw.told().is_empty());
    raw.assert_reset(7, ErrorCode::RefusedStream);
    raw.machine.close(id(3));
    raw.frames();
    raw.feed(&get(9));
    assert_eq!(raw.told(), ["request 9 end"]);
}

#[test]
fn a_stream_that_has_ended_makes_room_before_its_owner_is_done() {
    let limits = Limits { http2_streams_max: 2, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    let mut stream = 1;
    for _ in 0..4 {
        raw.feed(&get(stream));
        assert_eq!(raw.told().len(), 1);
        raw.machine.response(id(stream), 200).send(true).unwrap();
        raw.frames();
        stream += 2;
    }
    // Twice as many that nobody has closed are enough.
    raw.feed(&get(9));
    raw.assert_reset(9, ErrorCode::RefusedStream);
    raw.machine.close(id(5));
    raw.feed_all(&[get(11)]);
    assert_eq!(raw.told(), ["request 11 end"]);
}

#[test]
fn work_on_a_reset_stream_counts_until_its_owner_is_done() {
    let limits = Limits { http2_streams_max: 2, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    raw.feed_all(&[get(1), get(3)]);
    raw.told();
    raw.feed_all(&[reset(1, ErrorCode::Cancel), reset(3, ErrorCode::Cancel), get(5)]);
    raw.assert_reset(5, ErrorCode::RefusedStream);
    raw.told();
    raw.machine.close(id(1));
    raw.feed(&get(7));
    assert_eq!(raw.told(), ["request 7 end"]);
}

#[test]
fn rapid_resets_end_the_connection() {
    for is_told in [true, false] {
        let mut raw = Raw::server(&Limits::default());
        let mut stream = 1;
        while !raw.machine.is_over() && stream < 2_000 {
            raw.feed(&get(stream));
            if is_told {
                raw.told();
            }
            raw.feed(&reset(stream, ErrorCode::Cancel));
            raw.told();
            raw.machine.close(id(stream));
            stream += 2;
        }
        assert_eq!(stream, 1 + 2 * 201);
        raw.assert_ended(ErrorCode::EnhanceYourCalm);
    }
}

#[test]
fn resets_now_and_then_are_nobodys_attack() {
    let mut raw = Raw::server(&Limits::default());
    for stream in (1..8_000).step_by(2) {
        pass(&mut raw, 51);
        raw.feed_all(&[get(stream), reset(stream, ErrorCode::Cancel)]);
        raw.told();
        raw.machine.close(id(stream));
    }
    raw.assert_fine();
}

#[test]
fn finished_streams_pay_for_resets() {
    let mut raw = Raw::server(&Limits::default());
    for stream in (1..8_000).step_by(4) {
        raw.feed(&get(stream));
        answer_all(&mut raw);
        raw.feed_all(&[get(stream + 2), reset(stream + 2, ErrorCode::Cancel)]);
    }
    raw.assert_fine();
}

#[test]
fn resets_of_finished_streams_are_no_resets() {
    let mut raw = Raw::server(&Limits::default());
    for stream in (1..2_000).step_by(2) {
        raw.feed(&get(stream));
        answer_all(&mut raw);
        raw.feed(&reset(stream, ErrorCode::NoError));
    }
    raw.assert_fine();
}

#[test]
fn every_way_to_make_us_reset_counts() {
    let on_itself = |stream: u32| frame(2, 0, stream, &[&stream.to_be_bytes()[..], &[1]].concat());
    let ways: &[fn(u32) -> Vec<u8>] = &[
        |stream| window(stream, 0),
        |stream| window(stream, 0x7fff_ffff),
        |stream| frame(2, 0, stream, &[0; 4]),
        on_itself,
        |stream| data(stream, b"more than announced", true),
        |stream| headers(stream, &[(":path", "/")], true),
        |stream| headers(stream, &[("a", "b")], false),
    ];
    for (way, bad) in ways.iter().enumerate() {
        let mut raw = Raw::server(&Limits::default());
        let mut stream = 1;
        while !raw.machine.is_over() && stream < 2_000 {
            raw.feed(&post_of(stream, "1"));
            raw.told();
            raw.feed(&bad(stream));
            assert_eq!(raw.told().len(), usize::from(!raw.machine.is_over()), "{way}");
            raw.machine.close(id(stream));
            stream += 2;
        }
        assert_eq!(stream, 1 + 2 * 201, "{way}");
        raw.assert_ended(ErrorCode::EnhanceYourCalm);
    }
}

#[test]
fn behind_the_end_counts_too() {
    let ways: &[fn(u32) -> Vec<u8>] =
        &[|stream| data(stream, b"x", false), |stream| headers(stream, &[("a", "b")], true)];
    for bad in ways {
        let mut raw = Raw::server(&Limits::default());
        let mut stream = 1;
        while !raw.machine.is_over() && stream < 2_000 {
            raw.feed_all(&[get(stream), bad(stream)]);
            raw.told();
            raw.machine.close(id(stream));
            stream += 2;
        }
        assert_eq!(stream, 1 + 2 * 201);
        raw.assert_ended(ErrorCode::EnhanceYourCalm);
    }
}

#[test]
fn malformed_and_refused_requests_count_as_resets() {
    let limits = Limits { http2_streams_max: 0, ..Limits::default() };
    for (limits, request) in
        [(limits, get as fn(u32) -> _), (Limits::default(), |s| headers(s, &GET[1..], true))]
    {
        let mut raw = Raw::server(&limits);
        for stream in (1..=401).step_by(2) {
            assert!(!raw.machine.is_over(), "{stream}");
            raw.feed(&request(stream));
        }
        raw.assert_ended(ErrorCode::EnhanceYourCalm);
    }
}

#[test]
fn interim_heads_have_a_limit() {
    let mut raw = Raw::client(&Limits::default());
    raw.machine.open(LINE).send(true).unwrap();
    raw.frames();
    for _ in 0..16 {
        raw.feed(&answer(1, "103", false));
    }
    raw.assert_fine();
    raw.told();
    raw.feed(&answer(1, "103", false));
    assert_eq!(raw.told(), ["reset 1 ENHANCE_YOUR_CALM"]);
}

#[test]
fn a_client_opens_as_many_streams_as_it_may() {
    let mut raw = Raw::client(&Limits::default());
    raw.feed(&settings(&[(3, 2)]));
    for _ in 0..2 {
        assert!(raw.machine.can_open());
        raw.machine.open(LINE).send(true).unwrap();
    }
    assert!(!raw.machine.can_open());
    assert_eq!(raw.machine.open(LINE).send(true), Err(SendError::Full));
    raw.feed(&answer(1, "200", true));
    assert!(raw.machine.can_open(), "for the peer it is closed");
    raw.machine.reset(id(3), ErrorCode::Cancel);
    raw.machine.open(LINE).send(true).unwrap();
    assert!(!raw.machine.can_open());
    raw.machine.close(id(1));
    assert!(!raw.machine.can_open());
    raw.machine.close(id(3));
    assert!(raw.machine.can_open());
    raw.feed(&settings(&[(3, 0)]));
    assert!(!raw.machine.can_open());
}

#[test]
fn before_it_knows_better_a_client_opens_a_hundred() {
    let mut raw = Raw::new(super::super::Machine::client(&Limits::default()));
    for _ in 0..100 {
        raw.machine.open(LINE).send(true).unwrap();
    }
    assert!(!raw.machine.can_open());
    raw.feed(&settings(&[]));
    assert!(raw.machine.can_open());
}

#[test]
fn a_client_that_resets_much_opens_no_more_for_a_while() {
    let mut raw = Raw::client(&Limits::default());
    let mut count = 0;
    while raw.machine.can_open() && count < 300 {
        let stream = raw.machine.open(LINE).send(true).unwrap();
        raw.machine.close(stream);
        raw.frames();
        count += 1;
    }
    assert_eq!(count, 100);
    assert!(!raw.machine.is_over());
    pass(&mut raw, 10_000);
    raw.feed(&[]);
    assert!(raw.machine.can_open());
}

#[test]
fn what_a_server_like_us_stands_a_client_like_us_never_exceeds() {
    // Windows of both sides that don't fall together: half and half are whole.
    let mut client = Raw::client(&Limits::default());
    let mut server = Raw::server(&Limits::default());
    let mut resets = 0;
    for ms in 0..60_000 {
        for raw in [&mut client, &mut server] {
            pass(raw, 1);
        }
        client.feed(&[]);
        if ms < 4_000 || !client.machine.can_open() {
            continue;
        }
        let stream = client.machine.open(LINE).send(true).unwrap();
        client.machine.close(stream);
        let bytes = client.machine.output().to_vec();
        client.machine.sent(bytes.len());
        server.feed(&bytes);
        server.told();
        resets += 1;
    }
    assert!(resets >= 500, "{resets}");
    assert!(!server.machine.is_over());
}

/// A GET with a last field in HPACK's own words.
fn get_with(stream: u32, field: &[u8]) -> Vec<u8> {
    let line = block(&[
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/"),
        (":authority", "a.test"),
    ]);
    frame(1, 0x5, stream, &[&line, field].concat())
}

#[test]
fn heads_that_were_only_named_are_held_for_so_many_streams() {
    // Three times 8 KiB, by entries of 3,001 bytes: eight fit, and none more.
    let limits = Limits { head_bytes_max: 8192, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    let mut literal = vec![0x40, 1, b'a', 0x7f, 0xb9, 0x16];
    literal.extend(std::iter::repeat_n(b'x', 3000));
    raw.feed(&get_with(1, &literal));
    let named = [0x80 | 62];
    for stream in (3..=17).step_by(2) {
        raw.feed(&get_with(stream, &named));
    }
    assert_eq!(raw.told().len(), 9);
    raw.assert_fine();
    raw.feed(&get_with(19, &named));
    raw.assert_reset(19, ErrorCode::RefusedStream);
    // Sent in full it costs what it costs, and what has ended makes room.
    raw.feed(&get(21));
    assert_eq!(raw.told(), ["request 21 end"]);
    raw.machine.close(id(3));
    raw.frames();
    raw.feed(&get_with(23, &named));
    assert_eq!(raw.told(), ["request 23 end"]);
}
