//! The languages a request can be said in, and what counts as a yes in each.

use std::io::Write;

use testkit::http2::frame::{data, headers};
use testkit::http2::hpack::block;
use testkit::http2::{Answer, Talk};
use testkit::status_of;

use crate::crate_client;
use crate::scene::{App, Scene, Way};
use crate::spelling::Tape;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    Http1,
    Http2,
    /// A unary call of gRPC.
    Grpc,
    /// The Upgrade of RFC 6455.
    WebSocket,
    /// The extended CONNECT of RFC 8441.
    Http2WebSocket,
}

/// What is said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) host: &'a str,
}

/// What gRPC calls a refusal (PERMISSION_DENIED).
const DENIED: &str = "7";

impl Speech {
    pub(crate) const ALL: &'static [Self] =
        &[Self::Http1, Self::Http2, Self::Grpc, Self::WebSocket, Self::Http2WebSocket];

    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }

    pub(crate) fn is_websocket(self) -> bool {
        matches!(self, Self::WebSocket | Self::Http2WebSocket)
    }

    /// The one method it has, if it has only one.
    pub(crate) fn method(self) -> Option<&'static str> {
        match self {
            Self::Http1 | Self::Http2 => None,
            Self::Grpc => Some("POST"),
            Self::WebSocket | Self::Http2WebSocket => Some("GET"),
        }
    }

    /// Asks on a new connection; says whether it was served.
    pub(crate) fn say(
        self,
        scene: &Scene,
        way: Way,
        app: App,
        asked: &Asked<'_>,
        tape: &mut Tape<'_>,
    ) -> Result<bool, String> {
        match self {
            Self::Http1 => http1(scene, (way, app), asked, "", tape),
            Self::WebSocket => http1(scene, (way, app), asked, SWITCH, tape),
            // Where there is no TLS, a client that somebody else wrote.
            _ if matches!(way, Way::Outbound | Way::Proxy) => {
                let answer = crate_client::ask(scene.plain(way, app), self, asked)?;
                verdict(answer.0, answer.1.as_deref())
            }
            _ => self.http2(Talk::begin(scene.enter(way, app, b"h2"), &[]), way, asked),
        }
    }

    fn http2(self, mut talk: Talk, way: Way, asked: &Asked<'_>) -> Result<bool, String> {
        let Asked { method, target, host } = *asked;
        let line = [(":scheme", way.scheme()), (":path", target), (":authority", host)];
        let first: &[(&str, &str)] = match self {
            Self::Http2WebSocket => &[(":method", "CONNECT"), (":protocol", "websocket")],
            _ => &[(":method", method)],
        };
        let fields: &[(&str, &str)] = match self {
            Self::Grpc => &[("content-type", "application/grpc"), ("te", "trailers")],
            Self::Http2WebSocket => &[("sec-websocket-version", "13")],
            _ => &[],
        };
        let head = [block(first), block(&line), block(fields)].concat();
        match self {
            Self::Grpc => talk.send(&[headers(1, &head, false), data(1, &[0; 5], true)].concat()),
            _ => talk.send(&headers(1, &head, self == Self::Http2)),
        };
        match self {
            // It stays open when it is served.
            Self::Http2WebSocket => talk.hear(|heard| {
                let stream = heard.stream(1);
                !stream.heads.is_empty() || stream.is_over()
            }),
            _ => talk.hear(|heard| heard.is_over(1)),
        };
        let answer = Answer::of(&talk.ledger.stream(1));
        let told = answer.trailers.iter().chain(&answer.fields);
        let mut grpc =
            told.filter(|(name, _)| name == "grpc-status").map(|(_, value)| value.as_str());
        verdict(answer.status, grpc.next()).map_err(|why| format!("{why}: {answer:?}"))
    }
}

/// What a WebSocket over HTTP/1.1 asks for.
const SWITCH: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
                      Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn http1(
    scene: &Scene,
    (way, app): (Way, App),
    asked: &Asked<'_>,
    fields: &str,
    tape: &mut Tape<'_>,
) -> Result<bool, String> {
    let Asked { method, target, host } = *asked;
    // A proxy is asked in the absolute form, too.
    let prefix = match way == Way::Proxy && tape.pick(2) == 1 {
        true => format!("http://{host}"),
        false => String::new(),
    };
    let request = format!("{method} {prefix}{target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");
    let mut talk = scene.enter(way, app, b"http/1.1").talk;
    let sent = talk.write_all(request.as_bytes()).and_then(|()| talk.flush());
    sent.map_err(|error| error.to_string())?;
    let answer = if fields.is_empty() { talk.hear_response() } else { talk.hear_head() };
    match (status_of(&answer), fields.is_empty()) {
        (200, true) | (101, false) => Ok(true),
        (403, _) => Ok(false),
        _ => Err(format!("neither yes nor no: {answer:?}")),
    }
}

/// A yes, a no, or neither.
fn verdict(status: u16, grpc: Option<&str>) -> Result<bool, String> {
    match (status, grpc) {
        (200, None) => Ok(true),
        (200, Some(DENIED)) | (403, _) => Ok(false),
        other => Err(format!("neither yes nor no: {other:?}")),
    }
}
