//! All meters of a process, and the page that Prometheus fetches. The number
//! of series is bounded for each door; who comes after that is `other`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::door::DoorMeters;
use crate::edge::Edge;
use crate::names::{self, Metric};
use crate::page::{Labels, Page};
use crate::sink::Sink;

/// Edges of one door that get series of their own.
const EDGES_PER_DOOR_MAX: usize = 200;
const OTHER: &str = "other";

/// What tells one edge from another. Routes are named, never paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeLabels {
    /// The door that counts.
    pub door: String,
    /// `inbound`, `outbound` or `gateway`.
    pub role: &'static str,
    /// Who calls.
    pub caller: String,
    /// The service called.
    pub callee: String,
    /// Its port; 0 when unknown.
    pub port: u16,
    /// The route taken; empty when there is none.
    pub route: String,
}

/// Meters with their labels as written.
type Labelled<T> = Vec<(Labels, Arc<T>)>;
/// A metric and where its value is read.
type Reading<T> = (Metric, fn(&T) -> u64);

/// The meters of a process.
#[derive(Default)]
pub struct Registry {
    meters: Mutex<Meters>,
    sink: Option<Arc<Sink>>,
}

#[derive(Default)]
struct Meters {
    edges: BTreeMap<EdgeLabels, Arc<Edge>>,
    /// By door, how many of them are its own.
    counts: BTreeMap<String, usize>,
    doors: BTreeMap<String, Arc<DoorMeters>>,
}

impl Registry {
    /// Has no meters yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells of the lines this sink loses, too.
    #[must_use]
    pub fn with_sink(self, sink: Arc<Sink>) -> Self {
        Self { sink: Some(sink), ..self }
    }

    /// The meters of an edge; the same ones for the same labels. Takes a lock:
    /// once per connection or swap, never per request.
    #[must_use]
    pub fn edge(&self, labels: &EdgeLabels) -> Arc<Edge> {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(edge) = meters.edges.get(labels) {
            return Arc::clone(edge);
        }
        let count = meters.counts.entry(labels.door.clone()).or_default();
        let labels = if *count < EDGES_PER_DOOR_MAX {
            *count += 1;
            labels.clone()
        } else {
            labels.overflow()
        };
        Arc::clone(meters.edges.entry(labels).or_default())
    }

    /// The meters of a door.
    #[must_use]
    pub fn door(&self, door: &str) -> Arc<DoorMeters> {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        match meters.doors.get(door) {
            Some(known) => Arc::clone(known),
            None => Arc::clone(meters.doors.entry(door.to_owned()).or_default()),
        }
    }

    /// Counts a refusal or failure at a door; role and reason come from fixed
    /// lists.
    pub fn denied(&self, door: &str, role: &'static str, reason: &'static str) {
        self.door(door).denied(role, reason);
    }

    /// Forgets a door that was closed for good, with its edges.
    pub fn forget(&self, door: &str) {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        meters.doors.remove(door);
        meters.counts.remove(door);
        meters.edges.retain(|labels, _| labels.door != door);
    }

    /// The page, in Prometheus' text format; see [`names::CONTENT_TYPE`].
    #[must_use]
    pub fn render(&self) -> String {
        let (edges, doors) = self.snapshot();
        let mut page = Page::default();
        write_edges(&edges, &mut page);
        write_doors(&doors, &mut page);
        if let Some(sink) = &self.sink {
            page.family(&names::LINES_LOST);
            page.sample((&names::LINES_LOST, ""), &Labels::default(), sink.lost());
        }
        page.into_text()
    }

    /// What there is now, so that no lock is held while the page is written.
    fn snapshot(&self) -> (Labelled<Edge>, Labelled<DoorMeters>) {
        let meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let edges = meters.edges.iter().map(|(labels, edge)| (labels.written(), Arc::clone(edge)));
        let doors = meters.doors.iter();
        let doors = doors.map(|(d, meters)| (Labels::default().and("door", d), Arc::clone(meters)));
        (edges.collect(), doors.collect())
    }
}

impl EdgeLabels {
    fn overflow(&self) -> Self {
        Self {
            door: self.door.clone(),
            role: self.role,
            caller: OTHER.into(),
            callee: OTHER.into(),
            port: 0,
            route: OTHER.into(),
        }
    }

    fn written(&self) -> Labels {
        Labels::default()
            .and("door", &self.door)
            .and("role", self.role)
            .and("caller", &self.caller)
            .and("callee", &self.callee)
            .and("port", &self.port.to_string())
            .and("route", &self.route)
    }
}

fn write_edges(edges: &[(Labels, Arc<Edge>)], page: &mut Page) {
    page.family(&names::REQUESTS);
    edges.iter().for_each(|(labels, edge)| edge.write_requests(labels, page));
    page.family(&names::DURATION);
    edges.iter().for_each(|(labels, edge)| edge.write_durations(labels, page));
    let bytes: [Reading<Edge>; 2] = [(names::RECEIVED, Edge::received), (names::SENT, Edge::sent)];
    for (metric, value) in bytes {
        page.family(&metric);
        edges.iter().for_each(|(labels, edge)| page.sample((&metric, ""), labels, value(edge)));
    }
    let streams: [Reading<Edge>; 3] = [
        (names::STREAMS_OPENED, Edge::streams_opened),
        (names::STREAMS_CLOSED, Edge::streams_closed),
        (names::STREAMS_OPEN, Edge::streams_open),
    ];
    let has_streams = |edge: &Edge| edge.streams_opened() > 0 || edge.streams_closed() > 0;
    for (metric, value) in streams {
        page.family(&metric);
        for (labels, edge) in edges.iter().filter(|(_, edge)| has_streams(edge)) {
            page.sample((&metric, ""), labels, value(edge));
        }
    }
}

fn write_doors(doors: &[(Labels, Arc<DoorMeters>)], page: &mut Page) {
    let gauges: [Reading<DoorMeters>; 3] = [
        (names::CONNECTIONS_OPEN, DoorMeters::connections_open),
        (names::GENERATION, |door| door.generation().counter),
        (names::EPOCH, |door| door.generation().epoch.into()),
    ];
    for (metric, value) in gauges {
        page.family(&metric);
        doors.iter().for_each(|(labels, door)| page.sample((&metric, ""), labels, value(door)));
    }
    page.family(&names::SVID_EXPIRY);
    for (labels, door) in doors.iter().filter(|(_, door)| door.svid_expiry_secs() > 0) {
        page.sample((&names::SVID_EXPIRY, ""), labels, door.svid_expiry_secs());
    }
    page.family(&names::DENIED);
    for (labels, door) in doors {
        for ((role, reason), count) in door.denials() {
            let labels = labels.clone().and("role", role).and("reason", reason);
            page.sample((&names::DENIED, ""), &labels, count);
        }
    }
}

#[cfg(test)]
mod tests;
