//! H2-14: bytes that are no frames, or frames that say what can't be (RFC
//! 9113, sections 3.4, 4 and 6).

use testkit::Place;
use testkit::http2::Aim;
use testkit::http2::frame::{
    PREFACE, code, continuation, data, flag, frame, frame_head, kind, padded, ping, priority,
    setting, settings, settings_ack, window_update,
};
use testkit::http2_attack::{Row, row};

use super::{Aimed, Named};

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = prefaces();
    rows.extend(sizes().chain(values()).chain(paddings()).chain(blocks()));
    rows.extend(harmless());
    rows
}

const SIZE: &[u32] = &[code::FRAME_SIZE_ERROR];
const PROTOCOL: &[u32] = &[code::PROTOCOL_ERROR];
const FLOW: &[u32] = &[code::FLOW_CONTROL_ERROR];

/// Where TLS has agreed on HTTP/2, nothing else is understood.
fn prefaces() -> Vec<Row> {
    let of = |what, attack: fn(&Aim) -> Vec<u8>| {
        row("H2-14", what).bare(attack).goes_away(PROTOCOL).or_closes()
    };
    let agreed = |what, attack| of(what, attack).at(&[Place::Inbound, Place::Edge]);
    vec![
        agreed("HTTP/1.1 where HTTP/2 was agreed", |aim| {
            format!("GET {} HTTP/1.1\r\nhost: {}\r\n\r\n", aim.path(), aim.authority()).into_bytes()
        }),
        agreed("a preface of HTTP/2.1", |aim| {
            [b"PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n", &settings(&[])[..], &aim.get(1, &[])].concat()
        }),
        agreed("a preface in lower case", |aim| {
            [b"pri * http/2.0\r\n\r\nsm\r\n\r\n", &settings(&[])[..], &aim.get(1, &[])].concat()
        }),
        agreed("frames without a preface", |aim| [settings(&[]), aim.get(1, &[])].concat()),
        agreed("garbage", |_| vec![0xff; 300]),
        agreed("a greeting of TLS inside", |_| {
            b"\x16\x03\x01\x00\x05hello, and no frames at all".to_vec()
        }),
        of("half a preface and another end", |aim| {
            [b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", &settings(&[])[..], &aim.get(1, &[])].concat()
        })
        .or_gets(&[0]),
        of("no SETTINGS behind the preface", |aim| [PREFACE, &aim.get(1, &[])].concat()),
        of("PING behind the preface", |aim| {
            [PREFACE, &ping(1), &settings(&[]), &aim.get(1, &[])].concat()
        }),
        of("an acknowledgement behind the preface", |aim| {
            [PREFACE, &settings_ack(), &aim.get(1, &[])].concat()
        }),
        of("the preface twice", |aim| {
            [PREFACE, PREFACE, &settings(&[]), &aim.get(1, &[])].concat()
        })
        .goes_away(&[code::PROTOCOL_ERROR, code::FRAME_SIZE_ERROR]),
    ]
}

fn sizes() -> impl Iterator<Item = Row> {
    let frames: [Named; 17] = [
        (|| frame_head(0x00ff_ffff, kind::DATA, 0, 1), "DATA of 16 MB"),
        (|| frame_head(0x00ff_ffff, kind::HEADERS, 4, 1), "HEADERS of 16 MB"),
        (|| frame_head(0x00ff_ffff, kind::SETTINGS, 0, 0), "SETTINGS of 16 MB"),
        (|| frame_head(0x00ff_ffff, 0x77, 0, 1), "an unknown frame of 16 MB"),
        (|| frame_head(16_385, kind::HEADERS, 5, 1), "HEADERS a little too long"),
        (|| frame_head(16_385, 0x77, 0, 0), "an unknown frame a little too long"),
        (|| frame(kind::PING, 0, 0, &[0; 7]), "PING of 7 bytes"),
        (|| frame(kind::PING, 0, 0, &[0; 9]), "PING of 9 bytes"),
        (|| frame(kind::PING, 0, 0, &[]), "PING of nothing"),
        (|| frame(kind::SETTINGS, 0, 0, &[0; 5]), "SETTINGS of 5 bytes"),
        (|| frame(kind::SETTINGS, 0, 0, &[0; 7]), "SETTINGS of 7 bytes"),
        (|| frame(kind::SETTINGS, flag::ACK, 0, &[0; 6]), "an acknowledgement with a setting"),
        (|| frame(kind::WINDOW_UPDATE, 0, 0, &[0; 3]), "WINDOW_UPDATE of 3 bytes"),
        (|| frame(kind::WINDOW_UPDATE, 0, 0, &[0; 5]), "WINDOW_UPDATE of 5 bytes"),
        (|| frame(kind::RST_STREAM, 0, 1, &[0; 3]), "RST_STREAM of 3 bytes"),
        (|| frame(kind::RST_STREAM, 0, 1, &[0; 5]), "RST_STREAM of 5 bytes"),
        (|| frame(kind::GOAWAY, 0, 0, &[0; 7]), "GOAWAY of 7 bytes"),
    ];
    frames.into_iter().map(|(frame, what)| {
        row("H2-14", what)
            .attack(move |aim| match frame()[3] {
                kind::RST_STREAM => [aim.post(1, &[], b""), frame()].concat(),
                _ => frame(),
            })
            .goes_away(SIZE)
            .begins(1)
    })
}

type Coded = (fn() -> Vec<u8>, &'static [u32], &'static str);

fn values() -> impl Iterator<Item = Row> {
    let frames: [Coded; 11] = [
        (|| settings(&[(setting::ENABLE_PUSH, 2)]), PROTOCOL, "ENABLE_PUSH 2"),
        (|| settings(&[(setting::INITIAL_WINDOW_SIZE, 0x8000_0000)]), FLOW, "a window of 2^31"),
        (|| settings(&[(setting::INITIAL_WINDOW_SIZE, u32::MAX)]), FLOW, "a window of 2^32 - 1"),
        (|| settings(&[(setting::MAX_FRAME_SIZE, 16_383)]), PROTOCOL, "frames of 16,383"),
        (|| settings(&[(setting::MAX_FRAME_SIZE, 0)]), PROTOCOL, "frames of nothing"),
        (|| settings(&[(setting::MAX_FRAME_SIZE, 1 << 24)]), PROTOCOL, "frames of 2^24"),
        (
            || settings(&[(setting::ENABLE_CONNECT_PROTOCOL, 2)]),
            PROTOCOL,
            "ENABLE_CONNECT_PROTOCOL 2",
        ),
        (|| window_update(0, 0), PROTOCOL, "a credit of nothing"),
        (|| window_update(0, 0x7fff_ffff), FLOW, "more credit than a window can be"),
        (|| window_update(0, 0x7fff_0000).repeat(2), FLOW, "two credits that are too much"),
        (
            || {
                settings(&[
                    (setting::INITIAL_WINDOW_SIZE, 0),
                    (setting::INITIAL_WINDOW_SIZE, u32::MAX),
                ])
            },
            FLOW,
            "two windows in one frame",
        ),
    ];
    frames.into_iter().map(|(frame, codes, what)| {
        row("H2-14", what)
            .attack(move |aim| [frame(), aim.get(1, &[])].concat())
            .goes_away(codes)
            .twin(|aim| {
                let pairs = [
                    (setting::ENABLE_PUSH, 0),
                    (setting::INITIAL_WINDOW_SIZE, 0x7fff_ffff),
                    (setting::MAX_FRAME_SIZE, (1 << 24) - 1),
                    (setting::HEADER_TABLE_SIZE, u32::MAX),
                ];
                [settings(&pairs), window_update(0, 0x7fff_0000), aim.get(1, &[])].concat()
            })
    })
}

fn paddings() -> impl Iterator<Item = Row> {
    let rests: [Aimed; 5] = [
        (
            |aim| aim.post(1, &[], &frame(kind::DATA, flag::PADDED, 1, &[5, b'h', b'i'])),
            "more padding than DATA",
        ),
        (
            |aim| aim.post(1, &[], &frame(kind::DATA, flag::PADDED, 1, &[1])),
            "padding as long as the frame",
        ),
        (
            |aim| {
                let block = [&[255][..], &aim.block("GET", &[])].concat();
                frame(kind::HEADERS, flag::PADDED | 5, 1, &block)
            },
            "more padding than HEADERS",
        ),
        (
            |_| frame(kind::HEADERS, flag::PADDED | flag::PRIORITY | 5, 1, &[3, 0, 0, 0, 0, 9]),
            "padding over the priority",
        ),
        (|aim| aim.post(1, &[], &frame(kind::DATA, flag::PADDED, 1, &[])), "no length of padding"),
    ];
    rests.into_iter().map(|(attack, what)| {
        row("H2-14", what)
            .attack(attack)
            .goes_away(&[code::PROTOCOL_ERROR, code::FRAME_SIZE_ERROR])
            .begins(1)
            .twin(|aim| aim.post(1, &[], &[padded(1, b"hello", 255), data(1, b"", true)].concat()))
            .arrives_with(b"hello")
    })
}

/// A header block is one thing: nothing stands between its frames.
fn blocks() -> impl Iterator<Item = Row> {
    let between: [Aimed; 8] = [
        (|_| ping(1), "PING in a header block"),
        (|_| settings(&[]), "SETTINGS in a header block"),
        (|_| window_update(0, 1), "WINDOW_UPDATE in a header block"),
        (|_| frame(0x77, 0, 1, b"x"), "an unknown frame in a header block"),
        (|_| data(1, b"x", true), "DATA in a header block"),
        (|_| frame(kind::RST_STREAM, 0, 1, &[0; 4]), "RST_STREAM in a header block"),
        (|aim| aim.get(3, &[]), "another stream's HEADERS in a header block"),
        (|_| continuation(3, b"", true), "another stream's CONTINUATION in a header block"),
    ];
    between.into_iter().map(|(between, what)| {
        let around = |aim: &Aim, middle: &[u8]| {
            let block = aim.block("GET", &[]);
            let (first, last) = block.split_at(20);
            let head = frame(kind::HEADERS, flag::END_STREAM, 1, first);
            [&head, middle, &continuation(1, last, true)].concat()
        };
        row("H2-14", what)
            .attack(move |aim| around(aim, &between(aim)))
            .goes_away(PROTOCOL)
            .twin(move |aim| around(aim, &continuation(1, b"", false)))
    })
}

fn harmless() -> Vec<Row> {
    let of = |what, before: fn() -> Vec<u8>| {
        row("H2-14", what).twin(move |aim| [before(), aim.get(1, &[])].concat())
    };
    vec![
        of("an unknown frame means nothing", || frame(0x77, 0xff, 0, b"hello")),
        of("an unknown frame on a stream means nothing", || frame(0x77, 0xff, 9, b"hello")),
        of("an unknown setting means nothing", || settings(&[(0x7777, 7), (0, 1)])),
        of("PRIORITY means nothing", || [priority(1, 0), priority(5, 3)].concat()),
        of("an acknowledgement of a PING nobody sent", || frame(kind::PING, flag::ACK, 0, &[7; 8])),
        row("H2-14", "HEADERS with padding and priority").twin(|aim| {
            let block = [&[3, 0, 0, 0, 0, 9][..], &aim.block("GET", &[]), &[0; 3]].concat();
            frame(kind::HEADERS, flag::PADDED | flag::PRIORITY | 5, 1, &block)
        }),
    ]
}
