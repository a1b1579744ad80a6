//! The meters of a connection: looked up once for each place its exchanges go
//! to, and only counted afterwards.

use std::sync::Arc;

use telemetry::Edge;

use crate::routed::{AtEdge, Upstream};

/// A world's version, an upstream in it, and the route that led there.
pub(crate) type Place = (u64, Option<Upstream>, Option<AtEdge>);

/// The last place and its meters.
#[derive(Default)]
pub(crate) struct Meters {
    last: Option<(Place, Arc<Edge>)>,
}

impl Meters {
    /// The meters of a place; `make` registers them where they are new.
    pub(crate) fn edge(&mut self, place: Place, make: impl FnOnce() -> Arc<Edge>) -> &Edge {
        if self.last.as_ref().is_some_and(|(last, _)| *last != place) {
            self.last = None;
        }
        let (_, edge) = self.last.get_or_insert_with(|| (place, make()));
        edge
    }
}
