//! One logical request and the languages it can be said in. Nothing here
//! makes it well-formed: what a row writes goes onto the wire.

use std::io::Write;
use std::net::SocketAddr;

use testkit::http2::frame::{code, headers};
use testkit::http2::hpack::block;
use testkit::http2::{Answer, Talk};
use testkit::{Expected, Guest, status_of};

/// A request, before anybody has spelled it for a protocol.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) host: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Ask {
    pub(crate) fn get(target: &str) -> Self {
        Self { method: "GET", target: target.into(), host: String::new(), fields: Vec::new() }
    }

    pub(crate) fn to(self, host: impl Into<String>) -> Self {
        Self { host: host.into(), ..self }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    fn http1(&self) -> Vec<u8> {
        let Self { method, target, host, fields } = self;
        let fields: String =
            fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n").into_bytes()
    }

    /// HEADERS of stream 1, every name in small letters.
    fn http2(&self, scheme: &str) -> Vec<u8> {
        let Self { method, target, host, fields } = self;
        let pseudo =
            [(":method", *method), (":scheme", scheme), (":path", target), (":authority", host)];
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        headers(1, &[block(&pseudo), block(&fields)].concat(), true)
    }
}

/// How it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    Http1,
    Http2,
}

impl Speech {
    /// What is agreed on where there is TLS.
    pub(crate) fn alpn(self) -> Vec<u8> {
        match self {
            Self::Http1 => b"http/1.1".to_vec(),
            Self::Http2 => b"h2".to_vec(),
        }
    }

    /// Says it on a new connection and hears the answer.
    pub(crate) fn say(self, ask: &Ask, guest: Guest, scheme: &str) -> Heard {
        match self {
            Self::Http1 => say_bytes(&ask.http1(), guest),
            Self::Http2 => say_frames(&ask.http2(scheme), guest),
        }
    }
}

/// Says bytes as HTTP/1.1 and hears one answer.
pub(crate) fn say_bytes(bytes: &[u8], guest: Guest) -> Heard {
    let Guest { mut talk, from } = guest;
    // A door that has refused already may not read to the end.
    let _cut = talk.write_all(bytes).and_then(|()| talk.flush());
    let answer = talk.hear_response();
    Heard { status: status_of(&answer), answer, from }
}

/// Says frames and hears the answer on stream 1. A stream that is reset
/// because it is malformed counts as 400: such a request has no answer (RFC
/// 9113, section 8.1.1).
fn say_frames(frames: &[u8], guest: Guest) -> Heard {
    let mut talk = Talk::begin(guest, &[]);
    let Answer { status, body, reset, .. } = talk.ask(1, frames);
    let status = match (status, reset) {
        (0, Some(code::PROTOCOL_ERROR)) => 400,
        (status, _) => status,
    };
    let answer = format!("HTTP/2 {status} {}", String::from_utf8_lossy(&body));
    Heard { status, answer, from: talk.from }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Heard {
    /// 0: nothing at all.
    pub(crate) status: u16,
    pub(crate) answer: String,
    pub(crate) from: SocketAddr,
}

impl Heard {
    /// The access line it has to have left at the door it knocked at.
    pub(crate) fn expects(&self, role: &'static str, words: &'static str) -> Expected {
        Expected { from: self.from, role, words }
    }
}
