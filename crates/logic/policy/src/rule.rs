//! Rules as typed values, and what each of their clauses means.

use std::fmt;

use model::{Label, Principal, SpiffeId, TrustDomain};

use crate::facts::Action;
use crate::http::HttpMatch;

/// What a rule does when it matches. Any matching deny beats every allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Lets it happen, unless a deny rule matches too.
    Allow,
    /// Stops it.
    Deny,
}

/// Where a rule stands, for people: `namespace/policy allow[0]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleName(pub String);

impl RuleName {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom a rule speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum From {
    /// Any workload that proved an identity, whichever it is.
    Anyone,
    /// Callers that proved nothing. Workloads aren't among them.
    Anonymous,
    /// One identity.
    Id(SpiffeId),
    /// Every identity `spiffe://<trust domain>/ns/<namespace>/sa/<one segment>`.
    Namespace {
        /// The trust domain.
        trust_domain: TrustDomain,
        /// The namespace in it.
        namespace: Label,
    },
}

impl From {
    /// Whether the rule speaks of this caller.
    #[must_use]
    pub fn covers(&self, caller: &Principal) -> bool {
        match (self, caller) {
            (Self::Anyone, Principal::Workload(_)) | (Self::Anonymous, Principal::Anonymous) => {
                true
            }
            (Self::Id(wanted), Principal::Workload(id)) => wanted == id,
            (Self::Namespace { trust_domain, namespace }, Principal::Workload(id)) => {
                id.trust_domain() == trust_domain && is_in_namespace(id.path(), namespace)
            }
            (Self::Anonymous, Principal::Workload(_)) | (_, Principal::Anonymous) => false,
        }
    }
}

fn is_in_namespace(path: &str, namespace: &Label) -> bool {
    let account = path
        .strip_prefix("/ns/")
        .and_then(|rest| rest.strip_prefix(namespace.as_str()))
        .and_then(|rest| rest.strip_prefix("/sa/"));
    account.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("anyone"),
            Self::Anonymous => f.write_str("anonymous"),
            Self::Id(id) => id.fmt(f),
            Self::Namespace { trust_domain, namespace } => {
                write!(f, "namespace {namespace} of {trust_domain}")
            }
        }
    }
}

/// One rule: it matches when its callers, ports and HTTP clauses all do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where it stands.
    pub name: RuleName,
    /// What it does.
    pub effect: Effect,
    from: Vec<From>,
    /// The ports of the service meant; empty is all of them.
    pub ports: Vec<u16>,
    /// What may be done, one of these; empty is everything: connecting and any
    /// request. On a port where HTTP can't be seen, a rule with HTTP clauses
    /// matches as a deny and doesn't as an allow.
    pub http: Vec<HttpMatch>,
}

/// A rule without a caller: an allow for nobody is no use, and a deny for
/// nobody is a mistake that would let everybody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rule says whom it speaks of: `from` can't be empty")]
pub struct NobodyNamed;

impl Rule {
    /// A rule about these callers on every port, doing anything.
    ///
    /// # Errors
    /// When `from` is empty.
    pub fn new(name: RuleName, effect: Effect, from: Vec<From>) -> Result<Self, NobodyNamed> {
        if from.is_empty() {
            return Err(NobodyNamed);
        }
        Ok(Self { name, effect, from, ports: Vec::new(), http: Vec::new() })
    }

    /// The same rule for these ports only; empty is all.
    #[must_use]
    pub fn on_ports(self, ports: Vec<u16>) -> Self {
        Self { ports, ..self }
    }

    /// The same rule for these requests only; empty is everything.
    #[must_use]
    pub fn for_http(self, http: Vec<HttpMatch>) -> Self {
        Self { http, ..self }
    }

    /// Whom it speaks of; never empty.
    #[must_use]
    pub fn from(&self) -> &[From] {
        &self.from
    }

    /// Whether it speaks of this caller.
    #[must_use]
    pub fn covers_caller(&self, caller: &Principal) -> bool {
        self.from.iter().any(|from| from.covers(caller))
    }

    /// Whether it speaks of this port.
    #[must_use]
    pub fn covers_port(&self, port: u16) -> bool {
        self.ports.is_empty() || self.ports.contains(&port)
    }

    /// Whether it speaks of this action. What can't be seen counts as false in
    /// an allow and as true in a deny.
    #[must_use]
    pub fn covers_action(&self, action: &Action<'_>) -> bool {
        if self.http.is_empty() {
            return true;
        }
        match action {
            Action::Connect => self.effect == Effect::Deny,
            Action::Http { method, path } => self.http.iter().any(|http| http.covers(method, path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(id: &str) -> Principal {
        Principal::Workload(id.parse().unwrap())
    }

    fn rule(effect: Effect, http: &str) -> Rule {
        let rule = Rule::new(RuleName("p allow[0]".into()), effect, vec![From::Anyone]).unwrap();
        rule.for_http(vec![http.parse().unwrap()])
    }

    #[test]
    fn a_rule_for_nobody_cannot_be_made() {
        assert_eq!(Rule::new(RuleName("p".into()), Effect::Deny, vec![]), Err(NobodyNamed));
    }

    #[test]
    fn anyone_means_any_proved_workload() {
        assert!(From::Anyone.covers(&workload("spiffe://a/x")));
        assert!(!From::Anyone.covers(&Principal::Anonymous));
        assert!(From::Anonymous.covers(&Principal::Anonymous));
        assert!(!From::Anonymous.covers(&workload("spiffe://a/x")));
    }

    #[test]
    fn an_id_means_that_id() {
        let from = From::Id("spiffe://shop/ns/default/sa/web".parse().unwrap());
        assert!(from.covers(&workload("spiffe://shop/ns/default/sa/web")));
        for other in ["spiffe://shop/ns/default/sa/web2", "spiffe://other/ns/default/sa/web"] {
            assert!(!from.covers(&workload(other)), "{other}");
        }
    }

    #[test]
    fn a_namespace_means_each_account_of_it_and_nothing_like_it() {
        let (trust_domain, namespace) = ("shop".parse().unwrap(), "pay".parse().unwrap());
        let from = From::Namespace { trust_domain, namespace };
        assert!(from.covers(&workload("spiffe://shop/ns/pay/sa/api")));
        for other in [
            "spiffe://shop/ns/payments/sa/api",
            "spiffe://other/ns/pay/sa/api",
            "spiffe://shop/ns/pay/sa/api/more",
            "spiffe://shop/ns/pay",
            "spiffe://shop/x/ns/pay/sa/api",
        ] {
            assert!(!from.covers(&workload(other)), "{other}");
        }
    }

    #[test]
    fn http_clauses_on_a_plain_connection_only_ever_deny() {
        assert!(!rule(Effect::Allow, "/**").covers_action(&Action::Connect));
        assert!(rule(Effect::Deny, "GET /x").covers_action(&Action::Connect));
    }
}
