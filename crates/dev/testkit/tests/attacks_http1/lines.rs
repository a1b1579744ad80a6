//! H1-07, H1-08, H1-22 and the header names of AZ-10 and AZ-11: lines, names
//! and values.

use testkit::{Place, Row, get, post, row};

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = folds();
    rows.extend(lines());
    rows.extend(ends());
    rows.extend(names());
    rows.extend(nominated());
    rows
}

fn folds() -> Vec<Row> {
    let options = "OPTIONS /v1/a HTTP/1.1\r\nHost: orders:8080\r\n";
    vec![
        row("H1-07", "a folded value")
            .attack(get("X-A: b\r\n c\r\n"))
            .because("begins with a blank")
            .twin(get("X-A: b c\r\n"))
            .fields(&[("x-a", &["b c"])]),
        row("H1-07", "folded with a tab")
            .attack(get("X-A: b\r\n\tc\r\n"))
            .twin(get("X-A: b\tc\r\n"))
            .fields(&[("x-a", &["b\tc"])]),
        row("H1-07", "a folded framing field")
            .attack(post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"))
            .twin(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"))
            .arrives_with(b""),
        row("H1-07", "a folded length")
            .attack(post("Content-Length: 1\r\n 0\r\n", "0123456789"))
            .twin(post("Content-Length: 10\r\n", "0123456789"))
            .arrives_with(b"0123456789"),
        row("H1-07", "OPTIONS with Expect and a fold")
            .attack(format!("{options}Expect: 100-\r\n continue\r\nContent-Length: 5\r\n\r\nhello"))
            .twin(format!("{options}\r\n"))
            .arrives_as("OPTIONS /v1/a HTTP/1.1"),
        row("H1-07", "OPTIONS with Expect and a fold elsewhere")
            .attack(format!(
                "{options}Expect: 100-continue\r\nX: y\r\n Content-Length: 5\r\n\r\nhello"
            ))
            .twin(format!("{options}Content-Length: 0\r\n\r\n"))
            .arrives_as("OPTIONS /v1/a HTTP/1.1"),
        row("H1-07", "a blank line that is not empty").attack(get(" \r\n")),
    ]
}

fn lines() -> impl Iterator<Item = Row> {
    let fields: [(&'static str, &[u8]); 25] = [
        ("a blank before the colon", b"X-A : b\r\n"),
        ("a tab before the colon", b"X-A\t: b\r\n"),
        ("no colon", b"X-A\r\n"),
        ("no colon in the framing", b"Content-Length 5\r\n"),
        ("an empty name", b": b\r\n"),
        ("a name of blanks", b" : b\r\n"),
        ("NUL in a name", b"X-\0A: b\r\n"),
        ("a control in a name", b"X-\x01A: b\r\n"),
        ("DEL in a name", b"X-\x7fA: b\r\n"),
        ("0x80 in a name", b"X-\x80A: b\r\n"),
        ("0xff in a name", b"X-\xffA: b\r\n"),
        ("UTF-8 in a name", "X-Ä: b\r\n".as_bytes()),
        ("quotes in a name", b"\"X\": b\r\n"),
        ("a slash in a name", b"X/A: b\r\n"),
        ("parentheses in a name", b"X(A): b\r\n"),
        ("a blank in a name", b"X A: b\r\n"),
        ("NUL in a value", b"X-A: b\0c\r\n"),
        ("CR in a value", b"X-A: b\rc\r\n"),
        ("CR before the line end", b"X-A: b\r\r\n"),
        ("a control in a value", b"X-A: b\x01c\r\n"),
        ("DEL in a value", b"X-A: b\x7f\r\n"),
        ("LF alone", b"X-A: b\nX-B: c\r\n"),
        ("LF alone before the framing", b"X-A: b\nContent-Length: 5\r\n"),
        ("CR alone between fields", b"X-A: b\rContent-Length: 5\r\n"),
        ("backspace in a value", b"X-A: b\x08\r\n"),
    ];
    fields.into_iter().map(|(what, line)| {
        row("H1-08", what).attack(get(line)).twin(get("X-A:b\r\n")).fields(&[("x-a", &["b"])])
    })
}

fn ends() -> Vec<Row> {
    vec![
        row("H1-08", "a blank before the first field")
            .attack("GET /v1/a HTTP/1.1\r\n Host: orders:8080\r\n\r\n"),
        row("H1-08", "the whole head with LF alone")
            .attack("GET /v1/a HTTP/1.1\nHost: orders:8080\n\n"),
        row("H1-08", "the head ends with LF alone")
            .attack("GET /v1/a HTTP/1.1\r\nHost: orders:8080\r\n\n"),
        row("H1-08", "0x80 and above in a value pass").twin(get(b"X-A: \xe4\xff\r\n")),
        row("H1-22", "CR in the path")
            .attack("GET /v1/a\rX: y HTTP/1.1\r\nHost: orders:8080\r\n\r\n"),
        row("H1-22", "LF in the path")
            .attack("GET /v1/a\nX: y HTTP/1.1\r\nHost: orders:8080\r\n\r\n"),
        row("H1-22", "an escaped CRLF in the path")
            .attack("GET /v1/a%0d%0aX-Evil:%20y HTTP/1.1\r\nHost: orders:8080\r\n\r\n")
            .twin("GET /v1/a?x=%0d%0aX-Evil:%20y HTTP/1.1\r\nHost: orders:8080\r\n\r\n")
            .arrives_as("GET /v1/a?x=%0d%0aX-Evil:%20y HTTP/1.1")
            .fields(&[("x-evil", &[])]),
        row("H1-22", "an escaped NUL in the path")
            .attack("GET /v1/a%00 HTTP/1.1\r\nHost: orders:8080\r\n\r\n"),
        row("H1-22", "a tab in the path")
            .attack("GET /v1/a\tb HTTP/1.1\r\nHost: orders:8080\r\n\r\n"),
        row("H1-22", "CR in the method")
            .attack("GE\rT /v1/a HTTP/1.1\r\nHost: orders:8080\r\n\r\n"),
        row("H1-22", "CR in Host").attack("GET /v1/a HTTP/1.1\r\nHost: orders\r:8080\r\n\r\n"),
        row("H1-22", "CRLF in the tracing field that goes on").attack(get(
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\rX: y\r\n",
        )),
    ]
}

/// Names that a backend behind CGI-like rules reads as another name.
fn names() -> Vec<Row> {
    vec![
        row("AZ-10", "an underscore").attack(get("X_Forwarded_User: a\r\n")).because("underscore"),
        row("AZ-10", "an underscore in a framing field")
            .attack(post("Content_Length: 5\r\n", "hello")),
        row("AZ-10", "our own name with an underscore").attack(get("Postern_Caller: a\r\n")),
        row("AZ-10", "our own names in every spelling are stripped")
            .twin(get("POSTERN-CALLER: boss\r\nPostern.Caller: boss\r\npostern-decision: boss\r\nX-Forwarded-Client-Cert: boss\r\nx-forwarded.client-cert: boss\r\n"))
            .fields(&[("postern.caller", &[]), ("x-forwarded.client-cert", &[]), ("postern-decision", &[])]),
        row("AZ-10", "what proxies say of the client is stripped at the edge")
            .twin(get("X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: http\r\nForwarded: for=10.0.0.1\r\nX-Forwarded-Host: evil\r\nX-Real-IP: 10.0.0.1\r\n"))
            .fields(&[
                ("x-forwarded-for", &["127.*"]),
                ("x-forwarded-proto", &["https"]),
                ("x-forwarded-host", &[]),
                ("forwarded", &[]),
                ("x-real-ip", &[]),
            ])
            .at(&[Place::Edge]),
    ]
}

fn nominated() -> impl Iterator<Item = Row> {
    let options = [
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "Authorization",
        "Cookie",
        "X-Forwarded-User",
        "x-forwarded-client-cert",
        "postern-caller",
        "traceparent",
        "Expect",
    ];
    options.into_iter().map(|option| {
        row("AZ-11", option)
            .attack(get(format!("Connection: close, {option}\r\n{option}: 0\r\n")
                .replace("Host: 0\r\n", "")))
            .twin(get("Connection: X-Mine\r\nX-Mine: y\r\nAuthorization: z\r\n"))
            .fields(&[("x-mine", &[]), ("authorization", &["z"]), ("connection", &[])])
    })
}
