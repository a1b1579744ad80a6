//! The routes of Gateway API: which requests of a gateway go to which services.
//! What `HTTPRoute` and `GRPCRoute` have in common; how each writes its matches
//! is told by a [`Matching`].

use model::{Label, ServiceName};

use crate::host_pattern::HostPattern;
use crate::problem::{At, Log};
use crate::read::{self, Fields};
use crate::routes::RouteMatch;
use crate::tree::Node;
use crate::value::Value;

/// A route as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSpec {
    /// The gateways it attaches to, at least one.
    pub parents: Vec<ParentSpec>,
    /// The hosts it is for; empty is every host of the listener.
    pub hostnames: Vec<At<HostPattern>>,
    /// Its rules, at least one.
    pub rules: Vec<RouteRuleSpec>,
}

/// A gateway a route attaches to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParentSpec {
    /// The gateway.
    pub gateway: At<ServiceName>,
    /// One listener of it; `None` is every listener.
    pub listener: Option<At<Label>>,
}

/// One rule of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRuleSpec {
    /// Its name, for logs.
    pub name: Option<At<Label>>,
    /// Requests it takes: those any of these matches. Never empty.
    pub matches: Vec<RouteMatch>,
    /// Where they go, at least one with a weight above zero.
    pub backends: Vec<BackendSpec>,
}

/// A service a rule sends requests to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendSpec {
    /// The service.
    pub service: At<ServiceName>,
    /// Its port.
    pub port: At<u16>,
    /// Its share among the backends of the rule.
    pub weight: u32,
}

/// What tells one kind of route from another.
pub(crate) struct Matching {
    pub(super) read: fn(&Node, &mut Log) -> Option<RouteMatch>,
    pub(super) write: fn(&RouteMatch) -> Value,
    /// The match of a rule that names none.
    pub(super) everything: fn() -> RouteMatch,
    /// Fields of a rule that are not served yet.
    pub(super) not_yet: &'static [&'static str],
}

const GATEWAY_GROUP: &str = "gateway.networking.k8s.io";
const WEIGHT_MAX: u64 = 1_000_000;

impl RouteSpec {
    pub(crate) fn write(&self, namespace: &Label, matching: &Matching) -> Value {
        let rules = self.rules.iter().map(|rule| rule.write(namespace, matching));
        Value::map([
            ("parentRefs", Value::list(self.parents.iter().map(|p| p.write(namespace)))),
            ("hostnames", Value::list(self.hostnames.iter().map(|host| Value::text(&host.value)))),
            ("rules", Value::list(rules)),
        ])
    }
}

impl ParentSpec {
    fn write(&self, namespace: &Label) -> Value {
        let [name, other_namespace] = write_reference(namespace, &self.gateway);
        let listener = self.listener.as_ref().map(|name| Value::text(&name.value));
        Value::map([name, other_namespace, ("sectionName", listener)])
    }
}

impl RouteRuleSpec {
    fn write(&self, namespace: &Label, matching: &Matching) -> Value {
        Value::map([
            ("name", self.name.as_ref().map(|name| Value::text(&name.value))),
            ("matches", Value::list(self.matches.iter().map(matching.write))),
            ("backendRefs", Value::list(self.backends.iter().map(|b| b.write(namespace)))),
        ])
    }
}

impl BackendSpec {
    fn write(&self, namespace: &Label) -> Value {
        let [name, other_namespace] = write_reference(namespace, &self.service);
        let weight = (self.weight != 1).then(|| Value::Number(self.weight.into()));
        let port = Value::Number(self.port.value.into());
        Value::map([name, other_namespace, ("port", Some(port)), ("weight", weight)])
    }
}

fn write_reference(namespace: &Label, to: &ServiceName) -> [(&'static str, Option<Value>); 2] {
    let is_elsewhere = to.namespace != *namespace;
    [
        ("name", Some(Value::text(&to.name))),
        ("namespace", is_elsewhere.then(|| Value::text(&to.namespace))),
    ]
}

/// Reads the `spec` of a route in `namespace`.
pub(crate) fn read_route(
    namespace: &Label,
    matching: &Matching,
    node: &Node,
    log: &mut Log,
) -> Option<RouteSpec> {
    let parent = |node: &Node, log: &mut Log| read_parent(namespace, node, log);
    let rule = |node: &Node, log: &mut Log| read_rule(namespace, matching, node, log);
    read::mapping(node, log, |fields| {
        fields.not_yet(&["useDefaultGateways"]);
        let parents = fields.required("parentRefs", read::full_list(parent));
        let hostnames = fields.optional("hostnames", read::list(read::parsed::<HostPattern>));
        let rules = fields.required("rules", read::full_list(rule));
        Some(RouteSpec {
            parents: parents?,
            hostnames: hostnames.unwrap_or_default(),
            rules: rules?,
        })
    })
}

fn read_parent(namespace: &Label, node: &Node, log: &mut Log) -> Option<ParentSpec> {
    read::mapping(node, log, |fields| {
        fields.not_yet(&["port"]);
        fields.optional("group", read::word(&[(GATEWAY_GROUP, ())], &[""]));
        fields.optional("kind", read::word(&[("Gateway", ())], &["Service", "ListenerSet"]));
        let gateway = read_reference(namespace, fields);
        let listener = fields.optional("sectionName", read::parsed::<Label>);
        Some(ParentSpec { gateway: gateway?, listener })
    })
}

fn read_reference(namespace: &Label, fields: &mut Fields<'_, '_>) -> Option<At<ServiceName>> {
    let name = fields.required("name", read::parsed::<Label>);
    let other = fields.optional("namespace", read::parsed::<Label>);
    let namespace = other.map_or_else(|| namespace.clone(), |at| at.value);
    let At { value: name, place } = name?;
    Some(At { value: ServiceName::new(namespace, name), place })
}

fn read_rule(
    namespace: &Label,
    matching: &Matching,
    node: &Node,
    log: &mut Log,
) -> Option<RouteRuleSpec> {
    let backend = |node: &Node, log: &mut Log| read_backend(namespace, node, log);
    read::mapping(node, log, |fields| {
        fields.not_yet(matching.not_yet);
        let name = fields.optional("name", read::parsed::<Label>);
        let matches = fields.optional("matches", read::list(matching.read));
        let backends = fields.required("backendRefs", read::full_list(backend));
        let is_empty = matches.as_ref().is_none_or(Vec::is_empty);
        let matches = if is_empty { vec![(matching.everything)()] } else { matches? };
        let backends = backends?;
        if backends.iter().all(|backend| backend.weight == 0) {
            let message = "every backend has the weight 0: nothing would be served";
            fields.log.error(fields.place_of("backendRefs"), message);
        }
        Some(RouteRuleSpec { name, matches, backends })
    })
}

fn read_backend(namespace: &Label, node: &Node, log: &mut Log) -> Option<BackendSpec> {
    read::mapping(node, log, |fields| {
        fields.not_yet(&["filters"]);
        fields.optional("group", read_group);
        fields.optional("kind", read::word(&[("Service", ()), ("MeshService", ())], &[]));
        let service = read_reference(namespace, fields);
        let port = fields.required("port", read::port);
        let weight = fields.optional("weight", read::number(0, WEIGHT_MAX));
        let weight = weight.and_then(|at| u32::try_from(at.value).ok());
        Some(BackendSpec { service: service?, port: port?, weight: weight.unwrap_or(1) })
    })
}

/// The empty group, or ours: both mean the registry.
fn read_group(node: &Node, log: &mut Log) -> Option<At<()>> {
    read::word(&[("", ()), ("postern.dev", ())], &[])(node, log)
}
