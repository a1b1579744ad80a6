//! The admin API: what it takes, what it refuses, and in which words; and the
//! authority, which gives nobody what the documents don't.

use http::{Method, StatusCode};
use net::grpc::authority::authority_client::AuthorityClient;
use net::grpc::dial_unix;
use serde_json::{Value, json};
use tonic::Code;
use wire::authority::{IssueRequest, WatchRequest};

use crate::door::credentials;
use crate::mesh::{Folder, SHOP};

const WEB: &str = "spiffe://shop/ns/default/sa/web";

#[tokio::test]
async fn documents_are_applied_whole_or_not_at_all() {
    let folder = Folder::new();
    let mesh = folder.start().await;
    let body = json!({"sources": [{"name": "shop.yaml", "text": SHOP}], "prune": true});
    let applied = mesh.post("/v1/documents", body).await;
    assert_eq!(applied["generation"], "1.2");
    assert_eq!(applied["changes"].as_array().unwrap().len(), 4);
    assert_eq!(applied["changes"][0]["what"], "added");
    let broken = format!("{SHOP}---\nkind: Polcy\n");
    let body = json!({"sources": [{"name": "shop.yaml", "text": broken}]});
    let (status, refused) = mesh.ask(Method::POST, "/v1/documents", Some(body)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let problems = refused["problems"].as_array().unwrap();
    assert!(!problems.is_empty() && problems[0]["file"] == "shop.yaml", "{refused}");
    assert_eq!(mesh.get("/v1/documents").await["generation"], "1.2");
}

#[tokio::test]
async fn documents_are_found_by_kind_and_name_in_both_forms() {
    let folder = Folder::new();
    let mesh = folder.shop().await;
    let found = mesh.get("/v1/documents?kind=policies&name=web-orders").await;
    let documents = found["documents"].as_array().unwrap();
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["key"], "Policy/default/web-orders");
    assert_eq!(documents[0]["json"]["spec"]["to"], "orders");
    assert!(documents[0]["yaml"].as_str().unwrap().contains("kind: Policy"));
    let (status, _) = mesh.ask(Method::GET, "/v1/documents?kind=nonsense", None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_change_from_another_generation_is_a_conflict() {
    let folder = Folder::new();
    let mesh = folder.shop().await;
    let body = json!({"sources": [], "prune": true, "parent": "1.1"});
    let (status, refused) = mesh.ask(Method::POST, "/v1/documents", Some(body)).await;
    assert_eq!((status, &refused["generation"]), (StatusCode::CONFLICT, &json!("1.2")));
}

#[tokio::test]
async fn an_allow_against_a_standing_deny_names_it() {
    let folder = Folder::new();
    let mesh = folder.shop().await;
    let rule = |effect: &str| json!({"effect": effect, "from": "web", "to": "payments"});
    let denied = mesh.post("/v1/rules", rule("deny")).await;
    let (status, refused) = mesh.ask(Method::POST, "/v1/rules", Some(rule("allow"))).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let policy = refused["policy"].as_str().unwrap();
    assert!(policy.contains(denied["policy"].as_str().unwrap()), "{refused}");
    let again = mesh.post("/v1/rules", rule("deny")).await;
    assert_eq!((&again["changed"], &again["generation"]), (&json!(false), &denied["generation"]));
    let listed = mesh.get("/v1/rules").await;
    let effects: Vec<&Value> =
        listed["rules"].as_array().unwrap().iter().map(|rule| &rule["effect"]).collect();
    assert_eq!(effects, ["deny", "allow"]);
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused_in_words() {
    let folder = Folder::new();
    let mesh = folder.shop().await;
    for (body, status) in [
        (json!({"effect": "allow", "from": "web", "to": "ghost"}), 422),
        (json!({"effect": "allow", "from": "ghost", "to": "orders"}), 422),
        (json!({"effect": "allow", "from": "web", "to": "a/b/c"}), 422),
        (json!({"effect": "allow", "from": "web", "to": "orders", "path": "x"}), 422),
        (json!({"effect": "maybe", "from": "web", "to": "orders"}), 400),
        (json!({"effect": "allow", "form": "web", "to": "orders"}), 400),
    ] {
        let (got, answer) = mesh.ask(Method::POST, "/v1/rules", Some(body.clone())).await;
        assert_eq!(got.as_u16(), status, "{body}: {answer}");
        assert!(!answer["error"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let folder = Folder::new();
    let mesh = folder.start().await;
    for (method, uri, status) in [
        (Method::GET, "/", 404),
        (Method::GET, "/v1/nothing", 404),
        (Method::PUT, "/v1/status", 405),
        (Method::DELETE, "/v1/documents/Policy/default/ghost", 404),
        (Method::DELETE, "/v1/documents/Polcy/default/ghost", 422),
        (Method::DELETE, "/v1/documents/Mesh/default/shop", 422),
        (Method::GET, "/v1/decisions/x", 422),
        (Method::POST, "/v1/attach/99/renew", 404),
        (Method::DELETE, "/v1/attach/x", 422),
    ] {
        let (got, answer) = mesh.ask(method, uri, None).await;
        assert_eq!(got.as_u16(), status, "{uri}: {answer}");
        assert!(answer["error"].is_string(), "{uri}");
    }
}

#[tokio::test]
async fn status_ca_and_metrics_tell_of_the_mesh() {
    let folder = Folder::new();
    let mesh = folder.shop().await;
    let status = mesh.get("/v1/status").await;
    assert_eq!((&status["mesh"], &status["trustDomain"]), (&json!("shop"), &json!("shop")));
    let told = (&status["generation"], &status["ready"]);
    assert_eq!(told, (&json!("1.2"), &json!(false)), "nobody carries its doors yet");
    assert_eq!(status["services"].as_array().unwrap().len(), 3);
    mesh.post("/v1/resident", json!({"pid": 4242})).await;
    assert_eq!(mesh.get("/v1/status").await["ready"], json!(true));
    assert_eq!(mesh.get("/v1/ca").await["trustDomain"], "shop");
    let (status, _) = mesh.ask(Method::GET, "/metrics", None).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn an_attached_process_gets_a_service_and_an_identity_until_it_is_let_go() {
    let folder = Folder::new();
    let mesh = folder.start().await;
    let attach = json!({"name": "tool", "pid": 4242, "port": 9000, "targetPort": 9001});
    let attached = mesh.post("/v1/attach", attach.clone()).await;
    assert_eq!(attached["spiffeId"], "spiffe://shop/ns/default/sa/tool");
    assert_eq!(attached["door"], "default/tool");
    let port = &mesh.get("/v1/status").await["services"][0]["ports"][0];
    assert_eq!((&port["port"], &port["protocol"]), (&json!(9000), &json!("http")));
    let again = mesh.post("/v1/attach", attach).await;
    assert_eq!(again["generation"], attached["generation"], "the service is there already");
    let identities = mesh.get("/v1/identities").await;
    assert_eq!(identities["identities"][0]["selectors"], json!(["unix:pid:4242"]));
    for answer in [attached, again] {
        let lease = answer["lease"].as_str().unwrap();
        mesh.post(&format!("/v1/attach/{lease}/renew"), Value::Null).await;
        let (status, _) = mesh.ask(Method::DELETE, &format!("/v1/attach/{lease}"), None).await;
        assert_eq!(status, StatusCode::OK);
    }
    assert_eq!(mesh.get("/v1/identities").await["identities"], json!([]));
}

#[tokio::test]
async fn attaching_does_not_change_what_documents_say() {
    let folder = Folder::new();
    let mesh = folder.shop().await;
    let other_port = json!({"name": "web", "pid": 1, "port": 81});
    let (status, answer) = mesh.ask(Method::POST, "/v1/attach", Some(other_port)).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    let caller = json!({"name": "ghost", "pid": 1});
    assert_eq!(mesh.post("/v1/attach", caller).await["serves"], false, "it only calls");
    let declared = json!({"name": "web", "pid": 1});
    assert_eq!(mesh.post("/v1/attach", declared).await["serves"], true);
    let own = json!({"name": "tool", "pid": 1, "port": 9000});
    mesh.post("/v1/attach", own).await;
    let moved = json!({"name": "tool", "pid": 1, "port": 9100, "protocol": "tcp"});
    mesh.post("/v1/attach", moved).await;
}

#[tokio::test]
async fn the_authority_signs_only_for_who_is_entitled() {
    let folder = Folder::new();
    let mesh = folder.shop().await;
    for id in [WEB, "spiffe://shop/postern/server", "spiffe://other/ns/default/sa/web"] {
        let refused = credentials(&mesh, id).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{id}: {refused}");
    }
    mesh.attach("web").await;
    assert!(credentials(&mesh, WEB).await.is_ok());
    let channel = dial_unix(&mesh.socket("authority.sock")).await.unwrap();
    let mut client = AuthorityClient::new(channel);
    for (spiffe_id, csr) in [("web", vec![]), (WEB, b"nonsense".to_vec())] {
        let spiffe_id = spiffe_id.to_owned();
        let request = IssueRequest { spiffe_id, csr, evidence: Vec::new() };
        assert_eq!(client.issue(request).await.unwrap_err().code(), Code::InvalidArgument);
    }
}

#[tokio::test]
async fn agents_are_told_of_each_change_of_who_may_be_whom() {
    let folder = Folder::new();
    let mesh = folder.shop().await;
    let channel = dial_unix(&mesh.socket("authority.sock")).await.unwrap();
    let mut client = AuthorityClient::new(channel);
    let mut told = client.watch(WatchRequest {}).await.unwrap().into_inner();
    let first = told.message().await.unwrap().unwrap();
    assert_eq!((first.entries.len(), first.trust_domain.as_str()), (0, "shop"));
    assert!(!first.bundle.is_empty());
    let lease = mesh.attach("web").await;
    let second = told.message().await.unwrap().unwrap();
    assert_eq!(second.entries[0].spiffe_id, WEB);
    mesh.ask(Method::DELETE, &format!("/v1/attach/{lease}"), None).await;
    assert_eq!(told.message().await.unwrap().unwrap().entries.len(), 0);
    mesh.post("/v1/resident", json!({"pid": 77})).await;
    let run = "apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {name: runner}\n\
               spec: {ports: [{port: 80, protocol: http}], run: {command: [x]}}\n";
    mesh.apply(run).await;
    let resident = told.message().await.unwrap().unwrap();
    assert_eq!(resident.entries[0].selectors, ["unix:pid:77"]);
    assert_eq!(resident.entries[0].hint, "default/runner");
    assert_eq!(mesh.get("/v1/status").await["ready"], false, "its door is not there yet");
}
