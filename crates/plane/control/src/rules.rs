//! `allow` and `deny` in one line: the policy document they come to, and
//! whether a standing deny would make an allow worth nothing. Pure.

use aws_lc_rs::digest::{SHA256, digest};
use config::{Document, DocumentKey, Kind, Source, Spec, World};
use model::{Label, Principal, ServiceName};
use policy::{Effect, From, HttpMatch, Rule};

/// What somebody wants to allow or deny.
#[derive(Clone, Debug)]
pub(crate) struct WantedRule {
    pub(crate) effect: Effect,
    /// As in a policy's `from`.
    pub(crate) from: String,
    pub(crate) to: ServiceName,
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
}

impl WantedRule {
    /// The document: named after what it says, so that the same is written
    /// once. Whatever is wrong with it the documents' checks will say.
    pub(crate) fn source(&self) -> (DocumentKey, Source) {
        let key = self.key();
        let rule = match self.http() {
            Some(http) => serde_json::json!({ "from": self.from, "http": http }),
            None => serde_json::json!({ "from": self.from }),
        };
        let document = serde_json::json!({
            "apiVersion": Kind::Policy.api_version(),
            "kind": Kind::Policy.word(),
            "metadata": { "name": key.name.as_str(), "namespace": key.namespace.as_str() },
            "spec": { "to": self.to.to_string(), self.word(): [rule] },
        });
        let name = format!("{} {} {}", self.word(), self.from, self.to);
        (key, Source { name, text: document.to_string() })
    }

    fn http(&self) -> Option<String> {
        match (&self.method, &self.path) {
            (None, None) => None,
            (method, path) => {
                let path = path.as_deref().unwrap_or("/**");
                Some(method.as_ref().map_or(path.to_owned(), |method| format!("{method} {path}")))
            }
        }
    }

    const fn word(&self) -> &'static str {
        match self.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        }
    }

    fn key(&self) -> DocumentKey {
        let http = self.http().unwrap_or_default();
        let parts = [self.word(), &self.from, &self.to.to_string(), &http].join("\0");
        let hash = digest(&SHA256, parts.as_bytes());
        let hash = hash.as_ref().iter().take(4).fold(String::new(), |t, b| format!("{t}{b:02x}"));
        let readable = format!("{}-{}-{}", self.word(), plain(&self.from), self.to.name);
        let readable: String = readable.chars().take(50).collect();
        let name = format!("{}-{hash}", readable.trim_end_matches('-'));
        // Made of label characters only; the hash alone is one as well.
        let name = name.parse::<Label>().or_else(|_| hash.parse());
        let name = name.unwrap_or_else(|_| self.to.name.clone());
        DocumentKey { kind: Kind::Policy, namespace: self.to.namespace.clone(), name }
    }

    /// The standing deny rule that leaves nothing of this allow, if there is
    /// one, by the name of its policy.
    pub(crate) fn overruled_by(&self, world: &World) -> Option<String> {
        if self.effect == Effect::Deny {
            return None;
        }
        let (key, source) = self.source();
        let standing = world.documents().cloned().collect();
        // What is wrong with it is said when it is written.
        let with = config::read(&[source]).over(standing).ok()?;
        let rules = with.policies_for(&self.to);
        let own = format!("{}/{} ", key.namespace, key.name);
        let own = rules.iter().find(|rule| rule.name.as_str().starts_with(&own))?;
        let ports = with.services().get(&self.to).map(|service| service.ports.as_slice());
        let covers = |deny: &&Rule| {
            let every_port = ports.unwrap_or_default().iter().all(|p| deny.covers_port(p.port));
            deny.effect == Effect::Deny
                && own.from().iter().all(|from| covers_callers(deny, from))
                && (deny.ports.is_empty() || (ports.is_some() && every_port))
                && covers_requests(deny, own.http.first())
        };
        rules.iter().find(covers).map(|rule| rule.name.to_string())
    }
}

/// Letters, digits and hyphens of a text.
fn plain(text: &str) -> String {
    let text = text.rsplit("/sa/").next().unwrap_or(text);
    let fit = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    text.chars().map(fit).collect::<String>().trim_matches('-').to_owned()
}

/// Whether a rule speaks of everybody a clause means.
fn covers_callers(rule: &Rule, from: &From) -> bool {
    match from {
        From::Id(id) => rule.covers_caller(&Principal::Workload(id.clone())),
        From::Anonymous => rule.covers_caller(&Principal::Anonymous),
        From::Anyone => rule.from().contains(&From::Anyone),
        From::Namespace { .. } => rule.from().contains(from) || rule.from().contains(&From::Anyone),
    }
}

/// Whether a deny rule stops every request of an allow's clause. A wildcard in
/// the clause is only covered by a wildcard as wide.
fn covers_requests(deny: &Rule, allowed: Option<&HttpMatch>) -> bool {
    if deny.http.is_empty() {
        return true;
    }
    let Some(allowed) = allowed else { return deny.http.iter().any(is_everything) };
    let path = allowed.path.to_string();
    deny.http.iter().any(|deny| {
        let method = deny.method.is_none() || deny.method == allowed.method;
        let wide = !path.ends_with("/**") || deny.path.to_string().ends_with("/**");
        method && wide && deny.path.matches(&path)
    })
}

fn is_everything(http: &HttpMatch) -> bool {
    http.method.is_none() && http.path.to_string() == "/**"
}

/// One rule of a policy, for people.
#[derive(Debug, serde::Serialize)]
pub(crate) struct ListedRule {
    policy: String,
    namespace: String,
    effect: &'static str,
    from: Vec<String>,
    to: String,
    http: Vec<String>,
    ports: Vec<u16>,
}

/// Every rule of every policy.
pub(crate) fn list(world: &World) -> Vec<ListedRule> {
    world.documents().flat_map(rules_of).collect()
}

fn rules_of(document: &Document) -> Vec<ListedRule> {
    let Spec::Policy(spec) = &document.spec else { return Vec::new() };
    let all = |effect, rules: &[config::RuleSpec]| {
        let listed = |rule: &config::RuleSpec| ListedRule {
            policy: document.key.name.to_string(),
            namespace: document.key.namespace.to_string(),
            effect,
            from: rule.from.iter().map(|from| from.value.to_string()).collect(),
            to: spec.to.value.to_string(),
            http: rule.http.iter().map(|http| http.value.to_string()).collect(),
            ports: rule.ports.iter().map(|port| port.value).collect(),
        };
        rules.iter().map(listed).collect::<Vec<_>>()
    };
    let mut rules = all("deny", &spec.deny);
    rules.extend(all("allow", &spec.allow));
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &str = "\
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: web}
spec: {ports: [{port: 80, protocol: http}]}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: orders}
spec: {ports: [{port: 80, protocol: http, targetPort: 9002}, {port: 81, protocol: http}]}
";

    fn world(deny: &str) -> World {
        let policy = "\n---\napiVersion: postern.dev/v1\nkind: Policy\nmetadata: {name: no}\n";
        let text = match deny {
            "" => SERVICES.to_owned(),
            deny => format!("{SERVICES}{policy}spec: {{to: orders, deny: [{deny}]}}\n"),
        };
        config::read(&[Source { name: "a".into(), text }]).over(Vec::new()).unwrap()
    }

    fn allow(from: &str, method: Option<&str>, path: Option<&str>) -> WantedRule {
        WantedRule {
            effect: Effect::Allow,
            from: from.into(),
            to: "orders".parse().unwrap(),
            method: method.map(Into::into),
            path: path.map(Into::into),
        }
    }

    #[test]
    fn a_rule_becomes_a_document_that_passes_the_checks() {
        for wanted in [
            allow("web", None, None),
            allow("web", Some("GET"), Some("/v1/**")),
            allow("anyone", None, Some("/v1/*")),
            allow("namespace:ops", Some("POST"), None),
            allow("spiffe://mesh/ns/default/sa/web", None, None),
            WantedRule { effect: Effect::Deny, ..allow("anonymous", None, None) },
        ] {
            let (key, source) = wanted.source();
            let standing = world("").documents().cloned().collect();
            let world = config::read(&[source]).over(standing);
            assert!(world.is_ok_and(|world| world.get(&key).is_some()), "{wanted:?}");
        }
    }

    #[test]
    fn names_are_readable_and_follow_the_content() {
        let name = |wanted: &WantedRule| wanted.source().0.name.to_string();
        let one = allow("web", Some("GET"), Some("/v1/**"));
        assert!(name(&one).starts_with("allow-web-orders-"), "{}", name(&one));
        assert_eq!(name(&one), name(&one.clone()));
        assert_ne!(name(&one), name(&allow("web", Some("GET"), Some("/v2/**"))));
        let long = allow(&format!("spiffe://mesh/ns/default/sa/{}", "x".repeat(200)), None, None);
        assert!(name(&long).len() <= 63);
        assert!(name(&allow("***", None, None)).starts_with("allow"));
    }

    #[test]
    fn a_deny_that_leaves_nothing_is_named() {
        let all = allow("web", None, None);
        let get = allow("web", Some("GET"), Some("/v1/**"));
        for (deny, wanted) in [
            ("{from: web}", &all),
            ("{from: anyone}", &get),
            ("{from: [web, orders]}", &get),
            ("{from: 'namespace:default'}", &all),
            ("{from: web, http: /**}", &all),
            ("{from: web, http: 'GET /v1/**'}", &get),
            ("{from: web, http: /**}", &get),
            ("{from: web, ports: [80, 81]}", &all),
        ] {
            let name = wanted.overruled_by(&world(deny));
            assert_eq!(name.as_deref(), Some("default/no deny[0]"), "{deny}");
        }
    }

    #[test]
    fn a_deny_that_leaves_something_is_not_in_the_way() {
        let all = allow("web", None, None);
        let get = allow("web", Some("GET"), Some("/v1/**"));
        for (deny, wanted) in [
            ("{from: orders}", &all),
            ("{from: anonymous}", &all),
            ("{from: web, http: 'POST /**'}", &all),
            ("{from: web, http: 'POST /v1/**'}", &get),
            ("{from: web, http: '/v1/*'}", &get),
            ("{from: web, http: '/v1/secret'}", &get),
            ("{from: web, ports: [81]}", &all),
        ] {
            assert_eq!(wanted.overruled_by(&world(deny)), None, "{deny}");
        }
        let deny = WantedRule { effect: Effect::Deny, ..all };
        assert_eq!(deny.overruled_by(&world("{from: web}")), None);
    }

    #[test]
    fn rules_are_listed_as_they_were_written() {
        let listed = list(&world("{from: web, http: 'GET /v1/**', ports: [81]}"));
        let listed = serde_json::to_value(&listed).unwrap();
        let expected = serde_json::json!([{
            "policy": "no", "namespace": "default", "effect": "deny", "from": ["web"],
            "to": "orders", "http": ["GET /v1/**"], "ports": [81]
        }]);
        assert_eq!(listed, expected);
    }
}
