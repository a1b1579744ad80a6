//! H2-11: bodies that are not as long as the head says, and trailers.

use testkit::http2::frame::{data, headers, padded};
use testkit::http2::hpack::block;
use testkit::http2_attack::{Row, row};

pub(crate) fn rows() -> Vec<Row> {
    let mut rows: Vec<_> = lengths().collect();
    rows.extend(mismatches());
    rows.extend(trailers());
    rows.extend(harmless());
    rows
}

fn whole(row: Row) -> Row {
    row.twin(|aim| {
        let body = [data(1, b"hel", false), padded(1, b"lo", 9), data(1, b"", true)].concat();
        aim.post(1, &[("content-length", "5")], &body)
    })
    .arrives_with(b"hello")
    .fields(&[("content-length", &["5"])])
}

/// Lengths that are none.
fn lengths() -> impl Iterator<Item = Row> {
    let values: [(&str, &'static str); 18] = [
        ("+5", "plus"),
        ("-5", "minus"),
        ("-0", "minus zero"),
        ("0x5", "hexadecimal"),
        ("0_5", "underscore"),
        ("5 5", "two numbers"),
        ("5;", "semicolon"),
        ("5, 5", "a list"),
        ("5,", "a list of one"),
        (",5", "a list of one behind a comma"),
        ("5.0", "a point"),
        ("5e0", "an exponent"),
        ("", "an empty length"),
        ("five", "a word"),
        ("\u{665}", "an Arabic digit"),
        ("18446744073709551616", "2^64"),
        ("18446744073709551621", "2^64 + 5"),
        ("00000000000000000000000000005", "many zeros"),
    ];
    values.into_iter().map(|(value, what)| {
        whole(row("H2-11", what))
            .attack(move |aim| aim.post(1, &[("content-length", value)], &data(1, b"hello", true)))
    })
}

fn mismatches() -> Vec<Row> {
    let of = |what, length: &'static [&'static str], rest: fn() -> Vec<u8>| {
        whole(row("H2-11", what)).attack(move |aim| {
            let fields: Vec<_> = length.iter().map(|own| ("content-length", *own)).collect();
            aim.post(1, &fields, &rest())
        })
    };
    vec![
        of("two equal lengths", &["5", "5"], || data(1, b"hello", true)),
        of("two lengths", &["5", "6"], || data(1, b"hello", true)),
        of("too little", &["5"], || data(1, b"hell", true)).begins(1),
        of("nothing", &["5"], || data(1, b"", true)).begins(1),
        of("too much in one frame", &["5"], || data(1, b"hello!", true)).begins(1),
        of("too much behind all of it", &["5"], || {
            [data(1, b"hello", false), data(1, b"!", true)].concat()
        })
        .begins(1),
        of("too much without an end", &["5"], || data(1, b"hello!", false)).begins(1),
        of("something where there is nothing", &["0"], || data(1, b"!", true)).begins(1),
        of("a request behind the body", &["5"], || {
            [data(1, b"hello", false), data(1, b"GET /v1/b HTTP/1.1\r\n\r\n", true)].concat()
        })
        .begins(1),
        of("too little by padding", &["5"], || {
            let mut frame = padded(1, b"hell", 200);
            frame[4] |= 1;
            frame
        })
        .begins(1),
        of("too little before trailers", &["5"], || [data(1, b"hell", false), sum()].concat())
            .begins(1),
        of("too much before trailers", &["5"], || [data(1, b"hello!", false), sum()].concat())
            .begins(1),
        of("trailers alone", &["5"], sum).begins(1),
        whole(row("H2-11", "a head alone that announces a body"))
            .attack(|aim| headers(1, &aim.block("POST", &[("content-length", "5")]), true)),
        whole(row("H2-11", "a GET alone that announces a body"))
            .attack(|aim| aim.get(1, &[("content-length", "5")])),
        whole(row("H2-11", "a HEAD alone that announces a body"))
            .attack(|aim| headers(1, &aim.block("HEAD", &[("content-length", "5")]), true)),
    ]
}

fn sum() -> Vec<u8> {
    headers(1, &block(&[("x-sum", "7")]), true)
}

fn trailers() -> Vec<Row> {
    let of = |what, fields: &'static [(&'static str, &'static str)], end: bool| {
        row("H2-10", what)
            .attack(move |aim| {
                let rest = [data(1, b"hello", false), headers(1, &block(fields), end)].concat();
                aim.post(1, &[], &rest)
            })
            .begins(1)
            .twin(|aim| aim.post(1, &[], &[data(1, b"hello", false), sum()].concat()))
            .arrives_with(b"hello")
            .trailers(&[("x-sum", "7")])
    };
    vec![
        of("a pseudo-field in trailers", &[(":path", "/v1/b")], true),
        of(
            "a whole request in trailers",
            &[(":method", "GET"), (":scheme", "http"), (":path", "/")],
            true,
        ),
        of(":status in trailers", &[(":status", "200")], true),
        of("upper case in trailers", &[("X-Sum", "7")], true),
        of("CR LF in trailers", &[("x-sum", "7\r\nx-evil: 1")], true),
        of("NUL in trailers", &[("x-sum", "\0")], true),
        of("a colon in a trailer's name", &[("x:sum", "1")], true),
        of("a trailer without a name", &[("", "1")], true),
        of("trailers that do not end the stream", &[("x-sum", "7")], false),
    ]
}

/// Trailers that are dropped (H1-11 over HTTP/2).
fn harmless() -> Vec<Row> {
    let of = |what, fields: &'static [(&'static str, &'static str)]| {
        row("H2-10", what)
            .twin(move |aim| {
                let all = [fields, &[("x-sum", "7")]].concat();
                let rest = [data(1, b"hello", false), headers(1, &block(&all), true)].concat();
                aim.post(1, &[("te", "trailers")], &rest)
            })
            .arrives_with(b"hello")
            .trailers(&[("x-sum", "7")])
    };
    vec![
        of("content-length as a trailer", &[("content-length", "3")]),
        of("host as a trailer", &[("host", "evil")]),
        of("authorization as a trailer", &[("authorization", "Bearer x"), ("cookie", "a=b")]),
        of("identity as a trailer", &[("postern-caller", "boss"), ("x-forwarded-for", "1.2.3.4")]),
    ]
}
