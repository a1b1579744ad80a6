//! A document: one thing somebody wants, in the Kubernetes shape. One module
//! for each kind holds its fields, how they are read and how they are written
//! back. Whether documents fit together is not known here but in `check`.

pub(crate) mod annotation;
pub(crate) mod gateway;
mod grpc_match;
mod http_match;
pub(crate) mod identity;
mod kind;
pub(crate) mod limits;
pub(crate) mod mesh;
pub(crate) mod policy;
mod reference;
pub(crate) mod route;
pub(crate) mod service;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use kind::{DocumentKey, Kind, ParseDocumentKeyError, ParseKindError};

use crate::problem::{Log, Place};
use crate::tree::Node;
use crate::value::Value;

/// One document. Two are equal when they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is known by.
    pub key: DocumentKey,
    /// Where it was read.
    pub origin: Origin,
    /// Kubernetes labels; kept, and not looked at.
    pub labels: BTreeMap<String, String>,
    /// Kubernetes annotations; kept, and but for one not looked at.
    pub annotations: BTreeMap<String, String>,
    /// What it says.
    pub spec: Spec,
}

/// Where a document was read.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The name of the source.
    pub file: Arc<str>,
    /// Where in it the document begins.
    pub place: Place,
}

/// The `spec` of a document, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// `Mesh`
    Mesh(mesh::MeshSpec),
    /// `MeshService`
    MeshService(service::ServiceSpec),
    /// `WorkloadIdentity`
    WorkloadIdentity(identity::IdentitySpec),
    /// `Policy`
    Policy(policy::PolicySpec),
    /// `Gateway`
    Gateway(gateway::GatewaySpec),
    /// `HTTPRoute`
    HttpRoute(route::RouteSpec),
    /// `GRPCRoute`
    GrpcRoute(route::RouteSpec),
}

impl Spec {
    /// The route, of either kind.
    #[must_use]
    pub const fn route(&self) -> Option<&route::RouteSpec> {
        match self {
            Self::HttpRoute(spec) | Self::GrpcRoute(spec) => Some(spec),
            _ => None,
        }
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
            && self.labels == other.labels
            && self.annotations == other.annotations
            && self.spec == other.spec
    }
}

impl Eq for Document {}

impl Document {
    /// The whole document on one line of JSON. The same document always gives
    /// the same bytes, and `parse` reads it back.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_value().to_json()
    }

    /// The whole document as YAML; `parse` reads it back.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        self.to_value().to_yaml()
    }

    /// Whether it is a route that takes `%2F` for a part of its segment
    /// (`postern.dev/escaped-slashes: keep`).
    #[must_use]
    pub fn keeps_escaped_slashes(&self) -> bool {
        let said = self.annotations.get(annotation::ESCAPED_SLASHES);
        said.is_some_and(|said| annotation::SLASHES.contains(&(said.as_str(), true)))
    }

    pub(crate) fn to_value(&self) -> Value {
        let kind = self.key.kind;
        Value::map([
            ("apiVersion", Some(Value::text(kind.api_version()))),
            ("kind", Some(Value::text(kind))),
            ("metadata", Some(self.metadata())),
            ("spec", Some(self.spec_value())),
        ])
    }

    fn metadata(&self) -> Value {
        let namespace = self.key.namespace.as_str();
        Value::map([
            ("name", Some(Value::text(&self.key.name))),
            ("namespace", (namespace != "default").then(|| Value::text(namespace))),
            ("labels", Value::texts(&self.labels)),
            ("annotations", Value::texts(&self.annotations)),
        ])
    }

    fn spec_value(&self) -> Value {
        let namespace = &self.key.namespace;
        match &self.spec {
            Spec::Mesh(spec) => spec.write(),
            Spec::MeshService(spec) => spec.write(),
            Spec::WorkloadIdentity(spec) => spec.write(),
            Spec::Policy(spec) => spec.write(namespace),
            Spec::Gateway(spec) => spec.write(),
            Spec::HttpRoute(spec) => spec.write(namespace, &http_match::MATCHING),
            Spec::GrpcRoute(spec) => spec.write(namespace, &grpc_match::MATCHING),
        }
    }
}

/// Reads the `spec` of the document of this key.
pub(crate) fn read_spec(key: &DocumentKey, node: &Node, log: &mut Log) -> Option<Spec> {
    let DocumentKey { kind, namespace, name } = key;
    let route = |matching, log: &mut Log| route::read_route(namespace, matching, node, log);
    Some(match kind {
        Kind::Mesh => Spec::Mesh(mesh::read_mesh(name, node, log)?),
        Kind::MeshService => Spec::MeshService(service::read_service(node, log)?),
        Kind::WorkloadIdentity => Spec::WorkloadIdentity(identity::read_identity(node, log)?),
        Kind::Policy => Spec::Policy(policy::read_policy(namespace, node, log)?),
        Kind::Gateway => Spec::Gateway(gateway::read_gateway(node, log)?),
        Kind::HttpRoute => Spec::HttpRoute(route(&http_match::MATCHING, log)?),
        Kind::GrpcRoute => Spec::GrpcRoute(route(&grpc_match::MATCHING, log)?),
    })
}
