//! HTTPRoutes and GRPCRoutes don't share hosts of a listener: Gateway API has
//! exactly one of two such routes accepted (`GRPCRouteSpec.hostnames`), because
//! a request could take either. Here the later one is refused.

use model::ServiceName;

use super::names::Names;
use crate::attach::{hosts_at, is_attached};
use crate::document::Document;
use crate::document::gateway::{GatewaySpec, ListenerSpec};
use crate::document::route::RouteSpec;
use crate::host_pattern::HostPattern;
use crate::problem::Log;

pub(super) fn check(document: &Document, spec: &RouteSpec, names: &Names<'_>, log: &mut Log) {
    for parent in &spec.parents {
        let Some(gateway) = names.gateways.get(&parent.gateway.value) else { continue };
        let earlier = names.documents().take_while(|other| !std::ptr::eq(*other, document));
        let mut others = earlier.filter(|other| other.key.kind != document.key.kind);
        if let Some(other) = others.find(|other| meet(&parent.gateway, gateway, document, other)) {
            let message = format!("`{}` takes the same hosts of `{}`", other.key, *parent.gateway);
            let hint = "give the two other `hostnames`, or write both as HTTPRoutes: a gRPC method \
                        is a POST to `/package.Service/Method`";
            log.error_with(parent.gateway.place, message, hint);
        }
    }
}

/// Whether two documents are routes that take a host of one listener both.
fn meet(name: &ServiceName, gateway: &GatewaySpec, one: &Document, other: &Document) -> bool {
    let hosts = |document: &Document, listener: &ListenerSpec| match document.spec.route() {
        Some(spec) if is_attached(&document.key.service(), spec, name, listener) => {
            hosts_at(listener, &spec.hostnames)
        }
        _ => Vec::new(),
    };
    gateway.listeners.iter().any(|listener| {
        let (ones, others) = (hosts(one, listener), hosts(other, listener));
        ones.iter().any(|one| others.iter().any(|other| is_common(one.as_ref(), other.as_ref())))
    })
}

/// `None` is every host.
fn is_common(one: Option<&HostPattern>, other: Option<&HostPattern>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.intersection(other).is_some(),
        _ => true,
    }
}
