//! One service with two apps behind it, one of HTTP/1.1 and one of HTTP/2, a
//! caller, a gateway, and the ways to them. All of them on one core.

use std::net::{SocketAddr, TcpListener};

use testkit::http2::Http2Backend;
use testkit::{Caller, Guest, Leaf, Stage, StageDoor, SwitchingApp, dial_plain};

use crate::model::RULES;
use crate::spelling::{self, Tape};

/// The ways to the judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Inbound,
    Outbound,
    Proxy,
    Edge,
}

impl Way {
    pub(crate) const ALL: &'static [Self] =
        &[Self::Inbound, Self::Outbound, Self::Proxy, Self::Edge];

    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Inbound | Self::Edge => "https",
            Self::Outbound | Self::Proxy => "http",
        }
    }
}

/// What the app speaks; the rules are the same for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum App {
    Http1,
    Http2,
}

impl App {
    pub(crate) const ALL: &'static [Self] = &[Self::Http1, Self::Http2];

    fn port(self) -> u16 {
        match self {
            Self::Http1 => 8080,
            Self::Http2 => 8082,
        }
    }
}

/// All of it.
pub(crate) struct Scene {
    stage: Stage,
    http1: SwitchingApp,
    http2: Http2Backend,
    judged: StageDoor,
    web: StageDoor,
    edge: StageDoor,
}

impl Scene {
    pub(crate) fn open() -> Self {
        let (http1, http2) = (SwitchingApp::start(), Http2Backend::start());
        let gateway = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let ports = [http1.address.port(), http2.address.port(), gateway];
        let stage = Stage::on_cores(1, "", &documents(ports));
        let judged = stage.open("judged", &[]);
        let known = [("judged", judged.inbound())];
        let (web, edge) = (stage.open("web", &known), stage.open_gateway("edge", &known));
        Self { stage, http1, http2, judged, web, edge }
    }

    /// A new connection; `alpn` where there is TLS.
    pub(crate) fn enter(&self, way: Way, app: App, alpn: &[u8]) -> Guest {
        let port = app.port();
        match way {
            Way::Inbound => {
                let authority = &self.stage.authority;
                let leaf = Leaf::of(&authority.credentials(&authority.id("web")));
                let sni = format!("p{port}.judged.default.stage");
                over_tls(
                    Caller { leaf: Some(leaf), sni, alpn: vec![alpn.to_vec()] },
                    self.judged.inbound(),
                )
            }
            Way::Edge => {
                let alpn = vec![alpn.to_vec()];
                let caller = Caller { leaf: None, sni: "judged.test".into(), alpn };
                over_tls(caller, self.edge.edge("edge/https"))
            }
            Way::Outbound | Way::Proxy => {
                let talk = dial_plain(self.plain(way, app));
                Guest { from: talk.local_addr().unwrap(), talk: Box::new(talk) }
            }
        }
    }

    /// Where a way begins that has no TLS.
    pub(crate) fn plain(&self, way: Way, app: App) -> SocketAddr {
        match way {
            Way::Outbound => self.web.outbound("judged", app.port()),
            _ => self.web.http_proxy(),
        }
    }

    /// A spelling of the host by which the app is found.
    pub(crate) fn host(&self, way: Way, app: App, tape: &mut Tape<'_>) -> String {
        let name = match (way, app) {
            (Way::Edge, App::Http1) => "judged.test",
            (Way::Edge, App::Http2) => "judged2.test",
            _ => "judged",
        };
        let port = match (way, tape.pick(3)) {
            (Way::Edge | Way::Inbound | Way::Outbound, 1) => ":443".to_owned(),
            (Way::Edge | Way::Inbound | Way::Outbound, 2) => String::new(),
            _ => format!(":{}", app.port()),
        };
        spelling::host(name, tape) + &port
    }

    pub(crate) fn forget(&self) {
        self.http1.forget();
        self.http2.forget();
    }

    /// What an app has seen since, as `GET /a`.
    pub(crate) fn seen(&self, app: App) -> Vec<String> {
        match app {
            App::Http1 => {
                let seen = self.http1.requests().into_iter();
                seen.map(|seen| seen.line.trim_end_matches(" HTTP/1.1").to_owned()).collect()
            }
            App::Http2 => {
                let seen = self.http2.requests().into_iter();
                seen.map(|seen| seen.line.trim_end_matches(" HTTP/2").to_owned()).collect()
            }
        }
    }
}

fn over_tls(caller: Caller, to: SocketAddr) -> Guest {
    let talk = caller.dial(to);
    Guest { from: talk.sock.local_addr().unwrap(), talk: Box::new(talk) }
}

fn documents([http1, http2, gateway]: [u16; 3]) -> String {
    format!(
        "apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: web}}
spec: {{}}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: judged}}
spec:
  ports:
  - {{port: 8080, protocol: http, targetPort: {http1}}}
  - {{port: 8082, protocol: http2, targetPort: {http2}}}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: judged}}
spec:
  to: judged
{RULES}
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
    port: {gateway}
    protocol: HTTPS
    tls: {{options: {{postern.dev/certificate: self-signed}}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: one}}
spec:
  parentRefs: [{{name: edge}}]
  hostnames: [judged.test]
  rules: [{{backendRefs: [{{name: judged, port: 8080}}]}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: two}}
spec:
  parentRefs: [{{name: edge}}]
  hostnames: [judged2.test]
  rules: [{{backendRefs: [{{name: judged, port: 8082}}]}}]
"
    )
}
