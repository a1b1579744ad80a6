//! H1-19 over HTTP/2 and H2-14: heads that are too large or have too many
//! parts, however small they are on the wire.

use testkit::http2::Aim;
use testkit::http2::frame::{code, continuation, flag, frame, kind, long_headers};
use testkit::http2::hpack::{block, indexed, kept};
use testkit::http2_attack::{Row, row};

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = large();
    rows.extend(packed());
    rows.extend(continuations());
    rows.into_iter().map(|row| row.whole_if(true)).collect()
}

/// A GET with further fields in as many frames as it needs.
fn get(aim: &Aim, fields: &[(String, String)]) -> Vec<u8> {
    long_headers(1, &[aim.block("GET", &[]), block(fields)].concat(), true)
}

fn many(count: usize) -> Vec<(String, String)> {
    (0..count).map(|at| (format!("x-{at}"), "y".to_owned())).collect()
}

fn cookies(count: usize) -> Vec<(String, String)> {
    (0..count).map(|at| ("cookie".to_owned(), format!("c{at}=1"))).collect()
}

fn one(name: &str, length: usize) -> Vec<(String, String)> {
    vec![(name.to_owned(), "v".repeat(length))]
}

fn large() -> Vec<Row> {
    let of = |what, attack: fn(&Aim) -> Vec<u8>| {
        row("H2-14", what).attack(attack).gets(&[431]).or_goes_away(&[code::ENHANCE_YOUR_CALM])
    };
    vec![
        row("H2-14", "129 fields")
            .attack(|aim| get(aim, &many(129)))
            .gets(&[431])
            .twin(|aim| get(aim, &many(100))),
        row("H2-14", "a little more than 64 KiB as it counts")
            .attack(|aim| get(aim, &[one("x", 62_000), many(120)].concat()))
            .gets(&[431])
            .twin(|aim| get(aim, &[one("x", 50_000), many(90)].concat())),
        of("10,000 fields", |aim| get(aim, &many(10_000))),
        of("a field of 65 KiB", |aim| get(aim, &one("x", 65 * 1024))),
        of("a field of 1 MB", |aim| get(aim, &one("x", 1_000_000))),
        of("a path of 20 KiB", |aim| {
            aim.with_pseudo(":path", Some(&format!("/v1/{}", "a".repeat(20_000))))
        })
        .gets(&[414, 431]),
        of("a query of 60 KiB", |aim| {
            let path = format!("{}?{}", aim.path(), "q".repeat(60_000));
            let mut all = aim.pseudo("GET");
            all.retain(|(name, _)| *name != ":path");
            all.insert(0, (":path", &path));
            long_headers(1, &block(&all), true)
        })
        .gets(&[414, 431]),
        of("a method of 20 KiB", |aim| aim.with_pseudo(":method", Some(&"G".repeat(20_000))))
            .gets(&[400, 414, 431]),
        of("100,000 cookies", |aim| get(aim, &cookies(100_000))),
        of("2,000 cookies", |aim| get(aim, &cookies(2_000))).twin(|aim| get(aim, &cookies(300))),
    ]
}

/// Few bytes on the wire, many in the table (RFC 7541, section 7.3).
fn packed() -> Vec<Row> {
    let bomb = |aim: &Aim, count: usize| {
        let first = [aim.block("GET", &[]), kept(b"x-bomb", &[b'v'; 4000])].concat();
        long_headers(1, &[first, indexed(62).repeat(count)].concat(), true)
    };
    vec![
        row("H2-14", "an entry of 4 KB named twice")
            .attack(move |aim| bomb(aim, 2))
            .goes_away(&[code::ENHANCE_YOUR_CALM])
            .twin(move |aim| bomb(aim, 1)),
        row("H2-14", "an entry of 4 KB named 40 times")
            .attack(move |aim| bomb(aim, 40))
            .goes_away(&[code::ENHANCE_YOUR_CALM])
            .twin(move |aim| bomb(aim, 1)),
        row("H2-14", "an entry of 4 KB named 8,000 times")
            .attack(move |aim| bomb(aim, 8_000))
            .goes_away(&[code::ENHANCE_YOUR_CALM]),
        row("H2-14", "an entry of 4 KB named 16,000 times behind a first request")
            .attack(move |aim| {
                let head = [aim.block("GET", &[]), indexed(62).repeat(10_000)].concat();
                [bomb(aim, 1), testkit::http2::frame::headers(3, &head, true)].concat()
            })
            .goes_away(&[code::ENHANCE_YOUR_CALM])
            .arrive(1),
    ]
}

/// CVE-2024-27316 and its like.
fn continuations() -> Vec<Row> {
    let flood = |aim: &Aim, part: &[u8], count: usize, is_last: bool| {
        let first = frame(kind::HEADERS, flag::END_STREAM, 1, &aim.block("GET", &[]));
        [first, continuation(1, part, false).repeat(count), continuation(1, b"", is_last)].concat()
    };
    let field = || block(&[("x-y", "1")]);
    vec![
        row("H2-04", "CONTINUATION without end")
            .attack(move |aim| flood(aim, &field(), 100_000, false))
            .goes_away(&[code::ENHANCE_YOUR_CALM])
            .twin(move |aim| flood(aim, &block(&[("x-y", "1")]), 20, true)),
        row("H2-04", "empty CONTINUATION without end")
            .attack(move |aim| flood(aim, b"", 100_000, false))
            .goes_away(&[code::ENHANCE_YOUR_CALM])
            .twin(move |aim| flood(aim, b"", 20, true)),
        row("H2-04", "CONTINUATION of 16 KB without end")
            .attack(move |aim| flood(aim, &vec![b'x'; 16_384], 500, false))
            .goes_away(&[code::ENHANCE_YOUR_CALM, code::COMPRESSION_ERROR]),
        row("H2-04", "a little too many")
            .attack(move |aim| flood(aim, b"", 33, true))
            .goes_away(&[code::ENHANCE_YOUR_CALM])
            .twin(move |aim| flood(aim, b"", 31, true)),
    ]
}
