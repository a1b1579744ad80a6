//! Documents that fit together: names resolved to identities, rules in the
//! form they are judged in. A [`World`] exists only once `check` found no
//! error.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use model::{ServiceName, SpiffeId};
use policy::{From, Rule, RuleName};

use crate::document::gateway::GatewaySpec;
use crate::document::identity::IdentitySpec;
use crate::document::mesh::MeshSpec;
use crate::document::policy::{Caller, PolicySpec};
use crate::document::service::{PortSpec, Run, ServiceSpec};
use crate::document::{Document, DocumentKey, Kind, Spec};
use crate::problem::Problem;
use crate::snapshot::Protocol;

/// All documents of a mesh, checked.
#[derive(Clone, Debug)]
pub struct World {
    documents: BTreeMap<DocumentKey, Document>,
    mesh: MeshSpec,
    services: BTreeMap<ServiceName, Service>,
    gateways: BTreeMap<ServiceName, GatewaySpec>,
    rules: BTreeMap<ServiceName, Vec<Rule>>,
    identities: Vec<(SpiffeId, Vec<String>)>,
    warnings: Vec<Problem>,
}

/// A service with everything that was left out filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its ports, in the order written.
    pub ports: Vec<Port>,
    /// How `up` starts it.
    pub run: Option<Run>,
    /// Who may serve it; never empty.
    pub serves: Vec<SpiffeId>,
}

/// A port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The port callers name.
    pub port: u16,
    /// What is spoken on it.
    pub protocol: Protocol,
    /// Where the app listens.
    pub app: SocketAddr,
    /// Whether `%2F` in a path is a part of its segment; else it is refused.
    pub keep_escaped_slashes: bool,
}

impl World {
    /// The documents by key.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        self.documents.values()
    }

    /// One document.
    #[must_use]
    pub fn get(&self, key: &DocumentKey) -> Option<&Document> {
        self.documents.get(key)
    }

    /// The mesh; one named `mesh` when no document describes it.
    #[must_use]
    pub const fn mesh(&self) -> &MeshSpec {
        &self.mesh
    }

    /// The services by name.
    #[must_use]
    pub const fn services(&self) -> &BTreeMap<ServiceName, Service> {
        &self.services
    }

    /// The gateways by name.
    #[must_use]
    pub const fn gateways(&self) -> &BTreeMap<ServiceName, GatewaySpec> {
        &self.gateways
    }

    /// Every rule at a service or gateway: its policies by name, in each the
    /// denies and then the allows in the order written.
    #[must_use]
    pub fn policies_for(&self, service: &ServiceName) -> Vec<Rule> {
        self.rules(service).to_vec()
    }

    pub(crate) fn rules(&self, service: &ServiceName) -> &[Rule] {
        self.rules.get(service).map(Vec::as_slice).unwrap_or_default()
    }

    /// What the `WorkloadIdentity` documents give out: an identity, and the
    /// selectors a workload has to show all of.
    #[must_use]
    pub fn identities(&self) -> &[(SpiffeId, Vec<String>)] {
        &self.identities
    }

    /// What is allowed and probably not meant.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The identities a door of this name may hold; empty when there is no
    /// service or gateway of the name.
    #[must_use]
    pub fn identities_of(&self, door: &ServiceName) -> Vec<SpiffeId> {
        if let Some(service) = self.services.get(door) {
            return service.serves.clone();
        }
        let is_gateway = self.gateways.contains_key(door);
        is_gateway.then(|| self.identity_named(door)).into_iter().collect()
    }

    /// Takes documents in which `check` found no error.
    pub(crate) fn new(documents: Vec<Document>, mesh: MeshSpec, warnings: Vec<Problem>) -> Self {
        let mut world = Self {
            documents: BTreeMap::new(),
            mesh,
            services: BTreeMap::new(),
            gateways: BTreeMap::new(),
            rules: BTreeMap::new(),
            identities: Vec::new(),
            warnings,
        };
        let by_key = |document: Document| (document.key.clone(), document);
        let documents: BTreeMap<_, _> = documents.into_iter().map(by_key).collect();
        documents.values().for_each(|document| world.take(document));
        let rules = Resolver { world: &world, documents: &documents }.rules();
        world.rules = rules;
        world.documents = documents;
        world
    }

    fn take(&mut self, document: &Document) {
        let name = document.key.service();
        match &document.spec {
            Spec::MeshService(spec) => {
                let service = self.complete(&name, spec);
                self.services.insert(name, service);
            }
            Spec::Gateway(spec) => {
                self.gateways.insert(name, spec.clone());
            }
            Spec::WorkloadIdentity(spec) => {
                let selectors = spec.selectors.iter().map(|s| s.value.clone()).collect();
                self.identities.push((self.identity_given(&name, spec), selectors));
            }
            Spec::Mesh(_) | Spec::Policy(_) | Spec::HttpRoute(_) | Spec::GrpcRoute(_) => {}
        }
    }

    fn complete(&self, name: &ServiceName, spec: &ServiceSpec) -> Service {
        let mut serves: Vec<_> = spec.served_by.iter().map(|id| id.value.clone()).collect();
        if serves.is_empty() {
            serves.push(self.identity_named(name));
        }
        let ports = spec.ports.iter().map(complete_port).collect();
        Service { ports, run: spec.run.clone(), serves }
    }

    fn identity_named(&self, name: &ServiceName) -> SpiffeId {
        SpiffeId::of_service(&self.mesh.trust_domain, name)
    }

    fn identity_given(&self, name: &ServiceName, spec: &IdentitySpec) -> SpiffeId {
        spec.id.as_ref().map_or_else(|| self.identity_named(name), |id| id.value.clone())
    }
}

fn complete_port(spec: &PortSpec) -> Port {
    let app = SocketAddr::from((Ipv4Addr::LOCALHOST, *spec.target));
    let keep_escaped_slashes = spec.escaped_slashes.as_ref().is_some_and(|at| at.value);
    Port { port: *spec.port, protocol: spec.protocol, app, keep_escaped_slashes }
}

/// Turns the callers of written rules into identities.
struct Resolver<'w> {
    world: &'w World,
    documents: &'w BTreeMap<DocumentKey, Document>,
}

impl Resolver<'_> {
    fn rules(&self) -> BTreeMap<ServiceName, Vec<Rule>> {
        let mut all: BTreeMap<ServiceName, Vec<Rule>> = BTreeMap::new();
        for document in self.documents.values() {
            if let Spec::Policy(spec) = &document.spec {
                let rules = all.entry(spec.to.value.clone()).or_default();
                rules.extend(self.rules_of(&document.key, spec));
            }
        }
        all
    }

    fn rules_of<'a>(
        &'a self,
        key: &'a DocumentKey,
        spec: &'a PolicySpec,
    ) -> impl Iterator<Item = Rule> + 'a {
        spec.rules().filter_map(move |(effect, name, rule)| {
            let name = RuleName(format!("{}/{} {name}", key.namespace, key.name));
            let from = rule.from.iter().flat_map(|from| self.resolve(from)).collect();
            let http = rule.http.iter().map(|http| http.value.clone()).collect();
            let ports = rule.ports.iter().map(|port| port.value).collect();
            // Never refused: a rule that names nobody isn't read.
            Some(Rule::new(name, effect, from).ok()?.on_ports(ports).for_http(http))
        })
    }

    fn resolve(&self, caller: &Caller) -> Vec<From> {
        match caller {
            Caller::Anyone => vec![From::Anyone],
            Caller::Anonymous => vec![From::Anonymous],
            Caller::Id(id) => vec![From::Id(id.clone())],
            Caller::Named(name) => self.ids_named(name).into_iter().map(From::Id).collect(),
            Caller::Namespace(namespace) => vec![From::Namespace {
                trust_domain: self.world.mesh.trust_domain.clone(),
                namespace: namespace.clone(),
            }],
        }
    }

    /// A name may be a service's or gateway's and a workload identity's at
    /// once; all of them are meant.
    fn ids_named(&self, name: &ServiceName) -> BTreeSet<SpiffeId> {
        let mut ids: BTreeSet<_> = self.world.identities_of(name).into_iter().collect();
        let ServiceName { namespace, name: label } = name.clone();
        let key = DocumentKey { kind: Kind::WorkloadIdentity, namespace, name: label };
        match self.documents.get(&key).map(|document| &document.spec) {
            Some(Spec::WorkloadIdentity(spec)) => {
                ids.insert(self.world.identity_given(name, spec));
            }
            // A rule never loses its caller, or a deny would be gone.
            _ if ids.is_empty() => {
                ids.insert(self.world.identity_named(name));
            }
            _ => {}
        }
        ids
    }
}
