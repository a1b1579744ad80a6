//! H2-08: identifiers of streams and the states streams are in (RFC 9113,
//! section 5.1). Where it is a connection error, nothing more is understood.

use testkit::http2::Aim;
use testkit::http2::frame::{
    code, data, frame, headers, kind, priority, rst, settings, window_update,
};
use testkit::http2::hpack::block;
use testkit::http2_attack::{Row, row};

use super::Named;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = identifiers();
    rows.extend(idle().chain(on_zero()));
    rows.extend(closed());
    rows
}

const ENDED: &[u32] = &[code::PROTOCOL_ERROR, code::STREAM_CLOSED];

fn identifiers() -> Vec<Row> {
    let of = |what, attack: fn(&Aim) -> Vec<u8>| {
        row("H2-08", what).attack(attack).goes_away(&[code::PROTOCOL_ERROR])
    };
    vec![
        of("an even stream", |aim| aim.get(2, &[])),
        of("the stream 0", |aim| aim.get(0, &[])),
        of("the largest even stream", |aim| aim.get(0x7fff_fffe, &[])),
        of("a lower stream than before", |aim| [aim.get(5, &[]), aim.get(3, &[])].concat())
            .arrive(1)
            .twin(|aim| [aim.get(3, &[]), aim.get(5, &[])].concat())
            .answered_on(5),
        of("an even stream behind an odd one", |aim| [aim.get(1, &[]), aim.get(2, &[])].concat())
            .arrive(1),
        of("a promise by a client", |aim| {
            let promise = [&2_u32.to_be_bytes()[..], &aim.block("GET", &[])].concat();
            [aim.post(1, &[], b""), frame(kind::PUSH_PROMISE, 4, 1, &promise)].concat()
        })
        .begins(1),
        row("H2-08", "streams may be left out")
            .twin(|aim| [aim.get(0x0fff_ffff, &[])].concat())
            .answered_on(0x0fff_ffff),
        row("H2-08", "the reserved bit means nothing")
            .twin(|aim| frame(kind::HEADERS, 5, 0x8000_0001, &aim.block("GET", &[]))),
    ]
}

/// Frames on a stream that nobody has opened.
fn idle() -> impl Iterator<Item = Row> {
    let frames: [Named; 5] = [
        (|| data(1, b"hello", true), "DATA on an idle stream"),
        (|| data(2, b"hello", true), "DATA on an idle stream of ours"),
        (|| rst(1, code::CANCEL), "RST_STREAM on an idle stream"),
        (|| window_update(1, 1), "WINDOW_UPDATE on an idle stream"),
        (|| frame(kind::CONTINUATION, 4, 1, b""), "CONTINUATION on an idle stream"),
    ];
    frames.into_iter().map(|(frame, what)| {
        row("H2-08", what)
            .attack(move |aim| [frame(), aim.get(3, &[])].concat())
            .goes_away(&[code::PROTOCOL_ERROR])
            .twin(|aim| [priority(7, 3), aim.get(1, &[])].concat())
    })
}

/// Frames on the wrong kind of stream.
fn on_zero() -> impl Iterator<Item = Row> {
    let frames: [Named; 9] = [
        (|| data(0, b"hello", true), "DATA on stream 0"),
        (|| headers(0, &block(&[("x", "y")]), true), "HEADERS on stream 0"),
        (|| rst(0, code::CANCEL), "RST_STREAM on stream 0"),
        (|| priority(0, 3), "PRIORITY on stream 0"),
        (|| frame(kind::CONTINUATION, 4, 0, b""), "CONTINUATION on stream 0"),
        (|| frame(kind::SETTINGS, 0, 1, b""), "SETTINGS on a stream"),
        (|| frame(kind::PING, 0, 1, &[0; 8]), "PING on a stream"),
        (|| frame(kind::GOAWAY, 0, 1, &[0; 8]), "GOAWAY on a stream"),
        (|| frame(kind::PUSH_PROMISE, 4, 0, &[0, 0, 0, 2]), "PUSH_PROMISE on stream 0"),
    ];
    frames.into_iter().map(|(frame, what)| {
        row("H2-08", what)
            .attack(move |aim| [frame(), aim.get(1, &[])].concat())
            .goes_away(&[code::PROTOCOL_ERROR])
            .twin(|aim| [settings(&[]), priority(1, 0), aim.get(1, &[])].concat())
    })
}

/// Frames behind the end. What was proper until then may have arrived.
fn closed() -> Vec<Row> {
    let of = |what, attack: fn(&Aim) -> Vec<u8>| {
        row("H2-08", what).attack(attack).resets(&[code::STREAM_CLOSED]).or_goes_away(ENDED)
    };
    let gone = |aim: &Aim| [aim.post(1, &[], b""), rst(1, code::CANCEL)].concat();
    let with = move |what, rest: fn(&Aim) -> Vec<u8>| {
        row("H2-08", what)
            .attack(move |aim| [gone(aim), rest(aim), aim.get(3, &[])].concat())
            .goes_away(ENDED)
            .begins(1)
            .twin(move |aim| [gone(aim), priority(1, 0), aim.get(3, &[])].concat())
            .answered_on(3)
    };
    vec![
        of("HEADERS behind END_STREAM", |aim| [aim.get(1, &[]), aim.get(1, &[])].concat())
            .arrive(1),
        of("trailers behind END_STREAM", |aim| {
            [aim.get(1, &[]), headers(1, &block(&[("x-sum", "1")]), true)].concat()
        })
        .arrive(1),
        of("DATA behind END_STREAM", |aim| [aim.get(1, &[]), data(1, b"x", true)].concat())
            .arrive(1),
        of("DATA behind the body", |aim| {
            aim.post(1, &[], &[data(1, b"hello", true), data(1, b"x", true)].concat())
        })
        .arrive(1),
        of("DATA behind trailers", |aim| {
            let trailers = headers(1, &block(&[("x-sum", "1")]), true);
            aim.post(1, &[], &[data(1, b"hello", false), trailers, data(1, b"x", true)].concat())
        })
        .arrive(1),
        with("HEADERS behind RST_STREAM", |aim| aim.get(1, &[])),
        with("CONTINUATION behind RST_STREAM", |_| frame(kind::CONTINUATION, 4, 1, b"")),
    ]
}
