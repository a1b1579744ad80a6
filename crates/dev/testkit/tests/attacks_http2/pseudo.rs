//! H2-10: the request line of HTTP/2. What a request is must be said once, at
//! the beginning, and so that no other reader understands another request.

use testkit::http2::frame::headers;
use testkit::http2::hpack::block;
use testkit::http2_attack::{Row, row};

pub(crate) fn rows() -> Vec<Row> {
    missing().chain(values()).chain(authorities()).chain(sets()).chain(connects()).collect()
}

fn missing() -> impl Iterator<Item = Row> {
    let names: [(&str, &'static str); 4] = [
        (":method", "no method"),
        (":scheme", "no scheme"),
        (":path", "no path"),
        (":authority", "neither authority nor host"),
    ];
    names.into_iter().map(|(name, what)| {
        row("H2-10", what).attack(move |aim| aim.with_pseudo(name, None)).or_gets(&[400]).twin(
            |aim| {
                let mut all = aim.pseudo("GET");
                all.pop();
                all.push(("host", aim.authority()));
                headers(1, &block(&all), true)
            },
        )
    })
}

fn values() -> impl Iterator<Item = Row> {
    let values: [(&str, &str, &'static str); 33] = [
        (":method", "", "an empty method"),
        (":method", "get", "a method in lower case"),
        (":method", "G ET", "a blank in the method"),
        (":method", "GET /v1/b HTTP/1.1\r\nhost: x\r\n\r\n", "a request in the method"),
        (":method", "GET\0", "NUL in the method"),
        (":method", "G\u{e9}T", "UTF-8 in the method"),
        (":method", "GET:", "a colon in the method"),
        (":scheme", "", "an empty scheme"),
        (":scheme", "ftp", "another scheme"),
        (":scheme", "javascript", "a script"),
        (":scheme", "https://evil/?", "a URL in the scheme"),
        (":scheme", "http\r\nx-evil: 1", "a field in the scheme"),
        (":scheme", " http", "a blank before the scheme"),
        (":path", "", "an empty path"),
        (":path", "v1/a", "no leading slash"),
        (":path", "*", "an asterisk"),
        (":path", "?", "a query alone"),
        (":path", "#/v1/a", "a fragment"),
        (":path", "/v1/a#x", "a fragment behind"),
        (":path", "/v1/ a", "a blank in the path"),
        (":path", " /v1/a", "a blank before the path"),
        (":path", "/v1/a ", "a blank behind the path"),
        (":path", "/v1/a HTTP/1.1\r\nx-evil: 1\r\nx:", "fields in the path"),
        (":path", "/v1/a\r", "CR in the path"),
        (":path", "/v1/a\n", "LF in the path"),
        (":path", "/v1/\0", "NUL in the path"),
        (":path", "/v1/\u{e9}", "UTF-8 in the path"),
        (":path", "/v1\\a", "a backslash"),
        (":path", "/v1/%2f", "an escaped slash"),
        (":path", "/v1/%zz", "half an escape"),
        (":path", "/v1/%00", "an escaped NUL"),
        (":path", "http://evil/v1/a", "a URL in the path"),
        (":path", "/v1/a?x=\u{7f}", "a control in the query"),
    ];
    values.into_iter().map(|(name, value, what)| {
        row("H2-10", what).attack(move |aim| aim.with_pseudo(name, Some(value))).or_gets(&[400])
    })
}

fn authorities() -> impl Iterator<Item = Row> {
    let values: [(&str, &'static str); 19] = [
        ("", "an empty authority"),
        ("user@orders:8080", "userinfo"),
        ("user:pass@orders:8080", "userinfo with a password"),
        ("@orders:8080", "empty userinfo"),
        ("orders:8080\r\nx-evil: 1", "a field in the authority"),
        ("orders:8080\0", "NUL in the authority"),
        ("orders:8080, evil", "two authorities"),
        ("orders:8080/x", "a path in the authority"),
        ("orders:8080?x", "a query in the authority"),
        ("orders:8080#x", "a fragment in the authority"),
        ("http://orders:8080", "a URL as authority"),
        ("orders:99999", "a port that is none"),
        ("orders:80a", "a port with a letter"),
        ("orders:8080:8080", "two ports"),
        (" orders:8080", "a blank before the authority"),
        ("orders :8080", "a blank in the authority"),
        ("[::1", "half a bracket"),
        ("%6frders:8080", "an escape in the authority"),
        ("[fe80::1%25eth0]", "a zone"),
    ];
    values.into_iter().map(|(value, what)| {
        row("H2-10", what)
            .attack(move |aim| aim.with_pseudo(":authority", Some(value)))
            .or_gets(&[400])
            .twin(|aim| aim.get(1, &[("host", aim.authority())]))
    })
}

/// Which fields there are, how often, and in which order.
fn sets() -> impl Iterator<Item = Row> {
    type Change = fn(&mut Vec<(&'static str, &'static str)>);
    let changes: [(Change, &'static str); 17] = [
        (|all| all.push((":method", "GET")), "the method twice"),
        (|all| all.push((":method", "POST")), "two methods"),
        (|all| all.push((":scheme", "http")), "two schemes"),
        (|all| all.push((":path", "/v1/b")), "two paths"),
        (|all| all.push((":authority", "evil")), "two authorities"),
        (|all| all.push((":status", "200")), ":status in a request"),
        (|all| all.push((":x", "1")), "a pseudo-field nobody knows"),
        (|all| all.push((":Path", "/v1/b")), "a pseudo-field in upper case"),
        (|all| all.push((":", "1")), "a pseudo-field without a name"),
        (|all| all.push((":protocol", "websocket")), ":protocol in a GET"),
        (|all| all.insert(0, ("x-y", "1")), "a field before all pseudo-fields"),
        (|all| all.insert(3, ("x-y", "1")), "a field among the pseudo-fields"),
        (|all| all.push(("host", "evil")), "a host that is another"),
        (|all| all.push(("host", "orders:1")), "a host with another port"),
        (|all| all.push(("host", "")), "an empty host"),
        (|all| all.push(("host", "a@b")), "a host with userinfo"),
        (|all| all.extend([("host", "evil"), ("host", "orders:8080")]), "two hosts"),
    ];
    changes.into_iter().map(|(change, what)| {
        row("H2-10", what)
            .attack(move |aim| {
                let mut all = aim.pseudo("GET");
                change(&mut all);
                headers(1, &block(&all), true)
            })
            .or_gets(&[400])
    })
}

/// RFC 9113, section 8.5 and RFC 8441, section 4.
fn connects() -> impl Iterator<Item = Row> {
    type Fields = &'static [(&'static str, &'static str)];
    let sets: [(Fields, &'static str); 6] = [
        (&[(":method", "CONNECT")], "CONNECT to nobody"),
        (
            &[(":method", "CONNECT"), (":authority", "orders:8080"), (":path", "/v1/a")],
            "CONNECT with a path",
        ),
        (
            &[(":method", "CONNECT"), (":authority", "orders:8080"), (":scheme", "http")],
            "CONNECT with a scheme",
        ),
        (&[(":method", "CONNECT"), (":authority", "")], "CONNECT to an empty name"),
        (
            &[(":method", "CONNECT"), (":protocol", "websocket"), (":authority", "orders:8080")],
            "an extended CONNECT without a path",
        ),
        (
            &[
                (":method", "CONNECT"),
                (":protocol", ""),
                (":authority", "orders:8080"),
                (":scheme", "http"),
                (":path", "/v1/a"),
            ],
            "an extended CONNECT without a protocol",
        ),
    ];
    sets.into_iter().map(|(set, what)| {
        row("H2-10", what).attack(move |_| headers(1, &block(set), false)).or_gets(&[400])
    })
}
