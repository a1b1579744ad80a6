//! How the mesh is: its services, its doors, and how far a generation has come.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::Response;
use model::{Generation, ServiceName};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{self, Answer, Refusal, problem};
use super::desk::Desk;
use crate::documents::Current;
use crate::entitlements::resident_doors;
use crate::fleet::{Door, Progress, progress};

/// The longest a request may wait.
const WAIT_MAX: Duration = Duration::from_secs(600);

pub(super) async fn status(State(desk): State<Arc<Desk>>) -> Answer {
    let current = desk.documents.current();
    let view =
        View { current: &current, instances: desk.fleet.instances(), doors: desk.fleet.doors() };
    let mesh = current.world.mesh();
    Ok(Json(json!({
        "mesh": mesh.name.to_string(),
        "trustDomain": mesh.trust_domain.to_string(),
        "generation": current.generation.to_string(),
        "ready": desk.attachments.has_resident()
            && resident_doors(&current).iter().all(|door| view.is_ready(door)),
        "startedAt": desk.started.to_string(),
        "warnings": current.world.warnings().iter().map(problem).collect::<Vec<_>>(),
        "services": view.services(),
        "doors": view.doors.iter().map(door).collect::<Vec<_>>(),
    })))
}

/// One look at everything.
struct View<'a> {
    current: &'a Current,
    instances: Vec<registry::Instance>,
    doors: Vec<Door>,
}

impl View<'_> {
    /// A door of it is connected and runs what stands.
    fn is_ready(&self, name: &ServiceName) -> bool {
        let present = self.current.generation;
        let runs = |d: &Door| d.left.is_none() && d.generation.is_some_and(|runs| runs >= present);
        self.doors.iter().any(|door| door.door == *name && runs(door))
    }

    fn services(&self) -> Vec<Value> {
        let services = self.current.world.services().iter();
        services.map(|(name, service)| self.service(name, service)).collect()
    }

    fn service(&self, name: &ServiceName, service: &config::Service) -> Value {
        let port =
            |port: &config::Port| json!({"port": port.port, "protocol": port.protocol.word()});
        let instances = self.instances.iter().filter(|instance| instance.service == *name);
        let instance = |i: &registry::Instance| json!({"name": i.name, "address": i.address.to_string(), "connected": i.is_here()});
        json!({
            "name": name.to_string(),
            "ports": service.ports.iter().map(port).collect::<Vec<_>>(),
            "run": service.run.is_some(),
            "instances": instances.map(instance).collect::<Vec<_>>(),
            "ready": self.is_ready(name),
        })
    }
}

fn door(door: &Door) -> Value {
    let refused = door.refused.as_ref();
    json!({
        "door": door.door.to_string(),
        "instance": door.instance,
        "generation": door.generation.map(|generation| generation.to_string()),
        "refused": refused.map(|(generation, why)| format!("generation {generation}: {why}")),
        "connected": door.left.is_none(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wait {
    generation: Option<String>,
    timeout_ms: Option<u64>,
}

/// Waits until every door runs a generation, somebody refused it for good, or
/// the time is over.
pub(super) async fn convergence(State(desk): State<Arc<Desk>>, Query(wait): Query<Wait>) -> Answer {
    let generation = match wait.generation.as_deref() {
        None => desk.documents.current().generation,
        Some(text) => text
            .parse::<Generation>()
            .map_err(|()| Refusal::unprocessable(format!("`{text}` is no generation")))?,
    };
    let time = Duration::from_millis(wait.timeout_ms.unwrap_or(0)).min(WAIT_MAX);
    let settled = tokio::time::timeout(time, settled(&desk, generation)).await;
    let converged = match settled {
        Ok(progress) => progress == Progress::Converged,
        Err(_) => look(&desk, generation) == Progress::Converged,
    };
    let doors: Vec<Value> = desk.fleet.doors().iter().map(door).collect();
    Ok(Json(json!({"converged": converged, "doors": doors})))
}

async fn settled(desk: &Desk, generation: Generation) -> Progress {
    let mut moved = desk.fleet.subscribe();
    let mut documents = desk.documents.subscribe();
    loop {
        moved.mark_unchanged();
        let progress = look(desk, generation);
        if progress != Progress::Underway {
            return progress;
        }
        tokio::select! {
            _ = moved.changed() => {}
            _ = documents.changed() => {}
        }
    }
}

/// Where a process holds the doors of this host, they are all expected.
fn look(desk: &Desk, generation: Generation) -> Progress {
    let expected = match desk.attachments.current().resident {
        Some(_) => resident_doors(&desk.documents.current()),
        None => Vec::new(),
    };
    progress(&desk.fleet.doors(), &expected, generation)
}

pub(super) async fn metrics(State(desk): State<Arc<Desk>>) -> Response {
    answer::text((desk.metrics)())
}
