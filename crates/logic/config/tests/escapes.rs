//! `%2F` in paths: refused unless a port or a route keeps it, and then a part of
//! its segment to every rule.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use config::{Snapshot, Source, World, compile, read};
use model::Generation;

fn text(port: &str, annotation: &str) -> String {
    format!(
        "apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: web}}\n\
         spec: {{ports: [{{port: 80, protocol: http{port}}}, {{port: 81, protocol: tcp}}]}}\n\
         ---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: edge}}\n\
         spec: {{listeners: [{{name: one, port: 443, protocol: HTTPS, \
         tls: {{options: {{postern.dev/certificate: self-signed}}}}}}]}}\n\
         ---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n\
         metadata: {{name: r{annotation}}}\n\
         spec: {{parentRefs: [{{name: edge}}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}\n"
    )
}

fn world(text: String) -> Result<World, Vec<String>> {
    let world = read(&[Source { name: "x".into(), text }]).over(Vec::new());
    world.map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn warnings(text: String) -> Vec<String> {
    world(text).unwrap().warnings().iter().map(ToString::to_string).collect()
}

fn door(text: String, name: &str) -> Snapshot {
    let documents = world(text).unwrap().documents().cloned().collect();
    compile(documents, &BTreeMap::new(), &name.parse().unwrap(), Generation::default()).unwrap()
}

const KEEP: &str = ", annotations: {postern.dev/escaped-slashes: keep}";

#[test]
fn they_are_refused_unless_somebody_says_keep() {
    for (port, annotation, at_door, at_edge) in [
        ("", "", false, false),
        (", escapedSlashes: refuse", "", false, false),
        (", escapedSlashes: keep", "", true, false),
        (", escapedSlashes: keep", KEEP, true, true),
        ("", ", annotations: {postern.dev/escaped-slashes: refuse}", false, false),
    ] {
        let web = door(text(port, annotation), "web");
        let edge = door(text(port, annotation), "edge");
        let kept: Vec<_> = web.inbound.iter().map(|i| i.keep_escaped_slashes).collect();
        assert_eq!(kept, [at_door, false], "{port}{annotation}");
        let kept: Vec<_> = edge.outbound.iter().map(|o| o.keep_escaped_slashes).collect();
        assert_eq!(kept, [at_door, false], "{port}{annotation}");
        let route = edge.edges.first().unwrap().routes.find("x", "GET", "/a%2Fb").unwrap();
        assert_eq!(route.keep_escaped_slashes, at_edge, "{port}{annotation}");
    }
}

#[test]
fn a_route_that_keeps_what_its_backend_refuses_is_a_warning() {
    let said = ["x:14:77: warning: port 80 of `web` refuses escaped slashes: say \
                 `escapedSlashes: keep` there, too"];
    assert_eq!(warnings(text("", KEEP)), said);
    assert_eq!(warnings(text(", escapedSlashes: keep", KEEP)), [""; 0]);
}

#[test]
fn a_slip_in_it_is_no_silence() {
    for (port, annotation, said) in [
        (", escapedSlashes: kept", "", "`kept` can't stand here: known here are `refuse`, `keep`"),
        (", escapedSlashes: yes", "", "can't stand here"),
        (", escapedSlash: keep", "", "unknown field `escapedSlash`"),
        ("", ", annotations: {postern.dev/escaped-slashes: kept}", "`kept` can't stand"),
        ("", ", annotations: {postern.dev/escaped-slash: keep}", "unknown annotation"),
        ("", ", annotations: {postern.dev/escapedslashes: keep}", "unknown annotation"),
    ] {
        let problems = world(text(port, annotation)).unwrap_err();
        assert!(problems.len() == 1 && problems.concat().contains(said), "{problems:?}");
    }
    let tcp = text("", "").replace("tcp}", "tcp, escapedSlashes: keep}");
    assert!(world(tcp).unwrap_err().concat().contains("a tcp port has no paths"));
    let elsewhere = text("", "").replace("{name: web}", &format!("{{name: web{KEEP}}}"));
    let problems = world(elsewhere).unwrap_err().concat();
    assert!(problems.contains("means nothing at a MeshService"), "{problems}");
    let others = text("", ", annotations: {note: keep, postern.dev/made-by: me}");
    assert!(world(others).is_ok());
}

#[test]
fn a_rule_about_one_at_a_port_that_refuses_it_is_a_warning() {
    let policy = "---\napiVersion: postern.dev/v1\nkind: Policy\nmetadata: {name: p}\n\
                  spec: {to: web, allow: [{from: anyone, http: /a%2Fb, ports: 80}]}\n";
    let with = |port: &str| warnings(text(port, "") + policy);
    let said = "`/a%2Fb` matches no request: `%2F` is refused at these ports: say \
                `escapedSlashes: keep` at the port";
    assert!(with("").concat().ends_with(said), "{:?}", with(""));
    assert_eq!(with(", escapedSlashes: keep"), [""; 0]);
}

#[test]
fn the_paths_of_routes_are_canonical_with_their_escapes() {
    for (value, is_fine) in
        [("/a%2Fb", true), ("/a%2fb", false), ("/%41", false), ("/%5C", false), ("/%2", false)]
    {
        let rules = format!("rules: [{{matches: [{{path: {{value: '{value}'}}}}], ");
        let text = text(", escapedSlashes: keep", KEEP).replace("rules: [{", &rules);
        assert_eq!(world(text).is_ok(), is_fine, "{value}");
    }
}
