//! Gateways and routes: what attaches where, for which hosts, and what is
//! refused.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use config::{Snapshot, Source, compile, parse, read};
use model::Generation;

const SERVICES: &str = "\
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: web}
spec: {ports: [{port: 80, protocol: http}, {port: 81, protocol: tcp}]}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: api, namespace: back}
spec: {ports: [{port: 80, protocol: http}]}
";

fn gateway(listener: &str) -> String {
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: edge}}\n\
         spec: {{listeners: [{{name: https, port: 443, protocol: HTTPS,\n  \
         tls: {{options: {{postern.dev/certificate: self-signed}}}}{listener}}}]}}\n"
    )
}

fn route(name: &str, spec: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n\
         metadata: {{name: {name}, namespace: {namespace}}}\nspec:\n{spec}\n"
    )
}

fn source(text: String) -> [Source; 1] {
    [Source { name: "x".into(), text }]
}

fn problems(text: String) -> Vec<String> {
    match read(&source(text)).over(Vec::new()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|p| p.message).collect(),
    }
}

fn edge(text: String) -> Snapshot {
    let (documents, problems) = parse(&source(text));
    assert!(problems.is_empty(), "{problems:?}");
    let door = "edge".parse().unwrap();
    compile(documents, &BTreeMap::new(), &door, Generation::default()).unwrap()
}

fn found(snapshot: &Snapshot, host: &str, method: &str, path: &str) -> String {
    let routes = &snapshot.edges.first().unwrap().routes;
    routes.find(host, method, path).map_or_else(String::new, |route| route.name.clone())
}

const TO_WEB: &str = "backendRefs: [{name: web, port: 80}]";

#[test]
fn hosts_of_route_and_listener_are_intersected() {
    let spec = |hosts: &str| {
        format!("  parentRefs: [{{name: edge}}]\n  hostnames: [{hosts}]\n  rules: [{{{TO_WEB}}}]")
    };
    let text = [
        SERVICES.to_owned(),
        gateway(", hostname: \"*.example.com\""),
        route("narrow", &spec("a.example.com, other.org")),
        route("wide", &spec("\"*.com\"")),
    ];
    let snapshot = edge(text.concat());
    assert_eq!(found(&snapshot, "a.example.com", "GET", "/"), "default/narrow rules[0]");
    assert_eq!(found(&snapshot, "b.example.com", "GET", "/"), "default/wide rules[0]");
    assert_eq!(found(&snapshot, "other.org", "GET", "/"), "");
    assert_eq!(found(&snapshot, "example.com", "GET", "/"), "");
}

#[test]
fn rules_are_ordered_by_precedence_then_by_name() {
    let rules = format!(
        "  parentRefs: [{{name: edge}}]\n  rules:\n    \
         - {{name: all, {TO_WEB}}}\n    \
         - {{name: get, matches: [{{path: {{value: /a}}, method: GET}}], {TO_WEB}}}\n    \
         - {{name: exact, matches: [{{path: {{type: Exact, value: /a/b}}}}], {TO_WEB}}}"
    );
    let text = [SERVICES.to_owned(), gateway(""), route("b", &rules), route("a", &rules)];
    let snapshot = edge(text.concat());
    assert_eq!(found(&snapshot, "x", "GET", "/a/b"), "default/a exact");
    assert_eq!(found(&snapshot, "x", "GET", "/a/c"), "default/a get");
    assert_eq!(found(&snapshot, "x", "POST", "/a/c"), "default/a all");
}

#[test]
fn weights_and_other_namespaces_reach_the_table() {
    let spec = "  parentRefs: [{name: edge}]\n  rules: [{backendRefs: [\
                {name: web, port: 80, weight: 9}, {name: api, namespace: back, port: 80}]}]";
    let snapshot = edge([SERVICES.to_owned(), gateway(""), route("r", spec)].concat());
    let route = snapshot.edges.first().unwrap().routes.find("x", "GET", "/").unwrap();
    let services: Vec<_> = route
        .backends
        .iter()
        .map(|(at, weight)| (snapshot.outbound.get(*at).unwrap().service.to_string(), *weight))
        .collect();
    assert_eq!(services, [("web".to_owned(), 9), ("back/api".to_owned(), 1)]);
}

#[test]
fn a_listener_takes_routes_of_its_own_namespace_unless_it_says_all() {
    let spec = "  parentRefs: [{name: edge, namespace: default}]\n  \
                rules: [{backendRefs: [{name: api, port: 80}]}]";
    let foreign = route("back/r", spec);
    let closed = [SERVICES.to_owned(), gateway(""), foreign.clone()].concat();
    assert_eq!(problems(closed), ["`edge` takes routes of its own namespace only"]);
    let open = gateway(", allowedRoutes: {namespaces: {from: All}}");
    let snapshot = edge([SERVICES.to_owned(), open, foreign].concat());
    assert_eq!(found(&snapshot, "x", "GET", "/"), "back/r rules[0]");
}

#[test]
fn what_cannot_be_served_is_refused() {
    let with = |spec: &str| {
        let listener = gateway(", hostname: a.example.com");
        problems([SERVICES.to_owned(), listener, route("r", spec)].concat())
    };
    let parent = "  parentRefs: [{name: edge}]\n";
    for (spec, message) in [
        ("backendRefs: [{name: web, port: 81}]", "port 81 of `web` is tcp"),
        ("backendRefs: [{name: web, port: 82}]", "`web` has no port 82"),
        ("backendRefs: [{name: api, port: 80}]", "there is no service `api`"),
        (
            "backendRefs: [{name: web, port: 80, weight: 0}]",
            "every backend has the weight 0: nothing would be served",
        ),
        (
            "matches: [{path: {value: a}}], backendRefs: [{name: web, port: 80}]",
            "`a` matches no request: a path begins with `/`",
        ),
        (
            "matches: [{path: {value: /a/../b}}], backendRefs: [{name: web, port: 80}]",
            "`/a/../b` matches no request: paths come without `//`, `.` and `..`",
        ),
        (
            "matches: [{method: get}], backendRefs: [{name: web, port: 80}]",
            "`get` can't stand here",
        ),
    ] {
        assert_eq!(with(&format!("{parent}  rules: [{{{spec}}}]")), [message]);
    }
    let rules = format!("  rules: [{{{TO_WEB}}}]");
    for (head, message) in [
        ("parentRefs: [{name: egde}]", "there is no gateway `egde`"),
        ("parentRefs: [{name: edge, sectionName: http}]", "`edge` has no listener `http`"),
        (
            "parentRefs: [{name: edge}]\n  hostnames: [b.example.com]",
            "no hostname of this route is one of `edge`",
        ),
    ] {
        assert_eq!(with(&format!("  {head}\n{rules}")), [message]);
    }
}

#[test]
fn a_listener_has_a_certificate_and_a_port_of_its_own() {
    let options =
        |options: &str| gateway("").replace("postern.dev/certificate: self-signed", options);
    for (options_text, refused) in [
        ("postern.dev/certificate: self-signed", false),
        ("postern.dev/certificate-file: /a, postern.dev/key-file: /b", false),
        ("postern.dev/certificate-file: /a", true),
        ("postern.dev/certificate-file: a, postern.dev/key-file: b", true),
        ("postern.dev/certificate: letsencrypt", true),
        ("", true),
    ] {
        assert_eq!(!problems(options(options_text)).is_empty(), refused, "{options_text}");
    }
    let other = gateway("").replace("name: edge", "name: rim");
    assert_eq!(
        problems([gateway(""), other].concat()),
        ["the gateway `edge` listens on 127.0.0.1 port 443 already"]
    );
}
