//! Who sends when there is not room for all, and what waits to be read by the
//! peer: fairness, and its limits (attack H2-04, H2-07).

use model::Limits;

use super::flow::{open, written};
use super::raw::*;
use crate::http2::ErrorCode;

#[test]
fn output_that_waits_has_a_limit() {
    let limits = Limits { http2_output_bytes_max: 50_000, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    raw.feed_all(&[settings(&[(4, 1_000_000)]), window(0, 1_000_000)]);
    open(&mut raw, 1);
    assert_eq!(raw.machine.data(id(1), &[0; 100_000], false), 3 * 16_384);
    assert_eq!(raw.machine.room(id(1)), 0);
    assert!(raw.told().is_empty());
    raw.machine.sent(16_393);
    assert_eq!(raw.told(), ["room 1"]);
    assert_eq!(raw.machine.room(id(1)), 16_384);
    assert_eq!(raw.machine.data(id(1), &[0; 50_848], false), 16_384);
    assert!(raw.machine.output().len() <= 50_000);
}

#[test]
fn while_others_wait_each_sends_one_frame_in_turn() {
    let limits = Limits { http2_output_bytes_max: 3 * 16_393, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    raw.feed_all(&[settings(&[(4, 10_000_000)]), window(0, 100_000_000)]);
    let streams: Vec<u32> = (1..20).step_by(2).collect();
    for stream in &streams {
        open(&mut raw, *stream);
    }
    for stream in &streams {
        raw.machine.data(id(*stream), &[0; 100_000], false);
    }
    let mut seen = written(&mut raw);
    for _ in 0..100 {
        for event in raw.events() {
            let stream = event.stream().unwrap();
            raw.machine.data(stream, &[0; 100_000], false);
        }
        seen.extend(written(&mut raw));
    }
    for stream in streams {
        let bytes: usize = seen.iter().filter(|(s, _)| *s == stream).map(|(_, n)| n).sum();
        assert!((29 * 16_384..=33 * 16_384).contains(&bytes), "{stream} sent {bytes}");
    }
}

/// A server on whose waiting output 1 and then 3 found no room; all of it has
/// gone since.
fn two_waiting(limits: &Limits) -> Raw {
    let mut raw = Raw::server(limits);
    raw.feed_all(&[settings(&[(4, 10_000_000)]), window(0, 100_000_000)]);
    for stream in [1, 3, 5] {
        open(&mut raw, stream);
    }
    assert!(raw.machine.data(id(1), &[0; 1_000_000], false) > 0);
    assert_eq!(raw.machine.data(id(3), &[0; 1_000_000], false), 0);
    raw.frames();
    raw
}

#[test]
fn a_newcomer_goes_behind_those_that_wait() {
    let mut raw = two_waiting(&Limits::default());
    assert_eq!(raw.machine.room(id(5)), 0);
    assert_eq!(raw.machine.data(id(5), b"x", false), 0);
    assert_eq!(raw.told(), ["room 1", "room 3", "room 5"]);
}

#[test]
fn one_frame_each_even_when_there_is_room_for_more() {
    let mut raw = two_waiting(&Limits::default());
    assert_eq!(raw.told(), ["room 1", "room 3"]);
    assert_eq!(raw.machine.data(id(1), &[0; 100_000], false), 16_384);
    assert_eq!(raw.machine.data(id(3), &[0; 16_385], false), 16_384);
    assert_eq!(raw.told(), ["room 1", "room 3"]);
    assert_eq!(raw.machine.data(id(3), b"x", true), 1);
    // Alone, it takes what there is.
    assert!(raw.machine.data(id(1), &[0; 1_000_000], false) > 150_000);
}

#[test]
fn who_was_called_and_came_too_late_is_called_first_again() {
    let limits = Limits { http2_output_bytes_max: 16_393, ..Limits::default() };
    let mut raw = two_waiting(&limits);
    assert_eq!(raw.machine.data(id(5), b"x", false), 0);
    assert_eq!(raw.told(), ["room 1"]);
    raw.feed(&[]);
    assert_eq!(raw.told(), ["room 3"]);
    assert_eq!(raw.machine.data(id(3), &[0; 20_000], false), 16_384);
    assert_eq!(raw.machine.data(id(1), &[0; 20_000], false), 0);
    raw.frames();
    assert_eq!(raw.told(), ["room 1"]);
    assert_eq!(raw.machine.data(id(1), &[0; 16_384], false), 16_384);
    raw.frames();
    assert_eq!(raw.told(), ["room 5"]);
}

#[test]
fn a_sender_that_never_comes_holds_up_nobody() {
    let limits = Limits { http2_output_bytes_max: 16_393, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    open(&mut raw, 1);
    open(&mut raw, 3);
    for stream in [1, 1, 3] {
        raw.machine.data(id(stream), &[0; 20_000], false);
    }
    raw.frames();
    assert_eq!(raw.told(), ["room 1"]);
    raw.feed(&[]);
    assert_eq!(raw.told(), ["room 3"]);
    assert_eq!(raw.machine.data(id(3), &[0; 20_000], false), 16_384);
}

#[test]
fn a_sender_that_is_closed_leaves_the_queue() {
    let limits = Limits { http2_output_bytes_max: 16_393, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    for stream in [1, 3, 5, 7] {
        open(&mut raw, stream);
    }
    for stream in [1, 3, 5, 7] {
        raw.machine.data(id(stream), &[0; 20_000], false);
    }
    raw.machine.close(id(3));
    raw.feed(&reset(5, ErrorCode::Cancel));
    raw.frames();
    assert_eq!(raw.told(), ["reset 5 CANCEL by peer", "room 1"]);
    assert_eq!(raw.machine.data(id(1), &[0; 3_616], true), 3_616);
    raw.frames();
    assert_eq!(raw.told(), ["room 7"]);
}

#[test]
fn a_peer_that_reads_nothing_of_our_replies_is_not_read() {
    let limits = Limits { http2_output_bytes_max: 40_000, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    for _ in 0..1_000 {
        raw.feed(&ping());
    }
    assert!(!raw.machine.wants_input() && !raw.machine.is_over());
    let waiting = raw.machine.output().len();
    assert!((10_000..10_100).contains(&waiting), "{waiting}");
    assert!(raw.unused.len() > 6_000);
    raw.frames();
    assert!(raw.machine.wants_input());
    raw.feed(&[]);
    assert!(raw.unused.is_empty());
}

#[test]
fn data_that_waits_does_not_keep_us_from_reading() {
    let mut raw = Raw::server(&Limits::default());
    raw.feed_all(&[settings(&[(4, 10_000_000)]), window(0, 100_000_000)]);
    open(&mut raw, 1);
    assert!(raw.machine.data(id(1), &[0; 1_000_000], false) > 200_000);
    assert!(raw.machine.wants_input());
    raw.feed(&get(3));
    assert_eq!(raw.told(), ["request 3 end"]);
}

#[test]
fn a_peer_that_reads_no_heads_asks_for_no_more_of_them() {
    let limits = Limits { http2_output_bytes_max: 50_000, ..Limits::default() };
    let mut raw = Raw::server(&limits);
    let mut answered = 0;
    for stream in (1..2_000).step_by(2) {
        raw.feed(&get(stream));
        for event in raw.events() {
            let stream = event.stream().unwrap();
            let mut block = raw.machine.response(stream, 200);
            block.field("x", &[b'v'; 1_000]);
            block.send(true).unwrap();
            raw.machine.close(stream);
            answered += 1;
        }
    }
    assert!(!raw.machine.wants_input());
    assert!((40..60).contains(&answered), "{answered}");
}
