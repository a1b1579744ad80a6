//! Owners of an HTTP/2 connection for the targets: a silent one, which only
//! listens, and a busy one, which answers, sends, resets and closes. Both see
//! to it that the machine stays within its bounds.

use std::collections::{BTreeMap, BTreeSet};

use model::{Limits, Timestamp};
use wire::http2::{ErrorCode, Event, Machine, StreamId};

use super::told;

/// Streams of a test are few, or nothing would ever be full.
pub(super) fn limits() -> Limits {
    Limits {
        head_bytes_max: 2_000,
        header_count_max: 8,
        http2_streams_max: 5,
        http2_resets_max: 6,
        http2_control_frames_max: 30,
        http2_continuations_max: 3,
        http2_stream_window_bytes: 400,
        http2_connection_window_bytes: 100_000,
        http2_output_bytes_max: 20_000,
        ..Limits::default()
    }
}

/// What one event may add to our own words: the farewell, some acknowledgement.
const SLACK_BYTES: usize = 20_000;
/// The hundred times rule, with what a connection says by itself.
const ANSWER_PER_BYTE_MAX: usize = 100;
const GREETING_BYTES_MAX: usize = 1_000;

/// Feeds the pieces of `input` and hands each event to `take`; gives what the
/// machine wrote. A piece is offered again with the next until it was used.
pub(super) fn drive(
    machine: &mut Machine,
    input: &[u8],
    ends: &[usize],
    mut take: impl FnMut(&mut Machine, Event),
) -> Vec<u8> {
    let (mut used, mut out) = (0, Vec::new());
    for (turn, end) in ends.iter().enumerate() {
        let now = Timestamp(turn as u64);
        loop {
            let step = machine.receive(&input[used..*end], now);
            assert!(step <= end - used, "it used {step} bytes of {}", end - used);
            used += step;
            let mut events = 0;
            while let Some(event) = machine.event() {
                events += 1;
                assert!(events <= 1_000 + 10 * input.len(), "events without an end");
                take(machine, event);
            }
            let waiting = machine.output().len();
            assert!(waiting <= machine_output_max() + SLACK_BYTES, "{waiting} bytes wait");
            out.extend_from_slice(machine.output());
            machine.sent(waiting);
            assert!(machine.output().is_empty());
            if step == 0 || machine.is_over() {
                break;
            }
        }
    }
    out
}

fn machine_output_max() -> usize {
    limits().http2_output_bytes_max
}

/// What a silent owner came to know.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// Of each stream that was not reset: heads, end, trailers.
    streams: BTreeMap<u32, String>,
    data: BTreeMap<u32, Vec<u8>>,
    farewells: Vec<ErrorCode>,
    failure: Option<(ErrorCode, &'static str)>,
    written: Vec<u8>,
}

/// The same for who only listens: nobody closes a stream, and it must not
/// depend on the moment whether there is room for the next.
pub(super) fn patient() -> Limits {
    Limits { http2_streams_max: 10_000, ..limits() }
}

/// Only listens: what it hears and what is written for it must not depend on
/// how the bytes are split. Not so for streams that were reset: who had not
/// heard of one by then never does.
pub(super) fn listen(mut machine: Machine, input: &[u8], ends: &[usize]) -> Heard {
    let mut heard = Heard::default();
    let mut streams: BTreeMap<u32, StreamId> = BTreeMap::new();
    let mut resets = BTreeSet::new();
    heard.written = drive(&mut machine, input, ends, |_, event| {
        if let Some(stream) = event.stream() {
            streams.insert(stream.number(), stream);
            let text = match &event {
                Event::Request { head, is_end, .. } => format!("{is_end} {}", told::request(head)),
                Event::Response { head, is_end, .. } => {
                    format!("{is_end} {}", told::response(head))
                }
                Event::TooLarge { .. } => "too large".to_owned(),
                Event::End { .. } => "end".to_owned(),
                Event::Reset { .. } => {
                    resets.insert(stream.number());
                    String::new()
                }
                _ => String::new(),
            };
            note(&mut heard.streams, stream, &text);
        }
        match event {
            Event::GoAway { code } => heard.farewells.push(code),
            Event::Refused { why, .. } => assert!(!why.contains(char::is_control), "{why:?}"),
            _ => {}
        }
    });
    for (number, stream) in streams {
        heard.data.insert(number, machine.received(stream).to_vec());
        if let Some(trailers) = machine.trailers(stream) {
            let fields = told::list(trailers.fields());
            told::check_onward(&fields);
            note(&mut heard.streams, stream, &format!("{fields:?}"));
        }
    }
    heard.failure = machine.error();
    heard.streams.retain(|number, _| !resets.contains(number));
    heard.data.retain(|number, _| !resets.contains(number));
    heard
}

fn note(notes: &mut BTreeMap<u32, String>, stream: StreamId, text: &str) {
    notes.entry(stream.number()).or_default().push_str(text);
}

/// The hundred times rule: who only listens lets us say little.
pub(super) fn check_answer(heard: &Heard, input: &[u8]) {
    let allowed = GREETING_BYTES_MAX + ANSWER_PER_BYTE_MAX * input.len();
    assert!(heard.written.len() <= allowed, "{} bytes written", heard.written.len());
}

/// Does something else on each stream and at each event.
pub(super) fn work(machine: &mut Machine, event: &Event, body: &[u8]) {
    if matches!(event, Event::GoAway { .. }) {
        machine.shut_down();
    }
    let Some(stream) = event.stream() else { return };
    let number = stream.number() / 2;
    match event {
        Event::Request { .. } | Event::TooLarge { .. } => {
            let mut head = machine.response(stream, if number % 3 == 0 { 103 } else { 200 });
            head.field("x-number", number.to_string().as_bytes());
            let _sent = head.send(number % 5 == 4);
            send(machine, stream, body, number % 2 == 0);
        }
        Event::Response { .. } => _ = send(machine, stream, body, true),
        Event::Data { .. } => {
            let there = machine.received(stream).len();
            machine.consume(stream, if number % 2 == 0 { there } else { there / 2 });
        }
        Event::End { .. } if number % 4 == 1 => {
            let mut trailers = machine.trailers_out(stream);
            trailers.field("grpc-status", b"0");
            let _sent = trailers.send(true);
        }
        Event::End { .. } if number % 4 == 2 => machine.reset(stream, ErrorCode::Cancel),
        Event::End { .. } | Event::Reset { .. } => machine.close(stream),
        Event::Room { .. } => {
            if send(machine, stream, body, true) == 0 {
                machine.close(stream);
            }
        }
        Event::GoAway { .. } | Event::Refused { .. } => {}
    }
}

fn send(machine: &mut Machine, stream: StreamId, body: &[u8], end: bool) -> usize {
    let room = machine.room(stream);
    let taken = machine.data(stream, body, end);
    assert!(taken <= body.len() && taken <= room, "{taken} of {} into {room}", body.len());
    taken
}
