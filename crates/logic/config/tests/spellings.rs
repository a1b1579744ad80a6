//! One request, one verdict: however a request is spelled (case of the host,
//! escapes, dot segments, form of the target), it takes the same route and is
//! judged the same, by the naive evaluator and by the compiled rules.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use config::{Snapshot, Source, compile, parse};
use model::{Generation, Principal};
use policy::{Action, Denied, Facts, naive};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use wire::canonical::{self, CanonicalError};

const HEAD: &str = "\
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: web}
spec: {ports: [{port: 80, protocol: http, escapedSlashes: keep}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  listeners:
    - {name: one, port: 443, protocol: HTTPS, tls: {options: {postern.dev/certificate: self-signed}}}
";

/// Routes that tell hosts, paths and methods apart; the second keeps `%2F`.
const ROUTES: [(&str, &str, &str); 3] = [
    ("precise", "", "[{path: {value: /a}}, {path: {type: Exact, value: /b}, method: GET}]"),
    ("keeping", ", annotations: {postern.dev/escaped-slashes: keep}", "[{path: {value: /a/b}}]"),
    ("rest", "", "[]"),
];

fn snapshot(rules: &[(bool, &str)]) -> Snapshot {
    let mut text = HEAD.to_owned();
    for ((name, annotations, matches), host) in ROUTES.iter().zip(["a.example", "*.example", ""]) {
        let hosts = if host.is_empty() { String::new() } else { format!("'{host}'") };
        text.push_str(&format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n\
             metadata: {{name: {name}{annotations}}}\n\
             spec: {{parentRefs: [{{name: edge}}], hostnames: [{hosts}], \
             rules: [{{matches: {matches}, backendRefs: [{{name: web, port: 80}}]}}]}}\n"
        ));
    }
    for (at, (is_deny, requests)) in rules.iter().enumerate() {
        let effect = if *is_deny { "deny" } else { "allow" };
        text.push_str(&format!(
            "---\napiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: p{at}}}\n\
             spec: {{to: edge, {effect}: [{{from: anonymous, {requests}}}]}}\n"
        ));
    }
    let (documents, problems) = parse(&[Source { name: "x".into(), text }]);
    assert!(problems.is_empty(), "{problems:?}");
    compile(documents, &BTreeMap::new(), &"edge".parse().unwrap(), Generation::default()).unwrap()
}

/// The route taken and the rule that decided, if it was allowed, or why the
/// request has no meaning.
type Judged = Result<(String, bool, Option<usize>), CanonicalError>;

/// What a door does with a request, in its order: one canonical form, the
/// route, the choice of that route about `%2F`, the verdict.
fn judge(snapshot: &Snapshot, method: &str, host: &str, target: &str) -> Judged {
    let target = canonical::target(method, target)?;
    let host = canonical::authority(target.authority.unwrap_or(host))?.host;
    let mut path = String::new();
    let has_slash = canonical::path_keeping_slashes(target.path, &mut path)?;
    let edge = snapshot.edges.first().unwrap();
    let route = edge.routes.find(&host, method, &path);
    if has_slash && !route.is_some_and(|route| route.keep_escaped_slashes) {
        return Err(CanonicalError::EscapedDelimiter);
    }
    let action = Action::Http { method, path: &path };
    let facts = Facts { caller: &Principal::Anonymous, port: 443, action };
    let naive = naive::decide(edge.policy.rules(), &facts);
    let narrowed = edge.policy.narrow(&Principal::Anonymous, 443);
    let compiled = match narrowed.decide(&edge.policy, &action, ()) {
        Ok(permit) => (true, Some(permit.rule())),
        Err(Denied { rule }) => (false, rule),
    };
    assert_eq!(compiled, (naive.allowed, naive.rule), "{method} {path}");
    Ok((route.map_or_else(String::new, |route| route.name.clone()), naive.allowed, naive.rule))
}

/// A request without a choice of spelling: method, host, segments (some with
/// what has to be escaped), and whether a slash ends it.
type Logical = (&'static str, &'static str, Vec<&'static str>, bool);

fn logical() -> impl Strategy<Value = Logical> {
    let segment = select(&["a", "b", "B", "c", "a.b", "~x", "a%2Fb", "%20", "%C3%A9", "..a"][..]);
    let host = select(&["a.example", "b.example", "example.org"][..]);
    let method = select(&["GET", "POST", "DELETE"][..]);
    (method, host, vec(segment, 0..5), any::<bool>())
}

/// How each character and each gap is written, turn by turn.
#[derive(Clone, Debug)]
struct Spelling {
    letters: Vec<u8>,
    gaps: Vec<&'static str>,
    is_absolute: bool,
    query: &'static str,
}

/// What stands between two segments and means one slash.
const GAPS: [&str; 8] =
    ["/", "/", "//", "/./", "/%2e/", "/zz/../", "/zz/%2E%2e/", "/zz/yy/../.%2E/"];

fn spelling() -> impl Strategy<Value = Spelling> {
    let query = select(&["", "?", "?x=/../..;%2f"][..]);
    (vec(0..4_u8, 1..40), vec(select(&GAPS[..]), 1..8), any::<bool>(), query).prop_map(
        |(letters, gaps, is_absolute, query)| Spelling { letters, gaps, is_absolute, query },
    )
}

impl Spelling {
    fn segment(&self, segment: &str, out: &mut String) {
        let mut turns = self.letters.iter().copied().cycle();
        let mut rest = segment;
        while let Some(first) = rest.chars().next() {
            let turn = turns.next().unwrap_or_default();
            let (taken, after) = rest.split_at(if first == '%' { 3 } else { 1 });
            match (first, turn) {
                ('%', 0 | 1) => out.push_str(&taken.to_ascii_lowercase()),
                ('%', _) => out.push_str(taken),
                (letter, 0) => out.push_str(&format!("%{:02x}", u32::from(letter))),
                (letter, 1) => out.push_str(&format!("%{:02X}", u32::from(letter))),
                (letter, _) => out.push(letter),
            }
            rest = after;
        }
    }

    fn path(&self, segments: &[&str], is_open: bool) -> String {
        let mut out = String::new();
        let mut gaps = self.gaps.iter().cycle();
        for segment in segments {
            out.push_str(gaps.next().unwrap_or(&"/"));
            self.segment(segment, &mut out);
        }
        if is_open || segments.is_empty() {
            out.push_str(gaps.next().unwrap_or(&"/"));
        }
        out
    }

    fn host(&self, host: &str) -> String {
        let turns = self.letters.iter().cycle();
        let spell = |(letter, turn): (char, &u8)| match turn {
            0 => letter.to_ascii_uppercase(),
            _ => letter,
        };
        let dot = if self.letters.len().is_multiple_of(3) { "." } else { "" };
        host.chars().zip(turns).map(spell).collect::<String>() + dot
    }

    /// The `Host` field and the target.
    fn spell(&self, (_, host, segments, is_open): &Logical) -> (String, String) {
        let (host, path) = (self.host(host), self.path(segments, *is_open) + self.query);
        let target = if self.is_absolute { format!("hTTp://{host}{path}") } else { path };
        (host, target)
    }
}

const RULES: [&str; 8] = [
    "http: /**",
    "http: GET /a/**",
    "http: POST /a/b",
    "http: /a/*",
    "http: /a/b/a%2Fb",
    "http: [DELETE /B/**, '/{any}/b']",
    "grpc: a.b/c",
    "http: /%20/**",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_request_gets_one_verdict_however_it_is_spelled(
        rules in vec((any::<bool>(), select(&RULES[..])), 0..5),
        requests in vec((logical(), spelling(), spelling()), 1..6),
    ) {
        let snapshot = snapshot(&rules);
        for (request, one, other) in &requests {
            let (method, host, segments, is_open) = request;
            let plain = format!("/{}{}", segments.join("/"), if *is_open && !segments.is_empty() { "/" } else { "" });
            let wanted = judge(&snapshot, method, host, &plain);
            for spelling in [one, other] {
                let (host, target) = spelling.spell(request);
                let judged = judge(&snapshot, method, &host, &target);
                prop_assert_eq!(&judged, &wanted, "{} {} {} for {}", method, host, target, plain);
            }
        }
    }
}

#[test]
fn the_spellings_meet_every_kind_of_verdict() {
    let snapshot = snapshot(&[(true, "http: /a/c"), (false, "http: /**")]);
    let route = |name: &str| format!("default/{name} rules[0]");
    for (host, target, wanted) in [
        ("A.Example.", "/%61/x", Ok((route("precise"), true, Some(1)))),
        ("b.example", "/a//./b/x%2fy", Ok((route("keeping"), true, Some(1)))),
        ("a.example", "/a/x%2fy", Err(CanonicalError::EscapedDelimiter)),
        ("b.example", "/a/%63", Ok((route("rest"), false, Some(0)))),
        ("b.example", "/a/b/..%2fc", Err(CanonicalError::EscapedDelimiter)),
        ("b.example", "/a/b/../c", Ok((route("rest"), false, Some(0)))),
    ] {
        assert_eq!(judge(&snapshot, "GET", host, target), wanted, "{target}");
    }
}
