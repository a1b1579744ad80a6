//! `Policy`: who may do what at one service or gateway. Default is deny, and
//! a deny rule beats every allow.

use std::fmt;

use model::{Label, ServiceName, SpiffeId};
use policy::{Effect, GrpcMatch, HttpMatch};

use super::reference::{reference, written_in};
use crate::problem::{At, Log};
use crate::read;
use crate::tree::Node;
use crate::value::Value;

/// A policy as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySpec {
    /// The service or gateway it is for.
    pub to: At<ServiceName>,
    /// What it allows.
    pub allow: Vec<RuleSpec>,
    /// What it denies.
    pub deny: Vec<RuleSpec>,
}

/// One rule as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSpec {
    /// What it is called in explanations, instead of its number.
    pub name: Option<String>,
    /// Whom it speaks of, at least one.
    pub from: Vec<At<Caller>>,
    /// Requests it speaks of, those written as `http` before those written as
    /// `grpc`; empty is everything.
    pub http: Vec<At<HttpMatch>>,
    /// Ports it speaks of; empty is all.
    pub ports: Vec<At<u16>>,
}

/// Whom a rule speaks of, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Any workload that proved an identity.
    Anyone,
    /// Whoever proved none.
    Anonymous,
    /// Every identity of a namespace.
    Namespace(Label),
    /// One identity.
    Id(SpiffeId),
    /// A service, gateway or workload identity by name.
    Named(ServiceName),
}

impl PolicySpec {
    /// All rules with what they do and what they are called in their list:
    /// denies first, each list in the order written.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (Effect, String, &RuleSpec)> {
        let of = |effect: Effect, rules| {
            let named = move |(at, rule): (usize, _)| (effect, rule_name(effect, at, rule), rule);
            <[RuleSpec]>::iter(rules).enumerate().map(named)
        };
        of(Effect::Deny, &self.deny).chain(of(Effect::Allow, &self.allow))
    }

    pub(crate) fn write(&self, namespace: &Label) -> Value {
        let list = |rules: &[RuleSpec]| Value::list(rules.iter().map(|r| r.write(namespace)));
        Value::map([
            ("to", Some(Value::text(written_in(namespace, &self.to)))),
            ("allow", list(&self.allow)),
            ("deny", list(&self.deny)),
        ])
    }
}

fn rule_name(effect: Effect, at: usize, rule: &RuleSpec) -> String {
    let word = match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    };
    rule.name.clone().unwrap_or_else(|| format!("{word}[{at}]"))
}

impl RuleSpec {
    fn write(&self, namespace: &Label) -> Value {
        let callers = self.from.iter().map(|caller| caller.written_in(namespace));
        Value::map([
            ("name", self.name.as_ref().map(Value::text)),
            ("from", one_or_list(callers.map(Value::Text))),
            ("http", self.write_requests(false)),
            ("grpc", self.write_requests(true)),
            ("ports", Value::list(self.ports.iter().map(|port| Value::Number(port.value.into())))),
        ])
    }

    fn write_requests(&self, as_grpc: bool) -> Option<Value> {
        let requests = self.http.iter().filter(|http| http.is_grpc() == as_grpc);
        one_or_list(requests.map(|http| Value::text(&http.value)))
    }
}

fn one_or_list(items: impl Iterator<Item = Value>) -> Option<Value> {
    match Value::list(items)? {
        Value::List(items) if items.len() == 1 => items.into_iter().next(),
        list => Some(list),
    }
}

impl Caller {
    fn written_in(&self, namespace: &Label) -> String {
        match self {
            Self::Named(name) => written_in(namespace, name),
            other => other.to_string(),
        }
    }
}

/// As it is written in the namespace `default`.
impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("anyone"),
            Self::Anonymous => f.write_str("anonymous"),
            Self::Namespace(namespace) => write!(f, "namespace:{namespace}"),
            Self::Id(id) => id.fmt(f),
            Self::Named(name) => name.fmt(f),
        }
    }
}

/// Reads the `spec` of a policy in `namespace`.
pub(crate) fn read_policy(namespace: &Label, node: &Node, log: &mut Log) -> Option<PolicySpec> {
    let rule = |node: &Node, log: &mut Log| read_rule(namespace, node, log);
    read::mapping(node, log, |fields| {
        let to = fields.required("to", reference(namespace));
        let allow = fields.optional("allow", read::list(rule));
        let deny = fields.optional("deny", read::list(rule));
        if !fields.has("allow") && !fields.has("deny") {
            let hint = "add `allow` or `deny`; a service without rules lets nobody in";
            fields.log.error_with(fields.place, "a policy without rules says nothing", hint);
        }
        Some(PolicySpec {
            to: to?,
            allow: allow.unwrap_or_default(),
            deny: deny.unwrap_or_default(),
        })
    })
}

fn read_rule(namespace: &Label, node: &Node, log: &mut Log) -> Option<RuleSpec> {
    let caller = |node: &Node, log: &mut Log| read_caller(namespace, node, log);
    read::mapping(node, log, |fields| {
        fields.not_yet(&["user", "when", "topic", "exchange"]);
        let name = fields.optional("name", read_rule_name);
        let from = fields.required("from", read::one_or_more(caller));
        let http = fields.optional("http", read::one_or_more(read::parsed::<HttpMatch>));
        let grpc = fields.optional("grpc", read::one_or_more(read::parsed::<GrpcMatch>));
        let ports = fields.optional("ports", read::one_or_more(read::port));
        let plain = http.unwrap_or_default();
        let spelled = grpc.unwrap_or_default().into_iter();
        let spelled = spelled.map(|At { value, place }| At { value: value.into(), place });
        Some(RuleSpec {
            name,
            from: from?,
            http: plain.into_iter().chain(spelled).collect(),
            ports: ports.unwrap_or_default(),
        })
    })
}

fn read_rule_name(node: &Node, log: &mut Log) -> Option<String> {
    let At { value: name, place } = read::text(node, log)?;
    let fits = name.len() <= 63 && name.chars().all(|c| c.is_ascii_graphic());
    if !fits || name.is_empty() {
        log.error(place, "a rule's name has 1 to 63 characters and no spaces");
        return None;
    }
    Some(name)
}

fn read_caller(namespace: &Label, node: &Node, log: &mut Log) -> Option<At<Caller>> {
    let At { value: given, place } = read::text(node, log)?;
    let at = |value| Some(At { value, place });
    match given.as_str() {
        "anyone" => return at(Caller::Anyone),
        "anonymous" => return at(Caller::Anonymous),
        _ => {}
    }
    if given.contains("://") {
        return at(Caller::Id(read::parsed::<SpiffeId>(node, log)?.value));
    }
    if let Some(name) = given.strip_prefix("namespace:") {
        return match name.parse() {
            Ok(namespace) => at(Caller::Namespace(namespace)),
            Err(error) => {
                log.error(place, format!("`{name}` is no namespace: {error}"));
                None
            }
        };
    }
    at(Caller::Named(reference(namespace)(node, log)?.value))
}
