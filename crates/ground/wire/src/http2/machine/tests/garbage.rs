//! Frames without sense, in any pieces: the machine ends where it has to, the
//! same way each time, and never panics.

use model::Limits;
use proptest::prelude::*;

use super::super::Machine;
use super::raw::*;
use crate::http2::ErrorCode;
use crate::http2::frame::{Kind, PREFACE};

/// A frame that may be proper, nearly so, or not at all.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let stream = prop_oneof![0_u32..10, Just(0x7fff_ffff)];
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    let senseless = (0_u8..11, any::<u8>(), stream.clone(), bytes.clone())
        .prop_map(|(kind, flags, stream, bytes)| frame(kind, flags, stream, &bytes));
    let proper = (0..9, 0_u32..6, bytes, any::<bool>()).prop_map(|(which, n, bytes, end)| {
        let stream = 2 * n + 1;
        match which {
            0 => get(stream),
            1 => post(stream),
            2 => post_of(stream, "20"),
            3 => padded(stream, &bytes, 9, end),
            4 => window(stream, 100),
            5 => reset(stream, ErrorCode::Cancel),
            6 => headers(stream, &[("a", "b")], true),
            7 => settings(&[(4, 100 * n)]),
            _ => data(stream, &bytes, end),
        }
    });
    prop_oneof![1 => senseless, 6 => proper]
}

/// What can be seen of a machine that was fed these pieces.
fn seen(pieces: &[&[u8]]) -> (Vec<Frame>, Option<ErrorCode>, Vec<Vec<u8>>, Vec<String>) {
    let mut raw = Raw::new(Machine::server(&Limits::default()));
    for piece in pieces {
        raw.feed(piece);
    }
    let mut frames = raw.frames();
    // How much credit goes in one frame is a matter of when bytes come.
    frames.retain(|frame| frame.kind != Kind::WindowUpdate);
    let bodies = (0..12).map(|stream| raw.machine.received(id(stream)).to_vec());
    let bodies = bodies.collect();
    let told = raw.told();
    (frames, raw.machine.error().map(|(code, _)| code), bodies, told)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn pieces_make_no_difference(
        frames in prop::collection::vec(any_frame(), 0..30),
        cuts in prop::collection::vec(1_usize..50, 1..20),
    ) {
        let mut bytes = [PREFACE.to_vec(), settings(&[])].concat();
        bytes.extend(frames.concat());
        let mut pieces = Vec::new();
        let (mut rest, mut cut) = (bytes.as_slice(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*cut.next().unwrap()));
            pieces.push(piece);
            rest = after;
        }
        let whole = seen(&[&bytes]);
        prop_assert_eq!(&whole, &seen(&pieces));
        let (answers, error, _, _) = whole;
        prop_assert!(answers.iter().all(|f| f.kind != Kind::GoAway) || error.is_some());
    }

    #[test]
    fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for mut raw in [Raw::server(&Limits::default()), Raw::client(&Limits::default())] {
            raw.feed(&bytes);
            raw.told();
            raw.frames();
            prop_assert!(raw.machine.is_over() || raw.machine.wants_input());
        }
    }

    #[test]
    fn a_client_stands_frames_without_sense_too(
        frames in prop::collection::vec(any_frame(), 0..30),
    ) {
        let mut raw = Raw::client(&Limits::default());
        let line = super::super::RequestLine {
            method: "POST",
            scheme: "http",
            authority: "a.test",
            path: "/",
            protocol: None,
        };
        for _ in 0..3 {
            raw.machine.open(line).send(false).unwrap();
        }
        raw.feed_all(&[answer(1, "200", false), answer(3, "100", false)]);
        for frame in frames {
            raw.feed(&frame);
            for event in raw.events() {
                if let Some(stream) = event.stream() {
                    raw.machine.data(stream, b"some", false);
                    raw.machine.consume(stream, 7);
                }
            }
            raw.frames();
        }
    }
}
