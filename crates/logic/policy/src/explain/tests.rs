//! Explanations as an operator reads them.

use model::{Principal, TrustDomain};

use super::*;
use crate::facts::Action;
use crate::rule::From;

fn workload(name: &str) -> Principal {
    Principal::Workload(format!("spiffe://shop/ns/default/sa/{name}").parse().unwrap())
}

fn id(text: &str) -> From {
    From::Id(text.parse().unwrap())
}

fn rule(name: &str, effect: Effect, from: From, http: &[&str]) -> Rule {
    let http = http.iter().map(|text| text.parse().unwrap()).collect();
    Rule::new(RuleName(name.into()), effect, vec![from]).unwrap().for_http(http)
}

fn web_reads() -> Rule {
    let web = id("spiffe://shop/ns/default/sa/web");
    rule("default/web-reads-orders allow[0]", Effect::Allow, web, &["GET /v1/**"])
}

fn text(rules: &[Rule], caller: &Principal, action: Action<'_>) -> String {
    let service: ServiceName = "orders".parse().unwrap();
    explain(rules, &Facts { caller, port: 8080, action }).about(&service).to_string()
}

const fn http<'a>(method: &'a str, path: &'a str) -> Action<'a> {
    Action::Http { method, path }
}

#[test]
fn a_denial_shows_the_nearest_rule_clause_by_clause() {
    let rules = [web_reads().on_ports(vec![8080])];
    assert_eq!(
        text(&rules, &workload("web"), http("DELETE", "/v1/orders/7")),
        "denied: no rule of orders lets web do this\n\
         nearest rule: default/web-reads-orders allow[0]\n  \
           from: wanted web, saw spiffe://shop/ns/default/sa/web: holds\n  \
           port: wanted 8080, saw 8080: holds\n  \
           method: wanted GET, saw DELETE: FAILS\n  \
           path: wanted /v1/**, saw /v1/orders/7: holds"
    );
}

#[test]
fn a_grpc_rule_is_shown_as_it_was_written() {
    let web = id("spiffe://shop/ns/default/sa/web");
    let named = "shop.v1.Orders/Get".parse::<crate::GrpcMatch>().unwrap();
    let rule = Rule::new(RuleName("default/p allow[0]".into()), Effect::Allow, vec![web]);
    let rules = [rule.unwrap().for_http(vec![named.into()])];
    for (action, line) in [
        (
            http("POST", "/shop.v1.Orders/List"),
            "grpc: wanted shop.v1.Orders/Get, saw shop.v1.Orders/List: FAILS",
        ),
        (
            http("GET", "/shop.v1.Orders/Get"),
            "grpc: wanted shop.v1.Orders/Get, saw GET /shop.v1.Orders/Get: FAILS",
        ),
        (
            http("POST", "/shop.v1.Orders/Get"),
            "grpc: wanted shop.v1.Orders/Get, saw shop.v1.Orders/Get: holds",
        ),
        (
            Action::Connect,
            "http: wanted shop.v1.Orders/Get, saw a connection whose requests can't be seen, \
             which counts as no in an allow: FAILS",
        ),
    ] {
        let shown = text(&rules, &workload("web"), action);
        assert!(shown.ends_with(line), "{shown}");
    }
}

#[test]
fn a_deny_rule_is_shown_as_what_decided() {
    let trust_domain: TrustDomain = "shop".parse().unwrap();
    let all = From::Namespace { trust_domain, namespace: "default".parse().unwrap() };
    let rules = [web_reads(), rule("default/stop deny[0]", Effect::Deny, all, &["/v1/admin/**"])];
    assert_eq!(
        text(&rules, &workload("web"), http("GET", "/v1/admin/users")),
        "denied: a deny rule of orders stops web\n\
         rule: default/stop deny[0]\n  \
           from: wanted namespace default, saw spiffe://shop/ns/default/sa/web: holds\n  \
           path: wanted /v1/admin/**, saw /v1/admin/users: holds"
    );
}

#[test]
fn an_allowed_call_names_its_rule() {
    let shown = text(&[web_reads()], &workload("web"), http("GET", "/v1/x"));
    assert!(shown.starts_with(
        "allowed: a rule of orders lets web do this\nrule: default/web-reads-orders allow[0]\n"
    ));
    assert!(!shown.contains("FAILS"));
}

#[test]
fn a_plain_connection_says_that_http_cannot_be_seen() {
    let shown = text(&[web_reads()], &workload("web"), Action::Connect);
    assert!(shown.ends_with(
        "http: wanted GET /v1/**, saw a connection whose requests can't be seen, \
         which counts as no in an allow: FAILS"
    ));
    let deny = rule("d deny[0]", Effect::Deny, From::Anyone, &["/x"]);
    let shown = text(&[deny], &workload("web"), Action::Connect);
    assert!(shown.ends_with("which counts as yes in a deny: holds"), "{shown}");
}

#[test]
fn the_nearest_rule_is_the_one_with_most_clauses_held() {
    let other = rule("b", Effect::Allow, id("spiffe://shop/ns/default/sa/other"), &["GET /v1/**"]);
    let far = rule("a", Effect::Allow, id("spiffe://shop/ns/default/sa/web"), &["PUT /x"]);
    let rules = [far, other, web_reads()];
    let caller = workload("web");
    let nearest = |action| {
        let explanation = explain(&rules, &Facts { caller: &caller, port: 1, action });
        explanation.rule().unwrap().as_str().to_owned()
    };
    assert_eq!(nearest(http("DELETE", "/v1/x")), "default/web-reads-orders allow[0]");
    assert_eq!(nearest(http("PUT", "/v1/x")), "default/web-reads-orders allow[0]");
    assert_eq!(nearest(http("PUT", "/y")), "a");
}

#[test]
fn of_several_http_clauses_the_nearest_is_shown() {
    let web = id("spiffe://shop/ns/default/sa/web");
    let rules = [rule("a", Effect::Allow, web, &["GET /a", "POST /orders/{id}/items", "PUT /b"])];
    let shown = text(&rules, &workload("web"), http("POST", "/orders/7"));
    assert!(shown.contains("path: wanted /orders/{id}/items, saw /orders/7: FAILS"), "{shown}");
    let shown = text(&rules, &workload("web"), http("PATCH", "/b"));
    assert!(shown.contains("method: wanted PUT, saw PATCH: FAILS"), "{shown}");
}

#[test]
fn a_namesake_in_another_trust_domain_is_written_in_full() {
    let foreign = rule("a", Effect::Allow, id("spiffe://other/ns/default/sa/web"), &[]);
    let shown = text(&[foreign], &workload("web"), http("GET", "/"));
    assert!(shown.contains(
        "from: wanted spiffe://other/ns/default/sa/web, saw spiffe://shop/ns/default/sa/web: FAILS"
    ));
}

#[test]
fn anonymous_callers_are_called_that() {
    let rules = [rule("a", Effect::Allow, From::Anyone, &[])];
    assert_eq!(
        text(&rules, &Principal::Anonymous, http("GET", "/")),
        "denied: no rule of orders lets anonymous do this\nnearest rule: a\n  \
           from: wanted anyone with an identity, saw anonymous: FAILS"
    );
}

#[test]
fn a_service_without_rules_says_so() {
    let caller = workload("web");
    assert_eq!(
        text(&[], &caller, Action::Connect),
        "denied: orders has no rules, and what no rule allows is denied"
    );
    let deny = rule("d", Effect::Deny, From::Anonymous, &[]);
    assert_eq!(
        text(&[deny], &caller, Action::Connect),
        "denied: orders has deny rules only, and what no rule allows is denied"
    );
    let facts = Facts { caller: &caller, port: 1, action: Action::Connect };
    assert!(explain(&[], &facts).to_string().contains("this service has no rules"));
}

#[test]
fn a_path_that_is_not_canonical_is_its_own_reason() {
    let shown = text(&[web_reads()], &workload("web"), http("GET", "/v1//x"));
    assert_eq!(shown, "denied: the path isn't in canonical form, so no rule was asked");
}

#[test]
fn what_was_seen_cannot_break_the_lines() {
    let shown = text(&[web_reads()], &workload("web"), http("A\r\nB", "/v1/\u{1b}[2J\nallowed: x"));
    assert_eq!(shown.lines().count(), 5, "{shown}");
    assert!(!shown.contains('\u{1b}'));
}
