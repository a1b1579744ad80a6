//! The example that ships, and documents on their way out and back.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeMap;

use config::{Document, Protocol, Snapshot, Source, World, check, compile, diff, parse, slice};
use model::{Generation, Principal, ServiceName, SpiffeId};
use policy::{Action, Facts, naive};

const SHOP: [(&str, &str); 4] = [
    ("mesh.yaml", include_str!("../../../../examples/shop/mesh.yaml")),
    ("services.yaml", include_str!("../../../../examples/shop/services.yaml")),
    ("gateway.yaml", include_str!("../../../../examples/shop/gateway.yaml")),
    ("policies.yaml", include_str!("../../../../examples/shop/policies.yaml")),
];

fn shop() -> Vec<Document> {
    let sources = SHOP.map(|(name, text)| Source { name: name.into(), text: text.into() });
    let (documents, problems) = parse(&sources);
    assert!(problems.is_empty(), "{problems:?}");
    documents
}

fn world() -> World {
    let world = check(shop()).expect("the shop fits together");
    assert!(world.warnings().is_empty(), "{:?}", world.warnings());
    world
}

fn reread(text: String) -> Vec<Document> {
    let (documents, problems) = parse(&[Source { name: "again".into(), text }]);
    assert!(problems.is_empty(), "{problems:?}");
    documents
}

fn door(name: &str) -> (Snapshot, Vec<config::SliceDocument>) {
    let name: ServiceName = name.parse().unwrap();
    let slice = slice(&world(), &name).unwrap();
    let documents = slice.iter().flat_map(|d| reread(d.json.clone())).collect();
    let snapshot = compile(documents, &BTreeMap::new(), &name, Generation::default());
    (snapshot.unwrap(), slice)
}

fn caller(name: &str) -> Principal {
    let domain = "shop.example".parse().unwrap();
    Principal::Workload(SpiffeId::of_service(&domain, &name.parse().unwrap()))
}

fn may(to: &str, from: &Principal, port: u16, action: Action<'_>) -> bool {
    let rules = world().policies_for(&to.parse().unwrap());
    naive::decide(&rules, &Facts { caller: from, port, action }).allowed
}

#[test]
fn the_chain_is_allowed_and_nothing_besides() {
    let get = Action::Http { method: "GET", path: "/v1/orders" };
    let delete = Action::Http { method: "DELETE", path: "/v1/orders/7" };
    let charge = Action::Http { method: "POST", path: "/v1/charges" };
    assert!(may("edge", &Principal::Anonymous, 8443, delete));
    assert!(may("web", &caller("edge"), 8080, delete));
    assert!(may("orders", &caller("web"), 8080, get));
    assert!(may("payments", &caller("orders"), 8080, charge));
    assert!(may("ledger", &caller("payments"), 7000, Action::Connect));
    assert!(!may("orders", &caller("web"), 8080, delete), "the denial to explore");
    assert!(!may("orders", &caller("edge"), 8080, get));
    assert!(!may("ledger", &caller("orders"), 7000, Action::Connect));
}

#[test]
fn every_document_round_trips_as_yaml_and_as_json() {
    for document in shop() {
        assert_eq!(reread(document.to_yaml()), std::slice::from_ref(&document));
        assert_eq!(reread(document.to_json()), [document]);
    }
}

#[test]
fn documents_with_everything_in_them_round_trip() {
    let full = include_str!("full.yaml");
    let documents = reread(full.to_owned());
    assert_eq!(documents.len(), 8);
    for document in &documents {
        assert_eq!(reread(document.to_yaml()), std::slice::from_ref(document));
        assert_eq!(reread(document.to_json()), std::slice::from_ref(document));
        assert_eq!(reread(document.to_json()).first().unwrap().to_json(), document.to_json());
    }
    check(documents).unwrap();
}

#[test]
fn a_service_door_knows_its_callees_and_no_more() {
    let (web, slice) = door("web");
    let names: Vec<_> = slice.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Mesh/default/shop",
            "MeshService/default/orders",
            "MeshService/default/web",
            "Policy/default/edge-calls-web",
            "Policy/default/web-reads-orders",
        ]
    );
    assert!(!slice.iter().any(|d| d.json.contains("command") || d.json.contains("18081")));
    let [outbound] = web.outbound.as_slice() else { panic!("{:?}", web.outbound) };
    assert_eq!(outbound.sni, "p8080.orders.default.shop.example");
    assert_eq!(
        outbound.hosts,
        [
            "orders",
            "orders.mesh",
            "orders.default",
            "orders.default.mesh",
            "orders.default.shop.example",
        ]
    );
    let [inbound] = web.inbound.as_slice() else { panic!("{:?}", web.inbound) };
    assert_eq!((inbound.port, inbound.protocol), (8080, Protocol::Http));
    assert_eq!(inbound.app.to_string(), "127.0.0.1:18080");
    assert_eq!(
        inbound.policy.rules().first().unwrap().name.as_str(),
        "default/edge-calls-web allow[0]"
    );
}

#[test]
fn the_gateway_routes_to_web() {
    let (edge, _) = door("edge");
    assert!(edge.inbound.is_empty());
    let [listener] = edge.edges.as_slice() else { panic!("{:?}", edge.edges) };
    assert_eq!(listener.address.to_string(), "127.0.0.1:8443");
    let route = listener.routes.find("127.0.0.1", "GET", "/v1/orders").unwrap();
    assert_eq!(route.name, "default/front everything");
    assert_eq!(route.backends, [(0, 1)]);
    assert_eq!(edge.outbound.first().unwrap().service.to_string(), "web");
}

#[test]
fn an_unknown_door_has_no_slice() {
    assert_eq!(slice(&world(), &"nobody".parse().unwrap()), None);
    let refused = compile(shop(), &BTreeMap::new(), &"x".parse().unwrap(), Generation::default());
    assert!(refused.is_err());
}

#[test]
fn differences_are_told_by_field() {
    let old = world();
    let changed = SHOP.map(|(name, text)| {
        let text = text.replace("GET /v1/**", "/v2/**").replace("name: ledger\n", "name: books\n");
        Source { name: name.into(), text }
    });
    let documents: Vec<_> =
        parse(&changed).0.into_iter().filter(|d| d.key.name.as_str() != "payments-books").collect();
    let new = check(documents).unwrap();
    let told: Vec<_> = diff(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "+ MeshService/default/books",
            "- MeshService/default/ledger",
            "- Policy/default/payments-books",
            "~ Policy/default/web-reads-orders\n    \
             spec.allow[0].http: \"GET /v1/**\" -> \"/v2/**\"",
        ]
    );
    assert!(diff(&old, &old).is_empty());
}
