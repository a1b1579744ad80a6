//! Proper callers that ask for the wrong thing: server names, protocols, and
//! what they say inside.

use rustls::AlertDescription::{self as Alert, NoApplicationProtocol};
use testkit::{Arena, Caller, Expected, Findings, Place, get};

const SNI: &str = "p8080.orders.default.stage";

struct Row {
    id: &'static str,
    what: &'static str,
    sni: &'static str,
    alpn: &'static [&'static [u8]],
    says: Vec<u8>,
    alert: Option<Alert>,
    /// The beginning of what comes back inside of TLS.
    answer: &'static str,
    /// Empty: it is served, and there is no reason to find.
    reason: &'static str,
}

const HTTP: &[&[u8]] = &[b"http/1.1"];

fn rows() -> Vec<Row> {
    let of = |id, what, sni, alpn, reason| Row {
        id,
        what,
        sni,
        alpn,
        says: get(""),
        alert: None,
        answer: "",
        reason,
    };
    let name = |what, sni| of("TLS-16", what, sni, HTTP, "the server name");
    let served =
        |what, sni, alpn| Row { answer: "HTTP/1.1 200 ", ..of("TLS-20", what, sni, alpn, "") };
    let unknown = |what, alpn| Row {
        alert: Some(NoApplicationProtocol),
        ..of("TLS-20", what, SNI, alpn, "ALPN")
    };
    // SETTINGS, and then GOAWAY.
    let mixed_up = |what, alpn| Row {
        answer: "\0\0\u{18}\u{4}\0",
        ..of("TLS-20", what, SNI, alpn, "PROTOCOL_ERROR")
    };
    let inside = |what, says: &[u8], answer| Row {
        says: says.to_vec(),
        answer,
        ..of("TLS-20", what, SNI, HTTP, "malformed")
    };
    vec![
        name("another service's name", "p80.web.default.stage"),
        name("an unknown port", "p9999.orders.default.stage"),
        name("port 0", "p0.orders.default.stage"),
        name("another mesh", "p8080.orders.default.other"),
        name("another namespace", "p8080.orders.ops.stage"),
        name("no port", "orders.default.stage"),
        name("a host", "orders.example"),
        name("more before it", "x.p8080.orders.default.stage"),
        name("a port with zeros", "p08080.orders.default.stage"),
        of("TLS-16", "no name, and several ports", "", HTTP, "no server name"),
        mixed_up("HTTP/1.1 where h2 was agreed", &[b"h2"]),
        mixed_up("the same after a choice", &[b"http/1.1", b"h2"]),
        unknown("an unknown protocol", &[b"x-unknown"]),
        unknown("HTTP/1.0", &[b"http/1.0"]),
        unknown("the name in capitals", &[b"HTTP/1.1"]),
        of(
            "TLS-20",
            "HTTP at a TCP port",
            "p7000.orders.default.stage",
            HTTP,
            "is not what this port speaks",
        ),
        of("TLS-20", "TCP at an HTTP port", SNI, &[b"postern-tcp"], "is not what this port speaks"),
        served("HTTP/1.1 and an unknown protocol", SNI, &[b"x-unknown", b"http/1.1"]),
        served("no protocol at an HTTP port", SNI, &[]),
        served("the name in other letters", "P8080.Orders.default.STAGE", HTTP),
        inside("the preface of HTTP/2 inside", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 "),
        inside(
            "a second greeting inside",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            "HTTP/1.1 400 ",
        ),
        inside("SMTP inside", b"EHLO evil\r\nMAIL FROM:<a>\r\n\r\n", "HTTP/1.1 400 "),
    ]
}

impl Row {
    fn run(&self, arena: &Arena) -> Result<Option<Expected>, String> {
        arena.backend.forget();
        let mut caller = Caller::with(arena.leaf("web"), self.sni);
        caller.alpn = self.alpn.iter().map(|name| name.to_vec()).collect();
        let heard = caller.knock(arena.orders.inbound(), &self.says);
        arena.others_are_served(Place::Inbound);
        let answer = String::from_utf8_lossy(&heard.answer).into_owned();
        if heard.alert != self.alert || !answer.starts_with(self.answer) || heard.silent {
            return Err(format!("{heard:?} {answer}"));
        }
        if self.answer.is_empty() && !answer.is_empty() {
            return Err(format!("it was answered: {answer}"));
        }
        if self.reason.is_empty() {
            return Ok(None);
        }
        if !arena.backend.seen().is_empty() || !arena.tcp.seen().is_empty() {
            return Err("an app saw it".into());
        }
        // Nothing of what came in comes back, in whatever protocol.
        if answer.contains("EHLO") || answer.contains("PRI") {
            return Err(format!("an echo: {answer}"));
        }
        let twin = Caller::with(arena.leaf("web"), SNI).knock(arena.orders.inbound(), &get(""));
        if !twin.answer.starts_with(b"HTTP/1.1 200") {
            return Err(format!("the legal twin: {twin:?}"));
        }
        Ok(Some(Expected { from: heard.from, role: "inbound", words: self.reason }))
    }
}

#[test]
fn names_and_protocols_lead_where_they_say_or_nowhere() {
    let arena = Arena::open("");
    let mut findings = Findings::default();
    for row in &rows() {
        findings.take(format!("{} {}", row.id, row.what), row.run(&arena));
    }
    findings.check(&arena.stage);
}
