//! WebSocket frames: where one ends is the same however the bytes are split,
//! and the same to a reader that has them all.

use wire::websocket::{Frames, write_close};

use crate::parts;

pub(super) fn run(input: &[u8]) {
    let (ends, closed) = walk(input);
    let mut whole = Frames::default();
    whole.pass(input);
    let is_between = input.is_empty() || ends.last() == Some(&input.len());
    assert_eq!((whole.is_between(), whole.has_closed()), (is_between, closed));
    for cuts in parts::ways(input) {
        let (mut split, mut from) = (Frames::default(), 0);
        for cut in cuts {
            split.pass(&input[from..cut]);
            from = cut;
        }
        assert_eq!((split.is_between(), split.has_closed()), (is_between, closed));
    }
    check_ends(input, &ends);
    check_close(input);
}

/// Goes from end to end.
fn check_ends(input: &[u8], ends: &[usize]) {
    let (mut frames, mut at, mut found) = (Frames::default(), 0, Vec::new());
    while let Some(passed) = frames.pass_to_end(&input[at..]) {
        assert!(passed > 0 && frames.is_between());
        at += passed;
        found.push(at);
    }
    assert_eq!(found, ends);
}

/// The ends of all frames in plain words (RFC 6455, section 5.2), and whether
/// a close frame's head is among what was seen.
fn walk(input: &[u8]) -> (Vec<usize>, bool) {
    let (mut at, mut ends, mut closed) = (0, Vec::new(), false);
    loop {
        let rest = &input[at..];
        let [first, second, ..] = rest else { return (ends, closed) };
        let width = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let head = 2 + width + if second & 0x80 == 0 { 0 } else { 4 };
        if rest.len() < head {
            return (ends, closed);
        }
        closed |= first & 0x0f == 8;
        let long = rest[2..2 + width].iter().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        let payload = if width == 0 { u128::from(second & 0x7f) } else { long };
        let end = (at + head) as u128 + payload;
        match usize::try_from(end) {
            Ok(end) if end <= input.len() => at = end,
            _ => return (ends, closed),
        }
        ends.push(at);
    }
}

/// Our own close frame is one whole frame, whatever the reason.
fn check_close(input: &[u8]) {
    let reason = String::from_utf8_lossy(input);
    for mask in [None, Some([1, 2, 3, 4])] {
        let mut out = Vec::new();
        write_close(&mut out, 1008, &reason, mask);
        assert_eq!(walk(&out), (vec![out.len()], true));
        assert!(out.len() <= 125 + 6, "a control frame is short");
    }
}
