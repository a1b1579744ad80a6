//! The matches of a `GRPCRoute` (Gateway API's `GRPCRouteMatch`): a method of a
//! service, or the whole service. On the wire a gRPC method is a `POST` to
//! `/service/method`, and the table of routes knows nothing else.

use policy::GrpcMatch;

use super::route::Matching;
use crate::problem::Log;
use crate::read::{self, Fields};
use crate::routes::{PathMatch, RouteMatch};
use crate::tree::Node;
use crate::value::Value;

/// How a `GRPCRoute` writes its matches.
pub(super) const MATCHING: Matching = Matching {
    read: read_match,
    write: write_match,
    everything,
    not_yet: &["filters", "sessionPersistence"],
};

/// Every gRPC request.
fn everything() -> RouteMatch {
    at(PathMatch::Prefix("/".into()))
}

fn at(path: PathMatch) -> RouteMatch {
    RouteMatch { path, method: Some("POST".into()) }
}

fn read_match(node: &Node, log: &mut Log) -> Option<RouteMatch> {
    read::mapping(node, log, |fields| {
        fields.not_yet(&["headers"]);
        if !fields.has("method") {
            fields.optional("method", |_, _| None::<()>);
            return Some(everything());
        }
        fields.required("method", read_method)
    })
}

/// `GRPCMethodMatch`. A method of any service is what the standard leaves to
/// implementations, and is not served.
fn read_method(node: &Node, log: &mut Log) -> Option<RouteMatch> {
    read::mapping(node, log, |fields| {
        fields.optional("type", read::word(&[("Exact", ())], &["RegularExpression"]));
        let method = fields.optional("method", read::text);
        let service = fields.required("service", read::text)?;
        let wanted = method.as_ref().map_or("*", |method| method.as_str());
        match format!("{}/{wanted}", service.value).parse::<GrpcMatch>() {
            Ok(named) if wanted != "*" || method.is_none() => Some(at(path_of(&named))),
            Ok(_) => refuse(fields, "`*` is no method: leave `method` out to mean all of them"),
            Err(error) => refuse(fields, &error.to_string()),
        }
    })
}

fn refuse<T>(fields: &mut Fields<'_, '_>, message: &str) -> Option<T> {
    fields.log.error(fields.place, message);
    None
}

fn path_of(named: &GrpcMatch) -> PathMatch {
    match named.method() {
        Some(method) => PathMatch::Exact(format!("/{}/{method}", named.service())),
        None => PathMatch::Prefix(format!("/{}", named.service())),
    }
}

fn write_match(matches: &RouteMatch) -> Value {
    let path = matches.path.value().strip_prefix('/').unwrap_or_default();
    let (service, method) = path.split_once('/').map_or((path, None), |(s, m)| (s, Some(m)));
    let method =
        Value::map([("service", Some(Value::text(service))), ("method", method.map(Value::text))]);
    Value::map([("method", (!service.is_empty()).then_some(method))])
}
