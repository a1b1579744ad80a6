//! gRPC in documents: routes by service and method, and rules that name them.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use config::{Protocol, Snapshot, Source, World, compile, read};
use model::Generation;
use policy::{Action, Facts, naive};

const SERVICES: &str = "\
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: shop}
spec: {ports: [{port: 50051, protocol: grpc}, {port: 80, protocol: http}, {port: 81, protocol: tcp}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  listeners:
    - {name: one, port: 443, protocol: HTTPS, tls: {options: {postern.dev/certificate: self-signed}}}
    - {name: two, port: 444, protocol: HTTPS, tls: {options: {postern.dev/certificate: self-signed}}}
";

fn route(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\n\
         metadata: {{name: {name}}}\nspec: {{{spec}}}\n"
    )
}

fn policy(spec: &str) -> String {
    format!("---\napiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: p}}\nspec: {spec}\n")
}

fn world(more: &[String]) -> Result<World, Vec<String>> {
    let text = format!("{SERVICES}{}", more.concat());
    let world = read(&[Source { name: "x".into(), text }]).over(Vec::new());
    world.map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn problems(more: &[String]) -> Vec<String> {
    match world(more) {
        Ok(world) => world.warnings().iter().map(ToString::to_string).collect(),
        Err(problems) => problems,
    }
}

fn edge(more: &[String]) -> Snapshot {
    let world = world(more).unwrap();
    let documents = world.documents().cloned().collect();
    let door = "edge".parse().unwrap();
    compile(documents, &BTreeMap::new(), &door, Generation::default()).unwrap()
}

const TO_SHOP: &str = "backendRefs: [{name: shop, port: 50051}]";

#[test]
fn a_grpc_route_is_found_by_service_and_method() {
    let rules = format!(
        "parentRefs: [{{name: edge}}], rules: [\
         {{name: all, {TO_SHOP}}}, \
         {{name: store, matches: [{{method: {{service: shop.Store}}}}], {TO_SHOP}}}, \
         {{name: get, matches: [{{method: {{type: Exact, service: shop.Store, method: Get}}}}], {TO_SHOP}}}]"
    );
    let snapshot = edge(&[route("GRPCRoute", "r", &rules)]);
    let routes = &snapshot.edges.first().unwrap().routes;
    let found = |method: &str, path: &str| {
        routes.find("any", method, path).map_or("none", |route| route.name.as_str())
    };
    assert_eq!(found("POST", "/shop.Store/Get"), "default/r get");
    assert_eq!(found("POST", "/shop.Store/List"), "default/r store");
    assert_eq!(found("POST", "/shop.Storefront/Get"), "default/r all");
    assert_eq!(found("POST", "/shop.store/Get"), "default/r all");
    assert_eq!(found("GET", "/shop.Store/Get"), "none", "a gRPC call is a POST");
    let outbound = snapshot.outbound.first().unwrap();
    assert_eq!((outbound.port, outbound.protocol), (50051, Protocol::Grpc));
}

#[test]
fn what_a_grpc_route_cannot_say_is_refused() {
    let with = |matches: &str| {
        let rule = format!("rules: [{{matches: [{matches}], {TO_SHOP}}}]");
        problems(&[route("GRPCRoute", "r", &format!("parentRefs: [{{name: edge}}], {rule}"))])
    };
    for (matches, said) in [
        ("{method: {service: a.B}}", ""),
        ("{headers: [{name: a, value: b}]}", "`headers` is not supported yet"),
        ("{method: {type: RegularExpression, service: a}}", "`RegularExpression` is not supported"),
        ("{method: {method: Get}}", "`service` is missing"),
        ("{method: {}}", "`service` is missing"),
        ("{method: {service: a/b}}", "write `package.Service/Method`"),
        ("{method: {service: 'a b', method: C}}", "`a b` is no gRPC service"),
        ("{method: {service: a, method: 'b*'}}", "`b*` is no gRPC method"),
        ("{method: {service: a, method: '*'}}", "`*` is no method"),
        ("{method: {service: a, mehtod: C}}", "unknown field `mehtod`: did you mean `method`?"),
        ("{path: {value: /a}}", "unknown field `path`"),
    ] {
        let found = with(matches);
        match said {
            "" => assert!(found.is_empty(), "{found:?}"),
            said => {
                assert_eq!(found.len(), 1, "{matches}: {found:?}");
                assert!(found.concat().contains(said), "{matches}: {found:?}");
            }
        }
    }
}

#[test]
fn routes_of_the_two_kinds_share_no_host_of_a_listener() {
    let to = |spec: &str| format!("{spec}, rules: [{{{TO_SHOP}}}]");
    let grpc = |spec: &str| route("GRPCRoute", "g", &to(spec));
    let http = |spec: &str| route("HTTPRoute", "h", &to(spec));
    let everywhere = "parentRefs: [{name: edge}]";
    let refused = problems(&[http(everywhere), grpc(everywhere)]);
    assert_eq!(refused.len(), 1, "{refused:?}");
    let said = "x:22:28: `HTTPRoute/default/h` takes the same hosts of `edge`: give the two other";
    assert!(refused.concat().starts_with(said), "{refused:?}");

    let named = |host: &str| format!("{everywhere}, hostnames: ['{host}']");
    let at = |listener: &str| format!("parentRefs: [{{name: edge, sectionName: {listener}}}]");
    for (one, other, is_fine) in [
        (http(&named("a.example")), grpc(&named("b.example")), true),
        (http(&named("a.example")), grpc(&named("a.example")), false),
        (http(&named("*.example")), grpc(&named("b.example")), false),
        (http(&named("*.example")), grpc(&named("example.org")), true),
        (http(everywhere), grpc(&named("b.example")), false),
        (http(&at("one")), grpc(&at("two")), true),
        (http(&at("one")), grpc(&at("one")), false),
        (http(&at("one")), grpc(everywhere), false),
        (grpc(&named("b.example")), route("GRPCRoute", "h", &to(&named("b.example"))), true),
    ] {
        let found = problems(&[one.clone(), other.clone()]);
        assert_eq!(found.is_empty(), is_fine, "{one}{other}{found:?}");
    }
}

#[test]
fn grpc_to_an_app_that_speaks_no_http2_is_a_warning_and_to_tcp_an_error() {
    let to = |port: u16| {
        let rules = format!("rules: [{{backendRefs: [{{name: shop, port: {port}}}]}}]");
        [route("GRPCRoute", "r", &format!("parentRefs: [{{name: edge}}], {rules}"))]
    };
    assert_eq!(problems(&to(50051)), [""; 0]);
    let warned = "port 80 of `shop` is http, and gRPC needs HTTP/2: declare it grpc, if it is";
    assert!(world(&to(80)).is_ok() && problems(&to(80)).concat().ends_with(warned));
    assert!(world(&to(81)).is_err());
}

#[test]
fn a_rule_about_a_grpc_method_is_one_about_its_path() {
    let verdict = |rule: &str, method: &str, path: &str| {
        let world = world(&[policy(&format!("{{to: shop, allow: [{{from: anyone, {rule}}}]}}"))]);
        let rules = world.unwrap().policies_for(&"shop".parse().unwrap());
        let caller = model::Principal::Workload("spiffe://mesh/x".parse().unwrap());
        let action = Action::Http { method, path };
        naive::decide(&rules, &Facts { caller: &caller, port: 50051, action }).allowed
    };
    for (spelled, plain) in [
        ("grpc: shop.Store/Get", "http: POST /shop.Store/Get"),
        ("grpc: shop.Store/*", "http: POST /shop.Store/*"),
        ("grpc: [shop.Store/Get, a.B/C]", "http: [POST /shop.Store/Get, POST /a.B/C]"),
        ("http: GET /x, grpc: a.B/*", "http: [GET /x, POST /a.B/*]"),
    ] {
        for method in ["POST", "GET", "PUT"] {
            for path in ["/shop.Store/Get", "/shop.Store/List", "/shop.Store", "/a.B/C", "/x"] {
                let (one, other) = (verdict(spelled, method, path), verdict(plain, method, path));
                assert_eq!(one, other, "{spelled}: {method} {path}");
            }
        }
    }
    assert!(verdict("grpc: shop.Store/*", "POST", "/shop.Store/Get"));
}

#[test]
fn a_grpc_rule_that_names_no_method_says_so_at_its_place() {
    let said = problems(&[policy("{to: shop, allow: [{from: anyone, grpc: /shop.Store/Get}]}")]);
    let wanted = "x:17:47: `/shop.Store/Get` can't stand here: write `package.Service/Method`, or \
                  `package.Service/*` for every method of it";
    assert_eq!(said, [wanted]);
    let tcp = problems(&[policy("{to: shop, allow: [{from: anyone, grpc: a.B/C, ports: 81}]}")]);
    assert!(tcp.concat().contains("port 81 is tcp: requests can't be seen there"), "{tcp:?}");
}
