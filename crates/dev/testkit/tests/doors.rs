//! Two doors on real sockets, started from last-good state with no control
//! plane and no agent: what a caller's app and a callee's app see.

use std::io::{Read, Write};

use testkit::{Backend, Caller, Conversation, Leaf, Reply, Stage, StageDoor, dial_plain, until};

fn documents(http: &Backend, tcp: &Backend) -> String {
    format!(
        "apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: web}}\nspec: {{ports: [{{port: 80, protocol: http, targetPort: 9}}]}}\n---\n\
         apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: orders}}\nspec:\n  ports:\n  - {{port: 8080, protocol: http, targetPort: {}}}\n  - {{port: 7000, protocol: tcp, targetPort: {}}}\n---\n\
         apiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: web-reads}}\nspec:\n  to: orders\n  allow:\n  - {{from: web, http: 'GET /v1/**', ports: [8080]}}\n  - {{from: web, http: 'POST /v1/**', ports: [8080]}}\n  - {{from: web, ports: [7000]}}\n",
        http.address.port(),
        tcp.address.port()
    )
}

struct Pair {
    stage: Stage,
    http: Backend,
    tcp: Backend,
    orders: StageDoor,
    web: StageDoor,
}

fn pair() -> Pair {
    let (http, tcp) = (
        Backend::start(Reply::ok("hello")),
        Backend::start(Reply::Greeting(b"220 ready\n".to_vec())),
    );
    let stage = Stage::set(&documents(&http, &tcp));
    let orders = stage.open("orders", &[]);
    let web = stage.open("web", &[("orders", orders.inbound())]);
    Pair { stage, http, tcp, orders, web }
}

#[test]
fn a_call_goes_through_two_doors_and_the_app_sees_who_called() {
    let pair = pair();
    let mut app = dial_plain(pair.web.outbound("orders", 8080));
    app.write_all(b"GET /v1/a?x=1 HTTP/1.1\r\nHost: orders:8080\r\nX-My-Case: Kept\r\nPostern-Caller: spiffe://stage/ns/default/sa/boss\r\nX-Forwarded-Client-Cert: URI=boss\r\n\r\n").unwrap();
    let response = app.hear_response();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.ends_with("hello"));
    let seen = String::from_utf8(pair.http.seen()).unwrap();
    assert!(seen.starts_with("GET /v1/a?x=1 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("X-My-Case: Kept\r\n"), "{seen}");
    assert!(seen.contains("postern-caller: spiffe://stage/ns/default/sa/web\r\n"), "{seen}");
    assert!(seen.contains("URI=spiffe://stage/ns/default/sa/web"), "{seen}");
    assert!(!seen.contains("boss"), "{seen}");
    assert_eq!(seen.matches("traceparent: 00-").count(), 1, "{seen}");
    pair.stage.line_with(&[
        "\"role\":\"inbound\"",
        "\"status\":200",
        "/sa/web",
        "web-reads allow[0]",
    ]);
}

#[test]
fn a_connection_carries_many_requests_one_after_the_other_and_pipelined() {
    let pair = pair();
    let mut app = dial_plain(pair.web.outbound("orders", 8080));
    for _ in 0..20 {
        app.write_all(b"GET /v1/a HTTP/1.1\r\nHost: orders\r\n\r\n").unwrap();
        assert!(app.hear_response().ends_with("hello"));
    }
    app.write_all(&b"GET /v1/a HTTP/1.1\r\nHost: orders\r\n\r\n".repeat(5)).unwrap();
    for _ in 0..5 {
        assert!(app.hear_response().ends_with("hello"));
    }
}

#[test]
fn a_request_without_a_rule_gets_403_an_id_and_nothing_else() {
    let pair = pair();
    let mut app = dial_plain(pair.web.outbound("orders", 8080));
    app.write_all(b"DELETE /v1/a HTTP/1.1\r\nHost: orders\r\n\r\n").unwrap();
    let response = app.hear_response();
    assert!(response.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{response}");
    let body = response.split("\r\n\r\n").nth(1).unwrap().trim();
    assert!(body.parse::<model::DecisionId>().is_ok(), "{body}");
    assert!(pair.http.seen().is_empty());
    pair.stage.line_with(&[body, "\"blame\":\"caller\"", "denied by policy"]);
    // The legal twin, on the same connection.
    app.write_all(b"GET /v1/a HTTP/1.1\r\nHost: orders\r\n\r\n").unwrap();
    assert!(app.hear_response().ends_with("hello"));
}

#[test]
fn bodies_pass_in_every_framing_and_trailers_with_them() {
    let pair = pair();
    let reply = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n";
    pair.http.answer_with(Reply::Http(reply.to_vec()));
    let mut app = dial_plain(pair.web.outbound("orders", 8080));
    app.write_all(b"POST /v1/a HTTP/1.1\r\nHost: orders\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n").unwrap();
    let mut all = Vec::new();
    while !all.ends_with(b"x-sum: 5\r\n\r\n") {
        let mut more = [0; 512];
        let count = app.read(&mut more).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&all));
        all.extend_from_slice(&more[..count]);
    }
    let seen = String::from_utf8(pair.http.seen()).unwrap();
    assert!(seen.ends_with("4\r\nbody\r\n0\r\n\r\n"), "{seen}");
    pair.http.answer_with(Reply::ok("big"));
    pair.http.forget();
    let body = vec![b'z'; 1_000_000];
    app.write_all(
        format!("POST /v1/a HTTP/1.1\r\nHost: orders\r\nContent-Length: {}\r\n\r\n", body.len())
            .as_bytes(),
    )
    .unwrap();
    app.write_all(&body).unwrap();
    assert!(app.hear_response().ends_with("big"));
    until("the whole body", || {
        (pair.http.seen().iter().filter(|b| **b == b'z').count() == body.len()).then_some(())
    });
}

#[test]
fn a_server_that_speaks_first_is_heard_through_two_doors() {
    let pair = pair();
    let mut app = dial_plain(pair.web.outbound("orders", 7000));
    let mut greeting = [0; 10];
    app.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"220 ready\n");
    app.write_all(b"echo me").unwrap();
    let mut back = [0; 7];
    app.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"echo me");
    assert_eq!(pair.tcp.seen(), b"echo me");
}

#[test]
fn the_explicit_proxy_reaches_declared_services_only() {
    let pair = pair();
    let proxy = pair.web.handle.status().http_proxy.unwrap();
    let ask = |request: &str| {
        let mut app = dial_plain(proxy);
        app.write_all(request.as_bytes()).unwrap();
        app.hear_response()
    };
    let good = ask("GET http://orders:8080/v1/a HTTP/1.1\r\nHost: orders:8080\r\n\r\n");
    assert!(good.ends_with("hello"), "{good}");
    let short = ask("GET http://orders/v1/a HTTP/1.1\r\nHost: orders\r\n\r\n");
    assert!(short.ends_with("hello"), "{short}");
    for host in ["payments", "127.0.0.1", "example.com:443", "localhost:22"] {
        let refused = ask(&format!("GET http://{host}/v1/a HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(refused.starts_with("HTTP/1.1 403 "), "{host}: {refused}");
        let refused = ask(&format!("CONNECT {host}:80 HTTP/1.1\r\nHost: {host}:80\r\n\r\n"));
        assert!(!refused.starts_with("HTTP/1.1 200 "), "{host}: {refused}");
    }
    let mut app = dial_plain(proxy);
    app.write_all(b"CONNECT orders:7000 HTTP/1.1\r\nHost: orders:7000\r\n\r\n").unwrap();
    assert!(app.hear_response().starts_with("HTTP/1.1 200 "));
    let mut greeting = [0; 10];
    app.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"220 ready\n");
}

#[test]
fn a_program_with_an_svid_and_no_door_is_judged_like_any_other() {
    let pair = pair();
    let ask = |who: &str, request: &str| {
        let leaf = Leaf::of(&pair.stage.authority.credentials(&pair.stage.authority.id(who)));
        let mut caller =
            Caller::with(leaf, "p8080.orders.default.stage").dial(pair.orders.inbound());
        caller.write_all(request.as_bytes()).unwrap();
        caller.hear_response()
    };
    let request = "GET /v1/a HTTP/1.1\r\nHost: orders\r\n\r\n";
    assert!(ask("web", request).starts_with("HTTP/1.1 200 "));
    assert!(ask("stranger", request).starts_with("HTTP/1.1 403 "));
    assert!(ask("web", "GET /v2 HTTP/1.1\r\nHost: orders\r\n\r\n").starts_with("HTTP/1.1 403 "));
}

#[test]
fn a_gateway_tells_which_route_a_request_took() {
    let http = Backend::start(Reply::ok("hello"));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let yaml = format!(
        "apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: web}}\nspec: {{ports: [{{port: 80, protocol: http, targetPort: {}}}]}}\n---\n\
         apiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: edge-calls}}\nspec: {{to: web, allow: [{{from: edge}}]}}\n---\n\
         apiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: visitors}}\nspec: {{to: edge, allow: [{{from: anonymous, http: GET /**}}]}}\n---\n\
         apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: edge}}\nspec:\n  gatewayClassName: postern\n  listeners: [{{name: https, port: {free}, protocol: HTTPS, tls: {{options: {{postern.dev/certificate: self-signed}}}}}}]\n---\n\
         apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: pages}}\nspec:\n  parentRefs: [{{name: edge}}]\n  rules:\n  - {{matches: [{{path: {{type: PathPrefix, value: /}}}}], backendRefs: [{{name: web, port: 80}}]}}\n",
        http.address.port()
    );
    let stage = Stage::set(&yaml);
    let web = stage.open("web", &[]);
    let edge = stage.open_gateway("edge", &[("web", web.inbound())]);
    let at = edge.handle.status().edges.first().expect("a listener").1;
    let mut client = Caller { leaf: None, sni: "localhost".into(), alpn: Vec::new() }.dial(at);
    client.write_all(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(client.hear_response().ends_with("hello"));
    stage.line_with(&["\"role\":\"gateway\"", "\"status\":200", "\"route\":\"default/pages"]);
    client.write_all(b"POST /a HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(client.hear_response().starts_with("HTTP/1.1 403 "));
}

#[test]
fn nothing_goes_on_under_the_rules_of_a_closed_door() {
    let pair = pair();
    let mut app = dial_plain(pair.web.outbound("orders", 8080));
    let request = b"GET /v1/a HTTP/1.1\r\nHost: orders\r\n\r\n";
    app.write_all(request).unwrap();
    assert!(app.hear_response().ends_with("hello"));
    let mut stream = dial_plain(pair.web.outbound("orders", 7000));
    let mut greeting = [0; 10];
    stream.read_exact(&mut greeting).unwrap();
    pair.orders.handle.close();
    assert!(matches!(stream.read(&mut greeting), Ok(0) | Err(_)), "the stream ends");
    pair.http.forget();
    app.write_all(request).unwrap();
    let response = app.hear_response();
    assert!(response.starts_with("HTTP/1.1 50"), "{response}");
    assert!(pair.http.seen().is_empty());
}

#[test]
fn a_request_never_goes_to_a_port_declared_as_tcp() {
    let pair = pair();
    let mut app = dial_plain(pair.web.handle.status().http_proxy.unwrap());
    app.write_all(b"GET http://orders:7000/v1/a HTTP/1.1\r\nHost: orders:7000\r\n\r\n").unwrap();
    let response = app.hear_response();
    assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
    assert!(pair.tcp.seen().is_empty());
}

#[test]
fn an_answer_that_is_cut_does_not_pass_for_a_whole_one() {
    let pair = pair();
    let cut = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    pair.http.answer_with(Reply::HttpThenClose(cut.to_vec()));
    let mut app = dial_plain(pair.web.outbound("orders", 8080));
    app.write_all(b"GET /v1/a HTTP/1.0\r\nHost: orders\r\n\r\n").unwrap();
    let ended = app.read_to_end(&mut Vec::new());
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn a_refused_request_is_not_logged_under_an_earlier_ones_trace() {
    let pair = pair();
    let mut app = dial_plain(pair.web.outbound("orders", 8080));
    app.write_all(b"DELETE /v1/a HTTP/1.1\r\nHost: orders\r\n\r\n").unwrap();
    assert!(app.hear_response().starts_with("HTTP/1.1 403 "));
    app.write_all(b"GET /%zz HTTP/1.1\r\nHost: orders\r\n\r\n").unwrap();
    assert!(app.hear_response().starts_with("HTTP/1.1 400 "));
    let line = pair.stage.line_with(&["\"role\":\"outbound\"", "\"status\":400"]);
    assert!(!line.contains("\"trace\""), "{line}");
}

#[test]
fn an_app_that_does_not_read_holds_no_upload_for_ever() {
    // The kernel accepts; nobody ever reads.
    let app = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let yaml = format!(
        "apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: web}}\nspec: {{}}\n---\n\
         apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: orders}}\nspec: {{ports: [{{port: 8080, protocol: http, targetPort: {}}}]}}\n---\n\
         apiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: p}}\nspec: {{to: orders, allow: [{{from: web}}]}}\n",
        app.local_addr().unwrap().port()
    );
    let stage = Stage::limited("bodyStallTime: 1s, responseTime: 1s", &yaml);
    let orders = stage.open("orders", &[]);
    let web = stage.open("web", &[("orders", orders.inbound())]);
    let mut caller = dial_plain(web.outbound("orders", 8080));
    let size = 64 << 20;
    write!(caller, "POST /a HTTP/1.1\r\nHost: orders\r\nContent-Length: {size}\r\n\r\n").unwrap();
    let mut writer = caller.try_clone().unwrap();
    let sent = std::thread::spawn(move || writer.write_all(&vec![0; size]).is_err());
    let response = caller.hear_response();
    assert!(response.starts_with("HTTP/1.1 50"), "{response}");
    drop(caller);
    sent.join().unwrap();
    until("all connections to end", || (stage.open_connections() == 0).then_some(()));
}
