//! Where a request goes: places in the tables of a world.

use model::ServiceName;

use crate::world::World;

/// An upstream of a snapshot, by its place in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// The own app, by inbound port.
    App(usize),
    /// Another service's port.
    Service(usize),
}

/// A listener at the edge and one of its routes, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AtEdge {
    pub(crate) listener: usize,
    pub(crate) route: usize,
}

impl AtEdge {
    /// The route's name, for logs and metrics.
    pub(crate) fn route_name(self, world: &World) -> Option<&str> {
        let edge = world.snapshot.edges.get(self.listener)?;
        edge.routes.get(self.route).map(|route| route.name.as_str())
    }
}

/// A request that knows where it wants to go. Its canonical path is in the
/// connection's `path`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Routed {
    pub(crate) upstream: Upstream,
    /// The edge listener and the route's place in it, at a gateway.
    pub(crate) edge: Option<AtEdge>,
    /// The query, as bytes of the request target from here on.
    pub(crate) query_from: Option<usize>,
}

/// The service and port of an upstream, for the record.
pub(crate) fn name_of(world: &World, upstream: Upstream) -> Option<(&ServiceName, u16)> {
    match upstream {
        Upstream::App(at) => {
            world.snapshot.inbound.get(at).map(|inbound| (&world.snapshot.door, inbound.port))
        }
        Upstream::Service(at) => {
            world.snapshot.outbound.get(at).map(|outbound| (&outbound.service, outbound.port))
        }
    }
}
