//! H1-10 to H1-14: chunks, trailers, expectations and upgrades.

use testkit::{Place, Row, get, post, row};

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = chunks();
    rows.extend(floods());
    rows.extend(trailers());
    rows.extend(expectations());
    rows.extend(upgrades());
    rows
}

fn chunks() -> Vec<Row> {
    let of = |what, body: &[u8]| {
        row("H1-10", what)
            .attack(post(CHUNKED, body))
            .twin(post(CHUNKED, "5;a=b;c=\"d;\\\"e\"\r\nhello\r\n0;last\r\n\r\n"))
            .arrives_with(b"hello")
    };
    vec![
        of("LF in an extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n").because("CRLF"),
        of("CR in an extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
        of("LF in a quoted extension", b"5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"),
        of("a quotation over the line end", b"5;a=\"\r\nhello\r\n0\r\n\r\n\"\r\n"),
        of("NUL in an extension", b"5;a=\0\r\nhello\r\n0\r\n\r\n"),
        of("0xff in an extension", b"5;a=\xff\r\nhello\r\n0\r\n\r\n"),
        of("LF behind a size", b"5\nhello\r\n0\r\n\r\n"),
        of("LF behind data", b"5\r\nhello\n0\r\n\r\n"),
        of("no line end behind data", b"5\r\nhello0\r\n\r\n"),
        of("more data than the size says", b"5\r\nhello!\r\n0\r\n\r\n"),
        of("no size", b"\r\nhello\r\n0\r\n\r\n"),
        of("a sign", b"+5\r\nhello\r\n0\r\n\r\n"),
        of("a minus", b"-5\r\nhello\r\n0\r\n\r\n"),
        of("0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
        of("an underscore", b"0_5\r\nhello\r\n0\r\n\r\n"),
        of("a blank before", b" 5\r\nhello\r\n0\r\n\r\n"),
        of("a blank behind", b"5 \r\nhello\r\n0\r\n\r\n"),
        of("a tab behind", b"5\t\r\nhello\r\n0\r\n\r\n"),
        of("a size of 2^64 + 5", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
        of("a size of 2^63", b"8000000000000000\r\nhello\r\n0\r\n\r\n"),
        of("seventeen digits", b"00000000000000005\r\nhello\r\n0\r\n\r\n"),
        of("LF at the end", b"5\r\nhello\r\n0\n\n"),
        of("LF alone behind the last chunk", b"5\r\nhello\r\n0\r\n\n"),
        of("a fold in the trailers", b"5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n"),
        of("a trailer without a name", b"5\r\nhello\r\n0\r\n: b\r\n\r\n"),
        row("H1-10", "hexadecimal in any case, and zeros")
            .twin(post(CHUNKED, "0000a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n"))
            .arrives_with(b"01234567890123456789"),
    ]
}

fn floods() -> Vec<Row> {
    let long = |length: usize| format!("1;{}\r\nx\r\n", "a".repeat(length)).into_bytes();
    let twin = || post(CHUNKED, [long(4000), b"0\r\n\r\n".to_vec()].concat());
    let endless = |chunk: &[u8], count: usize| post(CHUNKED, chunk.repeat(count));
    vec![
        row("H1-10", "an extension of 1 MB")
            .attack(post(CHUNKED, long(1_000_000)))
            .because("longer than allowed")
            .streams()
            .twin(twin())
            .arrives_with(b"x"),
        row("H1-10", "an extension a little too long")
            .attack(post(CHUNKED, long(4100)))
            .twin(twin())
            .arrives_with(b"x"),
        row("H1-10", "many extensions that are too long together")
            .attack(endless(&long(1000), 18))
            .streams()
            .because("longer than allowed")
            .twin(post(CHUNKED, [long(1000).repeat(8), b"0\r\n\r\n".to_vec()].concat()))
            .arrives_with(b"xxxxxxxx"),
        row("H1-10", "a million chunks of one byte")
            .attack(endless(b"1\r\nx\r\n", 1_000_000))
            .streams()
            .because("too small")
            .twin(post(CHUNKED, [b"1\r\nx\r\n".repeat(8), b"0\r\n\r\n".to_vec()].concat()))
            .arrives_with(b"xxxxxxxx"),
        row("H1-10", "trailers without end")
            .attack(post(CHUNKED, ["0\r\n", &"A: b\r\n".repeat(5000)].concat()))
            .streams()
            .twin(post(CHUNKED, ["0\r\n", &"A: b\r\n".repeat(3), "\r\n"].concat()))
            .arrives_with(b""),
    ]
}

fn trailers() -> Vec<Row> {
    let of = |what, lines: &str| {
        row("H1-11", what)
            .twin(post(CHUNKED, format!("5\r\nhello\r\n0\r\n{lines}X-Sum: 7\r\n\r\n")))
            .arrives_with(b"hello")
            .trailers(&[("X-Sum", "7")])
            .fields(&[("transfer-encoding", &["chunked"]), ("content-length", &[])])
    };
    vec![
        of("Content-Length", "Content-Length: 3\r\n"),
        of("Transfer-Encoding", "Transfer-Encoding: gzip\r\n"),
        of("Host", "Host: evil\r\n"),
        of("Authorization", "Authorization: Bearer x\r\nCookie: a=b\r\n"),
        of("TE, Connection and Upgrade", "TE: trailers\r\nConnection: close\r\nUpgrade: h2c\r\n"),
        of(
            "identity",
            "Postern-Caller: boss\r\nX-Forwarded-Client-Cert: boss\r\npostern.caller: boss\r\n",
        ),
        of("who the client is", "X-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n"),
        of("an underscore", "X_Sum: 7\r\n"),
        of(
            "Trailer and Expect",
            "Trailer: X\r\nExpect: 100-continue\r\nCache-Control: no-store\r\n",
        ),
    ]
}

fn expectations() -> Vec<Row> {
    let body = |lines: &str| post(format!("{lines}Content-Length: 5\r\n"), "hello");
    let of = |what, lines: &str| {
        row("H1-13", what)
            .attack(body(lines))
            .gets(&[417])
            .twin(body("Expect: 100-continue\r\n"))
            .arrives_with(b"hello")
            .fields(&[("expect", &["100-continue"])])
    };
    vec![
        of("y 100-continue", "Expect: y 100-continue\r\n"),
        of("100-continue and more", "Expect: 100-continue, y\r\n"),
        of("twice", "Expect: 100-continue\r\nExpect: 100-continue\r\n"),
        of("twice in one line", "Expect: 100-continue, 100-continue\r\n"),
        of("another one", "Expect: 200-ok\r\n"),
        of("empty", "Expect:\r\n"),
        of("with a parameter", "Expect: 100-continue;q=1\r\n"),
        row("H1-13", "in any case").twin(body("expect: 100-CONTINUE\r\n")).arrives_with(b"hello"),
        row("H1-13", "without a body it means nothing and does not go on")
            .twin(get("Expect: 100-continue\r\n"))
            .fields(&[("expect", &[])]),
        row("H1-13", "in HTTP/1.0 it means nothing")
            .twin("POST /v1/a HTTP/1.0\r\nHost: orders:8080\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
            .arrives_with(b"hello")
            .fields(&[("expect", &[])]),
    ]
}

/// To switch to a WebSocket is asked on, and nothing else is; behind an
/// ordinary answer everything is as before. `switches.rs` has what is sent
/// behind such a request.
fn upgrades() -> Vec<Row> {
    let plain =
        |row: Row| row.fields(&[("upgrade", &[]), ("connection", &[]), ("http2-settings", &[])]);
    let passed_over = |what, lines: &str| plain(row("H1-14", what).twin(get(lines)));
    vec![
        row("H1-14", "a WebSocket may be asked for, and refused")
            .twin(get("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
            .fields(&[("upgrade", &["websocket"]), ("sec-websocket-version", &["13"])]),
        passed_over("h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
        passed_over("another protocol", "Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n"),
        passed_over("two protocols", "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"),
        passed_over("two lines", "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n"),
        passed_over("no Connection", "Upgrade: websocket\r\n"),
        passed_over("a Connection without it", "Connection: keep-alive\r\nUpgrade: websocket\r\n"),
        plain(row("H1-14", "a body")
            .twin(post("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n", "hello"))
            .arrives_with(b"hello")),
        plain(row("H1-14", "in HTTP/1.0")
            .twin("GET /v1/a HTTP/1.0\r\nHost: orders:8080\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")),
        // Without TLS it begins a connection of HTTP/2, rightly.
        row("H1-14", "the preface of HTTP/2")
            .attack("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .gets(&[400, 505])
            .at(&[Place::Inbound, Place::Edge]),
        row("H1-14", "frames instead of a request")
            .attack(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64".as_slice()),
        row("H1-14", "a WebSocket frame instead of a request")
            .attack(b"\x81\x85\x01\x02\x03\x04hello".as_slice()),
        row("H1-14", "a greeting of TLS inside")
            .attack(b"\x16\x03\x01\x00\x05hello".as_slice()),
    ]
}
