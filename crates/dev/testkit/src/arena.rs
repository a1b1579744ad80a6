//! A caller, a callee and a gateway with all their doors: the four places at
//! which a stranger's bytes can knock, in front of one recording backend. Each
//! place also has a well-behaved guest whose one connection never ends.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Mutex;

use crate::authority::Authority;
use crate::backend::{Backend, Reply};
use crate::caller::{Caller, Conversation, dial_plain};
use crate::leaf::Leaf;
use crate::server::server_with;
use crate::stage::{Stage, StageDoor};

/// Where bytes knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Another workload's, over mTLS, at the callee's door.
    Inbound,
    /// The own app's, at the loopback address of the callee.
    Outbound,
    /// The own app's, at the explicit proxy.
    Proxy,
    /// Anybody's, over TLS, at the gateway.
    Edge,
}

impl Place {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Inbound, Self::Outbound, Self::Proxy, Self::Edge];

    /// The role in access lines.
    pub const fn role(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound | Self::Proxy => "outbound",
            Self::Edge => "gateway",
        }
    }
}

/// An open connection at a place.
pub struct Guest {
    pub talk: Box<dyn Conversation>,
    /// How access lines call it.
    pub from: SocketAddr,
}

/// Doors of `web`, `orders`, `calm` and the gateway `edge`, all of them on one
/// core: who slows that down slows everybody. The service `orders` has the
/// HTTP port 8080 in front of `backend` and the TCP port 7000; the calm guests
/// use another app.
pub struct Arena {
    pub stage: Stage,
    pub backend: Backend,
    /// The app behind the TCP port; it speaks first.
    pub tcp: Backend,
    pub web: StageDoor,
    pub orders: StageDoor,
    pub edge: StageDoor,
    _calm: (Backend, StageDoor),
    guests: Vec<Mutex<Box<dyn Conversation>>>,
}

impl Arena {
    /// Opens everything, with limits as a `Mesh` document has them.
    pub fn open(limits: &str) -> Self {
        Self::set(limits, |_| None)
    }

    /// The same, but where callers look for the door of `orders` there is a
    /// server that only has its certificate, and it is `backend`.
    pub fn before_a_liar(limits: &str) -> Self {
        Self::set(limits, |authority| {
            let leaf = Leaf::of(&authority.credentials(&authority.id("orders")));
            let config = server_with(&leaf, &[b"http/1.1", b"postern-tcp"]);
            Some(Backend::start_tls(Reply::ok("hello"), config))
        })
    }

    fn set(limits: &str, liar: impl Fn(&Authority) -> Option<Backend>) -> Self {
        let app = Backend::start(Reply::ok("hello"));
        let calm = Backend::start(Reply::ok("calm"));
        let tcp = Backend::start(Reply::Greeting(b"220 ready\n".to_vec()));
        let stage = Stage::on_cores(1, limits, &documents(&app, &calm, &tcp));
        let orders = stage.open("orders", &[]);
        let calm = (calm, stage.open("calm", &[]));
        let liar = liar(&stage.authority);
        let at = liar.as_ref().map_or(orders.inbound(), |liar| liar.address);
        let known = [("orders", at), ("calm", calm.1.inbound())];
        let (web, edge) = (stage.open("web", &known), stage.open_gateway("edge", &known));
        let backend = liar.unwrap_or(app);
        let guests = Vec::new();
        let mut arena = Self { stage, backend, tcp, web, orders, edge, _calm: calm, guests };
        for place in Place::ALL {
            let guest = arena.enter_as(*place, true).talk;
            arena.guests.push(Mutex::new(guest));
        }
        arena
    }

    /// A new connection, proper so far, to port 8080 of `orders`.
    pub fn enter(&self, place: Place) -> Guest {
        self.enter_as(place, false)
    }

    fn enter_as(&self, place: Place, is_calm: bool) -> Guest {
        match place {
            Place::Inbound => {
                let leaf = self.leaf("web");
                let port = if is_calm { 8081 } else { 8080 };
                let sni = format!("p{port}.orders.default.stage");
                let talk = Caller::with(leaf, &sni).dial(self.orders.inbound());
                Guest { from: talk.sock.local_addr().unwrap(), talk: Box::new(talk) }
            }
            Place::Edge => {
                let mut caller = Caller::with(self.leaf("web"), "edge.test");
                caller.leaf = None;
                let talk = caller.dial(self.edge.edge("edge/https"));
                Guest { from: talk.sock.local_addr().unwrap(), talk: Box::new(talk) }
            }
            Place::Outbound if is_calm => Guest::plain(self.web.outbound("calm", 8081)),
            Place::Outbound => Guest::plain(self.web.outbound("orders", 8080)),
            Place::Proxy => Guest::plain(self.web.http_proxy()),
        }
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
}

impl Guest {
    fn plain(to: SocketAddr) -> Self {
        let talk = dial_plain(to);
        Self { from: talk.local_addr().unwrap(), talk: Box::new(talk) }
    }
}

fn documents(backend: &Backend, calm: &Backend, tcp: &Backend) -> String {
    let (main, calm) = (backend.address.port(), calm.address.port());
    let tcp = tcp.address.port();
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
  - backendRefs: [{{name: orders, port: 8080}}]
"
    )
}
