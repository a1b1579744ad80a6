//! Which routes belong to which listener, and for which hosts: the rules of
//! Gateway API (`ParentReference`, `allowedRoutes`, hostname intersection) in
//! one place, for checking and for compiling.

use model::ServiceName;

use crate::document::gateway::ListenerSpec;
use crate::document::route::{ParentSpec, RouteSpec};
use crate::host_pattern::HostPattern;
use crate::problem::At;

impl ParentSpec {
    /// Whether the reference, which names the listener's gateway, means this
    /// listener of it.
    pub(crate) fn means(&self, listener: &ListenerSpec) -> bool {
        self.listener.as_ref().is_none_or(|name| *name == listener.name)
    }
}

/// The hosts for which a route with these hostnames takes requests at a
/// listener; `None` in it is every host. Empty when there are none.
pub(crate) fn hosts_at(
    listener: &ListenerSpec,
    hostnames: &[At<HostPattern>],
) -> Vec<Option<HostPattern>> {
    let own = listener.hostname.as_deref();
    if hostnames.is_empty() {
        return vec![own.cloned()];
    }
    let narrowed = |host: &At<HostPattern>| match own {
        None => Some(Some(host.value.clone())),
        Some(own) => own.intersection(host).map(|both| Some(both.clone())),
    };
    hostnames.iter().filter_map(narrowed).collect()
}

/// Whether a route in the namespace of `route` attaches to a listener of
/// `gateway`.
pub(crate) fn is_attached(
    route: &ServiceName,
    spec: &RouteSpec,
    gateway: &ServiceName,
    listener: &ListenerSpec,
) -> bool {
    let may = listener.is_open || route.namespace == gateway.namespace;
    may && spec.parents.iter().any(|p| p.gateway.value == *gateway && p.means(listener))
}
