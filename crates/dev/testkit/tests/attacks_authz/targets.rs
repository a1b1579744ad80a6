//! AZ-16: where a request goes in the end. A door follows no redirect and no
//! hint of an app, tries nothing stricter or laxer instead, and what it sends
//! a second time it judges a second time.

use std::io::Write;

use testkit::{Arena, Backend, Conversation, Guest, Place, Reply, Stage, get, status_of};

/// Answers that ask a careless proxy to go somewhere else by itself.
const HINTS: [&str; 7] = [
    "302 Found\r\nLocation: /admin",
    "307 Temporary Redirect\r\nLocation: http://orders:8080/admin",
    "308 Permanent Redirect\r\nLocation: http://calm:8081/calm",
    "200 OK\r\nX-Accel-Redirect: /admin",
    "200 OK\r\nX-Sendfile: /etc/passwd\r\nX-LIGHTTPD-send-file: /etc/passwd",
    "200 OK\r\nX-Reproxy-URL: http://127.0.0.1:1/",
    "503 Service Unavailable\r\nRetry-After: 0",
];

#[test]
fn an_answer_sends_no_request_anywhere() {
    let arena = Arena::open("");
    for place in Place::ALL {
        for hint in HINTS {
            let answer = format!("HTTP/1.1 {hint}\r\nContent-Length: 5\r\n\r\nhello");
            arena.backend.answer_with(Reply::Http(answer.into_bytes()));
            arena.backend.forget();
            let Guest { mut talk, .. } = arena.enter(*place);
            talk.write_all(&get("")).and_then(|()| talk.flush()).unwrap();
            let heard = talk.hear_response();
            let status: u16 = hint.get(..3).unwrap().parse().unwrap();
            assert!(status_of(&heard) == status && heard.ends_with("hello"), "{place:?}: {heard}");
            // The app's word reaches the caller as it is: to follow it or not
            // is the caller's to decide, and to be judged anew.
            let field = hint.split("\r\n").nth(1).unwrap();
            assert!(heard.contains(field), "{place:?}: {heard}");
            arena.others_are_served(*place);
            let requests = arena.backend.requests();
            assert_eq!(requests.len(), 1, "{place:?}, {hint}: {requests:?}");
        }
    }
}

fn weighted(lax: &Backend, strict: &Backend, edge: u16) -> String {
    let (lax, strict) = (lax.address.port(), strict.address.port());
    format!(
        "apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: lax}}
spec: {{ports: [{{port: 8080, protocol: http, targetPort: {lax}}}]}}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: strict}}
spec: {{ports: [{{port: 8080, protocol: http, targetPort: {strict}}}]}}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: lax}}
spec: {{to: lax, allow: [{{from: edge}}]}}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: strict}}
spec: {{to: strict, allow: [{{from: edge, http: GET /public}}]}}
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
metadata: {{name: both}}
spec:
  parentRefs: [{{name: edge}}]
  rules: [{{backendRefs: [{{name: lax, port: 8080}}, {{name: strict, port: 8080}}]}}]
"
    )
}

/// One route, two services of which one is stricter: each request is judged
/// by the one it goes to, and a refusal there is no reason to ask the other.
#[test]
fn the_service_that_the_dice_choose_is_the_one_that_judges() {
    let (lax, strict) = (Backend::start(Reply::ok("lax")), Backend::start(Reply::ok("strict")));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let stage = Stage::on_cores(1, "", &weighted(&lax, &strict, port));
    let doors = (stage.open("lax", &[]), stage.open("strict", &[]));
    let known = [("lax", doors.0.inbound()), ("strict", doors.1.inbound())];
    let edge = stage.open_gateway("edge", &known);
    let caller = testkit::Caller { leaf: None, sni: "any.test".into(), alpn: Vec::new() };
    let mut talk = caller.dial(edge.edge("edge/https"));
    let mut tally = std::collections::BTreeMap::new();
    for (path, asked) in [("/secret", 200), ("/public", 100)] {
        for _ in 0..asked {
            write!(talk, "GET {path} HTTP/1.1\r\nHost: any.test\r\n\r\n").unwrap();
            let heard = talk.hear_response();
            let who = if heard.ends_with("lax") { "lax" } else { "strict" };
            *tally.entry((path, who, status_of(&heard))).or_insert(0) += 1;
        }
    }
    let count = |path, who, status| tally.get(&(path, who, status)).copied().unwrap_or(0);
    let (served, refused) = (count("/secret", "lax", 200), count("/secret", "strict", 403));
    assert!(served > 40 && refused > 40 && served + refused == 200, "{tally:?}");
    assert_eq!(count("/public", "lax", 200) + count("/public", "strict", 200), 100, "{tally:?}");
    assert_eq!(strict.requests().iter().filter(|r| r.line.contains("secret")).count(), 0);
    let lines = lax.requests().iter().filter(|r| r.line.contains("secret")).count();
    assert_eq!(lines, served, "one request for each that was served");
}
