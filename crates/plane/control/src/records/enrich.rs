//! What a door could not say because it may not know: it was asked for a
//! service it never heard of, and the whole mesh says whether there is one,
//! and whether a rule there names the caller.

use model::{Label, Principal, ServiceName};
use policy::{Action, Facts};

use super::decision::Decision;
use crate::documents::Current;

/// Adds to the explanation of a refusal what only the whole knows.
pub(crate) fn enrich(decision: &mut Decision, current: &Current) {
    if decision.allowed || !decision.explanation.is_empty() && is_known(decision) {
        return;
    }
    let lines = match find(decision, current) {
        Some(service) => judged(decision, current, &service),
        None => vec![no_such_service(decision, current)],
    };
    decision.explanation.extend(lines);
}

/// Whether the door knew whom it was asked for: it writes both parts then.
fn is_known(decision: &Decision) -> bool {
    decision.service.contains('/')
}

/// The service meant by `namespace/name`, or by a host name as the door at
/// hand would take it: `name`, `name.namespace`, and the mesh behind either.
fn find(decision: &Decision, current: &Current) -> Option<ServiceName> {
    let world = &current.world;
    let is_there = |name: &ServiceName| {
        world.services().contains_key(name) || world.gateways().contains_key(name)
    };
    if is_known(decision) {
        return decision.service.parse().ok().filter(is_there);
    }
    let host = decision.service.to_ascii_lowercase();
    let host = host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host);
    let mut labels = host.trim_end_matches('.').split('.');
    let name: Label = labels.next()?.parse().ok()?;
    let own = decision.door.parse::<ServiceName>().ok().map(|door| door.namespace);
    let said = labels.next().and_then(|label| label.parse::<Label>().ok());
    let default: Option<Label> = "default".parse().ok();
    let namespaces = said.into_iter().chain(own).chain(default);
    namespaces.map(|namespace| ServiceName::new(namespace, name.clone())).find(is_there)
}

fn judged(decision: &Decision, current: &Current, service: &ServiceName) -> Vec<String> {
    let rules = current.world.policies_for(service);
    let caller = decision.caller.parse().map_or(Principal::Anonymous, Principal::Workload);
    if !rules.iter().any(|rule| rule.covers_caller(&caller)) {
        let text = format!("there is a service {service}, and no rule of it names {caller}");
        return vec![text, hint(&caller, service)];
    }
    let action = match (decision.method.as_deref(), decision.path.as_deref()) {
        (Some(method), Some(path)) => Action::Http { method, path },
        _ => Action::Connect,
    };
    let facts = Facts { caller: &caller, port: decision.port, action };
    let text = policy::explain(&rules, &facts).about(service).to_string();
    text.lines().map(ToOwned::to_owned).collect()
}

fn hint(caller: &Principal, service: &ServiceName) -> String {
    let from = match caller {
        Principal::Anonymous => "anonymous".to_owned(),
        Principal::Workload(id) => {
            id.service().map_or_else(|| id.to_string(), |name| name.to_string())
        }
    };
    format!("to allow it: postern allow {from} {service}")
}

fn no_such_service(decision: &Decision, current: &Current) -> String {
    let asked = &decision.service;
    let names = current.world.services().keys().map(ToString::to_string);
    let nearest = names.map(|name| (distance(&name, asked), name)).min();
    match nearest {
        Some((distance, name)) if distance <= 2 => {
            format!("there is no service `{asked}` in this mesh: did you mean `{name}`?")
        }
        _ => format!("there is no service `{asked}` in this mesh"),
    }
}

/// How many letters differ (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (b, pair) in other.iter().zip(row.windows(2)) {
            let [diagonal, above] = pair else { continue };
            left = (diagonal + usize::from(a != *b)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use config::Source;

    use super::*;

    const TEXT: &str = "\
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: web}
spec: {ports: [{port: 80, protocol: http}]}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: payments}
spec: {ports: [{port: 80, protocol: http, targetPort: 9003}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: no-web}
spec: {to: web, deny: [{from: web}]}
";

    fn explained(service: &str, explanation: &[&str]) -> String {
        let sources = [Source { name: "a".into(), text: TEXT.into() }];
        let world = config::read(&sources).over(Vec::new()).unwrap();
        let current = Current { generation: "1.2".parse().unwrap(), world };
        let mut decision = Decision {
            id: String::new(),
            time: String::new(),
            generation: "1.2".into(),
            role: "outbound".into(),
            door: "default/web".into(),
            caller: "spiffe://mesh/ns/default/sa/web".into(),
            service: service.into(),
            port: 80,
            action: "http".into(),
            method: Some("GET".into()),
            path: Some("/".into()),
            allowed: false,
            rule: None,
            explanation: explanation.iter().map(|line| (*line).to_owned()).collect(),
        };
        enrich(&mut decision, &current);
        decision.explanation.join("\n")
    }

    #[test]
    fn a_service_the_door_may_not_know_is_named_with_what_is_missing() {
        for asked in ["payments", "payments.default", "payments.default.mesh:80", "Payments."] {
            let text = explained(asked, &[]);
            assert!(text.contains("no rule of it names spiffe://mesh/ns/default/sa/web"), "{text}");
            assert!(text.contains("postern allow web payments"), "{text}");
        }
    }

    #[test]
    fn a_service_that_is_not_there_is_said_not_to_be() {
        assert!(explained("paymnts", &["unknown"]).contains("did you mean `payments`?"));
        assert!(!explained("example.com", &[]).contains("did you mean"));
    }

    #[test]
    fn a_rule_that_names_the_caller_is_explained() {
        assert!(explained("web", &[]).contains("no-web"));
    }

    #[test]
    fn what_a_door_explained_itself_is_left_alone() {
        assert_eq!(explained("default/payments", &["clear enough"]), "clear enough");
    }
}
