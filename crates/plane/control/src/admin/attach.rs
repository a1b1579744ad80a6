//! Processes that join: a service is declared where it is not yet, and its
//! identity promised to the process for as long as its lease is kept up.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use config::{Kind, Source};
use model::ServiceName;
use serde::Deserialize;
use serde_json::{Value, json};
use store::LeaseId;

use super::answer::{Answer, Refusal, read};
use super::desk::Desk;
use crate::attachments::Attachment;
use crate::documents::{Current, Wanted};

/// Marks a document that an attaching process made, and may change.
const MADE: &str = "postern.dev/made-by";
const BY_ATTACH: &str = "attach";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Attach {
    name: String,
    namespace: Option<String>,
    port: Option<u16>,
    protocol: Option<String>,
    target_port: Option<u16>,
    pid: u32,
}

pub(super) async fn attach(State(desk): State<Arc<Desk>>, body: Bytes) -> Answer {
    let attach: Attach = read(&body)?;
    let service = service_name(&attach)?;
    check_pid(attach.pid)?;
    declare(&desk, &attach, &service).await?;
    let attachment = Attachment { service: service.clone(), pid: attach.pid };
    let lease = desk.attachments.attach(attachment).await?;
    let current = desk.documents.current();
    let id = current.world.identities_of(&service).into_iter().next();
    let known = current.world.services().get(&service);
    let is_declared = known.is_some_and(|known| !known.ports.is_empty());
    let serves = attach.port.is_some() || is_declared && !is_made_here(&current, &service);
    Ok(Json(json!({
        "lease": lease.to_string(),
        "spiffeId": id.map(|id| id.to_string()),
        "trustDomain": desk.documents.trust_domain().to_string(),
        "generation": current.generation.to_string(),
        "serves": serves,
        "door": format!("{}/{}", service.namespace, service.name),
        "runtime": desk.runtime,
        "state": desk.state,
    })))
}

fn service_name(attach: &Attach) -> Result<ServiceName, Refusal> {
    let namespace = attach.namespace.as_deref().unwrap_or("default");
    format!("{namespace}/{}", attach.name)
        .parse()
        .map_err(|error| Refusal::unprocessable(format!("`{}`: {error}", attach.name)))
}

fn check_pid(pid: u32) -> Result<(), Refusal> {
    match i32::try_from(pid) {
        Ok(pid) if pid > 0 => Ok(()),
        _ => Err(Refusal::unprocessable(format!("{pid} is no process"))),
    }
}

/// Makes sure that there is a service of the name, with the port asked for.
/// Who names no port only calls, and gets a service without any.
async fn declare(desk: &Desk, attach: &Attach, service: &ServiceName) -> Result<(), Refusal> {
    let current = desk.documents.current();
    let known = current.world.services().get(service);
    if current.world.gateways().contains_key(service) && known.is_none() {
        return Ok(());
    }
    let fits = |known: &config::Service| attach.port.is_none_or(|port| fits(known, attach, port));
    if known.is_some_and(fits) {
        return Ok(());
    }
    if known.is_some() && !is_made_here(&current, service) {
        let error = format!("the documents say something else of the ports of {service}");
        return Err(Refusal::new(StatusCode::CONFLICT, error));
    }
    let name = format!("attach {service}");
    let source = Source { name, text: document(attach, service).to_string() };
    desk.documents.change(Wanted { sources: vec![source], ..Wanted::default() }).await?;
    Ok(())
}

fn fits(known: &config::Service, attach: &Attach, port: u16) -> bool {
    known.ports.iter().any(|known| {
        let protocol = attach.protocol.as_deref();
        known.port == port
            && protocol.is_none_or(|word| word == known.protocol.word())
            && attach.target_port.is_none_or(|target| known.app.port() == target)
    })
}

fn is_made_here(current: &Current, service: &ServiceName) -> bool {
    let ServiceName { namespace, name } = service.clone();
    let key = config::DocumentKey { kind: Kind::MeshService, namespace, name };
    let document = current.world.get(&key);
    document.is_some_and(|d| d.annotations.get(MADE).is_some_and(|by| by == BY_ATTACH))
}

fn document(attach: &Attach, service: &ServiceName) -> Value {
    let protocol = attach.protocol.as_deref().unwrap_or("http");
    let port = |port| {
        let target = attach.target_port.unwrap_or(port);
        json!({ "port": port, "protocol": protocol, "targetPort": target })
    };
    let ports: Vec<Value> = attach.port.map(port).into_iter().collect();
    json!({
        "apiVersion": Kind::MeshService.api_version(),
        "kind": Kind::MeshService.word(),
        "metadata": {
            "name": service.name.as_str(),
            "namespace": service.namespace.as_str(),
            "annotations": { MADE: BY_ATTACH },
        },
        "spec": { "ports": ports },
    })
}

pub(super) async fn renew(State(desk): State<Arc<Desk>>, Path(lease): Path<String>) -> Answer {
    desk.attachments.renew(lease_id(&lease)?)?;
    Ok(Json(json!({"lease": lease})))
}

pub(super) async fn detach(State(desk): State<Arc<Desk>>, Path(lease): Path<String>) -> Answer {
    desk.attachments.detach(lease_id(&lease)?).await?;
    Ok(Json(json!({"lease": lease})))
}

fn lease_id(text: &str) -> Result<LeaseId, Refusal> {
    let no_lease = |_| Refusal::unprocessable(format!("`{text}` is no lease"));
    text.parse().map(LeaseId).map_err(no_lease)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reside {
    pid: u32,
}

pub(super) async fn reside(State(desk): State<Arc<Desk>>, body: Bytes) -> Answer {
    let Reside { pid } = read(&body)?;
    check_pid(pid)?;
    desk.attachments.reside(pid);
    Ok(Json(json!({"pid": pid})))
}
