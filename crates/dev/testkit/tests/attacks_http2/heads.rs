//! H2-10: names and values that an HTTP/1.1 app would read as something else.

use testkit::http2_attack::{Row, row};

pub(crate) fn rows() -> Vec<Row> {
    let mut rows: Vec<_> = names().chain(values()).chain(connection()).collect();
    rows.extend(harmless());
    rows
}

fn names() -> impl Iterator<Item = Row> {
    let names: [(&str, &'static str); 22] = [
        ("X-Upper", "a name in upper case"),
        ("x-uppeR", "one letter in upper case"),
        ("Host", "Host in upper case"),
        ("", "no name"),
        ("x y", "a blank in a name"),
        (" x", "a blank before a name"),
        ("x ", "a blank behind a name"),
        ("x\ty", "a tab in a name"),
        ("x\ry", "CR in a name"),
        ("x\ny", "LF in a name"),
        ("x: 1\r\nx-evil", "a field in a name"),
        ("x\0", "NUL in a name"),
        ("x\u{1}", "a control in a name"),
        ("x\u{7f}", "DEL in a name"),
        ("x\u{e9}", "UTF-8 in a name"),
        ("x:y", "a colon in a name"),
        ("x:", "a colon behind a name"),
        ("x,y", "a comma in a name"),
        ("x(y)", "brackets in a name"),
        ("\"x\"", "quotes around a name"),
        ("x/y", "a slash in a name"),
        ("x_y", "an underscore in a name"),
    ];
    names.into_iter().map(|(name, what)| {
        row("H2-10", what)
            .attack(move |aim| aim.get(1, &[(name, "1")]))
            .twin(|aim| aim.get(1, &[("x-y", "1")]))
            .fields(&[("x-y", &["1"]), ("x-evil", &[])])
    })
}

fn values() -> impl Iterator<Item = Row> {
    let values: [(&str, &'static str); 13] = [
        ("a\rb", "CR in a value"),
        ("a\nb", "LF in a value"),
        ("a\r\nx-evil: 1", "a field in a value"),
        ("a\r\n\r\nGET /v1/b HTTP/1.1\r\nhost: orders:8080\r\n\r\n", "a request in a value"),
        ("a\r\n b", "a fold in a value"),
        ("a\0b", "NUL in a value"),
        ("\0", "NUL alone"),
        ("a\r", "CR behind a value"),
        ("\na", "LF before a value"),
        (" a", "a blank before a value"),
        ("a ", "a blank behind a value"),
        ("\ta", "a tab before a value"),
        ("a\t", "a tab behind a value"),
    ];
    values.into_iter().map(|(value, what)| {
        row("H2-10", what)
            .attack(move |aim| aim.get(1, &[("x-y", value)]))
            .twin(|aim| aim.get(1, &[("x-y", "a \tb\u{e9}"), ("x-empty", "")]))
            .fields(&[("x-y", &["a \tb\u{e9}"]), ("x-empty", &[""]), ("x-evil", &[])])
    })
}

/// RFC 9113, section 8.2.2.
fn connection() -> impl Iterator<Item = Row> {
    let fields: [(&str, &str, &'static str); 12] = [
        ("connection", "close", "connection: close"),
        ("connection", "keep-alive", "connection: keep-alive"),
        ("connection", "x-y", "connection names another field"),
        ("connection", "", "an empty connection"),
        ("keep-alive", "timeout=5", "keep-alive"),
        ("proxy-connection", "keep-alive", "proxy-connection"),
        ("transfer-encoding", "chunked", "transfer-encoding: chunked"),
        ("transfer-encoding", "identity", "transfer-encoding: identity"),
        ("upgrade", "h2c", "upgrade: h2c"),
        ("upgrade", "websocket", "upgrade: websocket"),
        ("te", "gzip", "te: gzip"),
        ("te", "trailers, gzip", "te: trailers and more"),
    ];
    fields.into_iter().map(|(name, value, what)| {
        row("H2-10", what)
            .attack(move |aim| aim.get(1, &[(name, value), ("x-y", "1")]))
            .twin(|aim| aim.get(1, &[("te", "trailers"), ("x-y", "1")]))
            .fields(&[("x-y", &["1"]), ("transfer-encoding", &[]), ("upgrade", &[])])
    })
}

/// What goes on, but not as it came.
fn harmless() -> Vec<Row> {
    let of = |what, fields: &'static [(&'static str, &'static str)]| {
        row("H2-10", what).twin(move |aim| aim.get(1, fields))
    };
    vec![
        of(
            "cookies in crumbs are one field",
            &[("cookie", "a=b"), ("cookie", "c=d"), ("cookie", "e=f")],
        )
        .fields(&[("cookie", &["a=b; c=d; e=f"])]),
        of(
            "who claims to be somebody is who it is",
            &[("postern-caller", "boss"), ("x-forwarded-client-cert", "URI=boss")],
        )
        .fields(&[("postern-caller", &["spiffe://stage/ns/default/sa/*"])]),
        of("two fields of a name stay two", &[("x-y", "1"), ("x-y", "2")])
            .fields(&[("x-y", &["1", "2"])]),
    ]
}
