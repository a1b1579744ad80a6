//! Doors on the push socket: told what they need, and nothing else; heard
//! when they accept, refuse, report, and go.

use std::collections::BTreeMap;

use config::{Endpoint, Source};
use http::{Method, StatusCode};
use net::grpc::push::records_client::RecordsClient;
use serde_json::json;
use tonic::Code;
use wire::push::{Record, slice::Content};

use crate::door::{Door, credentials, dial};
use crate::mesh::{Folder, Mesh};

const WEB: &str = "spiffe://shop/ns/default/sa/web";

async fn shop_with(folder: &Folder, attached: &[&str]) -> Mesh {
    let mesh = folder.shop().await;
    for name in attached {
        mesh.attach(name).await;
    }
    mesh
}

#[tokio::test]
async fn a_door_gets_its_slice_accepts_it_and_the_mesh_converges() {
    let folder = Folder::new();
    let mesh = shop_with(&folder, &["web"]).await;
    let mut door = Door::connect(&mesh, "web").await;
    let response = door.next().await.unwrap();
    assert_eq!(response.system_version_info, "1.2");
    let names = door.names();
    assert!(names.contains(&"document/MeshService/default/orders"), "{names:?}");
    assert!(names.contains(&"document/Policy/default/web-orders"), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("payments")), "{names:?}");
    assert_eq!(mesh.get("/v1/convergence?timeoutMs=0").await["converged"], false);
    door.ack(&response).await;
    let converged = mesh.converged("1.2").await;
    assert_eq!(converged["converged"], true, "{converged}");
    assert_eq!(converged["doors"][0]["generation"], "1.2");
    let status = mesh.get("/v1/status").await;
    let web = status["services"].as_array().unwrap().iter().find(|s| s["name"] == "web").unwrap();
    assert_eq!((&web["ready"], &web["instances"][0]["connected"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn what_a_door_gets_compiles_to_what_the_documents_say() {
    let folder = Folder::new();
    let mesh = shop_with(&folder, &["web", "orders"]).await;
    let mut orders = Door::connect(&mesh, "orders").await;
    orders.run("1.2").await;
    let mut web = Door::connect(&mesh, "web").await;
    web.run("1.2").await;
    let mut sources = Vec::new();
    let mut endpoints = BTreeMap::new();
    for name in web.names() {
        match web.content(name) {
            Content::Document(text) => sources.push(Source { name: name.to_owned(), text }),
            Content::Endpoints(found) => {
                let endpoint = |e: wire::push::Endpoint| Endpoint {
                    instance: e.instance,
                    address: e.address.parse().unwrap(),
                };
                let list: Vec<_> = found.endpoints.into_iter().map(endpoint).collect();
                endpoints.insert(found.service.parse().unwrap(), list);
            }
            Content::Seal(_) => panic!("a seal among the rest"),
        }
    }
    let (documents, problems) = config::parse(&sources);
    assert!(problems.is_empty(), "{problems:?}");
    let door = "web".parse().unwrap();
    let snapshot = config::compile(documents, &endpoints, &door, "1.2".parse().unwrap()).unwrap();
    assert_eq!(snapshot.outbound.len(), 1);
    let outbound = &snapshot.outbound[0];
    assert_eq!(outbound.service.to_string(), "orders");
    assert_eq!(outbound.endpoints[0].instance, "orders-1");
}

#[tokio::test]
async fn instances_that_come_and_go_are_told_without_a_new_generation() {
    let folder = Folder::new();
    let mesh = shop_with(&folder, &["web", "orders"]).await;
    let mut web = Door::connect(&mesh, "web").await;
    web.run("1.2").await;
    let of_orders = |web: &Door| match web.content("endpoints/default/orders") {
        Content::Endpoints(found) => found.endpoints.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(of_orders(&web), 0);
    let mut orders = Door::connect(&mesh, "orders").await;
    orders.run("1.2").await;
    let came = web.next().await.unwrap();
    assert_eq!((came.system_version_info.as_str(), of_orders(&web)), ("1.2", 1));
    assert_eq!(came.resources.len(), 2, "only the endpoints and the seal");
    web.ack(&came).await;
    orders.farewell().await;
    let went = web.next().await.unwrap();
    web.ack(&went).await;
    assert_eq!(of_orders(&web), 0);
}

#[tokio::test]
async fn a_refusal_is_shown_and_the_next_change_is_tried() {
    let folder = Folder::new();
    let mesh = shop_with(&folder, &["web"]).await;
    let mut door = Door::connect(&mesh, "web").await;
    door.run("1.2").await;
    let before = door.held.clone();
    let rule = json!({"effect": "allow", "from": "web", "to": "payments"});
    let generation = mesh.post("/v1/rules", rule).await["generation"].clone();
    assert_eq!(generation, "1.3");
    let response = door.next().await.unwrap();
    door.nack(&response, "no room for payments").await;
    door.held = before;
    let told = mesh.converged("1.3").await;
    assert_eq!(told["converged"], false);
    assert_eq!(told["doors"][0]["generation"], "1.2");
    assert_eq!(told["doors"][0]["refused"], "generation 1.3: no room for payments");
    let rule = json!({"effect": "deny", "from": "web", "to": "orders", "path": "/v1/secret"});
    mesh.post("/v1/rules", rule).await;
    door.run("1.4").await;
    assert_eq!(mesh.converged("1.4").await["converged"], true);
    assert!(mesh.get("/v1/status").await["doors"][0]["refused"].is_null());
}

#[tokio::test]
async fn a_door_that_comes_back_is_sent_only_what_it_lacks() {
    let folder = Folder::new();
    let mesh = shop_with(&folder, &["web"]).await;
    let mut door = Door::connect(&mesh, "web").await;
    door.run("1.2").await;
    let Door { credentials, held, .. } = door;
    mesh.post("/v1/rules", json!({"effect": "allow", "from": "web", "to": "payments"})).await;
    let mut again = Door::present(&mesh, credentials, "web", held).await;
    let response = again.next().await.unwrap();
    let names: Vec<_> = response.resources.iter().map(|r| r.name.as_str()).collect();
    assert!(names.contains(&"document/MeshService/default/payments"), "{names:?}");
    assert!(!names.contains(&"document/MeshService/default/orders"), "{names:?}");
}

#[tokio::test]
async fn nobody_is_the_door_of_another_service() {
    let folder = Folder::new();
    let mesh = shop_with(&folder, &["web"]).await;
    let web = credentials(&mesh, WEB).await.unwrap();
    for other in ["orders", "ghost"] {
        let mut door = Door::present(&mesh, web.clone(), other, BTreeMap::new()).await;
        let refused = door.next().await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{other}: {refused}");
    }
}

#[tokio::test]
async fn a_door_loses_its_stream_with_its_service() {
    let folder = Folder::new();
    let mesh = shop_with(&folder, &["web"]).await;
    let mut door = Door::connect(&mesh, "web").await;
    door.run("1.2").await;
    for key in ["Policy/default/web-orders", "MeshService/default/web"] {
        let (status, body) = mesh.ask(Method::DELETE, &format!("/v1/documents/{key}"), None).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
    let ended = loop {
        match door.next().await {
            Ok(response) => door.ack(&response).await,
            Err(ended) => break ended,
        }
    };
    assert_eq!(ended.code(), Code::PermissionDenied, "{ended}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_opens_nothing() {
    let (ours, theirs) = (Folder::new(), Folder::new());
    let mesh = shop_with(&ours, &["web"]).await;
    let other = shop_with(&theirs, &["web"]).await;
    let mut foreign = credentials(&other, WEB).await.unwrap();
    foreign.bundles = credentials(&mesh, WEB).await.unwrap().bundles;
    let dialled = dial(&mesh, &foreign).await;
    let refused = match dialled {
        Err(_) => true,
        // The client's side of TLS 1.3 is done before the server refuses.
        Ok(channel) => {
            let records = tokio_stream::iter([Record::default()]);
            RecordsClient::new(channel).report(records).await.is_err()
        }
    };
    assert!(refused);
}

#[tokio::test]
async fn decisions_are_kept_and_explained_with_what_only_the_whole_knows() {
    let folder = Folder::new();
    let mesh = shop_with(&folder, &["web"]).await;
    let web = credentials(&mesh, WEB).await.unwrap();
    let record = |id: &str, door: &str| Record {
        id: id.repeat(20),
        time_ms: 1_795_323_889_120,
        generation: "1.2".into(),
        role: "outbound".into(),
        door: door.into(),
        caller: WEB.into(),
        asked: "payments".into(),
        port: 80,
        action: "http".into(),
        method: "GET".into(),
        path: "/".into(),
        ..Record::default()
    };
    let report = async |record: Record| {
        let now = model::Clock::now(&net::SystemClock).0;
        let record = Record { time_ms: now, ..record };
        let channel = dial(&mesh, &web).await.unwrap();
        RecordsClient::new(channel).report(tokio_stream::iter([record])).await
    };
    let accepted = report(record("a", "default/web")).await.unwrap().into_inner().accepted;
    assert_eq!(accepted, 1);
    let decision = loop {
        let uri = format!("/v1/decisions/{}", "a".repeat(20));
        let (status, body) = mesh.ask(Method::GET, &uri, None).await;
        if status == StatusCode::OK {
            break body;
        }
        tokio::task::yield_now().await;
    };
    let explanation = decision["explanation"].to_string();
    assert!(explanation.contains("no rule of it names"), "{explanation}");
    let foreign = report(record("b", "default/orders")).await.unwrap_err();
    assert_eq!(foreign.code(), Code::PermissionDenied);
    let uri = format!("/v1/decisions/{}", "b".repeat(20));
    let (status, body) = mesh.ask(Method::GET, &uri, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body["error"].as_str().unwrap().contains("24h"), "{body}");
}
