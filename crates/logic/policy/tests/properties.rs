//! Promises of the policy crate over random rules and facts: the compiled form
//! and the explanations say what the naive evaluator says.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::ops::Range;

use model::{Principal, SpiffeId};
use policy::{
    Action, Compiled, Denied, Effect, Facts, From, GrpcMatch, HttpMatch, PathTemplate, Rule,
    RuleName, explain, naive,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Few words, so that rules and facts meet often.
fn principal() -> impl Strategy<Value = Principal> {
    let workload = (domain(), namespace(), select(&["api", "web"][..])).prop_map(|(d, n, name)| {
        Principal::Workload(format!("spiffe://{d}/ns/{n}/sa/{name}").parse().unwrap())
    });
    let odd = Just(Principal::Workload("spiffe://shop/somewhere/else".parse().unwrap()));
    prop_oneof![1 => Just(Principal::Anonymous), 8 => workload, 1 => odd]
}

fn domain() -> impl Strategy<Value = &'static str> {
    select(&["shop", "shop", "other"][..])
}

fn namespace() -> impl Strategy<Value = &'static str> {
    select(&["pay", "web"][..])
}

fn from() -> impl Strategy<Value = From> {
    let namespace = (domain(), namespace()).prop_map(|(domain, namespace)| From::Namespace {
        trust_domain: domain.parse().unwrap(),
        namespace: namespace.parse().unwrap(),
    });
    let id = principal().prop_map(|caller| match caller {
        Principal::Workload(id) => From::Id(id),
        Principal::Anonymous => From::Anonymous,
    });
    prop_oneof![1 => Just(From::Anyone), 1 => namespace, 4 => id]
}

/// Such a text begins with a slash, or is empty.
fn joined(words: &'static [&'static str], count: Range<usize>) -> impl Strategy<Value = String> {
    vec(select(words), count).prop_map(|words| words.concat())
}

fn template() -> impl Strategy<Value = String> {
    let front = joined(&["/a", "/b", "/aa", "/*", "/{id}", "/%7C", "/a%2Fb"], 0..5);
    (front, select(&["/", "/a", "/**"][..])).prop_map(|(front, last)| front + last)
}

fn http_match() -> impl Strategy<Value = HttpMatch> {
    let method = select(&[None, Some("GET"), Some("PUT")][..]);
    let plain = (method, template())
        .prop_map(|(method, path)| HttpMatch::new(method.map(Into::into), path.parse().unwrap()));
    let grpc = select(&["a/b", "a/*", "aa/a"][..])
        .prop_map(|text| text.parse::<GrpcMatch>().unwrap().into());
    prop_oneof![6 => plain, 1 => grpc]
}

fn rule() -> impl Strategy<Value = Rule> {
    let effect = prop_oneof![3 => Just(Effect::Allow), 1 => Just(Effect::Deny)];
    let ports = prop_oneof![3 => Just(vec![]), 2 => vec(1_u16..4, 1..3)];
    let http = prop_oneof![1 => Just(vec![]), 3 => vec(http_match(), 1..4)];
    (effect, vec(from(), 1..3), ports, http).prop_map(|(effect, from, ports, http)| {
        let name = RuleName("default/p".into());
        Rule::new(name, effect, from).unwrap().on_ports(ports).for_http(http)
    })
}

/// `None` is a plain connection.
fn request() -> impl Strategy<Value = Option<(&'static str, String)>> {
    let method = select(&["GET", "PUT", "get", "DELETE", "POST"][..]);
    let canonical = joined(&["/a", "/b", "/aa", "/c", "/a;x", "/a%2Fb"], 1..6);
    let odd = joined(&["/a", "/", "/.", "/..", ";", "*", "?", "%41", "\\", "é"], 0..5);
    proptest::option::weighted(0.9, (method, prop_oneof![8 => canonical, 2 => odd]))
}

fn action<'a>(request: Option<&'a (&str, String)>) -> Action<'a> {
    request.map_or(Action::Connect, |(method, path)| Action::Http { method, path })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compiled_decides_like_naive(
        rules in vec(rule(), 0..10), caller in principal(), port in 1_u16..5, requests in vec(request(), 1..8),
    ) {
        let compiled = Compiled::compile(rules.clone());
        let narrowed = compiled.narrow(&caller, port);
        for request in &requests {
            let action = action(request.as_ref());
            let expected = naive::decide(&rules, &Facts { caller: &caller, port, action });
            let got = match narrowed.decide(&compiled, &action, ()) {
                Ok(permit) => (true, Some(permit.rule())),
                Err(Denied { rule }) => (false, rule),
            };
            prop_assert_eq!(got, (expected.allowed, expected.rule), "{:?}", action);
        }
    }

    #[test]
    fn whoever_may_do_something_may_reach(
        rules in vec(rule(), 0..6), caller in principal(), port in 1_u16..5, request in request(),
    ) {
        let facts = Facts { caller: &caller, port, action: action(request.as_ref()) };
        if naive::decide(&rules, &facts).allowed {
            prop_assert!(Compiled::compile(rules).narrow(&caller, port).reach(()).is_ok());
        }
    }

    #[test]
    fn an_explanation_says_what_naive_says(
        rules in vec(rule(), 0..6), caller in principal(), port in 1_u16..5, request in request(),
    ) {
        let facts = Facts { caller: &caller, port, action: action(request.as_ref()) };
        let (verdict, explanation) = (naive::decide(&rules, &facts), explain(&rules, &facts));
        prop_assert_eq!(explanation.verdict(), verdict);
        let word = if verdict.allowed { "allowed: " } else { "denied: " };
        prop_assert!(explanation.to_string().starts_with(word));
        prop_assert_eq!(verdict.rule.is_some(), explanation.rule().is_some() && explanation.clauses().iter().all(|c| c.holds));
    }

    #[test]
    fn one_more_deny_never_allows_more(
        mut rules in vec(rule(), 0..6), mut deny in rule(), caller in principal(), port in 1_u16..5, request in request(),
    ) {
        let facts = Facts { caller: &caller, port, action: action(request.as_ref()) };
        let before = naive::decide(&rules, &facts).allowed;
        deny.effect = Effect::Deny;
        rules.push(deny);
        prop_assert!(before || !naive::decide(&rules, &facts).allowed);
    }

    #[test]
    fn a_printed_template_parses_back(text in template()) {
        let template: PathTemplate = text.parse().unwrap();
        prop_assert_eq!(template.to_string().parse::<PathTemplate>(), Ok(template));
    }

    #[test]
    fn whatever_text_parses_prints_back(text in "(/|GET |[/*{}a%.;~A-F0-9é ]){0,12}") {
        if let Ok(http) = text.parse::<HttpMatch>() {
            prop_assert_eq!(http.to_string().parse::<HttpMatch>(), Ok(http));
        }
    }

    #[test]
    fn a_literal_template_matches_its_own_text(path in "(/[a-zA-Z0-9._~!$&'()+,=:@-]{1,6}){1,6}") {
        if let Ok(template) = path.parse::<PathTemplate>() {
            prop_assert!(template.matches(&path));
        }
    }
}

#[test]
fn thousands_of_callers_do_not_change_a_verdict() {
    let id = |n: usize| -> SpiffeId { format!("spiffe://shop/ns/n/sa/s{n}").parse().unwrap() };
    let rules: Vec<Rule> = (0..5_000)
        .map(|n| Rule::new(RuleName(n.to_string()), Effect::Allow, vec![From::Id(id(n))]).unwrap())
        .collect();
    let compiled = Compiled::compile(rules);
    for n in [0, 1, 4_999] {
        let narrowed = compiled.narrow(&Principal::Workload(id(n)), 1);
        let permit = narrowed.decide(&compiled, &Action::Connect, ()).unwrap();
        assert_eq!(permit.rule(), n);
    }
    assert!(compiled.narrow(&Principal::Workload(id(5_000)), 1).reach(()).is_err());
}
