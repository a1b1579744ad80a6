//! Raw request heads: each attack beside its legal twin. The attack gets its
//! status, the twin is read as meant. What happens to the connection
//! afterwards is the proxy's to test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use model::Limits;
use wire::http1::{Framing, RequestError, RequestHead, Version};

fn parse(raw: &str) -> Result<RequestHead, RequestError> {
    let mut head = RequestHead::new();
    match head.parse(raw.as_bytes(), &Limits::default())? {
        Some(used) => assert_eq!(used, raw.find("\r\n\r\n").unwrap() + 4, "{raw:?}"),
        None => panic!("incomplete: {raw:?}"),
    }
    Ok(head)
}

fn post(fields: &str) -> String {
    format!("POST /a HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n")
}

/// The status a head is refused with, or 200.
fn status(raw: &str) -> u16 {
    parse(raw).map_or_else(RequestError::status, |_| 200)
}

#[track_caller]
fn check(table: &[(&str, u16)], wrap: impl Fn(&str) -> String) {
    for (text, wanted) in table {
        assert_eq!(status(&wrap(text)), *wanted, "{text:?}");
    }
}

#[test]
fn h1_01_length_and_coding_never_together() {
    check(
        &[
            ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5", 400),
            ("Transfer-Encoding: chunked\r\nContent-Length: 0", 400),
            ("Content-Length: 5", 200),
            ("Transfer-Encoding: chunked", 200),
        ],
        post,
    );
}

#[test]
fn h1_02_transfer_encoding_is_chunked_and_nothing_else() {
    let coding = |value: &str| post(&format!("Transfer-Encoding:{value}"));
    check(
        &[
            (" xchunked", 501),
            (" gzip", 501),
            (" identity", 501),
            (" CHUNKED", 501),
            (" chunKed", 501),
            (" chunked, identity", 400),
            (" identity, chunked", 400),
            (" gzip, chunked", 400),
            (" ,chunked", 400),
            (" chunked,", 400),
            (" chunked;q=1", 400),
            (" \"chunked\"", 400),
            (" chunked chunked", 400),
            (" \u{b}chunked", 400),
            (" chunked\u{c}", 400),
            (" \u{85}chunked", 400),
            ("", 400),
            (" chunked\r\nTransfer-Encoding: chunked", 400),
            (" chunked\r\nTransfer-Encoding: identity", 400),
            (" identity\r\nTransfer-Encoding: chunked", 501),
            (" chunked", 200),
            ("chunked", 200),
            ("\tchunked\t ", 200),
        ],
        coding,
    );
    check(&[("Transfer-Encoding : chunked", 400), ("Transfer_Encoding: chunked", 400)], post);
    assert_eq!(status("POST /a HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    assert_eq!(parse(&coding(" chunked")).unwrap().framing(), Framing::Chunked);
}

#[test]
fn h1_04_and_05_content_length_is_one_plain_number() {
    let length = |value: &str| post(&format!("Content-Length: {value}"));
    check(
        &[
            ("5\r\nContent-Length: 5", 400),
            ("5\r\nContent-Length: 6", 400),
            ("\r\nContent-Length: 5", 400),
            ("5, 5", 400),
            ("", 400),
            ("+5", 400),
            ("-5", 400),
            ("0x10", 400),
            ("1_0", 400),
            ("5 5", 400),
            ("5;", 400),
            ("5.0", 400),
            ("99999999999999999999", 400),
            ("18446744073709551621", 400),
            ("5", 200),
        ],
        length,
    );
    assert_eq!(parse(&length("010")).unwrap().framing(), Framing::Length(10));
    assert_eq!(parse(&length("0")).unwrap().framing(), Framing::Length(0));
    assert_eq!(parse(&post("X: y")).unwrap().framing(), Framing::None);
}

#[test]
fn h1_07_and_08_header_lines_are_whole_and_clean() {
    check(
        &[
            ("X: a\r\n b", 400),
            ("X: a\r\n\tb", 400),
            ("X : a", 400),
            ("X\t: a", 400),
            (" X: a", 400),
            ("X", 400),
            (": a", 400),
            ("X\0: a", 400),
            ("X\u{1}: a", 400),
            ("X\u{e9}: a", 400),
            ("X(: a", 400),
            ("X: a\0", 400),
            ("X: a\rb", 400),
            ("X: a\nY: b", 400),
            ("X: a\u{7f}", 400),
            ("X: a\n", 400),
            ("X: a\r\r", 400),
            ("X: a", 200),
            ("X:a", 200),
            ("X:", 200),
            ("X: \t a b\tc \t", 200),
            ("X: \u{e9}", 200),
            ("X-a.b!#$%&'*+^`|~: a", 200),
        ],
        post,
    );
    assert_eq!(status("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
    let head = parse(&post("X: \t a b\tc \t")).unwrap();
    assert_eq!(head.value("x"), Some(&b"a b\tc"[..]));
    assert_eq!(status("GET / HTTP/1.1\nHost: a\n\n\r\n\r\n"), 400);
}

#[test]
fn request_lines_have_three_parts_and_one_blank_between() {
    let line = |line: &str| format!("{line}\r\nHost: a\r\n\r\n");
    check(
        &[
            ("GET / HTTP/1.1 ", 400),
            ("GET  / HTTP/1.1", 400),
            ("GET /  HTTP/1.1", 400),
            (" GET / HTTP/1.1", 400),
            ("GET\t/ HTTP/1.1", 400),
            ("GET / a HTTP/1.1", 400),
            ("GET /", 400),
            ("GET", 400),
            ("GET / http/1.1", 400),
            ("GET / HTTP/1.1x", 400),
            ("GET / HTTP/11", 400),
            ("GET / HTTPS/1.1", 400),
            ("G(T / HTTP/1.1", 400),
            ("GET /\u{e4} HTTP/1.1", 400),
            ("GET /\u{1} HTTP/1.1", 400),
            ("GET /a\rb HTTP/1.1", 400),
            ("GET / HTTP/2.0", 505),
            ("GET / HTTP/1.2", 505),
            ("GET / HTTP/0.9", 505),
            ("PRI * HTTP/2.0", 505),
            ("get / HTTP/1.1", 501),
            ("Get / HTTP/1.1", 501),
            ("GET / HTTP/1.1", 200),
            ("PROPFIND / HTTP/1.1", 200),
            ("M-SEARCH / HTTP/1.1", 200),
        ],
        line,
    );
    assert_eq!(status("\u{16}\u{3}\u{1} a TLS greeting"), 400);
}

#[test]
fn one_empty_line_before_a_request_is_passed_over() {
    let raw = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut head = RequestHead::new();
    assert_eq!(head.parse(raw.as_bytes(), &Limits::default()), Ok(Some(raw.len())));
    assert_eq!(head.method(), "GET");
    assert_eq!(status(&format!("\r\n{raw}")), 400);
    assert_eq!(status(&format!("\n{raw}")), 400);
}

#[test]
fn h1_13_one_expectation_is_met_and_only_beside_a_body() {
    let expect = |value: &str| post(&format!("Content-Length: 5\r\nExpect: {value}"));
    check(
        &[
            ("y 100-continue", 417),
            ("100-continue, 100-continue", 417),
            ("100-continue\r\nExpect: 100-continue", 417),
            ("200-ok", 417),
            ("", 417),
            ("100-continue", 200),
            ("100-Continue", 200),
        ],
        expect,
    );
    let head = parse(&expect("100-continue")).unwrap();
    assert!(head.expect_continue());
    assert!(head.forwardable_fields().any(|(name, _)| name == "Expect"));
    for raw in [
        "OPTIONS / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    ] {
        let head = parse(raw).unwrap();
        assert!(!head.expect_continue());
        assert!(head.forwardable_fields().all(|(name, _)| name != "Expect"));
    }
}

#[test]
fn h1_14_an_upgrade_in_doubt_is_passed_over() {
    let upgrade = |fields: &str| {
        let raw = format!("GET /a HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
        let head = parse(&raw).unwrap();
        assert!(head.forwardable_fields().all(|(name, _)| name == "Host"), "{fields}");
        head.upgrade().map(str::to_owned)
    };
    assert_eq!(upgrade("Connection: Upgrade\r\nUpgrade: websocket").as_deref(), Some("websocket"));
    assert_eq!(upgrade("Connection: a, upgrade\r\nUpgrade: x/1").as_deref(), Some("x/1"));
    for fields in [
        "Upgrade: websocket",
        "Connection: upgrade",
        "Connection: upgrade\r\nUpgrade: h2c",
        "Connection: upgrade\r\nUpgrade: H2C",
        "Connection: upgrade\r\nUpgrade: websocket, h2c",
        "Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: x",
        "Connection: upgrade\r\nUpgrade: a/b/c",
        "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5",
        "Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked",
    ] {
        assert_eq!(upgrade(fields), None, "{fields}");
    }
}

#[test]
fn h1_16_the_target_fits_the_method_and_the_host() {
    let request = |line: &str| {
        let (line, host) = line.split_once(" @ ").unwrap();
        format!("{line} HTTP/1.1\r\nHost: {host}\r\n\r\n")
    };
    check(
        &[
            ("GET http://evil/ @ a", 400),
            ("GET http://a:8080/ @ a", 400),
            ("GET http://a@evil/ @ a", 400),
            ("GET http:///x @ a", 400),
            ("GET ftp://a/ @ a", 400),
            ("GET * @ a", 400),
            ("GET ? @ a", 400),
            ("GET a/b @ a", 400),
            ("GET \\\\a @ a", 400),
            ("GET /a#b @ a", 400),
            ("GET a:80 @ a", 400),
            ("CONNECT /a @ a", 400),
            ("CONNECT a @ a", 400),
            ("CONNECT a:80 @ b:80", 400),
            ("CONNECT a:80 @ a:81", 400),
            ("GET http://a/ @ a", 200),
            ("GET http://a/ @ A.:80", 200),
            ("GET https://a:443/x?y @ a", 200),
            ("GET //evil/x @ a", 200),
            ("OPTIONS * @ a", 200),
            ("CONNECT a:80 @ a:80", 200),
            ("CONNECT a:80 @ a", 200),
        ],
        request,
    );
}

#[test]
fn h1_17_there_is_exactly_one_proper_host() {
    let hosts = |fields: &str| format!("GET / HTTP/1.1\r\n{fields}X: y\r\n\r\n");
    check(
        &[
            ("", 400),
            ("Host: a\r\nHost: a\r\n", 400),
            ("Host: a\r\nhost: b\r\n", 400),
            ("Host:\r\n", 400),
            ("Host: a/b\r\n", 400),
            ("Host: u@a\r\n", 400),
            ("Host: a,b\r\n", 400),
            ("Host: a%00\r\n", 400),
            ("Host: [fe80::1%eth0]\r\n", 400),
            ("Host: a:0\r\n", 400),
            ("Host: a:99999\r\n", 400),
            ("Host: a:1:2\r\n", 400),
            ("Host: a b\r\n", 400),
            ("Host: \u{e9}\r\n", 400),
            ("Host: a\r\n", 200),
            ("Host: [::1]:8080\r\n", 200),
        ],
        hosts,
    );
    assert_eq!(parse("GET / HTTP/1.0\r\n\r\n").unwrap().host(), None);
    assert_eq!(parse("GET http://a/ HTTP/1.0\r\n\r\n").unwrap().host(), Some("a"));
    assert_eq!(status("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
}

#[test]
fn h1_19_every_size_has_its_limit() {
    let limits = Limits::default();
    let refusal = |raw: String| {
        let mut head = RequestHead::new();
        head.parse(raw.as_bytes(), &limits).map_err(RequestError::status)
    };
    let line = |length: usize| format!("GET /{}", "a".repeat(length));
    assert_eq!(refusal(line(64 * 1024)), Err(414), "before the line has even ended");
    let room = limits.request_line_bytes_max - "GET / HTTP/1.1\r\n".len();
    let whole = |length: usize| format!("{} HTTP/1.1\r\nHost: a\r\n\r\n", line(length));
    assert!(matches!(refusal(whole(room)), Ok(Some(_))));
    assert_eq!(refusal(whole(room + 1)), Err(414));
    assert_eq!(refusal(post(&format!("X: {}", "a".repeat(1024 * 1024)))), Err(431));
    assert_eq!(refusal(format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(64 * 1024))), Err(431));
    let fields = |count: usize| post(&vec!["Cookie: a=b"; count].join("\r\n"));
    assert_eq!(refusal(fields(10_000)), Err(431));
    assert!(matches!(refusal(fields(limits.header_count_max - 1)), Ok(Some(_))));
    assert_eq!(refusal(fields(limits.header_count_max)), Err(431));
}

#[test]
fn az_10_and_11_protected_names_have_no_aliases_and_no_exit() {
    check(
        &[
            ("X_Forwarded_User: root", 400),
            ("postern_caller: x", 400),
            ("X-Forwarded-User : root", 400),
            ("Connection: x-forwarded-user", 400),
            ("Connection: close, Authorization", 400),
            ("Connection: keep-alive\r\nConnection: Host", 400),
            ("Connection: content-length\r\nContent-Length: 5", 400),
            ("Connection: transfer-encoding", 400),
            ("Connection: postern-caller", 400),
            ("Connection: Postern.Caller", 400),
            ("Connection: traceparent", 400),
            ("Connection: a;b", 400),
            ("Connection: close", 200),
            ("Connection: x-own\r\nX-Own: gone", 200),
        ],
        post,
    );
}

#[test]
fn keep_alive_is_for_http_11_without_close() {
    for (raw, wanted) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", false),
    ] {
        assert_eq!(parse(raw).unwrap().keep_alive(), wanted, "{raw:?}");
    }
}

#[test]
fn a_connect_has_no_body() {
    let connect =
        |fields: &str| format!("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n{fields}X: y\r\n\r\n");
    check(
        &[
            ("Content-Length: 5\r\n", 400),
            ("Transfer-Encoding: chunked\r\n", 400),
            ("Content-Length: 0\r\n", 200),
            ("", 200),
        ],
        connect,
    );
}

#[test]
fn a_head_reads_back_as_sent_and_forgets_the_last_one() {
    let raw = "PUT /x?y HTTP/1.0\r\nHost: A:80\r\nX-Case: One\r\nx-case: two\r\n\r\nbody";
    let mut head = RequestHead::new();
    let limits = Limits::default();
    assert_eq!(head.parse(raw.as_bytes(), &limits), Ok(Some(raw.len() - 4)));
    assert_eq!((head.method(), head.target()), ("PUT", "/x?y"));
    assert_eq!((head.version(), head.host()), (Version::Http10, Some("A:80")));
    let names: Vec<_> = head.fields().map(|(name, _)| name).collect();
    assert_eq!(names, ["Host", "X-Case", "x-case"]);
    assert_eq!(head.values("X-CASE").collect::<Vec<_>>(), [&b"One"[..], b"two"]);
    assert_eq!(head.value("X-CASE"), None, "a repeated field has no single value");

    assert_eq!(head.parse(b"GET", &limits), Ok(None));
    assert_eq!((head.method(), head.fields().count()), ("", 0));
    assert!(head.parse(b"GET / HTTP/1.1\r\nBad\r\n\r\n", &limits).is_err());
    assert_eq!((head.method(), head.fields().count(), head.host()), ("", 0, None));
}

#[test]
fn a_used_head_allocates_nothing_more() {
    let raw = post("Content-Length: 5\r\nX: a longer value than most\r\nConnection: close, x-y");
    let mut head = RequestHead::new();
    let limits = Limits::default();
    head.parse(raw.as_bytes(), &limits).unwrap();
    let places =
        |head: &RequestHead| (head.method().as_ptr(), head.value("host").unwrap().as_ptr());
    let before = places(&head);
    for _ in 0..3 {
        head.parse(raw.as_bytes(), &limits).unwrap();
        assert_eq!(places(&head), before);
    }
}

#[test]
fn a_head_left_unfinished_never_shifts_the_next_one() {
    let limits = Limits::default();
    let mut head = RequestHead::new();
    let unfinished = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(100));
    assert_eq!(head.parse(unfinished.as_bytes(), &limits), Ok(None));
    // Without `clear`, another connection's bytes: two requests, longer in all.
    let two = "GET /1 HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nX: 2\r\nY: 12345678901234567890123456789012345678901234567890\r\n\r\n";
    assert!(head.parse(two.as_bytes(), &limits).is_err(), "refused, never merged");
    assert_eq!(head.parse(unfinished.as_bytes(), &limits), Ok(None));
    head.clear();
    assert_eq!(head.parse(two.as_bytes(), &limits), Ok(Some(34)));
    assert_eq!(head.target(), "/1");
}
