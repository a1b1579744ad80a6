//! Documents: read with every problem at its line and column, checked against
//! each other, compared, cut to what one door may know, and compiled to the
//! tables a door runs on.
//!
//! It deliberately reads no files and keeps no state: texts come in, values
//! go out.

mod attach;
mod check;
mod compile;
mod cut;
mod diff;
mod document;
mod hint;
mod host_pattern;
mod parse;
mod problem;
mod read;
mod routes;
mod slice;
mod snapshot;
mod tree;
mod value;
mod world;

pub use check::check;
pub use compile::compile;
pub use diff::{Change, ChangeKind, diff};
pub use document::gateway::{CertificateSpec, GatewaySpec, ListenerSpec};
pub use document::identity::IdentitySpec;
pub use document::limits::{LimitEntry, limits};
pub use document::mesh::MeshSpec;
pub use document::policy::{Caller, PolicySpec, RuleSpec};
pub use document::route::{BackendSpec, ParentSpec, RouteRuleSpec, RouteSpec};
pub use document::service::{PortSpec, Run, ServiceSpec};
pub use document::{
    Document, DocumentKey, Kind, Origin, ParseDocumentKeyError, ParseKindError, Spec,
};
pub use host_pattern::{HostPattern, ParseHostPatternError};
pub use parse::{Parsed, parse, read};
pub use problem::{At, Place, Problem, Severity, Source};
pub use routes::{PathMatch, Route, RouteMatch, Routes};
pub use slice::{SliceDocument, slice};
pub use snapshot::{Edge, EdgeCertificate, Endpoint, Inbound, Outbound, Protocol, Snapshot};
pub use world::{Port, Service, World};
