//! What is told of an exchange: its line in the access log, its meters, and
//! the decision that `explain` answers for.

use std::net::SocketAddr;
use std::sync::Arc;

use model::{Principal, ServiceName};
use policy::{Action, Facts};
use telemetry::{AccessRecord, Edge, EdgeLabels};
use wire::push::Record;

use crate::core::Core;
use crate::door::Door;
use crate::entry::Entry;
use crate::fault::Fault;
use crate::meters::Place;
use crate::routed::{AtEdge, Upstream, name_of};
use crate::story::Begun;
use crate::world::World;

/// Of a longer path `explain` shows the beginning.
const PATH_BYTES_KEPT: usize = 1024;

/// What both kinds of exchange say of themselves.
pub(crate) struct Told<'a> {
    pub(crate) core: &'a Core,
    pub(crate) door: &'a Door,
    pub(crate) world: &'a World,
    pub(crate) entry: &'a Entry,
    pub(crate) from: SocketAddr,
    pub(crate) caller: &'a Principal,
    pub(crate) begun: &'a Begun,
    pub(crate) upstream: Option<Upstream>,
    pub(crate) edge: Option<AtEdge>,
    pub(crate) rule: Option<usize>,
    pub(crate) fault: Option<&'a Fault>,
    /// World and rule are those that ended what an earlier world had allowed.
    pub(crate) is_denied_now: bool,
    /// What is told of is the door's own right to call the service.
    pub(crate) is_own_right: bool,
}

/// The parts of a line that differ by protocol.
pub(crate) struct Line<'a> {
    pub(crate) protocol: &'static str,
    pub(crate) request: (&'a str, &'a str),
    pub(crate) status: u16,
    pub(crate) moved: (u64, u64),
    pub(crate) trace: Option<&'a str>,
}

impl<'a> Told<'a> {
    /// For what an earlier world allowed and the present one does not: tells by
    /// the rules that ended it.
    pub(crate) fn by_present_rules(&mut self, now: &'a World, action: &Action<'_>) {
        if let (Some(Fault::Cut(_)), Some(upstream)) = (self.fault, self.upstream)
            && let Some((upstream, edge)) = now.counterpart(self.world, upstream, self.edge)
        {
            let own = now.reaches(upstream);
            let judged = own.and_then(|()| now.judge(upstream, edge, (self.caller, action)));
            if let Err(denied) = judged {
                (self.world, self.upstream, self.edge) = (now, Some(upstream), edge);
                (self.rule, self.is_denied_now) = (denied.rule, true);
                self.is_own_right = own.is_err();
            }
        }
    }

    /// What the meters of a connection are looked up by.
    pub(crate) fn place(&self) -> Place {
        (self.world.version, self.upstream, self.edge)
    }

    pub(crate) fn meters(&self) -> Arc<Edge> {
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
    pub(crate) fn is_logged(&self) -> bool {
        self.fault.is_some() || !matches!(self.entry, Entry::Outbound { .. } | Entry::HttpProxy)
    }

    fn rules(&self) -> Option<&policy::Compiled> {
        let snapshot = &self.world.snapshot;
        let edge = self.edge.filter(|_| !self.is_own_right);
        match (edge, self.upstream?) {
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

    pub(crate) fn log(&self, line: &Line<'_>) {
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
    pub(crate) fn keep(&self, action: &'static str, (method, path): (&str, &str)) {
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
            // Of what was allowed and ended, the rules tell that ended it.
            if !(matches!(fault, Fault::Cut(_)) && self.is_denied_now) {
                return lines;
            }
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
        let edge = self.edge.filter(|_| !self.is_own_right);
        let (name, port) = match edge.and_then(|edge| self.world.snapshot.edges.get(edge.listener))
        {
            Some(edge) => (&self.world.snapshot.door, edge.address.port()),
            None => (name, port),
        };
        let action = match action {
            "connect" => Action::Connect,
            _ => Action::Http { method, path },
        };
        let caller = if self.is_own_right { &self.door.principal } else { self.caller };
        let facts = Facts { caller, port, action };
        let explained = policy::explain(rules.rules(), &facts).about(name);
        lines.extend(explained.to_string().lines().map(str::to_owned));
        lines
    }
}

/// `namespace/name`, the namespace never left out.
fn full(service: &ServiceName) -> String {
    format!("{}/{}", service.namespace, service.name)
}
