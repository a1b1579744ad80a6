//! What is left of an exchange: one access record, its meters, and, for every
//! refusal and failure and a sample of the rest, the decision that `explain`
//! answers for. An exchange that is dropped midway leaves its record too.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use model::{Blame, Principal, ServiceName};
use policy::{Action, Facts};
use telemetry::{AccessRecord, Edge, EdgeLabels, OpenStream, Outcome};
use wire::push::Record;

use crate::connection::Connection;
use crate::core::Core;
use crate::door::Door;
use crate::entry::Entry;
use crate::fault::Fault;
use crate::identify::Refused;
use crate::meters::Place;
use crate::routed::{AtEdge, Upstream, name_of};
use crate::story::{Begun, StreamStory};
use crate::tunnel::Passed;
use crate::world::World;

/// Of a longer path `explain` shows the beginning.
const PATH_BYTES_KEPT: usize = 1024;

/// What both kinds of exchange say of themselves.
struct Told<'a> {
    core: &'a Core,
    door: &'a Door,
    world: &'a World,
    entry: &'a Entry,
    from: SocketAddr,
    caller: &'a Principal,
    begun: &'a Begun,
    upstream: Option<Upstream>,
    edge: Option<AtEdge>,
    rule: Option<usize>,
    fault: Option<&'a Fault>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.story.begun.is_some() {
            record(self, Some(Fault::CallerGone));
        }
    }
}

/// Makes the record of an HTTP exchange, once.
pub(crate) fn record(conn: &mut Connection, fault: Option<Fault>) {
    let story = std::mem::take(&mut conn.story);
    let Some(begun) = &story.begun else { return };
    let told = Told {
        core: &conn.core,
        door: &conn.door,
        world: &begun.world,
        entry: &conn.entry,
        from: conn.from,
        caller: &conn.caller.principal,
        begun,
        upstream: story.routed.map(|routed| routed.upstream),
        edge: story.routed.and_then(|routed| routed.edge),
        rule: story.rule,
        fault: fault.as_ref(),
    };
    let status = match (&fault, story.progress.status) {
        (Some(fault), 0) => fault.status(),
        (_, sent) => sent,
    };
    let moved = (story.progress.request_bytes, story.progress.response_bytes);
    let edge = conn.meters.edge(told.place(), || told.meters());
    edge.count(Outcome::of_status(status), begun.since.elapsed(), moved.0, moved.1);
    let request = (conn.request.method(), conn.path.as_str());
    if told.is_logged() {
        let trace = conn.trace.as_ref().map(ToString::to_string);
        told.log(&Line { protocol: "http", request, status, moved, trace: trace.as_deref() });
    }
    told.keep("http", request);
}

/// What is known of a TCP connection.
pub(crate) struct StreamEnd {
    pub(crate) core: Rc<Core>,
    pub(crate) door: Arc<Door>,
    pub(crate) entry: Arc<Entry>,
    pub(crate) from: SocketAddr,
    pub(crate) caller: Principal,
    pub(crate) inbound_port: Option<u16>,
}

/// Makes the record of a TCP stream.
pub(crate) fn record_stream(
    known: &StreamEnd,
    story: &StreamStory,
    passed: &Passed,
    fault: Option<&Fault>,
) {
    let told = told_of(known, story, fault);
    let moved = (passed.sent.get(), passed.received.get());
    let status = fault.map_or(0, Fault::status);
    let outcome = if fault.is_some() { Outcome::of_status(status) } else { Outcome::Stream };
    told.meters().count(outcome, story.begun.since.elapsed(), moved.0, moved.1);
    if told.is_logged() {
        told.log(&Line { protocol: "tcp", request: ("", ""), status, moved, trace: None });
    }
    told.keep("connect", ("", ""));
}

/// Counts a stream as open until the guard is dropped.
pub(crate) fn open_stream(known: &StreamEnd, story: &StreamStory) -> OpenStream {
    told_of(known, story, None).meters().open_stream()
}

fn told_of<'a>(known: &'a StreamEnd, story: &'a StreamStory, fault: Option<&'a Fault>) -> Told<'a> {
    Told {
        core: &known.core,
        door: &known.door,
        world: &story.begun.world,
        entry: &known.entry,
        from: known.from,
        caller: &known.caller,
        begun: &story.begun,
        upstream: story.upstream,
        edge: None,
        rule: story.rule,
        fault,
    }
}

/// A connection that was refused before it asked for anything.
pub(crate) fn refused_handshake(
    core: &Core,
    door: &Door,
    (entry, from): (&Entry, SocketAddr),
    refused: &Refused,
) {
    let reason = refused.to_string();
    let name = door.spec.service.to_string();
    let blame = match refused {
        Refused::Handshake(error) => error.blame(Blame::Caller),
        _ => Blame::Caller,
    };
    core.meters.denied(&name, entry.role(), "handshake");
    core.lines.write(&AccessRecord {
        time: core.now(),
        door: &name,
        role: entry.role(),
        from: Some(from),
        protocol: "tls",
        blame: Some(blame.word()),
        reason: Some(&reason),
        ..AccessRecord::default()
    });
}

/// The parts of a line that differ by protocol.
struct Line<'a> {
    protocol: &'static str,
    request: (&'a str, &'a str),
    status: u16,
    moved: (u64, u64),
    trace: Option<&'a str>,
}

impl Told<'_> {
    /// What the meters of a connection are looked up by.
    fn place(&self) -> Place {
        (self.world.version, self.upstream, self.edge)
    }

    fn meters(&self) -> Arc<Edge> {
        self.core.meters.edge(&self.labels())
    }

    fn labels(&self) -> EdgeLabels {
        let named = self.upstream.and_then(|upstream| name_of(self.world, upstream));
        EdgeLabels {
            door: self.door.spec.service.to_string(),
            role: self.entry.role(),
            caller: self.caller.to_string(),
            callee: named.map(|(service, _)| service.to_string()).unwrap_or_default(),
            port: named.map_or(0, |(_, port)| port),
            route: self.route().unwrap_or_default().to_owned(),
        }
    }

    /// The callee tells of every call, the caller of failures only; the edge
    /// is the callee of the outside.
    fn is_logged(&self) -> bool {
        self.fault.is_some() || !matches!(self.entry, Entry::Outbound { .. } | Entry::HttpProxy)
    }

    fn rules(&self) -> Option<&policy::Compiled> {
        let snapshot = &self.world.snapshot;
        match (self.edge, self.upstream?) {
            (Some(edge), _) => snapshot.edges.get(edge.listener).map(|edge| &edge.policy),
            (None, Upstream::App(at)) => snapshot.inbound.get(at).map(|inbound| &inbound.policy),
            (None, Upstream::Service(at)) => snapshot.outbound.get(at).map(|out| &out.policy),
        }
    }

    fn rule_name(&self) -> Option<String> {
        let denied = match self.fault {
            Some(Fault::Denied { rule }) => *rule,
            _ => None,
        };
        let rule = self.rule.or(denied)?;
        self.rules()?.rules().get(rule).map(|rule| rule.name.to_string())
    }

    fn log(&self, line: &Line<'_>) {
        let door = self.door.spec.service.to_string();
        let named = self.upstream.and_then(|upstream| name_of(self.world, upstream));
        let (service, port) = named.map_or((None, 0), |(s, port)| (Some(s.to_string()), port));
        let caller = self.caller.to_string();
        let callee = self.callee();
        let id = self.begun.id.to_string();
        let rule = self.rule_name();
        let generation = self.world.snapshot.generation.to_string();
        let reason = self.fault.map(ToString::to_string);
        self.core.lines.write(&AccessRecord {
            time: self.core.now(),
            door: &door,
            role: self.entry.role(),
            from: Some(self.from),
            caller: Some(&caller),
            callee: callee.as_deref(),
            service: service.as_deref(),
            port,
            protocol: line.protocol,
            method: line.request.0,
            path: line.request.1,
            status: line.status,
            route: self.route(),
            rule: rule.as_deref(),
            decision: Some(&id),
            generation: &generation,
            duration: self.begun.since.elapsed(),
            request_bytes: line.moved.0,
            response_bytes: line.moved.1,
            trace: line.trace,
            blame: self.fault.map(|fault| fault.blame().word()),
            reason: reason.as_deref(),
        });
    }

    /// The identity on the far side.
    fn callee(&self) -> Option<String> {
        match self.upstream? {
            Upstream::App(_) => Some(self.door.spec.id.to_string()),
            Upstream::Service(at) => {
                let outbound = self.world.snapshot.outbound.get(at)?;
                outbound.servers.first().map(ToString::to_string)
            }
        }
    }

    /// Hands the decision on for `explain`.
    fn keep(&self, action: &'static str, (method, path): (&str, &str)) {
        if let Some(fault) = self.fault {
            self.door.meters.denied(self.entry.role(), fault.label());
        } else if !self.core.allows.take(self.core.now()) {
            return;
        }
        // Nothing is made that nobody has room for.
        let Some(place) = self.door.place_for_record() else { return };
        let named = self.upstream.and_then(|upstream| name_of(self.world, upstream));
        let record = Record {
            id: self.begun.id.to_string(),
            time_ms: self.core.now().0,
            generation: self.world.snapshot.generation.to_string(),
            role: self.entry.role().to_owned(),
            door: self.door.spec.service.to_string(),
            caller: self.caller.spiffe_id().map(ToString::to_string).unwrap_or_default(),
            service: named.map(|(service, _)| full(service)).unwrap_or_default(),
            port: named.map_or(0, |(_, port)| u32::from(port)),
            action: action.to_owned(),
            method: method.to_owned(),
            path: path.get(..PATH_BYTES_KEPT).unwrap_or(path).to_owned(),
            allowed: self.fault.is_none(),
            rule: self.rule_name().unwrap_or_default(),
            explanation: self.explanation(action, method, path),
            asked: match self.fault {
                Some(Fault::UnknownService(asked)) => asked.clone(),
                _ => String::new(),
            },
        };
        self.door.keep_record(place, record);
    }

    fn route(&self) -> Option<&str> {
        self.edge.and_then(|edge| edge.route_name(self.world))
    }

    fn is_to_service(&self) -> bool {
        matches!(self.upstream, Some(Upstream::Service(_)))
    }

    fn explanation(&self, action: &str, method: &str, path: &str) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(fault) = self.fault
            && !matches!(fault, Fault::Denied { .. })
        {
            lines.push(fault.to_string());
            return lines;
        }
        if self.fault.is_none() && self.edge.is_none() && self.is_to_service() {
            let text = "the service may be called; its own door judges the request";
            return vec![text.to_owned()];
        }
        let (Some(rules), Some((name, port))) =
            (self.rules(), self.upstream.and_then(|upstream| name_of(self.world, upstream)))
        else {
            return lines;
        };
        let (name, port) =
            match self.edge.and_then(|edge| self.world.snapshot.edges.get(edge.listener)) {
                Some(edge) => (&self.world.snapshot.door, edge.address.port()),
                None => (name, port),
            };
        let action = match action {
            "connect" => Action::Connect,
            _ => Action::Http { method, path },
        };
        let facts = Facts { caller: self.caller, port, action };
        let explained = policy::explain(rules.rules(), &facts).about(name);
        lines.extend(explained.to_string().lines().map(str::to_owned));
        lines
    }
}

/// `namespace/name`, the namespace never left out.
fn full(service: &ServiceName) -> String {
    format!("{}/{}", service.namespace, service.name)
}
