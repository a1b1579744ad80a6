//! TLS-13, TLS-14, TLS-20 and TLS-22: what comes before there is any TLS, at
//! the inbound door and at the gateway's.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use testkit::{Arena, Caller, Conversation, Expected, Findings, Place, dial_plain, get};

const PLACES: [Place; 2] = [Place::Inbound, Place::Edge];

fn address(arena: &Arena, place: Place) -> SocketAddr {
    match place {
        Place::Edge => arena.edge.edge("edge/https"),
        _ => arena.orders.inbound(),
    }
}

/// A ClientHello of an old version: record version, hello version, and which
/// compression it offers (RFC 5246, section 7.4.1.2).
fn old_hello(record: [u8; 2], hello: [u8; 2], compression: &[u8], suites: &[u8]) -> Vec<u8> {
    let mut body = hello.to_vec();
    body.extend([7; 32]);
    body.push(0);
    body.extend(u16::try_from(suites.len()).unwrap().to_be_bytes());
    body.extend(suites);
    body.push(u8::try_from(compression.len()).unwrap());
    body.extend(compression);
    if hello != [3, 0] {
        let mut extensions = vec![0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0];
        extensions.extend([0, 13, 0, 4, 0, 2, 4, 3]);
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
    }
    let length = u16::try_from(body.len()).unwrap();
    let mut all = vec![22, record[0], record[1]];
    all.extend((length + 4).to_be_bytes());
    all.extend([1, 0]);
    all.extend(length.to_be_bytes());
    all.extend(body);
    all
}

struct Row {
    id: &'static str,
    what: &'static str,
    bytes: Vec<u8>,
    /// The alert that comes back in the clear (RFC 8446, section 6); none:
    /// any, or nothing.
    alert: Option<u8>,
    reason: &'static str,
}

fn rows() -> Vec<Row> {
    let gcm: &[u8] = &[0xc0, 0x2b];
    let old = |what, bytes| Row { id: "TLS-13", what, bytes, alert: None, reason: "" };
    let not_tls = |what, bytes: &[u8]| Row {
        id: "TLS-20",
        what,
        bytes: bytes.to_vec(),
        alert: None,
        reason: "does not speak TLS",
    };
    vec![
        Row { alert: Some(70), reason: "does not offer TLS 1.3", ..old("TLS 1.2", old_hello([3, 1], [3, 3], &[0], gcm)) },
        Row { alert: Some(70), ..old("TLS 1.1", old_hello([3, 1], [3, 2], &[0], &[0xc0, 0x09])) },
        Row { alert: Some(70), ..old("TLS 1.0", old_hello([3, 1], [3, 1], &[0], &[0xc0, 0x09])) },
        old("SSL 3.0", old_hello([3, 0], [3, 0], &[0], &[0, 4, 0, 5])),
        old("SSL 2.0", b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80\x03\x00\x80\x04\x00\x80\x05\x00\x80\x06\x00\x40\x07\x00\xc0abcdefghijklmnop".to_vec()),
        Row { alert: Some(70), ..old("RC4 and export suites", old_hello([3, 1], [3, 3], &[0], &[0, 5, 0, 3, 0, 8])) },
        old("compression", old_hello([3, 1], [3, 3], &[1, 0], gcm)),
        old("no null compression", old_hello([3, 1], [3, 3], &[1], gcm)),
        old("the downgrade sentinel suite", old_hello([3, 1], [3, 3], &[0], &[0x56, 0, 0xc0, 0x2b])),
        old("a heartbeat", b"\x18\x03\x03\x00\x03\x01\x40\x00".to_vec()),
        old("application data first", b"\x17\x03\x03\x00\x05hello".to_vec()),
        old("an alert first", b"\x15\x03\x03\x00\x02\x02\x28".to_vec()),
        old("a record that is too long", [b"\x16\x03\x01\xff\xff".as_slice(), &[0; 1000]].concat()),
        old("an empty record", b"\x16\x03\x01\x00\x00".repeat(100)),
        old("a hello that says it is 16 MB", b"\x16\x03\x01\x00\x04\x01\xff\xff\xff".to_vec()),
        old("a hello of nothing", b"\x16\x03\x01\x00\x04\x01\x00\x00\x00".to_vec()),
        old("a certificate before the hello", b"\x16\x03\x01\x00\x08\x0b\x00\x00\x04\x00\x00\x00\x00".to_vec()),
        not_tls("HTTP", b"GET /secret HTTP/1.1\r\nHost: orders\r\n\r\n"),
        not_tls("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        not_tls("SSH", b"SSH-2.0-OpenSSH_9.9\r\n"),
        not_tls("the PROXY protocol", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET / HTTP/1.1\r\n\r\n"),
        not_tls("SMTP", b"EHLO evil\r\n"),
        not_tls("AMQP", b"AMQP\x00\x00\x09\x01"),
        not_tls("zeros", &[0; 600]),
        not_tls("ones", &[0xff; 600]),
    ]
}

impl Row {
    fn run(&self, arena: &Arena, place: Place) -> Result<Option<Expected>, String> {
        arena.backend.forget();
        let mut talk = dial_plain(address(arena, place));
        let from = talk.local_addr().unwrap();
        let _cut = talk.write_all(&self.bytes);
        // A record that is not whole would be waited for.
        talk.shutdown(std::net::Shutdown::Write).unwrap();
        arena.others_are_served(place);
        let (answer, closed) = talk.hear_out();
        if !closed || answer.len() > 7 || (!answer.is_empty() && answer[0] != 21) {
            return Err(format!("not an alert at most: {answer:?}, closed: {closed}"));
        }
        if self.alert.is_some() && answer.get(5..) != Some(&[2, self.alert.unwrap()]) {
            return Err(format!("another alert: {answer:?}"));
        }
        if !arena.backend.seen().is_empty() {
            return Err("the app saw it".into());
        }
        Ok(Some(Expected { from, role: place.role(), words: self.reason }))
    }
}

#[test]
fn what_is_no_tls_13_gets_an_alert_at_most() {
    let arena = Arena::open("");
    let mut findings = Findings::default();
    for row in &rows() {
        for place in PLACES {
            let name = format!("{} at {place:?}, {}", row.id, row.what);
            findings.take(name, row.run(&arena, place));
        }
    }
    findings.check(&arena.stage);
}

/// TLS-14, and the legal twin of everything here: the same hello in pieces is
/// the same hello.
#[test]
fn a_hello_in_pieces_is_the_same_hello() {
    let arena = Arena::open("");
    for place in PLACES {
        let sni = if place == Place::Edge { "edge.test" } else { "p8080.orders.default.stage" };
        let one_by_one: fn(&[u8]) -> Vec<Vec<u8>> =
            |hello| hello.chunks(1).map(<[u8]>::to_vec).collect();
        let in_records: fn(&[u8]) -> Vec<Vec<u8>> = |hello| vec![records(hello, 1)];
        let name_in_the_second: fn(&[u8]) -> Vec<Vec<u8>> = |hello| vec![records(hello, 48)];
        let in_two: fn(&[u8]) -> Vec<Vec<u8>> =
            |hello| hello.chunks(hello.len() / 2 + 1).map(<[u8]>::to_vec).collect();
        for cut in [one_by_one, in_records, name_in_the_second, in_two] {
            let mut caller = Caller::with(arena.leaf("web"), sni);
            caller.alpn.extend((0..100).map(|at| format!("filler-{at}").into_bytes()));
            let name = ServerName::try_from(sni).unwrap();
            let mut session = ClientConnection::new(Arc::new(caller.config()), name).unwrap();
            let mut hello = Vec::new();
            session.write_tls(&mut hello).unwrap();
            assert!(hello.len() > 2000, "more than a packet: {}", hello.len());
            let mut socket = dial_plain(address(&arena, place));
            for piece in cut(&hello) {
                socket.write_all(&piece).unwrap();
            }
            let mut talk = rustls::StreamOwned::new(session, socket);
            talk.write_all(&get("")).unwrap();
            assert!(talk.hear_response().ends_with("hello"), "{place:?}");
        }
    }
}

/// The handshake message of one record, in records of `size`.
fn records(flight: &[u8], size: usize) -> Vec<u8> {
    let record =
        |piece: &[u8]| [&[22, 3, 1, 0, u8::try_from(piece.len()).unwrap()], piece].concat();
    flight[5..].chunks(size).flat_map(record).collect()
}

/// TLS-22: many that send nothing, a byte, or half of it, all at once.
#[test]
fn who_does_not_finish_the_handshake_is_given_up_and_nobody_waits() {
    let arena = Arena::open("handshakeTime: 400ms");
    let hello = {
        let caller = Caller::with(arena.leaf("web"), "p8080.orders.default.stage");
        let name = ServerName::try_from("p8080.orders.default.stage").unwrap();
        let mut session = ClientConnection::new(Arc::new(caller.config()), name).unwrap();
        let mut hello = Vec::new();
        session.write_tls(&mut hello).unwrap();
        hello
    };
    let mut findings = Findings::default();
    for place in PLACES {
        let mut open = Vec::new();
        for at in 0..300_usize {
            let mut socket = dial_plain(address(&arena, place));
            // Nothing, a byte, half a hello, a hello and then no answer.
            let sent = [0, 1, hello.len() / 2, hello.len()][at % 4];
            socket.write_all(&hello[..sent]).unwrap();
            open.push(socket);
        }
        arena.others_are_served(place);
        for (at, mut socket) in open.into_iter().enumerate() {
            let mut nothing = Vec::new();
            // The flight of the server, then the end; a reset is one, too.
            let ended = socket.read_to_end(&mut nothing);
            let silent = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
            assert!(!silent, "{place:?} {at}");
            let from = socket.local_addr().unwrap();
            let words = "not finished in time";
            findings.take(
                format!("{place:?} {at}"),
                Ok(Some(Expected { from, role: place.role(), words })),
            );
        }
        arena.others_are_served(place);
    }
    findings.check(&arena.stage);
}
