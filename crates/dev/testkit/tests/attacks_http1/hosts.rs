//! H1-16 and H1-17: targets and hosts. One authority for all uses.

use testkit::{Place, Row, get, row};

pub(crate) fn rows() -> Vec<Row> {
    targets().chain(hosts()).chain(lines()).chain(legal()).chain(tunnels()).collect()
}

fn targets() -> impl Iterator<Item = Row> {
    let targets: [(&str, &'static str); 20] = [
        ("http://payments:8080/v1/a", "another host"),
        ("http://orders:8081/v1/a", "another port"),
        ("http://orders/v1/a", "no port where Host has one"),
        ("http://internal/", "an internal name"),
        ("http://orders:8080@evil/v1/a", "userinfo"),
        ("http://evil\\@orders:8080/", "a backslash"),
        ("http:/v1/a", "one slash"),
        ("http:///v1/a", "no authority"),
        ("ftp://orders:8080/v1/a", "another scheme"),
        ("javascript:alert(1)", "a script"),
        ("*", "an asterisk"),
        ("?", "a query alone"),
        ("?/v1/a", "a query that looks like a path"),
        ("v1/a", "no leading slash"),
        ("orders:8080", "an authority"),
        ("#/v1/a", "a fragment"),
        ("/v1/a#x", "a fragment behind"),
        ("\\v1\\a", "backslashes"),
        ("/v1/\u{e9}", "UTF-8"),
        ("http://[::1/v1/a", "half a bracket"),
    ];
    targets.into_iter().map(|(target, what)| {
        row("H1-16", what)
            .attack(format!("GET {target} HTTP/1.1\r\nHost: orders:8080\r\n\r\n"))
            .twin("GET http://ORDERS:8080/v1/a HTTP/1.1\r\nHost: orders:8080\r\n\r\n")
            .fields(&[("host", &["orders:8080"])])
    })
}

fn hosts() -> impl Iterator<Item = Row> {
    let hosts: [(&str, &'static str); 26] = [
        ("", "missing"),
        ("Host: orders:8080\r\nHost: orders:8080\r\n", "twice"),
        ("Host: orders:8080\r\nhost: evil\r\n", "twice in two cases"),
        ("Host: orders:8080\r\nHost:\r\n", "a second empty one"),
        ("Host:\r\n", "empty"),
        ("Host: orders:8080/x\r\n", "a path"),
        ("Host: user@orders:8080\r\n", "userinfo"),
        ("Host: orders:8080, evil\r\n", "a comma"),
        ("Host: orders:8080,\r\n", "a comma behind"),
        ("Host: orders%2eevil\r\n", "a percent sign"),
        ("Host: orders%00\r\n", "an escaped NUL"),
        ("Host: [fe80::1%eth0]\r\n", "a zone"),
        ("Host: [::1\r\n", "half a bracket"),
        ("Host: [::1]x\r\n", "something behind the bracket"),
        ("Host: orders:0\r\n", "port 0"),
        ("Host: orders:99999\r\n", "port 99999"),
        ("Host: orders:-1\r\n", "port -1"),
        ("Host: orders:08080\r\n", "a port with zeros"),
        ("Host: orders:8080:8080\r\n", "two ports"),
        ("Host: orders:\r\n", "a colon without a port"),
        ("Host: orders 8080\r\n", "a blank"),
        ("Host: orders?x\r\n", "a query"),
        ("Host: orders#x\r\n", "a fragment"),
        ("Host: http://orders:8080\r\n", "a URL"),
        ("Host: 127.1\r\n", "half an address"),
        ("Host: \u{f6}rders\r\n", "UTF-8"),
    ];
    hosts.into_iter().map(|(lines, what)| {
        row("H1-17", what)
            .attack(format!("GET /v1/a HTTP/1.1\r\n{lines}\r\n"))
            .twin("GET /v1/a HTTP/1.1\r\nhOST:\tOrders.:8080 \r\n\r\n")
            .fields(&[("host", &["orders:8080"])])
    })
}

fn lines() -> impl Iterator<Item = Row> {
    let lines: [(&str, &'static str); 16] = [
        ("GET  /v1/a HTTP/1.1", "two blanks"),
        ("GET /v1/a  HTTP/1.1", "two blanks before the version"),
        ("GET\t/v1/a\tHTTP/1.1", "tabs"),
        ("GET /v1/a", "no version"),
        ("GET /v1/a b HTTP/1.1", "a blank in the target"),
        ("GET /v1/a HTTP/1.1 ", "a blank behind"),
        ("GET /v1/a HTTP/1.1x", "something behind the version"),
        ("GET /v1/a HTTP/2.0", "HTTP/2.0"),
        ("GET /v1/a HTTP/1.2", "HTTP/1.2"),
        ("GET /v1/a HTTP/0.9", "HTTP/0.9"),
        ("GET /v1/a HTTP/1.10", "HTTP/1.10"),
        ("GET /v1/a http/1.1", "a small version"),
        ("GET /v1/a ICY/1.1", "another protocol"),
        ("get /v1/a HTTP/1.1", "a small method"),
        ("G(T /v1/a HTTP/1.1", "no method"),
        ("/v1/a HTTP/1.1", "nothing before the target"),
    ];
    lines.into_iter().map(|(line, what)| {
        row("H1-16", what)
            .attack(format!("{line}\r\nHost: orders:8080\r\n\r\n"))
            .gets(&[400, 501, 505])
            .twin(format!("\r\n{}", String::from_utf8_lossy(&get(""))))
    })
}

fn legal() -> Vec<Row> {
    vec![
        row("H1-16", "//evil/x is a path")
            .twin("GET //evil/x HTTP/1.1\r\nHost: orders:8080\r\n\r\n")
            .arrives_as("GET /evil/x HTTP/1.1")
            .fields(&[("host", &["orders:8080"])]),
        // It is about a server and not about anything a rule could name.
        row("H1-16", "OPTIONS *").attack("OPTIONS * HTTP/1.1\r\nHost: orders:8080\r\n\r\n"),
        row("H1-16", "dots and escapes are resolved once")
            .twin("GET /x/../v1/./%61?q=/../%61 HTTP/1.1\r\nHost: orders:8080\r\n\r\n")
            .arrives_as("GET /v1/a?q=/../%61 HTTP/1.1"),
        row("H1-17", "HTTP/1.0 without a host")
            .twin("GET /v1/a HTTP/1.0\r\n\r\n")
            .fields(&[("host", &["orders"])])
            .at(&[Place::Inbound, Place::Outbound]),
        row("H1-17", "HTTP/1.0 with two hosts")
            .attack("GET /v1/a HTTP/1.0\r\nHost: orders:8080\r\nHost: evil\r\n\r\n")
            .twin("GET /v1/a HTTP/1.0\r\nHost: orders:8080\r\n\r\n"),
    ]
}

/// CONNECT leads to declared services, at the explicit proxy and nowhere else.
fn tunnels() -> Vec<Row> {
    let next = String::from_utf8_lossy(&get("")).into_owned();
    let connect = |to: &str| format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n{next}");
    let at_the_proxy = |what, to: &str, gets| {
        row("H1-16", what).attack(connect(to)).gets(gets).at(&[Place::Proxy])
    };
    vec![
        row("H1-16", "CONNECT, and a request behind it")
            .attack(connect("orders:8080"))
            .gets(&[405])
            .because("CONNECT")
            .at(&[Place::Inbound, Place::Outbound, Place::Edge]),
        at_the_proxy("CONNECT to a service nobody declared", "payments:8080", &[403]),
        at_the_proxy("CONNECT to an address", "127.0.0.1:22", &[403]),
        at_the_proxy("CONNECT to an undeclared port", "orders:22", &[403]),
        at_the_proxy("CONNECT without a port", "orders", &[400]),
        at_the_proxy("CONNECT to port 0", "orders:0", &[400]),
        at_the_proxy("CONNECT with userinfo", "me@orders:8080", &[400]),
        at_the_proxy("CONNECT to a path", "/v1/a", &[400]),
        row("H1-16", "CONNECT with another host")
            .attack("CONNECT orders:8080 HTTP/1.1\r\nHost: evil:8080\r\n\r\n"),
        row("H1-01", "CONNECT with a length")
            .attack("CONNECT orders:8080 HTTP/1.1\r\nHost: orders:8080\r\nContent-Length: 5\r\n\r\nhello"),
        row("H1-01", "CONNECT with chunks")
            .attack("CONNECT orders:8080 HTTP/1.1\r\nHost: orders:8080\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ]
}
