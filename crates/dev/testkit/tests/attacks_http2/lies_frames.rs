//! H2-13, H2-04 and H1-23: an upstream whose frames can't stand where they
//! stand, that goes away, or that never ends.

use testkit::http2::frame::{
    code, data, flag, frame, goaway, headers, kind, ping, rst, setting, settings, window_update,
};
use testkit::http2::hpack::{block, indexed};

use super::lies::{OK, ok};
use super::upstream::{Lie, Outcome, lie};

pub(crate) fn all() -> Vec<Lie> {
    let mut lies = orders();
    lies.extend(endings());
    lies.extend(floods());
    lies
}

/// Frames that can't stand where they stand.
fn orders() -> Vec<Lie> {
    let of = |what, words: fn(u32) -> Vec<u8>| lie(what, words).comes(Outcome::Broken).ends_link();
    vec![
        lie("DATA before HEADERS", |id| data(id, b"hello", true)),
        of("DATA on a stream nobody opened", |id| data(id + 2, b"hello", true)),
        of("HEADERS on a stream nobody opened", |id| headers(id + 2, &block(&[OK]), true)),
        of("HEADERS on a stream of its own", |_| headers(2, &block(&[OK]), true)),
        of("a promise", |id| {
            frame(
                kind::PUSH_PROMISE,
                4,
                id,
                &[&[0, 0, 0, 2][..], &block(&[(":method", "GET")])].concat(),
            )
        }),
        of("PING of 7 bytes", |_| frame(kind::PING, 0, 0, &[0; 7])),
        of("SETTINGS of 5 bytes", |_| frame(kind::SETTINGS, 0, 0, &[0; 5])),
        of("a window of 2^31", |_| settings(&[(setting::INITIAL_WINDOW_SIZE, 1 << 31)])),
        of("ENABLE_PUSH 1", |_| settings(&[(setting::ENABLE_PUSH, 1)])),
        of("more credit than a window can be", |_| window_update(0, 0x7fff_ffff)),
        of("a frame of 16 MB", |id| [ok(id), vec![0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]].concat()),
        of("a header block that can't be read", |id| headers(id, &indexed(0), true)),
        of("HTTP/1.1", |_| b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_vec()),
        of("garbage", |_| vec![0xff; 500]),
        of("CONTINUATION of nothing", |id| frame(kind::CONTINUATION, flag::END_HEADERS, id, b"")),
        lie("bytes beyond the windows", |id| {
            [ok(id), data(id, &[b'x'; 16_384], false).repeat(1_000)].concat()
        })
        .comes(Outcome::Broken),
        of("DATA on stream 0", |_| data(0, b"hello", true)),
    ]
}

/// H2-13: ends of streams and connections. Only what surely was not processed
/// is asked again, and not for ever.
fn endings() -> Vec<Lie> {
    let reset = |what, code| lie(what, move |id| rst(id, code)).id("H2-13");
    let away = |what, words: fn(u32) -> Vec<u8>| lie(what, words).id("H2-13").ends_link();
    vec![
        reset("CANCEL", code::CANCEL),
        reset("INTERNAL_ERROR", code::INTERNAL_ERROR),
        reset("NO_ERROR and no answer", code::NO_ERROR),
        reset("a code nobody knows", 0x7777_7777),
        reset("REFUSED_STREAM every time", code::REFUSED_STREAM).asked(4),
        lie("NO_ERROR in the middle of a body", |id| {
            [ok(id), data(id, b"hel", false), rst(id, code::NO_ERROR)].concat()
        })
        .id("H2-13")
        .comes(Outcome::Cut),
        lie("CANCEL in the middle of a body", |id| {
            [ok(id), data(id, b"hel", false), rst(id, code::CANCEL)].concat()
        })
        .id("H2-13")
        .comes(Outcome::Cut),
        away("GOAWAY for nothing", |_| goaway(0, code::NO_ERROR)).asked(4),
        away("GOAWAY with an error", |id| goaway(id, code::PROTOCOL_ERROR)).closes().asked(2),
        away("GOAWAY, then no streams", |id| {
            let none = settings(&[(setting::MAX_CONCURRENT_STREAMS, 0)]);
            [goaway(0x7fff_ffff, code::NO_ERROR), none, ok(id), data(id, b"hello", true)].concat()
        })
        .comes(Outcome::Passes(200)),
        away("a storm of GOAWAY", |_| goaway(0, code::NO_ERROR).repeat(1_000)).asked(4),
        away("a GOAWAY that takes back the last", |id| {
            [
                goaway(id, code::NO_ERROR),
                goaway(id + 100, code::NO_ERROR),
                ok(id),
                data(id, b"hello", true),
            ]
            .concat()
        })
        .comes(Outcome::Passes(200)),
        away("GOAWAY for nothing, and the end", |_| goaway(0, code::NO_ERROR)).closes().asked(4),
        away("the end and no answer", |_| ping(1))
            .closes()
            // A connection that closes without a word: a GET may be sent again.
            .asked(2),
        away("the end in the middle of a body", |id| [ok(id), data(id, b"hel", false)].concat())
            .closes()
            .comes(Outcome::Cut),
    ]
}

fn floods() -> Vec<Lie> {
    let of = |what, one: fn(u32) -> Vec<u8>| {
        lie(what, move |id| [ok(id), one(id).repeat(20_000)].concat())
            .id("H2-04")
            .comes(Outcome::Broken)
            .ends_link()
    };
    vec![
        of("PING without end", |_| ping(1)),
        of("SETTINGS without end", |_| settings(&[])),
        of("unknown frames without end", |_| frame(0x77, 0, 0, b"")),
        of("empty DATA without end", |id| data(id, b"", false)),
        of("WINDOW_UPDATE without end", |_| window_update(0, 1)),
    ]
}
