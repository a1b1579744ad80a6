//! What one door is given: documents cut to what it may know, and where the
//! instances of the services among them are. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::{DocumentKey, Endpoint, Kind};
use model::{Generation, Principal, ServiceName, SpiffeId};
use policy::Effect;
use wire::push::{self, slice::Content};

use super::view::{Resource, View};
use crate::documents::Current;

/// The documents of one door at one generation.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    generation: Generation,
    documents: BTreeMap<String, Arc<Resource>>,
    /// Whose instances the door has to find.
    callees: Vec<ServiceName>,
}

impl Cut {
    /// `None` when there is no service or gateway of the name.
    pub(crate) fn of(current: &Current, door: &ServiceName) -> Option<Self> {
        let mut documents = BTreeMap::new();
        let mut callees = Vec::new();
        for document in config::slice(&current.world, door)? {
            callees.extend(
                callee(&document.name).filter(|name| name != door || calls_itself(current, door)),
            );
            let name = format!("document/{}", document.name);
            documents.insert(name, Resource::of(Content::Document(document.json)));
        }
        Some(Self { generation: current.generation, documents, callees })
    }

    /// The whole, with the instances there are now.
    pub(crate) fn with(&self, endpoints: impl Fn(&ServiceName) -> Vec<Endpoint>) -> View {
        let mut resources = self.documents.clone();
        for service in &self.callees {
            let name = format!("endpoints/{}/{}", service.namespace, service.name);
            resources.insert(name, endpoints_of(service, endpoints(service)));
        }
        View::new(self.generation, resources)
    }
}

fn callee(name: &str) -> Option<ServiceName> {
    let key: DocumentKey = name.parse().ok()?;
    (key.kind == Kind::MeshService).then(|| key.service())
}

/// A door learns its own service's instances only if a rule lets it call them.
fn calls_itself(current: &Current, door: &ServiceName) -> bool {
    let ids: Vec<SpiffeId> = current.world.identities_of(door);
    current.world.policies_for(door).iter().any(|rule| {
        let covers = |id: &SpiffeId| rule.covers_caller(&Principal::Workload(id.clone()));
        rule.effect == Effect::Allow && ids.iter().any(covers)
    })
}

fn endpoints_of(service: &ServiceName, endpoints: Vec<Endpoint>) -> Arc<Resource> {
    let endpoints = endpoints
        .into_iter()
        .map(|e| push::Endpoint { instance: e.instance, address: e.address.to_string() });
    let service = format!("{}/{}", service.namespace, service.name);
    Resource::of(Content::Endpoints(push::Endpoints { service, endpoints: endpoints.collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::Source;

    const TEXT: &str = "\
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: web}
spec: {ports: [{port: 80, protocol: http}], run: {command: [web], env: {KEY: s3cret}}}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: orders}
spec: {ports: [{port: 80, protocol: http, targetPort: 9002}], run: {command: [orders], env: {KEY: s3cret}}}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: payments}
spec: {ports: [{port: 80, protocol: http, targetPort: 9003}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: web-orders}
spec: {to: orders, allow: [{from: web}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: orders-payments}
spec: {to: payments, allow: [{from: [orders, payments]}]}
";

    fn current(text: &str) -> Current {
        let sources = [Source { name: "a".into(), text: text.into() }];
        let world = config::read(&sources).over(Vec::new()).unwrap();
        Current { generation: "1.2".parse().unwrap(), world }
    }

    fn view(door: &str) -> View {
        let somewhere = |service: &ServiceName| {
            let instance = format!("{}-1", service.name);
            vec![Endpoint { instance, address: "127.0.0.1:4000".parse().unwrap() }]
        };
        Cut::of(&current(TEXT), &door.parse().unwrap()).unwrap().with(somewhere)
    }

    fn names(view: &View) -> Vec<&str> {
        view.resources.keys().map(String::as_str).collect()
    }

    #[test]
    fn a_door_is_told_of_whom_it_calls_and_of_nobody_else() {
        let web = view("web");
        assert!(names(&web).contains(&"document/MeshService/default/orders"));
        assert!(names(&web).contains(&"endpoints/default/orders"));
        assert!(!names(&web).iter().any(|name| name.contains("payments")));
        assert!(!names(&web).contains(&"endpoints/default/web"));
        let everything: Vec<u8> = web.resources.values().flat_map(|r| r.body.clone()).collect();
        assert!(!String::from_utf8_lossy(&everything).contains("s3cret"));
    }

    #[test]
    fn a_service_that_calls_itself_finds_its_own_instances() {
        assert!(names(&view("payments")).contains(&"endpoints/default/payments"));
        assert!(
            !names(&view("payments")).iter().any(|name| name.starts_with("endpoints/default/o"))
        );
    }

    #[test]
    fn there_is_no_view_for_a_door_nobody_declared() {
        assert!(Cut::of(&current(TEXT), &"ghost".parse().unwrap()).is_none());
    }

    #[test]
    fn versions_follow_the_content() {
        let (one, two) = (view("web"), view("web"));
        assert_eq!(one, two);
        let orders = "endpoints/default/orders";
        let cut = Cut::of(&current(TEXT), &"web".parse().unwrap()).unwrap();
        let moved = cut.with(|_| Vec::new());
        assert_ne!(moved.resources[orders].version, one.resources[orders].version);
        assert_ne!(moved.digest, one.digest);
    }
}
