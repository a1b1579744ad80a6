//! TLS-16 at a gateway with two listeners: the name of one and the host of the
//! other.

use std::net::TcpListener;

use testkit::{Backend, Caller, Leaf, Reply, Stage, StageDoor, status_of};

struct Gateway {
    stage: Stage,
    _app: Backend,
    _orders: StageDoor,
    edge: StageDoor,
}

fn gateway() -> Gateway {
    let app = Backend::start(Reply::ok("hello"));
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listener = |name: &str, host: &str| {
        format!(
            "  - {{name: {name}, hostname: \"{host}\", port: {}, protocol: HTTPS, tls: {{options: {{postern.dev/certificate: self-signed}}}}}}\n",
            free()
        )
    };
    let listeners = [
        listener("open", "open.test"),
        listener("closed", "closed.test"),
        listener("wild", "*.wild.test"),
    ];
    let stage = Stage::set(&format!(
        "apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: orders}}
spec: {{ports: [{{port: 8080, protocol: http, targetPort: {}}}]}}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: who}}
spec: {{to: orders, allow: [{{from: edge}}]}}
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
{}---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: all}}
spec:
  parentRefs: [{{name: edge}}]
  rules: [{{backendRefs: [{{name: orders, port: 8080}}]}}]
",
        app.address.port(),
        listeners.concat()
    ));
    let orders = stage.open("orders", &[]);
    let edge = stage.open_gateway("edge", &[("orders", orders.inbound())]);
    Gateway { stage, _app: app, _orders: orders, edge }
}

#[test]
fn the_host_has_to_be_the_listeners_own() {
    let gateway = gateway();
    let nobody = Leaf { chain: Vec::new(), key: Vec::new() };
    for (listener, sni, host, wanted) in [
        ("open", "open.test", "open.test", 200),
        ("open", "open.test", "OPEN.test.", 200),
        ("open", "open.test", "closed.test", 421),
        ("open", "closed.test", "closed.test", 421),
        ("open", "closed.test", "open.test", 200),
        ("open", "open.test", "a.wild.test", 421),
        ("open", "", "closed.test", 421),
        ("wild", "a.wild.test", "a.wild.test", 200),
        ("wild", "a.wild.test", "b.wild.test", 200),
        // The Gateway API's wildcard is a suffix: more labels than one.
        ("wild", "a.wild.test", "a.b.wild.test", 200),
        ("wild", "a.wild.test", "wild.test", 421),
        ("wild", "a.wild.test", "xwild.test", 421),
        ("wild", "a.wild.test", "closed.test", 421),
        ("wild", "a.wild.test", "open.test", 421),
    ] {
        let mut caller = Caller::with(nobody.clone(), sni);
        caller.leaf = None;
        let request = format!("GET /v1/a HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let heard =
            caller.knock(gateway.edge.edge(&format!("edge/{listener}")), request.as_bytes());
        let answer = String::from_utf8_lossy(&heard.answer).into_owned();
        assert_eq!(status_of(&answer), wanted, "{listener} {sni} {host}: {heard:?}");
        if wanted == 421 {
            let lines = gateway.stage.lines_from("gateway", heard.from);
            assert!(lines[0].contains("is not served by this listener"), "{lines:?}");
        }
    }
}
