//! What the compiled form adds to the meaning: narrowing, reaching, and its
//! tie to one set of rules. That it decides like the naive evaluator is
//! tested in `tests/properties.rs`.

use model::Principal;

use super::*;
use crate::rule::RuleName;

fn workload(name: &str) -> Principal {
    Principal::Workload(format!("spiffe://shop/ns/default/sa/{name}").parse().unwrap())
}

fn rule(effect: Effect, from: From, http: &[&str]) -> Rule {
    let http = http.iter().map(|text| text.parse().unwrap()).collect();
    Rule::new(RuleName("p".into()), effect, vec![from]).unwrap().for_http(http)
}

fn web() -> From {
    From::Id("spiffe://shop/ns/default/sa/web".parse().unwrap())
}

const GET_A: Action<'static> = Action::Http { method: "GET", path: "/a" };

#[test]
fn a_permit_names_its_rule_and_carries_its_target() {
    let rules = Compiled::compile(vec![
        rule(Effect::Allow, From::Anonymous, &[]),
        rule(Effect::Allow, web(), &["GET /a"]),
    ]);
    let permit = rules.narrow(&workload("web"), 80).decide(&rules, &GET_A, "upstream").unwrap();
    assert_eq!((permit.rule(), permit.into_target()), (1, "upstream"));
}

#[test]
fn another_callers_rules_are_narrowed_away() {
    let rules = Compiled::compile(vec![rule(Effect::Allow, web(), &[])]);
    for caller in [workload("intern"), Principal::Anonymous] {
        let narrowed = rules.narrow(&caller, 80);
        assert_eq!(narrowed.decide(&rules, &GET_A, ()), Err(Denied { rule: None }));
        assert_eq!(narrowed.reach(()), Err(Denied { rule: None }));
    }
}

#[test]
fn rules_of_another_snapshot_get_no_answer() {
    let rules = vec![rule(Effect::Allow, web(), &[])];
    let (old, new) = (Compiled::compile(rules.clone()), Compiled::compile(rules));
    let narrowed = old.narrow(&workload("web"), 80);
    assert!(narrowed.decide(&old.clone(), &GET_A, ()).is_ok());
    assert_eq!(narrowed.decide(&new, &GET_A, ()), Err(Denied { rule: None }));
}

#[test]
fn reach_asks_only_whether_anything_may_be_done() {
    let get = rule(Effect::Allow, web(), &["GET /a"]);
    let some = rule(Effect::Deny, web(), &["/admin/**"]);
    let all = rule(Effect::Deny, From::Anyone, &[]);
    let reach =
        |rules: Vec<Rule>, port| Compiled::compile(rules).narrow(&workload("web"), port).reach(());
    assert_eq!(reach(vec![some.clone(), get.clone()], 80).map(|p| p.rule()), Ok(1));
    assert_eq!(reach(vec![get.clone(), some.clone(), all], 80), Err(Denied { rule: Some(2) }));
    assert_eq!(reach(vec![some], 80), Err(Denied { rule: None }));
    assert_eq!(reach(vec![get.on_ports(vec![81])], 80), Err(Denied { rule: None }));
}

#[test]
fn a_rule_that_names_a_caller_twice_counts_once() {
    let both = Rule::new(RuleName("p".into()), Effect::Allow, vec![web(), From::Anyone]).unwrap();
    let rules = Compiled::compile(vec![both]);
    assert_eq!(rules.candidates(&workload("web")), [0]);
}

/// Work in a tree of templates that overlap as much as they can: the widest
/// path visits each place at most once, so this ends at once or never.
#[test]
fn overlapping_templates_do_not_multiply() {
    let mut clauses = Vec::new();
    for bits in 0..1_u32 << 10 {
        let segment = |ix: u32| if bits >> ix & 1 == 0 { "/*" } else { "/a" };
        let text: String = (0..10).map(segment).collect();
        clauses.push(format!("{text}/**"));
    }
    let clauses: Vec<&str> = clauses.iter().map(String::as_str).collect();
    let rules = Compiled::compile(vec![rule(Effect::Allow, web(), &clauses)]);
    let narrowed = rules.narrow(&workload("web"), 80);
    let path = "/a".repeat(4_000);
    let action = Action::Http { method: "GET", path: &path };
    assert!((0..100).all(|_| narrowed.decide(&rules, &action, ()).is_ok()));
}
