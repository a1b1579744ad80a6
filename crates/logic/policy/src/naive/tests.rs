//! The meaning of rules, case by case.

use model::Principal;

use super::*;
use crate::http::HttpMatch;
use crate::rule::{From, RuleName};

fn workload(name: &str) -> Principal {
    Principal::Workload(format!("spiffe://shop/ns/default/sa/{name}").parse().unwrap())
}

fn rule(effect: Effect, from: &str, http: &[&str]) -> Rule {
    let from = match workload(from) {
        Principal::Workload(id) => vec![From::Id(id)],
        Principal::Anonymous => vec![From::Anonymous],
    };
    let http: Vec<HttpMatch> = http.iter().map(|text| text.parse().unwrap()).collect();
    Rule::new(RuleName("p".into()), effect, from).unwrap().for_http(http)
}

fn decide_http(rules: &[Rule], caller: &str, method: &str, path: &str) -> Verdict {
    let caller = workload(caller);
    decide(rules, &Facts { caller: &caller, port: 80, action: Action::Http { method, path } })
}

fn decide_connect(rules: &[Rule], caller: &str, port: u16) -> Verdict {
    let caller = workload(caller);
    decide(rules, &Facts { caller: &caller, port, action: Action::Connect })
}

const fn allowed_by(rule: usize) -> Verdict {
    Verdict { allowed: true, rule: Some(rule) }
}

const fn denied_by(rule: usize) -> Verdict {
    Verdict { allowed: false, rule: Some(rule) }
}

const DENIED: Verdict = Verdict { allowed: false, rule: None };

#[test]
fn nothing_is_allowed_by_default() {
    assert_eq!(decide_http(&[], "web", "GET", "/"), DENIED);
    assert_eq!(decide_connect(&[], "web", 80), DENIED);
    let other = [rule(Effect::Allow, "other", &[])];
    assert_eq!(decide_http(&other, "web", "GET", "/"), DENIED);
    let deny_only = [rule(Effect::Deny, "other", &[])];
    assert_eq!(decide_http(&deny_only, "web", "GET", "/"), DENIED);
}

#[test]
fn a_deny_wins_wherever_it_stands() {
    let allow = rule(Effect::Allow, "web", &[]);
    let deny = rule(Effect::Deny, "web", &["/admin/**"]);
    let orders = [vec![allow.clone(), deny.clone()], vec![deny, allow]];
    for (rules, deny, allow) in [(&orders[0], 1, 0), (&orders[1], 0, 1)] {
        assert_eq!(decide_http(rules, "web", "GET", "/admin/x"), denied_by(deny));
        assert_eq!(decide_http(rules, "web", "GET", "/x"), allowed_by(allow));
    }
}

#[test]
fn the_first_rule_that_matches_is_named() {
    let rules = [
        rule(Effect::Allow, "other", &[]),
        rule(Effect::Allow, "web", &["GET /a"]),
        rule(Effect::Allow, "web", &[]),
    ];
    assert_eq!(decide_http(&rules, "web", "GET", "/a"), allowed_by(1));
    assert_eq!(decide_http(&rules, "web", "GET", "/b"), allowed_by(2));
}

#[test]
fn an_http_clause_on_a_tcp_port_denies_and_never_allows() {
    let allow = rule(Effect::Allow, "web", &["/**"]);
    assert_eq!(decide_connect(std::slice::from_ref(&allow), "web", 80), DENIED);
    let plain = rule(Effect::Allow, "web", &[]);
    assert_eq!(decide_connect(&[allow, plain.clone()], "web", 80), allowed_by(1));
    let deny = rule(Effect::Deny, "web", &["POST /rare"]);
    assert_eq!(decide_connect(&[plain, deny], "web", 80), denied_by(1));
}

#[test]
fn ports_limit_a_rule() {
    let rules = [rule(Effect::Allow, "web", &[]).on_ports(vec![80, 81])];
    assert_eq!(decide_connect(&rules, "web", 81), allowed_by(0));
    assert_eq!(decide_connect(&rules, "web", 82), DENIED);
}

#[test]
fn spellings_of_a_denied_path_are_denied() {
    let rules = [rule(Effect::Allow, "web", &[]), rule(Effect::Deny, "web", &["/admin/**"])];
    for path in ["/admin", "/admin/", "/admin//", "/admin;x=1", "/admin;x=1/users"] {
        assert_eq!(decide_http(&rules, "web", "GET", path), denied_by(1), "{path}");
    }
}

#[test]
fn a_path_that_is_not_canonical_is_denied_whatever_the_rules_say() {
    let rules = [rule(Effect::Allow, "web", &[])];
    for path in
        ["", "//admin", "/./admin", "/x/../admin", "/p/..;/admin", "\\admin", "/a#b", "/a?b"]
    {
        assert_eq!(decide_http(&rules, "web", "GET", path), DENIED, "{path}");
    }
    assert_eq!(decide_http(&rules, "web", "OPTIONS", "*"), allowed_by(0));
}
