//! What a policy must keep to, and rules that can't mean what they say.

use policy::Effect;

use super::names::Names;
use crate::document::Document;
use crate::document::gateway::GatewaySpec;
use crate::document::policy::{Caller, PolicySpec, RuleSpec};
use crate::document::service::{PortSpec, ServiceSpec};
use crate::hint;
use crate::problem::{At, Log};

pub(super) fn check(document: &Document, spec: &PolicySpec, names: &Names<'_>, log: &mut Log) {
    let own = &document.key.namespace;
    let to = &spec.to;
    if to.namespace != *own {
        let message = format!("a policy of `{own}` can't rule over `{}`", to.value);
        let hint = format!("put it into the namespace `{}`", to.namespace);
        log.error_with(to.place, message, hint);
    }
    let target = find_target(to, names, log);
    check_names(spec, log);
    for (effect, _, rule) in spec.rules() {
        check_callers(rule, names, log);
        match target {
            Some(Target::Service(service)) => check_at_service(effect, rule, service, log),
            Some(Target::Gateway(gateway)) => check_at_gateway(rule, gateway, log),
            None => {}
        }
    }
}

#[derive(Clone, Copy)]
enum Target<'d> {
    Service(&'d ServiceSpec),
    Gateway(&'d GatewaySpec),
}

fn find_target<'d>(
    to: &At<model::ServiceName>,
    names: &Names<'d>,
    log: &mut Log,
) -> Option<Target<'d>> {
    if let Some(gateway) = names.gateways.get(&to.value) {
        return Some(Target::Gateway(gateway));
    }
    if let Some(service) = names.services.get(&to.value) {
        return Some(Target::Service(service));
    }
    let known = names.services.keys().chain(names.gateways.keys());
    names.report_missing("service or gateway", to, known, log);
    None
}

/// Rules are told apart by their names in explanations.
fn check_names(spec: &PolicySpec, log: &mut Log) {
    let mut seen = std::collections::BTreeSet::new();
    for (_, name, rule) in spec.rules() {
        let place = rule.from.first().map(|from| from.place).unwrap_or_default();
        if !seen.insert(name.clone()) {
            log.error(place, format!("two rules of this policy are called `{name}`"));
        }
    }
}

fn check_callers(rule: &RuleSpec, names: &Names<'_>, log: &mut Log) {
    for At { value: caller, place } in &rule.from {
        match caller {
            Caller::Named(name) => {
                names.find_caller(&At { value: name.clone(), place: *place }, log);
            }
            Caller::Id(id) if names.is_foreign(id) => {
                let message = format!("`{id}` is of another trust domain");
                log.warn(
                    *place,
                    message,
                    "it is never proved here: federation is not supported yet",
                );
            }
            Caller::Namespace(namespace) if !names.has_namespace(namespace) => {
                let message = format!("nothing is in the namespace `{namespace}`");
                log.warn(*place, message, "the rule speaks of nobody yet");
            }
            Caller::Id(_) | Caller::Namespace(_) | Caller::Anyone | Caller::Anonymous => {}
        }
    }
}

fn check_at_service(effect: Effect, rule: &RuleSpec, service: &ServiceSpec, log: &mut Log) {
    for from in rule.from.iter().filter(|from| from.value == Caller::Anonymous) {
        let hint = "a door lets nobody in who proves no identity; only gateways meet the anonymous";
        log.warn(from.place, "`anonymous` never comes to a service", hint);
    }
    check_ports(rule, &service.ports.iter().map(|port| *port.port).collect::<Vec<_>>(), log);
    check_slashes(rule, service, log);
    let (Some(http), Some(port)) = (rule.http.first(), blind_port(effect, rule, service)) else {
        return;
    };
    let message = format!("port {port} is tcp: requests can't be seen there");
    let hint = match effect {
        Effect::Allow => {
            "this rule allows nothing on it; leave `http` out, or declare it http, http2 or grpc"
        }
        Effect::Deny => "this rule denies every connection to it; name other `ports`, if not meant",
    };
    log.warn(http.place, message, hint);
}

/// A path with `%2F` comes only to ports that keep it.
fn check_slashes(rule: &RuleSpec, service: &ServiceSpec, log: &mut Log) {
    let keeps = |port: &PortSpec| port.escaped_slashes.is_some_and(|at| at.value);
    let is_meant = |port: &PortSpec| rule.ports.is_empty() || rule.ports.contains(&port.port);
    let is_kept = service.ports.iter().any(|port| is_meant(port) && keeps(port));
    let named = rule.http.iter().find(|http| http.path.to_string().contains("%2F"));
    if let Some(http) = named.filter(|_| !is_kept) {
        let message = format!("`{}` matches no request: `%2F` is refused at these ports", **http);
        log.warn(http.place, message, "say `escapedSlashes: keep` at the port");
    }
}

/// A tcp port at which a rule about requests does something its author may
/// not expect: any at all for a deny; for an allow, one that is named, or
/// when there is no other.
fn blind_port(effect: Effect, rule: &RuleSpec, service: &ServiceSpec) -> Option<u16> {
    let is_meant = |port: u16| rule.ports.is_empty() || rule.ports.iter().any(|p| **p == port);
    let meant = || service.ports.iter().filter(|port| is_meant(*port.port));
    let blind = meant().find(|port| !port.protocol.is_http())?;
    let sees_some = meant().any(|port| port.protocol.is_http());
    let is_expected = effect == Effect::Allow && rule.ports.is_empty() && sees_some;
    (!is_expected).then_some(*blind.port)
}

fn check_at_gateway(rule: &RuleSpec, gateway: &GatewaySpec, log: &mut Log) {
    for from in rule.from.iter().filter(|from| from.value != Caller::Anonymous) {
        let message = format!("`{}` never comes to a gateway", from.value);
        log.warn(from.place, message, "clients from outside are `anonymous`");
    }
    check_ports(rule, &gateway.listeners.iter().map(|l| *l.port).collect::<Vec<_>>(), log);
}

fn check_ports(rule: &RuleSpec, known: &[u16], log: &mut Log) {
    for port in rule.ports.iter().filter(|port| !known.contains(port)) {
        let known: Vec<String> = known.iter().map(ToString::to_string).collect();
        let hint = hint::among(&port.to_string(), known.iter().map(String::as_str));
        log.error_maybe(port.place, format!("there is no port {}", **port), hint);
    }
}
