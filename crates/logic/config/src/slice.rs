//! What one door is told: the documents it needs, cut to what it may know, in
//! a form that stands by itself and passes the same `check` as the whole.

use std::collections::BTreeMap;

use model::ServiceName;
use policy::{Effect, From, Rule};

use crate::cut::{Eyes, callees};
use crate::document::annotation::ESCAPED_SLASHES;
use crate::document::policy::{Caller, PolicySpec, RuleSpec};
use crate::document::route::RouteSpec;
use crate::document::service::{PortSpec, ServiceSpec};
use crate::document::{Document, DocumentKey, Kind, Origin, Spec};
use crate::problem::{At, Place};
use crate::world::World;

/// One document of a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceDocument {
    /// Its key as text, `Kind/namespace/name`.
    pub name: String,
    /// The document; `parse` reads it back.
    pub json: String,
}

/// Cuts the world to what the door of `door` may know. `None` when there is
/// no service or gateway of that name.
///
/// It holds the mesh; its own service or gateway and every rule there; the
/// services it may call (a gateway: those its routes lead to) with their
/// ports, who may serve them, and the rules that speak of this door; a
/// gateway's routes. Callers stand in it as SPIFFE IDs. Never in it: how a
/// service is run, where another's app listens, other callers, labels.
#[must_use]
pub fn slice(world: &World, door: &ServiceName) -> Option<Vec<SliceDocument>> {
    let identities = world.identities_of(door);
    let eyes = Eyes::of(identities.first().map(|_| identities.as_slice())?);
    let callees = callees(world, door);
    let cutter = Cutter { world, door, callees: &callees, eyes: &eyes };
    let mesh = Document { spec: Spec::Mesh(world.mesh().clone()), ..bare(mesh_key(world)?) };
    let cut = world.documents().filter_map(|document| cutter.cut(document));
    let documents = std::iter::once(mesh).chain(cut);
    Some(documents.map(|d| SliceDocument { name: d.key.to_string(), json: d.to_json() }).collect())
}

struct Cutter<'w> {
    world: &'w World,
    door: &'w ServiceName,
    callees: &'w [ServiceName],
    eyes: &'w Eyes,
}

impl Cutter<'_> {
    fn cut(&self, document: &Document) -> Option<Document> {
        let name = document.key.service();
        let is_own = name == *self.door;
        let spec = match &document.spec {
            Spec::MeshService(spec) if is_own => Spec::MeshService(cut_own(spec)),
            Spec::MeshService(spec) if self.callees.contains(&name) => {
                Spec::MeshService(cut_other(spec))
            }
            Spec::Gateway(spec) if is_own => Spec::Gateway(spec.clone()),
            Spec::Policy(spec) => Spec::Policy(self.cut_policy(&document.key, spec)?),
            Spec::HttpRoute(spec) => Spec::HttpRoute(self.cut_route(spec)?),
            Spec::GrpcRoute(spec) => Spec::GrpcRoute(self.cut_route(spec)?),
            _ => return None,
        };
        let annotations = cut_annotations(document);
        Some(Document { spec, annotations, ..bare(document.key.clone()) })
    }

    fn cut_policy(&self, key: &DocumentKey, spec: &PolicySpec) -> Option<PolicySpec> {
        let is_own = *spec.to == *self.door;
        if !is_own && !self.callees.contains(&spec.to) {
            return None;
        }
        let prefix = format!("{}/{} ", key.namespace, key.name);
        let of_policy = |rule: &Rule| rule.name.as_str().starts_with(&prefix);
        let rules = self.world.policies_for(&spec.to).into_iter().filter(of_policy).collect();
        let rules = if is_own { rules } else { self.eyes.cut(rules) };
        let with = |effect: Effect| {
            let rules = rules.iter().filter(|rule| rule.effect == effect);
            rules.map(|rule| write_back(rule, &prefix)).collect::<Vec<_>>()
        };
        let (allow, deny) = (with(Effect::Allow), with(Effect::Deny));
        let is_empty = allow.is_empty() && deny.is_empty();
        (!is_empty).then(|| PolicySpec { to: spec.to.clone(), allow, deny })
    }

    fn cut_route(&self, spec: &RouteSpec) -> Option<RouteSpec> {
        let own = spec.parents.iter().filter(|parent| *parent.gateway == *self.door);
        let parents: Vec<_> = own.cloned().collect();
        (!parents.is_empty()).then(|| RouteSpec { parents, ..spec.clone() })
    }
}

/// The mesh belongs to no namespace, which is written as `default`.
fn mesh_key(world: &World) -> Option<DocumentKey> {
    let ServiceName { namespace, name } = world.mesh().name.as_str().parse().ok()?;
    Some(DocumentKey { kind: Kind::Mesh, namespace, name })
}

/// A document without labels and annotations, waiting for its spec.
fn bare(key: DocumentKey) -> Document {
    let origin = Origin { file: "slice".into(), place: Place::default() };
    let spec = Spec::MeshService(ServiceSpec { ports: vec![], run: None, served_by: vec![] });
    Document { key, origin, labels: Default::default(), annotations: Default::default(), spec }
}

/// The environment of a command may hold what only the command may know.
fn cut_own(spec: &ServiceSpec) -> ServiceSpec {
    ServiceSpec { run: None, ..spec.clone() }
}

/// Only what a door has to know.
fn cut_annotations(document: &Document) -> BTreeMap<String, String> {
    let kept = document.keeps_escaped_slashes().then(|| ESCAPED_SLASHES.to_owned());
    kept.map(|name| (name, "keep".to_owned())).into_iter().collect()
}

fn cut_other(spec: &ServiceSpec) -> ServiceSpec {
    let hide = |port: &PortSpec| PortSpec { target: port.port, ..port.clone() };
    ServiceSpec { ports: spec.ports.iter().map(hide).collect(), run: None, ..spec.clone() }
}

fn write_back(rule: &Rule, prefix: &str) -> RuleSpec {
    let name = rule.name.as_str();
    RuleSpec {
        name: Some(name.strip_prefix(prefix).unwrap_or(name).to_owned()),
        from: rule.from().iter().cloned().map(caller).map(At::nowhere).collect(),
        http: rule.http.iter().cloned().map(At::nowhere).collect(),
        ports: rule.ports.iter().copied().map(At::nowhere).collect(),
    }
}

fn caller(from: From) -> Caller {
    match from {
        From::Anyone => Caller::Anyone,
        From::Anonymous => Caller::Anonymous,
        From::Id(id) => Caller::Id(id),
        From::Namespace { namespace, .. } => Caller::Namespace(namespace),
    }
}
