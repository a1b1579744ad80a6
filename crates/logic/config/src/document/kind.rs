//! The kinds of documents, and the key a document is known by.

use std::fmt;
use std::str::FromStr;

use model::{Label, ServiceName};

/// What a document describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The mesh itself: trust domain, lifetimes, limits. At most one.
    Mesh,
    /// A service: its ports and how to run it.
    MeshService,
    /// An identity for a workload that is no service, or not only one.
    WorkloadIdentity,
    /// Who may do what at a service or gateway.
    Policy,
    /// A way in from outside (Gateway API).
    Gateway,
    /// What comes in by a gateway goes where (Gateway API).
    HttpRoute,
    /// The same for gRPC services and their methods (Gateway API).
    GrpcRoute,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Mesh,
        Self::MeshService,
        Self::WorkloadIdentity,
        Self::Policy,
        Self::Gateway,
        Self::HttpRoute,
        Self::GrpcRoute,
    ];

    /// The word of `kind:` in a document.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mesh => "Mesh",
            Self::MeshService => "MeshService",
            Self::WorkloadIdentity => "WorkloadIdentity",
            Self::Policy => "Policy",
            Self::Gateway => "Gateway",
            Self::HttpRoute => "HTTPRoute",
            Self::GrpcRoute => "GRPCRoute",
        }
    }

    /// The word for it in a sentence.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Mesh => "mesh",
            Self::MeshService => "service",
            Self::WorkloadIdentity => "workload identity",
            Self::Policy => "policy",
            Self::Gateway => "gateway",
            Self::HttpRoute => "route",
            Self::GrpcRoute => "gRPC route",
        }
    }

    /// The word of `apiVersion:` that goes with it.
    #[must_use]
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::Gateway | Self::HttpRoute | Self::GrpcRoute => "gateway.networking.k8s.io/v1",
            _ => "postern.dev/v1",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The text names no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the kinds are Mesh, MeshService, WorkloadIdentity, Policy, Gateway, HTTPRoute and GRPCRoute"
)]
pub struct ParseKindError;

/// As people type it: in any case, and in the plural as well (`policies`).
/// Documents are read more strictly.
impl FromStr for Kind {
    type Err = ParseKindError;

    fn from_str(text: &str) -> Result<Self, ParseKindError> {
        let given = text.to_ascii_lowercase();
        let is_named = |kind: &Self| {
            let word = kind.word().to_ascii_lowercase();
            let stem = word.strip_suffix('y').unwrap_or(&word);
            given == word
                || given == format!("{word}s")
                || given == format!("{word}es")
                || given == format!("{stem}ies")
        };
        Self::ALL.into_iter().find(is_named).ok_or(ParseKindError)
    }
}

/// The name of a document, unique in the mesh. Written
/// `Kind/namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentKey {
    /// What it describes.
    pub kind: Kind,
    /// Its namespace; `default` for the mesh.
    pub namespace: Label,
    /// Its name in it.
    pub name: Label,
}

impl DocumentKey {
    /// Namespace and name as those of a service.
    #[must_use]
    pub fn service(&self) -> ServiceName {
        ServiceName::new(self.namespace.clone(), self.name.clone())
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

/// The text is no `Kind/namespace/name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a document is written `Kind/namespace/name`")]
pub struct ParseDocumentKeyError;

impl FromStr for DocumentKey {
    type Err = ParseDocumentKeyError;

    fn from_str(text: &str) -> Result<Self, ParseDocumentKeyError> {
        let (kind, rest) = text.split_once('/').ok_or(ParseDocumentKeyError)?;
        let (namespace, name) = rest.split_once('/').ok_or(ParseDocumentKeyError)?;
        let kind = kind.parse().map_err(|_| ParseDocumentKeyError)?;
        let label = |text: &str| text.parse::<Label>().map_err(|_| ParseDocumentKeyError);
        Ok(Self { kind, namespace: label(namespace)?, name: label(name)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_recognised_as_people_type_them() {
        for (text, kind) in [
            ("policy", Kind::Policy),
            ("policies", Kind::Policy),
            ("MeshServices", Kind::MeshService),
            ("meshes", Kind::Mesh),
            ("HTTPRoute", Kind::HttpRoute),
            ("httproutes", Kind::HttpRoute),
            ("grpcroute", Kind::GrpcRoute),
            ("gateways", Kind::Gateway),
            ("workloadidentities", Kind::WorkloadIdentity),
        ] {
            assert_eq!(text.parse(), Ok(kind), "{text}");
        }
        assert_eq!("service".parse::<Kind>(), Err(ParseKindError));
    }

    #[test]
    fn keys_round_trip() {
        let key: DocumentKey = "HTTPRoute/shop/front".parse().unwrap();
        assert_eq!(key.to_string().parse(), Ok(key));
        for bad in ["Policy/a", "Policy/a/b/c", "Polcy/a/b", "Policy//b", ""] {
            assert_eq!(bad.parse::<DocumentKey>(), Err(ParseDocumentKeyError), "{bad}");
        }
    }
}
