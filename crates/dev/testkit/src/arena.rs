//! A caller, a callee and a gateway with all their doors: the four places at
//! which a stranger's bytes can knock, in front of one recording backend. Each
//! place also has a well-behaved guest whose one connection never ends.

use std::io::Write;
use std::net::TcpListener;
use std::sync::{Mutex, OnceLock};

use crate::backend::{Backend, Reply};
use crate::caller::{Caller, Conversation};
use crate::http2::{Aim, App, Http2Backend, Talk};
use crate::leaf::Leaf;
use crate::place::{Guest, Place};
use crate::server::server_with;
use crate::stage::{Stage, StageDoor};

/// Doors of `web`, `orders`, `calm` and the gateway `edge`, all of them on one
/// core: who slows that down slows everybody. The service `orders` has the
/// HTTP port 8080 in front of `backend`, 8082 in front of `http2`, and the TCP
/// port 7000; the calm guests use another app.
pub struct Arena {
    pub stage: Stage,
    pub backend: Backend,
    /// The app that speaks HTTP/2.
    pub http2: Http2Backend,
    /// The app behind the TCP port; it speaks first.
    pub tcp: Backend,
    pub web: StageDoor,
    pub orders: StageDoor,
    pub edge: StageDoor,
    _calm: (Backend, StageDoor),
    guests: Vec<Mutex<Box<dyn Conversation>>>,
    http2_guests: [OnceLock<Mutex<(Talk, u32)>>; 4],
}

/// Who stands where callers look for the door of `orders`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum There {
    TheDoor,
    Liar,
    Http2Liar,
}

impl Arena {
    /// Opens everything, with limits as a `Mesh` document has them.
    pub fn open(limits: &str) -> Self {
        Self::set(limits, There::TheDoor)
    }

    /// The same, but where callers look for the door of `orders` there is a
    /// server that only has its certificate, and it is `backend`.
    pub fn before_a_liar(limits: &str) -> Self {
        Self::set(limits, There::Liar)
    }

    /// The same with a server that speaks HTTP/2, and it is `http2`.
    pub fn before_an_http2_liar(limits: &str) -> Self {
        Self::set(limits, There::Http2Liar)
    }

    fn set(limits: &str, there: There) -> Self {
        let mut backend = Backend::start(Reply::ok("hello"));
        let calm = Backend::start(Reply::ok("calm"));
        let tcp = Backend::start(Reply::Greeting(b"220 ready\n".to_vec()));
        let mut http2 = Http2Backend::start();
        let ports = [&backend, &calm, &tcp].map(|app| app.address.port());
        let stage = Stage::on_cores(1, limits, &documents(ports, http2.address.port()));
        let orders = stage.open("orders", &[]);
        let calm = (calm, stage.open("calm", &[]));
        let leaf = Leaf::of(&stage.authority.credentials(&stage.authority.id("orders")));
        let mut at = orders.inbound();
        if there == There::Liar {
            let config = server_with(&leaf, &[b"http/1.1", b"postern-tcp"]);
            backend = Backend::start_tls(Reply::ok("hello"), config);
            at = backend.address;
        } else if there == There::Http2Liar {
            http2 = Http2Backend::start_tls(server_with(&leaf, &[b"h2"]));
            at = http2.address;
        }
        let known = [("orders", at), ("calm", calm.1.inbound())];
        let (web, edge) = (stage.open("web", &known), stage.open_gateway("edge", &known));
        let (guests, http2_guests) = (Vec::new(), Default::default());
        let _calm = calm;
        let mut arena =
            Self { stage, backend, http2, tcp, web, orders, edge, _calm, guests, http2_guests };
        for place in Place::ALL {
            let guest = arena.enter_as(*place, &Way::CALM).talk;
            arena.guests.push(Mutex::new(guest));
        }
        arena
    }

    /// A new connection, proper so far, to port 8080 of `orders`.
    pub fn enter(&self, place: Place) -> Guest {
        self.enter_as(place, &Way { service: "orders", port: 8080, alpn: b"http/1.1" })
    }

    /// A new connection for HTTP/2, agreed on where there is TLS: nothing is
    /// sent yet.
    pub fn enter_http2(&self, aim: Aim) -> Guest {
        self.enter_as(aim.place, &Way { service: "orders", port: aim.app.port(), alpn: b"h2" })
    }

    /// A new connection for HTTP/1.1 to the same port.
    pub fn enter_http1(&self, aim: Aim) -> Guest {
        let way = Way { service: "orders", port: aim.app.port(), alpn: b"http/1.1" };
        self.enter_as(aim.place, &way)
    }

    fn enter_as(&self, place: Place, way: &Way) -> Guest {
        match place {
            Place::Inbound => {
                let port = if way.service == "calm" { 8081 } else { way.port };
                let mut caller =
                    Caller::with(self.leaf("web"), &format!("p{port}.orders.default.stage"));
                caller.alpn = vec![way.alpn.to_vec()];
                Guest::over_tls(&caller, self.orders.inbound())
            }
            Place::Edge => {
                let (sni, alpn) = ("edge.test".to_owned(), vec![way.alpn.to_vec()]);
                let caller = Caller { leaf: None, sni, alpn };
                Guest::over_tls(&caller, self.edge.edge("edge/https"))
            }
            Place::Outbound => Guest::plain(self.web.outbound(way.service, way.port)),
            Place::Proxy => Guest::plain(self.web.http_proxy()),
        }
    }

    /// Bytes that the recording apps keep of what they received.
    pub fn kept_by_apps(&self) -> usize {
        self.backend.seen().len() + self.http2.kept()
    }

    /// A proper SVID of a service.
    pub fn leaf(&self, service: &str) -> Leaf {
        let authority = &self.stage.authority;
        Leaf::of(&authority.credentials(&authority.id(service)))
    }

    /// The well-behaved guest of a place asks once more, on the connection it
    /// has had from the beginning (G4).
    pub fn others_are_served(&self, place: Place) {
        let at = Place::ALL.iter().position(|other| *other == place).unwrap();
        let mut talk = self.guests[at].lock().unwrap();
        talk.write_all(b"GET /calm HTTP/1.1\r\nHost: calm:8081\r\n\r\n").unwrap();
        talk.flush().unwrap();
        let response = talk.hear_response();
        assert!(response.ends_with("calm"), "a well-behaved guest at {place:?} got {response:?}");
    }

    /// The same over HTTP/2; the connection is opened when first asked for.
    pub fn http2_others_are_served(&self, place: Place) {
        let at = Place::ALL.iter().position(|other| *other == place).unwrap();
        let guest = self.http2_guests[at].get_or_init(|| {
            let way = Way { alpn: b"h2", ..Way::CALM };
            Mutex::new((Talk::begin(self.enter_as(place, &way), &[]), 1))
        });
        let (talk, stream) = &mut *guest.lock().unwrap();
        let request = Aim { app: App::Http1, place }.to_calm(*stream);
        let answer = talk.ask(*stream, &request);
        let (closed, away) = (talk.is_closed, &talk.ledger.goaways);
        assert_eq!(
            answer.body, b"calm",
            "a well-behaved guest at {place:?} got {answer:?} on {stream}, closed: {closed}, {away:?}"
        );
        *stream += 2;
    }
}

/// To which port a connection is made, and what is to be spoken.
struct Way {
    service: &'static str,
    port: u16,
    alpn: &'static [u8],
}

impl Way {
    const CALM: Self = Self { service: "calm", port: 8081, alpn: b"http/1.1" };
}

fn documents([main, calm, tcp]: [u16; 3], http2: u16) -> String {
    // Closed again at once: the gateway's document has to name its port.
    let edge = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!(
        "apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: web}}
spec: {{ports: [{{port: 80, protocol: http, targetPort: {main}}}]}}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: orders}}
spec:
  ports:
  - {{port: 8080, protocol: http, targetPort: {main}}}
  - {{port: 8081, protocol: http, targetPort: {calm}}}
  - {{port: 8082, protocol: http2, targetPort: {http2}}}
  - {{port: 7000, protocol: tcp, targetPort: {tcp}}}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: who}}
spec: {{to: orders, allow: [{{from: [web, edge]}}]}}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: calm}}
spec: {{ports: [{{port: 8081, protocol: http, targetPort: {calm}}}]}}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: calm}}
spec: {{to: calm, allow: [{{from: [web, edge]}}]}}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: outside}}
spec: {{to: edge, allow: [{{from: anonymous}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: edge}}
spec:
  gatewayClassName: postern
  listeners:
  - name: https
    port: {edge}
    protocol: HTTPS
    tls: {{options: {{postern.dev/certificate: self-signed}}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: all}}
spec:
  parentRefs: [{{name: edge}}]
  rules:
  - matches: [{{path: {{type: Exact, value: /calm}}}}]
    backendRefs: [{{name: calm, port: 8081}}]
  - matches: [{{path: {{type: PathPrefix, value: /h2}}}}]
    backendRefs: [{{name: orders, port: 8082}}]
  - backendRefs: [{{name: orders, port: 8080}}]
"
    )
}
