//! A document: one thing somebody wants, in the Kubernetes shape. One module
//! for each kind holds its fields, how they are read and how they are written
//! back. Whether documents fit together is not known here but in `check`.

pub(crate) mod gateway;
pub(crate) mod identity;
mod kind;
pub(crate) mod mesh;
pub(crate) mod policy;
mod reference;
pub(crate) mod route;
pub(crate) mod service;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use kind::{DocumentKey, Kind, ParseDocumentKeyError, ParseKindError};

use crate::problem::Place;
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
    /// Kubernetes annotations; kept, and not looked at.
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
            Spec::HttpRoute(spec) => spec.write(namespace),
        }
    }
}
