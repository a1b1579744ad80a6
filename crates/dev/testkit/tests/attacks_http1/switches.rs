//! H1-14: requests to switch to a WebSocket. What is sent behind one before
//! the right 101 is there reaches nobody, and never becomes a request.

use std::io::{Read, Write};
use std::net::TcpListener;

use testkit::{
    Caller, Guest, Leaf, Place, Stage, StageDoor, SwitchingApp, Turn, dial_plain, panics,
    status_of, until,
};

const SWITCH: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
                      Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const EARLY: &str = "GET /smuggled HTTP/1.1\r\nHost: live:8080\r\n\r\n";

struct Set {
    stage: Stage,
    app: SwitchingApp,
    live: StageDoor,
    web: StageDoor,
    edge: StageDoor,
}

fn documents(app: u16, gateway: u16) -> String {
    format!(
        "apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: web}}\nspec: {{}}\n---\n\
         apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: live}}\n\
         spec: {{ports: [{{port: 8080, protocol: http, targetPort: {app}}}]}}\n---\n\
         apiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: live}}\n\
         spec: {{to: live, allow: [{{from: [web, edge]}}], \
         deny: [{{from: [web, edge], http: /smuggled}}, {{from: [web, edge], http: /admin}}]}}\n---\n\
         apiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: outside}}\n\
         spec: {{to: edge, allow: [{{from: anonymous}}]}}\n---\n\
         apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: edge}}\nspec:\n  \
         gatewayClassName: postern\n  listeners: [{{name: https, port: {gateway}, protocol: HTTPS, \
         tls: {{options: {{postern.dev/certificate: self-signed}}}}}}]\n---\n\
         apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: all}}\nspec:\n  \
         parentRefs: [{{name: edge}}]\n  rules: [{{backendRefs: [{{name: live, port: 8080}}]}}]\n"
    )
}

impl Set {
    fn open() -> Self {
        let app = SwitchingApp::start();
        let gateway = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let stage = Stage::on_cores(1, "", &documents(app.address.port(), gateway));
        let live = stage.open("live", &[]);
        let known = [("live", live.inbound())];
        let (web, edge) = (stage.open("web", &known), stage.open_gateway("edge", &known));
        Self { stage, app, live, web, edge }
    }

    fn enter(&self, place: Place) -> Guest {
        let over_tls = |caller: Caller, to| {
            let talk = caller.dial(to);
            Guest { from: talk.sock.local_addr().unwrap(), talk: Box::new(talk) }
        };
        let plain = |to| {
            let talk = dial_plain(to);
            Guest { from: talk.local_addr().unwrap(), talk: Box::new(talk) }
        };
        match place {
            Place::Inbound => {
                let authority = &self.stage.authority;
                let leaf = Leaf::of(&authority.credentials(&authority.id("web")));
                over_tls(Caller::with(leaf, "p8080.live.default.stage"), self.live.inbound())
            }
            Place::Edge => {
                let alpn = vec![b"http/1.1".to_vec()];
                let caller = Caller { leaf: None, sni: "edge.test".into(), alpn };
                over_tls(caller, self.edge.edge("edge/https"))
            }
            Place::Outbound => plain(self.web.outbound("live", 8080)),
            Place::Proxy => plain(self.web.http_proxy()),
        }
    }

    /// Asks for a WebSocket, with something behind it.
    fn ask(&self, place: Place, path: &str, early: &str) -> Guest {
        // The last words of an earlier one don't count.
        until("WebSockets to end", || self.app.is_calm().then_some(()));
        self.app.forget();
        let mut guest = self.enter(place);
        let request = format!("GET {path} HTTP/1.1\r\nHost: live:8080\r\n{SWITCH}\r\n{early}");
        guest.talk.write_all(request.as_bytes()).and_then(|()| guest.talk.flush()).unwrap();
        guest
    }

    /// The legal twin: it is switched, and bytes go both ways.
    fn serves(&self, place: Place) {
        self.app.answer_with(Turn::Switches);
        let mut talk = self.ask(place, "/v1/a", "").talk;
        let head = talk.hear_head();
        assert_eq!(status_of(&head), 101, "{place:?}: {head:?}");
        let head = head.to_ascii_lowercase();
        assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        assert_eq!(head.matches("upgrade: websocket").count(), 1, "{head}");
        for words in [b"\x81\x85\x01\x02\x03\x04hello", b"\x82\x85\x00\x00\x00\x00again"] {
            talk.write_all(words).and_then(|()| talk.flush()).unwrap();
            let mut heard = [0; 11];
            talk.read_exact(&mut heard).unwrap();
            assert_eq!(&heard, words, "{place:?}");
        }
        let requests = self.app.requests();
        assert_eq!(requests.len(), 1, "{place:?}: {requests:?}");
        assert_eq!(requests[0].line, "GET /v1/a HTTP/1.1");
    }

    /// Nothing but the one request has reached the app.
    fn saw_one_request_and_nothing_behind(&self, what: &str) {
        let (requests, behind) = (self.app.requests(), self.app.behind());
        assert_eq!(requests.len(), 1, "{what}: {requests:?}");
        assert!(behind.is_empty(), "{what}: {:?}", String::from_utf8_lossy(&behind));
    }
}

/// Answers to a request to switch that are none, and what the caller gets.
fn lies() -> Vec<(&'static str, String, u16)> {
    let switch = |lines: &str| format!("HTTP/1.1 101 Switching Protocols\r\n{lines}\r\n");
    let right = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {proof}\r\n";
    let of = |what, lines: String| (what, switch(&lines), 502);
    vec![
        of("another protocol", right.replace("websocket", "h2c")),
        of("no protocol", right.replace("Upgrade: websocket\r\n", "")),
        of("two protocols", right.replace("websocket", "websocket, h2c")),
        of("no Connection", right.replace("Connection: Upgrade\r\n", "")),
        of("no proof", right.replace("Sec-WebSocket-Accept: {proof}\r\n", "")),
        of("another proof", right.replace("{proof}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOp=")),
        of("an empty proof", right.replace("{proof}", "")),
        of("two proofs", format!("{right}Sec-WebSocket-Accept: x\r\n")),
        of("a length", format!("{right}Content-Length: 5\r\n")),
        of("chunks", format!("{right}Transfer-Encoding: chunked\r\n")),
        of("a folded field", right.replace(": Upgrade", ":\r\n Upgrade")),
        ("no HTTP", "220 smtp.example ESMTP\r\n\r\n".into(), 502),
        (
            "an ordinary answer",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".into(),
            200,
        ),
        (
            "an ordinary answer that claims more",
            "HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello"
                .into(),
            200,
        ),
        (
            "an upgrade required",
            "HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n"
                .into(),
            426,
        ),
        ("a refusal", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".into(), 403),
    ]
}

#[test]
fn what_is_said_behind_it_waits_for_the_right_answer() {
    let set = Set::open();
    for place in Place::ALL {
        for early in [EARLY, "\u{1}\u{2}\u{3}"] {
            set.app.answer_with(Turn::Waits);
            let mut talk = set.ask(*place, "/v1/a", early).talk;
            until("the request", || (!set.app.requests().is_empty()).then_some(()));
            // Long enough for bytes that are let through: others come and go.
            for _ in 0..3 {
                let mut other = set.enter(*place).talk;
                other.write_all(b"GET /v1/b HTTP/1.1\r\nHost: live:8080\r\n\r\n").unwrap();
                other.flush().unwrap();
                assert!(other.hear_response().ends_with("hello"), "{place:?}");
            }
            assert!(set.app.behind().is_empty(), "{place:?}: {:?}", set.app.behind());
            // Behind the right answer they are part of the WebSocket.
            set.app.answer_with(Turn::Switches);
            let head = talk.hear_head();
            assert_eq!(status_of(&head), 101, "{place:?}: {head:?}");
            let mut heard = vec![0; early.len()];
            talk.read_exact(&mut heard).unwrap();
            assert_eq!(heard, early.as_bytes(), "{place:?}");
            let asked = set.app.requests();
            let smuggled = asked.iter().filter(|seen| seen.line.contains("smuggled"));
            assert_eq!(smuggled.count(), 0, "{place:?}: {asked:?}");
        }
        set.serves(*place);
    }
    assert_eq!(panics(), 0);
}

#[test]
fn behind_any_other_answer_it_reaches_nobody() {
    let set = Set::open();
    for place in Place::ALL {
        for (what, says, wanted) in lies() {
            let what = format!("{what} at {place:?}");
            set.app.answer_with(Turn::Says(says));
            let Guest { mut talk, from } = set.ask(*place, "/v1/a", EARLY);
            let (answer, closed) = talk.hear_out();
            let answer = String::from_utf8_lossy(&answer).into_owned();
            assert_eq!(status_of(&answer), wanted, "{what}: {answer:?}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{what}: {answer:?}");
            assert!(closed, "{what}: the connection was left open");
            set.saw_one_request_and_nothing_behind(&what);
            // The app's own door finds it out; the others pass its word on.
            if wanted == 502 && *place == Place::Inbound {
                let lines = set.stage.lines_from(place.role(), from);
                assert!(lines.len() == 1 && lines[0].contains("\"reason\""), "{what}: {lines:?}");
            }
        }
        set.serves(*place);
    }
    assert_eq!(panics(), 0);
}

#[test]
fn behind_a_denied_one_there_is_nothing() {
    let set = Set::open();
    for place in Place::ALL {
        set.app.answer_with(Turn::Switches);
        let mut talk = set.ask(*place, "/admin", EARLY).talk;
        let (answer, closed) = talk.hear_out();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(status_of(&answer), 403, "{place:?}: {answer:?}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{place:?}: {answer:?}");
        assert!(closed, "{place:?}");
        assert!(set.app.requests().is_empty(), "{place:?}");
        set.serves(*place);
    }
    assert_eq!(panics(), 0);
}
