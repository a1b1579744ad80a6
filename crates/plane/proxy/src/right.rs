//! What something open was opened for: what is judged again at a swap. A right
//! is told by what was asked for, not by places in a table, because the tables
//! are another world's by then.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use model::{Principal, ServiceName};
use policy::{Action, Denied};

use crate::caller::Caller;
use crate::routed::{AtEdge, Routed, Upstream, name_of};
use crate::world::World;

/// What a listed thing was opened for.
pub(crate) enum Right {
    /// A connection by itself: what is served on it is listed by itself.
    Connection,
    /// An HTTP exchange, WebSockets and gRPC streams included.
    Exchange { caller: Rc<Caller>, asked: Rc<RefCell<Asked>> },
    /// A TCP stream in to the app.
    StreamIn { caller: Rc<Caller>, port: u16 },
    /// A TCP stream out to a service.
    StreamOut { service: ServiceName, port: u16 },
}

/// What an exchange asks for, from the moment it is routed.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// The canonical path.
    pub(crate) path: String,
    /// The world it runs in.
    pub(crate) world: Option<Arc<World>>,
    /// Where it goes there.
    pub(crate) routed: Option<Routed>,
    /// It may stay open for long: a WebSocket, a gRPC call, a stream of events.
    pub(crate) is_stream: bool,
}

const GONE: &str = "the service is gone or may no longer be called";
const CLOSED: &str = "the port is no longer served";
const DENIED: &str = "policy no longer allows it";

impl Right {
    /// Whether it is cut at once when it ends.
    pub(crate) fn is_stream(&self) -> bool {
        match self {
            Self::Exchange { asked, .. } => asked.borrow().is_stream,
            _ => true,
        }
    }

    /// Judges again what was opened under an earlier world.
    ///
    /// # Errors
    /// Says why it has to end.
    pub(crate) fn still_holds(&self, world: &World) -> Result<(), &'static str> {
        match self {
            Self::Connection => Ok(()),
            Self::StreamIn { caller, port } => {
                let upstream = Upstream::App(world.inbound(*port).ok_or(CLOSED)?);
                let asked = (&caller.principal, &Action::Connect);
                world.judge(upstream, None, asked).map_err(|_| DENIED)
            }
            Self::StreamOut { service, port } => {
                let upstream = Upstream::Service(world.outbound(service, *port).ok_or(GONE)?);
                world.reaches(upstream).map_err(|_| DENIED)
            }
            Self::Exchange { caller, asked } => asked.borrow().still_holds(world, caller),
        }
    }
}

impl Asked {
    /// Forgets one exchange before the next.
    pub(crate) fn clear(&mut self) {
        self.method.clear();
        self.path.clear();
        self.world = None;
        self.routed = None;
        self.is_stream = false;
    }

    fn still_holds(&self, world: &World, caller: &Caller) -> Result<(), &'static str> {
        // Not routed yet: it will be judged by what it loads.
        let (Some(before), Some(routed)) = (&self.world, &self.routed) else { return Ok(()) };
        let place = world.counterpart(before, routed.upstream, routed.edge);
        let (upstream, edge) = place.ok_or(GONE)?;
        world.reaches(upstream).map_err(|_| DENIED)?;
        let action = Action::Http { method: &self.method, path: &self.path };
        world.judge(upstream, edge, (&caller.principal, &action)).map_err(|_| DENIED)
    }
}

impl World {
    /// Where the same service, port and listener stand in this world.
    pub(crate) fn counterpart(
        &self,
        before: &World,
        upstream: Upstream,
        edge: Option<AtEdge>,
    ) -> Option<(Upstream, Option<AtEdge>)> {
        let (service, port) = name_of(before, upstream)?;
        let upstream = match upstream {
            Upstream::App(_) => Upstream::App(self.inbound(port)?),
            Upstream::Service(_) => Upstream::Service(self.outbound(service, port)?),
        };
        let Some(AtEdge { listener, .. }) = edge else { return Some((upstream, None)) };
        let name = &before.snapshot.edges.get(listener)?.listener;
        // Which route it would take today is not asked.
        let edge = AtEdge { listener: self.edge(name)?, route: usize::MAX };
        Some((upstream, Some(edge)))
    }

    /// Whether a caller may do this there: what the exchange is judged by when
    /// it comes, without what is prepared for its connection.
    pub(crate) fn judge(
        &self,
        upstream: Upstream,
        edge: Option<AtEdge>,
        (caller, action): (&Principal, &Action<'_>),
    ) -> Result<(), Denied> {
        let nothing = Denied { rule: None };
        let judged = match (upstream, edge) {
            (_, Some(AtEdge { listener, .. })) => {
                let tables = self.edges.get(listener).ok_or(nothing)?;
                let edge = self.snapshot.edges.get(listener).ok_or(nothing)?;
                tables.anyone.decide(&edge.policy, action, ())
            }
            (Upstream::App(at), None) => {
                let inbound = self.snapshot.inbound.get(at).ok_or(nothing)?;
                inbound.policy.narrow(caller, inbound.port).decide(&inbound.policy, action, ())
            }
            (Upstream::Service(_), None) => return self.reaches(upstream),
        };
        judged.map(|_| ())
    }

    /// Whether another service may be called at all.
    pub(crate) fn reaches(&self, upstream: Upstream) -> Result<(), Denied> {
        let Upstream::Service(at) = upstream else { return Ok(()) };
        let service = self.services.get(at).ok_or(Denied { rule: None })?;
        service.own.reach(()).map(|_| ())
    }
}
