//! Frames that carry nothing: what they cost their peer, and what pays for
//! them (attacks H2-04, H2-05, H2-14).

use model::Limits;

use super::limits::{answer_all, pass};
use super::raw::*;
use crate::http2::ErrorCode;

/// Frames that carry nothing, one of each sort.
fn empty_frames() -> Vec<Vec<u8>> {
    vec![
        ping(),
        frame(6, 1, 0, b"farewell"),
        settings(&[]),
        settings_ack(),
        frame(2, 0, 9, &[0; 5]),
        window(0, 1),
        window(1, 1),
        frame(0xfe, 0, 0, b""),
        data(1, b"", false),
        padded(1, b"", 100, false),
        reset(3, ErrorCode::NoError),
    ]
}

/// A server with an open stream 1 and a finished stream 3, which has spent
/// nothing yet.
fn busy() -> Raw {
    let mut raw = Raw::server(&Limits::default());
    raw.feed(&post(1));
    raw.told();
    raw.feed(&get(3));
    answer_all(&mut raw);
    raw
}

#[test]
fn floods_of_frames_that_carry_nothing_end_the_connection() {
    for flood in empty_frames() {
        let mut raw = busy();
        let mut count = 0;
        while !raw.machine.is_over() && count < 3_000 {
            raw.feed(&flood);
            raw.frames();
            count += 1;
        }
        assert_eq!(count, 2_001, "{flood:?}");
        assert_eq!(raw.machine.error().map(|(code, _)| code), Some(ErrorCode::EnhanceYourCalm));
    }
}

#[test]
fn the_same_frames_at_leisure_do_not() {
    for calm in empty_frames() {
        let mut raw = busy();
        for _ in 0..4_000 {
            pass(&mut raw, 6);
            raw.feed(&calm);
            raw.frames();
        }
        assert!(!raw.machine.is_over(), "{calm:?}");
    }
}

#[test]
fn a_settings_frame_full_of_settings_costs_by_its_length() {
    let mut raw = Raw::server(&Limits::default());
    let full = settings(&vec![(4, 70_000); 2_000]);
    let mut count = 0;
    while !raw.machine.is_over() && count < 100 {
        raw.feed(&full);
        raw.frames();
        count += 1;
    }
    assert_eq!(count, 8);
}

#[test]
fn data_pays_for_control_frames() {
    let mut raw = busy();
    for _ in 0..3_000 {
        raw.feed_all(&[data(1, b"x", false), ping(), window(0, 1), frame(0xfe, 0, 0, b"")]);
        raw.machine.consume(id(1), 1);
        raw.frames();
    }
    raw.assert_fine();
}

#[test]
fn data_we_send_pays_too() {
    let mut raw = Raw::server(&Limits::default());
    raw.feed(&get(1));
    raw.told();
    raw.machine.response(id(1), 200).send(false).unwrap();
    for _ in 0..5_000 {
        assert_eq!(raw.machine.data(id(1), b"xx", false), 2);
        raw.frames();
        raw.feed_all(&[window(0, 2), window(1, 2)]);
    }
    raw.assert_fine();
}

#[test]
fn new_streams_pay_most() {
    let mut raw = Raw::server(&Limits::default());
    for stream in (1..2_000).step_by(2) {
        raw.feed(&get(stream));
        raw.feed_all(&vec![ping(); 10]);
        answer_all(&mut raw);
    }
    raw.assert_fine();
}

#[test]
fn data_for_nobody_pays_for_nothing() {
    let mut raw = Raw::server(&Limits::default());
    raw.feed(&post(1));
    raw.machine.close(id(1));
    raw.told();
    let mut count = 0;
    while !raw.machine.is_over() && count < 3_000 {
        raw.feed_all(&[data(1, b"x", false), ping()]);
        raw.frames();
        count += 1;
    }
    assert!((1_990..=2_012).contains(&count), "{count}");
}
