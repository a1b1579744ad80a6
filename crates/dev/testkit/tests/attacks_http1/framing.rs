//! H1-01 to H1-05: where a body begins and ends. Behind each doubtful head
//! stands a request that a careless reader would take for the next one.

use testkit::{Row, post, row};

const SMUGGLED: &str = "0\r\n\r\nGET /v1/smuggled HTTP/1.1\r\nHost: orders:8080\r\n\r\n";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = both();
    rows.extend(refused_codings().chain(refused_lengths()));
    rows.extend(legal());
    rows
}

fn chunked(lines: &str) -> Vec<u8> {
    post(lines, "5\r\nhello\r\n0\r\n\r\n")
}

fn both() -> Vec<Row> {
    let twin = || post("Content-Length: 5\r\n", "hello");
    let of = |what, lines: &str, rest: &str| {
        row("H1-01", what).attack(post(lines, rest)).twin(twin()).arrives_with(b"hello")
    };
    vec![
        of("CL.TE", "Content-Length: 57\r\nTransfer-Encoding: chunked\r\n", SMUGGLED)
            .because("stand there together"),
        of("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "5c\r\nGET /v1/x HTTP/1.1\r\n\r\n"),
        of("CL 0 and TE", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", SMUGGLED),
        of("TE named twice in two cases", "Transfer-Encoding: chunked\r\ncontent-length: 5\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        of("TE that is no chunked, and CL", "Content-Length: 5\r\nTransfer-Encoding: identity\r\n", "hello")
            .gets(&[400, 501]),
        row("H1-01", "TE in HTTP/1.0")
            .attack("POST /v1/a HTTP/1.0\r\nHost: orders:8080\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            .because("can't stand")
            .twin("POST /v1/a HTTP/1.0\r\nHost: orders:8080\r\nContent-Length: 5\r\n\r\nhello")
            .arrives_with(b"hello"),
    ]
}

fn refused_codings() -> impl Iterator<Item = Row> {
    let lines: [(&str, &'static str); 24] = [
        ("Transfer-Encoding: xchunked\r\n", "xchunked"),
        ("Transfer-Encoding: chunkedx\r\n", "chunkedx"),
        ("Transfer-Encoding : chunked\r\n", "a blank before the colon"),
        (" Transfer-Encoding: chunked\r\n", "a blank before the name"),
        ("Transfer-Encoding:\x0bchunked\r\n", "vertical tab"),
        ("Transfer-Encoding:\x0cchunked\r\n", "form feed"),
        ("Transfer-Encoding: chunked\x0b\r\n", "vertical tab behind"),
        ("Transfer-Encoding: chunked, identity\r\n", "chunked, identity"),
        ("Transfer-Encoding: identity, chunked\r\n", "identity, chunked"),
        ("Transfer-Encoding: chunked, chunked\r\n", "chunked twice"),
        ("Transfer-Encoding: ,chunked\r\n", "an empty element before"),
        ("Transfer-Encoding: chunked,\r\n", "an empty element behind"),
        ("Transfer-Encoding: \"chunked\"\r\n", "quotes"),
        ("Transfer-Encoding: 'chunked'\r\n", "single quotes"),
        ("Transfer-Encoding: chunked;q=1\r\n", "a parameter"),
        ("Transfer-Encoding: CHUNKED\r\n", "upper case"),
        ("Transfer-Encoding: Chunked\r\n", "mixed case"),
        ("Transfer-Encoding: gzip\r\n", "gzip"),
        ("Transfer-Encoding: gzip, chunked\r\n", "gzip, chunked"),
        ("Transfer-Encoding: identity\r\n", "identity"),
        ("Transfer-Encoding:\r\n", "empty"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "two lines"),
        ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "two different lines"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n", "a second empty line"),
    ];
    lines.into_iter().map(|(line, what)| {
        row("H1-02", what)
            .attack(post(line, SMUGGLED))
            .gets(&[400, 501])
            .twin(chunked("Transfer-Encoding:\tchunked \t\r\n"))
            .arrives_with(b"hello")
    })
}

fn refused_lengths() -> impl Iterator<Item = Row> {
    let twice: [(&str, &'static str); 6] = [
        ("Content-Length: 5\r\nContent-Length: 5\r\n", "two equal"),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", "two different"),
        ("Content-Length: 5, 5\r\n", "a list"),
        ("Content-Length: 5,\r\n", "a list of one"),
        ("Content-Length:\r\nContent-Length: 5\r\n", "empty, then real"),
        ("Content-Length: 5\r\ncontent-length: 5\r\n", "two cases"),
    ];
    let odd: [(&str, &'static str); 19] = [
        ("+5", "plus"),
        ("-5", "minus"),
        ("-0", "minus zero"),
        ("0x10", "hexadecimal"),
        ("1_0", "underscore"),
        ("5 5", "two numbers"),
        ("5;", "semicolon"),
        ("5;a=b", "a parameter"),
        ("5.0", "a point"),
        ("5e0", "an exponent"),
        ("\"5\"", "quotes"),
        ("", "empty"),
        ("five", "a word"),
        ("5\x0b", "vertical tab behind"),
        ("\u{665}", "an Arabic digit"),
        ("99999999999999999999", "twenty digits"),
        ("18446744073709551616", "2^64"),
        ("18446744073709551621", "2^64 + 5"),
        ("00000000000000000000000000005", "many zeros"),
    ];
    let twin = || post("Content-Length: 5\r\n", "hello");
    let twice = twice.into_iter().map(move |(line, what)| {
        row("H1-04", what).attack(post(line, "hello")).twin(twin()).arrives_with(b"hello")
    });
    let odd = odd.into_iter().map(move |(value, what)| {
        row("H1-05", what)
            .attack(post(format!("Content-Length: {value}\r\n"), "hello"))
            .twin(twin())
            .arrives_with(b"hello")
    });
    twice.chain(odd)
}

fn legal() -> Vec<Row> {
    vec![
        row("H1-05", "010 means 10 and goes on as 10")
            .twin(post("Content-Length: 010\r\n", "0123456789"))
            .arrives_with(b"0123456789")
            .fields(&[("content-length", &["10"])]),
        row("H1-05", "a length of nothing")
            .twin(post("Content-Length: 0\r\n", ""))
            .arrives_with(b"")
            .fields(&[("content-length", &["0"])]),
        row("H1-01", "two requests in a row are two, not one")
            .twin(post(
                "Content-Length: 5\r\nConnection: close\r\n",
                "helloGET /v1/b HTTP/1.1\r\nHost: orders:8080\r\n\r\n",
            ))
            .arrives_with(b"hello"),
    ]
}
