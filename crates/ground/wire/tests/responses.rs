//! Raw response heads from upstreams that may be hostile (H1-23), each attack
//! beside its legal twin.
#![expect(clippy::unwrap_used, reason = "tests")]

use model::{Blame, Limits};
use wire::http1::{Framing, ResponseError, ResponseHead, Version};

fn parse(raw: &str, method: &str) -> Result<ResponseHead, ResponseError> {
    let mut head = ResponseHead::new();
    let used = head.parse(raw.as_bytes(), method, &Limits::default())?;
    assert_eq!(used, Some(raw.find("\r\n\r\n").unwrap() + 4), "{raw:?}");
    Ok(head)
}

#[track_caller]
fn refused(fields: &str, method: &str) {
    let raw = format!("HTTP/1.1 {fields}\r\n\r\n");
    let error = parse(&raw, method).unwrap_err();
    assert_eq!((error.status(), error.blame()), (502, Blame::Upstream), "{raw:?}");
}

#[track_caller]
fn framed(fields: &str, method: &str, wanted: Framing) {
    let raw = format!("HTTP/1.1 {fields}\r\n\r\n");
    assert_eq!(parse(&raw, method).unwrap().framing(), wanted, "{raw:?}");
}

#[test]
fn ambiguous_framing_is_refused() {
    for fields in [
        "200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        "200 OK\r\nContent-Length: 5\r\nContent-Length: 5",
        "200 OK\r\nContent-Length: 5\r\nContent-Length: 6",
        "200 OK\r\nContent-Length: 5, 5",
        "200 OK\r\nContent-Length: -1",
        "200 OK\r\nTransfer-Encoding: gzip, chunked",
        "200 OK\r\nTransfer-Encoding: identity",
        "200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "200 OK\r\nTransfer-Encoding : chunked",
        "200 OK\r\nX: a\r\n b",
        "200 OK\r\nX: a\0",
        "200 OK\r\nConnection: content-length",
        "200 OK\r\nConnection: postern-decision",
    ] {
        refused(fields, "GET");
    }
    assert!(parse("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET").is_err());
}

#[test]
fn a_body_is_framed_as_the_standard_says() {
    framed("200 OK\r\nContent-Length: 5", "GET", Framing::Length(5));
    framed("200 OK\r\nTransfer-Encoding: chunked", "GET", Framing::Chunked);
    framed("200 OK\r\nTransfer-Encoding: Chunked", "GET", Framing::Chunked);
    framed("200 OK", "GET", Framing::UntilClose);
    framed("404 Not Found\r\nContent-Length: 0", "GET", Framing::Length(0));
}

#[test]
fn some_responses_have_no_body_whatever_they_say() {
    framed("200 OK\r\nContent-Length: 5", "HEAD", Framing::None);
    framed("200 OK\r\nTransfer-Encoding: chunked", "HEAD", Framing::None);
    framed("200 OK", "HEAD", Framing::None);
    framed("304 Not Modified\r\nContent-Length: 5", "GET", Framing::None);
    framed("204 No Content", "GET", Framing::None);
    framed("204 No Content\r\nContent-Length: 0", "GET", Framing::None);
    framed("100 Continue", "POST", Framing::None);
    framed("200 OK", "CONNECT", Framing::None);
    let head = parse("HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", "GET").unwrap();
    assert_eq!(head.content_length(), Some(5));
}

#[test]
fn a_body_where_none_can_be_is_refused() {
    for fields in [
        "204 No Content\r\nContent-Length: 5",
        "204 No Content\r\nTransfer-Encoding: chunked",
        "100 Continue\r\nContent-Length: 5",
        "103 Early Hints\r\nTransfer-Encoding: chunked",
        "101 Switching Protocols\r\nContent-Length: 5",
    ] {
        refused(fields, "GET");
    }
    refused("200 OK\r\nContent-Length: 5", "CONNECT");
}

#[test]
fn status_lines_are_strict() {
    for line in [
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 099 OK",
        "HTTP/1.1 600 OK",
        "HTTP/1.1 2x0 OK",
        "HTTP/1.1  200 OK",
        "HTTP/1.1\t200 OK",
        "HTTP/1.1 200\tOK",
        "HTTP/2.0 200 OK",
        "HTTP/1.1",
        "http/1.1 200 OK",
        "ICY 200 OK",
        "HTTP/1.1 200 O\0K",
        "HTTP/1.1 200 O\rK",
        "",
        " HTTP/1.1 200 OK",
    ] {
        let raw = format!("{line}\r\nX: y\r\n\r\n");
        assert!(parse(&raw, "GET").is_err(), "{raw:?}");
    }
    for (line, reason) in [
        ("HTTP/1.1 200 OK", &b"OK"[..]),
        ("HTTP/1.1 200 ", b""),
        ("HTTP/1.1 200", b""),
        ("HTTP/1.0 599 All is\tl\u{f6}st", "All is\tl\u{f6}st".as_bytes()),
    ] {
        let head = parse(&format!("{line}\r\nX: y\r\n\r\n"), "GET").unwrap();
        assert_eq!(head.reason(), reason, "{line}");
    }
}

#[test]
fn bombs_are_refused_before_they_end() {
    let limits = Limits::default();
    let refused = |raw: String| ResponseHead::new().parse(raw.as_bytes(), "GET", &limits).is_err();
    assert!(refused(format!("HTTP/1.1 200 {}", "a".repeat(20_000))));
    assert!(refused(format!("HTTP/1.1 200 OK\r\nX: {}", "a".repeat(70_000))));
    assert!(refused(format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(129))));
    assert!(refused("SSH-2.0-OpenSSH".to_owned()));
}

#[test]
fn a_connection_is_kept_only_when_the_end_is_known() {
    for (raw, wanted) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true),
        ("HTTP/1.1 204 OK\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", false),
        ("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false),
    ] {
        assert_eq!(parse(raw, "GET").unwrap().keep_alive(), wanted, "{raw:?}");
    }
    assert!(!parse("HTTP/1.1 200 OK\r\n\r\n", "CONNECT").unwrap().keep_alive());
}

#[test]
fn interim_responses_and_switches_are_told_apart() {
    let hints = parse("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "GET").unwrap();
    assert!(hints.is_interim() && hints.framing() == Framing::None && hints.keep_alive());
    let switch = "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    let switch = parse(switch, "GET").unwrap();
    assert!(!switch.is_interim());
    assert_eq!(switch.upgrade(), Some("websocket"));
    let unasked =
        parse("HTTP/1.1 200 OK\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "GET").unwrap();
    assert_eq!(unasked.upgrade(), None);
}

#[test]
fn an_apps_own_fields_pass_and_hop_fields_do_not() {
    let raw = "HTTP/1.1 200 OK\r\nmy_field: 1\r\nKeep-Alive: 5\r\nConnection: x\r\nX: 1\r\n\
               Content-Length: 3\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n";
    let head = parse(raw, "GET").unwrap();
    let names: Vec<_> = head.forwardable_fields().map(|(name, _)| name).collect();
    assert_eq!(names, ["my_field", "Set-Cookie", "Set-Cookie"]);
    assert_eq!(head.version(), Version::Http11);
}
