//! The other direction: an outbound door and a gateway meet a server that is
//! not whom it says, or does not say it properly. The caller gets a 502 and no
//! byte of its request leaves the door.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use rcgen::{ExtendedKeyUsagePurpose as Purpose, IsCa, SanType};
use testkit::{
    Authority, Backend, Conversation, Expected, Findings, Leaf, Reply, Stage, dial_plain, get,
    server_with, status_of,
};

const ORDERS: &str = "spiffe://stage/ns/default/sa/orders";
const HTTP: &[&[u8]] = &[b"http/1.1"];

enum Server {
    /// Shows this and speaks that.
    Tls(Leaf, &'static [&'static [u8]]),
    /// Says these bytes to everybody and closes.
    Raw(Vec<u8>),
}

struct Row {
    id: &'static str,
    what: &'static str,
    server: Server,
    gets: &'static [u16],
    reason: &'static str,
}

fn rows(authority: &Authority) -> Vec<Row> {
    let leaf = |change: fn(&mut rcgen::CertificateParams)| {
        let mut params = Leaf::params(ORDERS);
        change(&mut params);
        authority.leaf(&params)
    };
    let proper = || leaf(|_| ());
    let tls = |id, what, leaf, reason| Row {
        id,
        what,
        server: Server::Tls(leaf, HTTP),
        gets: &[502],
        reason,
    };
    let raw = |what, bytes: &[u8], reason| Row {
        id: "TLS-13",
        what,
        server: Server::Raw(bytes.to_vec()),
        gets: &[502],
        reason,
    };
    let alpn = |what, alpn, reason| Row {
        id: "TLS-20",
        what,
        server: Server::Tls(proper(), alpn),
        gets: &[502],
        reason,
    };
    let of = |domain: &str, uri: &str| Authority::of(domain).leaf(&Leaf::params(uri));
    vec![
        tls(
            "TLS-02",
            "another service",
            authority.leaf(&Leaf::params("spiffe://stage/ns/default/sa/web")),
            "the server is spiffe://stage/ns/default/sa/web, expected spiffe://stage/ns/default/sa/orders",
        ),
        tls(
            "TLS-02",
            "another authority of the same name",
            of("stage", ORDERS),
            "was not issued by an authority of `stage`",
        ),
        tls(
            "TLS-02",
            "another trust domain's authority",
            of("other", ORDERS),
            "was not issued by an authority of `stage`",
        ),
        tls(
            "TLS-02",
            "another trust domain",
            of("other", "spiffe://other/ns/default/sa/orders"),
            "no trust bundle for `other`",
        ),
        tls(
            "TLS-02",
            "another namespace",
            authority.leaf(&Leaf::params("spiffe://stage/ns/ops/sa/orders")),
            "the server is spiffe://stage/ns/ops/sa/orders",
        ),
        tls(
            "TLS-01",
            "expired by a second",
            leaf(|p| p.not_after = Leaf::in_seconds(-1)),
            "expired at",
        ),
        tls(
            "TLS-01",
            "not yet valid",
            leaf(|p| p.not_before = Leaf::in_seconds(600)),
            "is not valid before",
        ),
        tls(
            "TLS-05",
            "two URIs",
            leaf(|p| {
                p.subject_alt_names
                    .push(SanType::URI("spiffe://stage/ns/default/sa/web".try_into().unwrap()))
            }),
            "2 URIs",
        ),
        tls(
            "TLS-05",
            "a DNS name only",
            leaf(|p| {
                p.subject_alt_names =
                    vec![SanType::DnsName("p8080.orders.default.stage".try_into().unwrap())]
            }),
            "no URI",
        ),
        tls(
            "TLS-05",
            "a trust domain alone",
            authority.leaf(&Leaf::params("spiffe://stage")),
            "no path",
        ),
        tls(
            "TLS-04",
            "a CA as leaf",
            leaf(|p| p.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained)),
            "a CA certificate",
        ),
        tls(
            "TLS-07",
            "clientAuth only",
            leaf(|p| p.extended_key_usages = vec![Purpose::ClientAuth]),
            "not for servers",
        ),
        tls(
            "TLS-07",
            "serverAuth only",
            leaf(|p| p.extended_key_usages = vec![Purpose::ServerAuth]),
            "for both clients and servers",
        ),
        tls(
            "TLS-10",
            "an unknown critical extension",
            leaf(|p| p.custom_extensions.push(Leaf::extension(&[1, 2, 3, 4], b"\x05\0", true))),
            "unknown critical extension",
        ),
        tls(
            "TLS-11",
            "without its intermediate",
            {
                let mut alone = proper();
                alone.chain.truncate(1);
                alone
            },
            "was not issued by an authority of `stage`",
        ),
        tls(
            "TLS-11",
            "another's key",
            Leaf { key: authority.leaf(&Leaf::params(ORDERS)).key, ..proper() },
            "",
        ),
        alpn("no protocol", &[], "ALPN"),
        alpn("h2 only", &[b"h2"], "alert"),
        alpn("the TCP protocol at an HTTP port", &[b"postern-tcp"], "alert"),
        raw("a ServerHello of TLS 1.2", &server_hello_12(), ""),
        raw("the alert protocol_version", b"\x15\x03\x03\x00\x02\x02\x46", "protocol_version"),
        raw("a hello request", b"\x16\x03\x03\x00\x04\x00\x00\x00\x00", ""),
        raw("HTTP", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "does not speak TLS"),
        raw("garbage", &[0xff; 300], ""),
        raw("nothing", b"", "broke during the handshake"),
    ]
}

/// A ServerHello without supported_versions (RFC 5246, section 7.4.1.3).
fn server_hello_12() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0xc0, 0x2b, 0]);
    let length = u8::try_from(body.len()).unwrap();
    [&[22, 3, 3, 0, length + 4, 2, 0, 0, length], body.as_slice()].concat()
}

/// Says the bytes to everybody, once their hello is here.
fn say_to_all(bytes: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let _hello = socket.read(&mut [0; 4096]);
            let _gone = socket.write_all(&bytes);
        }
    });
    address
}

fn documents() -> String {
    let services = ["web", "orders"].map(|name| {
        format!("apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: {name}}}\nspec: {{ports: [{{port: 8080, protocol: http, targetPort: 9}}]}}\n---\n")
    });
    format!(
        "{}apiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: who}}\nspec: {{to: orders, allow: [{{from: web}}]}}\n",
        services.concat()
    )
}

#[test]
fn an_outbound_door_talks_to_nobody_but_whom_it_was_told() {
    let stage = Stage::set(&documents());
    let mut findings = Findings::default();
    for row in rows(&stage.authority) {
        let name = format!("{} {}", row.id, row.what);
        let came = run(&stage, row);
        findings.take(name, came);
    }
    findings.check(&stage);
}

/// Every row has a door of its own: a server that was unreachable is left
/// alone for a while.
fn run(stage: &Stage, row: Row) -> Result<Option<Expected>, String> {
    let (address, backend) = match row.server {
        Server::Raw(bytes) => (say_to_all(bytes), None),
        Server::Tls(leaf, alpn) => {
            let backend = Backend::start_tls(Reply::ok("hello"), server_with(&leaf, alpn));
            (backend.address, Some(backend))
        }
    };
    let door = stage.open("web", &[("orders", address)]);
    let mut app = dial_plain(door.outbound("orders", 8080));
    let from = app.local_addr().unwrap();
    app.write_all(&get("")).unwrap();
    let answer = app.hear_response();
    door.handle.close();
    if !row.gets.contains(&status_of(&answer)) || answer.contains("hello") {
        return Err(format!("not {:?}: {answer:?}", row.gets));
    }
    if backend.is_some_and(|backend| !backend.seen().is_empty()) {
        return Err("the server saw the request".into());
    }
    // The legal twin: a proper server, with the same request.
    let leaf = stage.authority.leaf(&Leaf::params(ORDERS));
    let backend = Backend::start_tls(Reply::ok("hello"), server_with(&leaf, HTTP));
    let door = stage.open("web", &[("orders", backend.address)]);
    let mut app = dial_plain(door.outbound("orders", 8080));
    app.write_all(&get("")).unwrap();
    let answer = app.hear_response();
    door.handle.close();
    if !answer.ends_with("hello") || backend.requests().len() != 1 {
        return Err(format!("the legal twin got {answer:?}"));
    }
    Ok(Some(Expected { from, role: "outbound", words: row.reason }))
}
