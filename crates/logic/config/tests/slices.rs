//! A slice tells its door all it needs and nothing else: over random meshes,
//! what is compiled from a slice is what is compiled from the whole, and each
//! decision is the one the whole set of rules gives.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use config::{Document, Snapshot, Source, World, check, compile, parse, slice};
use model::{Generation, Principal, ServiceName};
use policy::{Action, Facts, Rule, naive};
use proptest::prelude::*;

const SERVICES: [&str; 5] = ["front/web", "front/api", "back/orders", "back/ledger", "back/web"];
const GATEWAY: &str = "front/edge";
const CALLERS: [&str; 10] = [
    "front/web",
    "front/api",
    "back/orders",
    "back/ledger",
    "front/edge",
    "front/reporter",
    "anyone",
    "anonymous",
    "namespace:front",
    "spiffe://shop/shared",
];
const HTTP: [&str; 6] =
    ["", "GET /a/**", "/a/*", "POST /b", "[GET /a/b, DELETE /**]", "GET /c, grpc: pkg.B/*"];
const PORTS: [&str; 4] = ["", "80", "81", "[80, 81]"];

#[derive(Clone, Debug)]
struct AnyRule {
    to: usize,
    is_deny: bool,
    from: Vec<usize>,
    http: usize,
    ports: usize,
}

fn any_rule() -> impl Strategy<Value = AnyRule> {
    let from = prop::collection::vec(0..CALLERS.len(), 1..4);
    (0..=SERVICES.len(), any::<bool>(), from, 0..HTTP.len(), 0..PORTS.len())
        .prop_map(|(to, is_deny, from, http, ports)| AnyRule { to, is_deny, from, http, ports })
}

/// Rules, which services share an identity, and where two routes lead.
type AnyMesh = (Vec<AnyRule>, [bool; 5], [usize; 2]);

fn any_mesh() -> impl Strategy<Value = AnyMesh> {
    let rules = prop::collection::vec(any_rule(), 0..14);
    (rules, any::<[bool; 5]>(), [0..SERVICES.len(), 0..SERVICES.len()])
}

fn split(name: &str) -> (&str, &str) {
    name.split_once('/').unwrap()
}

fn text((rules, shared, routes): &AnyMesh) -> String {
    let mut text = "{apiVersion: postern.dev/v1, kind: Mesh, metadata: {name: shop}}\n".to_owned();
    let mut add = |kind: &str, name: &str, spec: String| {
        let group = if kind.ends_with("Route") || kind == "Gateway" {
            "gateway.networking.k8s.io/v1"
        } else {
            "postern.dev/v1"
        };
        let (namespace, name) = split(name);
        let keep = if kind == "HTTPRoute" { ", postern.dev/escaped-slashes: keep" } else { "" };
        text.push_str(&format!(
            "---\napiVersion: {group}\nkind: {kind}\n\
             metadata: {{name: {name}, namespace: {namespace}, labels: {{team: secret}}, \
             annotations: {{note: secret{keep}}}}}\n\
             spec: {spec}\n"
        ));
    };
    for (name, is_shared) in SERVICES.into_iter().zip(shared) {
        let own = name.replace('/', "/sa/");
        let served = if *is_shared {
            format!(", servedBy: [spiffe://shop/shared, spiffe://shop/ns/{own}]")
        } else {
            String::new()
        };
        let http = if *is_shared { "grpc, escapedSlashes: keep" } else { "http" };
        let ports = format!(
            "[{{port: 80, targetPort: 1080, protocol: {http}}}, {{port: 81, protocol: tcp}}]"
        );
        add("MeshService", name, format!("{{ports: {ports}{served}}}"));
    }
    add("WorkloadIdentity", "front/reporter", "{selectors: [unix:uid:7]}".into());
    let tls = "tls: {options: {postern.dev/certificate: self-signed}}";
    let listener = |name, port| format!("{{name: {name}, port: {port}, protocol: HTTPS, {tls}}}");
    let listeners = format!("{{listeners: [{}, {}]}}", listener("one", 80), listener("two", 81));
    add("Gateway", GATEWAY, listeners);
    for (at, to) in routes.iter().enumerate() {
        let (namespace, name) = split(SERVICES[*to]);
        let backend = format!("{{name: {name}, namespace: {namespace}, port: 80}}");
        let matches = ["[{path: {value: /r}}]", "[{method: {service: a.R, method: Do}}, {}]"][at];
        let rule = format!("{{matches: {matches}, backendRefs: [{backend}]}}");
        let parent = ["one", "two"][at];
        let parents = format!("[{{name: edge, sectionName: {parent}}}]");
        let spec = format!("{{parentRefs: {parents}, rules: [{rule}]}}");
        add(["HTTPRoute", "GRPCRoute"][at], &format!("front/r{at}"), spec);
    }
    for (at, rule) in rules.iter().enumerate() {
        let to = SERVICES.get(rule.to).copied().unwrap_or(GATEWAY);
        let effect = if rule.is_deny { "deny" } else { "allow" };
        let from: Vec<_> = rule.from.iter().map(|at| CALLERS[*at]).collect();
        let clause = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!(", {name}: {value}"),
        };
        let (http, ports) = (clause("http", HTTP[rule.http]), clause("ports", PORTS[rule.ports]));
        let from = format!("from: [\"{}\"]", from.join("\", \""));
        let policy = format!("{}/p{at}", split(to).0);
        add("Policy", &policy, format!("{{to: {to}, {effect}: [{{{from}{http}{ports}}}]}}"));
    }
    text
}

fn documents(text: String) -> Vec<Document> {
    let (documents, problems) = parse(&[Source { name: "mesh.yaml".into(), text }]);
    assert!(problems.is_empty(), "{problems:#?}");
    documents
}

fn snapshot(documents: Vec<Document>, door: &ServiceName) -> Snapshot {
    compile(documents, &BTreeMap::new(), door, Generation::default()).unwrap()
}

/// Everything a snapshot says, with the rules spelled out.
fn told(snapshot: &Snapshot) -> String {
    let inbound: Vec<_> = snapshot
        .inbound
        .iter()
        .map(|i| (i.port, i.protocol, i.app, i.keep_escaped_slashes, i.policy.rules()))
        .collect();
    let outbound: Vec<_> = snapshot
        .outbound
        .iter()
        .map(|o| {
            let names = (&o.service, &o.sni, &o.servers, &o.hosts);
            (names, o.port, o.protocol, o.keep_escaped_slashes, o.policy.rules())
        })
        .collect();
    let edges: Vec<_> = snapshot
        .edges
        .iter()
        .map(|e| (&e.listener, e.address, &e.certificate, &e.routes, e.policy.rules()))
        .collect();
    let head = (&snapshot.mesh, &snapshot.door, &snapshot.identities, &snapshot.limits);
    format!("{head:?}\n{inbound:#?}\n{outbound:#?}\n{edges:#?}")
}

const ACTIONS: [Action<'_>; 7] = [
    Action::Connect,
    Action::Http { method: "GET", path: "/a/b" },
    Action::Http { method: "POST", path: "/a/b" },
    Action::Http { method: "POST", path: "/b" },
    Action::Http { method: "DELETE", path: "/c" },
    Action::Http { method: "POST", path: "/pkg.B/Do" },
    Action::Http { method: "GET", path: "/" },
];

/// Whether it is allowed, and by which rule of what name.
fn verdict<'r>(rules: &'r [Rule], facts: &Facts<'_>) -> (bool, Option<&'r str>) {
    let verdict = naive::decide(rules, facts);
    (verdict.allowed, verdict.rule.and_then(|at| rules.get(at)).map(|rule| rule.name.as_str()))
}

fn same_decisions(world: &World, snapshot: &Snapshot, service: &ServiceName, cut: &[Rule]) {
    let whole = world.policies_for(service);
    for id in &snapshot.identities {
        let caller = &Principal::Workload(id.clone());
        for port in [80, 81] {
            for action in ACTIONS {
                let facts = Facts { caller, port, action };
                assert_eq!(verdict(cut, &facts), verdict(&whole, &facts), "{service} {facts:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_slice_compiles_to_what_the_whole_compiles_to(mesh in any_mesh()) {
        let all = documents(text(&mesh));
        let world = check(all.clone()).unwrap();
        for door in SERVICES.into_iter().chain([GATEWAY]) {
            let door: ServiceName = door.parse().unwrap();
            let slice = slice(&world, &door).unwrap();
            let of_slice = slice.iter().flat_map(|d| documents(d.json.clone())).collect();
            let (from_slice, from_all) = (snapshot(of_slice, &door), snapshot(all.clone(), &door));
            prop_assert_eq!(told(&from_slice), told(&from_all));
            for outbound in &from_slice.outbound {
                same_decisions(&world, &from_slice, &outbound.service, outbound.policy.rules());
            }
        }
    }

    #[test]
    fn a_door_learns_no_rule_that_is_not_about_it(mesh in any_mesh()) {
        let world = check(documents(text(&mesh))).unwrap();
        for door in SERVICES.into_iter().chain([GATEWAY]) {
            let door: ServiceName = door.parse().unwrap();
            let slice = slice(&world, &door).unwrap();
            prop_assert!(slice.iter().all(|d| !d.json.contains("secret")));
            let documents = slice.iter().flat_map(|d| documents(d.json.clone())).collect();
            let part = check(documents).unwrap();
            let selves: Vec<_> =
                world.identities_of(&door).into_iter().map(Principal::Workload).collect();
            for other in part.services().keys().filter(|name| **name != door) {
                let about_us = |rule: &Rule| {
                    rule.from().iter().all(|from| selves.iter().any(|id| from.covers(id)))
                };
                prop_assert!(part.policies_for(other).iter().all(about_us));
            }
        }
    }

    #[test]
    fn what_no_rule_lets_a_service_reach_it_never_hears_of(mesh in any_mesh()) {
        let world = check(documents(text(&mesh))).unwrap();
        for door in SERVICES {
            let door: ServiceName = door.parse().unwrap();
            let slice = slice(&world, &door).unwrap();
            let selves: Vec<_> =
                world.identities_of(&door).into_iter().map(Principal::Workload).collect();
            for other in world.services().keys().filter(|name| **name != door) {
                let key = format!("MeshService/{}/{}", other.namespace, other.name);
                let is_told = slice.iter().any(|d| d.name == key);
                let reaches = world.policies_for(other).iter().any(|rule| {
                    rule.effect == policy::Effect::Allow
                        && selves.iter().any(|caller| rule.covers_caller(caller))
                });
                prop_assert_eq!(is_told, reaches, "{} of {}", other, door);
            }
        }
    }

    #[test]
    fn any_text_at_all_gives_problems_and_no_panic(text in "[\\-a-z0-9:{}\\[\\],&*!#|> \"'\n]{0,200}") {
        let _ = config::read(&[Source { name: "any".into(), text }]).over(Vec::new());
    }

    #[test]
    fn any_name_and_value_round_trip(words in prop::collection::vec(".{0,20}", 1..6)) {
        let mut document = documents(
            "{apiVersion: postern.dev/v1, kind: MeshService, metadata: {name: a}, \
             spec: {ports: [{port: 1, protocol: tcp}]}}".into()).remove(0);
        for (at, word) in words.into_iter().enumerate() {
            document.annotations.insert(format!("k{at}{word}"), word);
        }
        prop_assert_eq!(&documents(document.to_yaml()), std::slice::from_ref(&document));
        prop_assert_eq!(&documents(document.to_json()), std::slice::from_ref(&document));
    }
}
