//! What people who make mistakes are told: everything, at once, at the right
//! place.

use config::{Document, Problem, Severity, Source, check, parse, read};

fn source(name: &str, text: &str) -> Source {
    Source { name: name.into(), text: text.into() }
}

fn texts(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// All problems of the sources, as they are printed.
fn problems(sources: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<_> = sources.iter().map(|(name, text)| source(name, text)).collect();
    match read(&sources).over(Vec::new()) {
        Ok(world) => texts(world.warnings()),
        Err(problems) => texts(&problems),
    }
}

fn documents(text: &str) -> Vec<Document> {
    let (documents, problems) = parse(&[source("test.yaml", text)]);
    assert_eq!(texts(&problems), [""; 0]);
    documents
}

const WEB: &str = "\
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: web}
spec:
  ports: [{port: 8080, protocol: http}]
";

fn policy(spec: &str) -> String {
    let head = "apiVersion: postern.dev/v1\nkind: Policy\nmetadata: {name: p}\nspec:\n";
    format!("{WEB}---\n{head}{spec}")
}

#[test]
fn five_mistakes_are_five_problems_at_their_places() {
    let text = "\
apiVersion: postern.dev/v1
kind: MeshService
metadata:
  name: orders
  nmaespace: shop
spec:
  ports:
    - port: 80800
      protocol: htp
      targetport: 1
  run:
    command: postern
";
    assert_eq!(
        problems(&[("shop.yaml", text)]),
        [
            "shop.yaml:5:3: unknown field `nmaespace`: did you mean `namespace`?",
            "shop.yaml:8:13: `80800` is no whole number from 1 to 65535",
            "shop.yaml:9:17: `htp` can't stand here: did you mean `http`?",
            "shop.yaml:10:7: unknown field `targetport`: did you mean `targetPort`?",
            "shop.yaml:12:14: a list is wanted here, this is a text",
        ]
    );
}

#[test]
fn errors_in_several_documents_and_files_come_together() {
    let two = "\
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: a, colour: red}
spec: {ports: [{port: 1, protocol: tcp, prot: 2}]}
---
apiVersion: postern.dev/v1
kind: Polcy
metadata: {name: b}
spec: {}
";
    let torn = "kind: Mesh\nmetadata: {name: [\n";
    let found = problems(&[("torn.yaml", torn), ("good.yaml", WEB), ("two.yaml", two)]);
    assert!(found.first().unwrap().starts_with("torn.yaml:2:18: "), "{found:?}");
    assert_eq!(
        found.get(1..).unwrap(),
        [
            "two.yaml:3:21: unknown field `colour`: \
             known here are `name`, `namespace`, `labels`, `annotations`",
            "two.yaml:4:41: unknown field `prot`: did you mean `port`?",
            "two.yaml:7:7: unknown kind `Polcy`: did you mean `Policy`?",
        ]
    );
}

#[test]
fn a_syntax_error_costs_its_own_document_only() {
    let text = format!("a: [1, 2\n---\n{WEB}---\nb: }}\n---\n{}", WEB.replace("web", "api"));
    let (documents, problems) = parse(&[source("x.yaml", &text)]);
    let names: Vec<_> = documents.iter().map(|d| d.key.to_string()).collect();
    assert_eq!(names, ["MeshService/default/web", "MeshService/default/api"]);
    let lines: Vec<_> = problems.iter().map(|p| p.line).collect();
    assert_eq!(lines, [1, 9], "{problems:?}");
}

#[test]
fn a_service_with_a_typo_is_not_said_to_be_missing() {
    let text = policy("  {to: web, allow: [{from: web}]}\n");
    let typo = text.replace("protocol: http", "protocol: htp");
    assert_eq!(problems(&[("x.yaml", &typo)]).len(), 1);
    let torn = text.replace("ports: [", "ports: ]");
    assert_eq!(problems(&[("x.yaml", &torn)]).len(), 1);
    let flawed = text.replace("metadata: {name: web}", "metadata: {name: web, x: 1}");
    assert_eq!(problems(&[("x.yaml", &flawed)]).len(), 1);
}

#[test]
fn references_that_lead_nowhere_say_what_was_meant() {
    let text = policy("  to: wep\n  allow: [{from: [wbe, ops/x], http: GET /a}]\n");
    assert_eq!(
        problems(&[("x.yaml", &text)]),
        [
            "x.yaml:11:7: there is no service or gateway `wep`: did you mean `web`?",
            "x.yaml:12:19: there is no service, gateway or workload identity `wbe`: \
             did you mean `web`?",
            "x.yaml:12:24: there is no service, gateway or workload identity `ops/x`",
        ]
    );
}

#[test]
fn a_name_of_another_namespace_is_pointed_out() {
    let text = policy("  {to: web, allow: [{from: api}]}\n");
    let api = WEB.replace("name: web", "name: api, namespace: back");
    let found = problems(&[("x.yaml", &format!("{text}---\n{api}"))]);
    assert_eq!(
        found,
        ["x.yaml:11:28: there is no service, gateway or workload identity `api`: \
          there is one in another namespace: write `back/api`"]
    );
}

#[test]
fn no_service_lives_in_a_namespace_that_makes_host_names_ambiguous() {
    let found = problems(&[("x.yaml", &WEB.replace("name: web", "name: web, namespace: mesh"))]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("x.yaml:1:1: services can't live in a namespace called `mesh`"));
    assert!(problems(&[("x.yaml", &WEB.replace("name: web", "name: mesh"))]).is_empty());
}

#[test]
fn duplicates_name_both_places() {
    let found = problems(&[("a.yaml", WEB), ("b.yaml", &format!("# again\n{WEB}"))]);
    assert_eq!(found, ["b.yaml:2:1: a second MeshService named `web`: the first is at a.yaml:1:1"]);
    let twice = WEB.replace("kind: MeshService\n", "kind: MeshService\nkind: Mesh\n");
    assert_eq!(
        problems(&[("c.yaml", &twice)]),
        ["c.yaml:3:1: `kind` is written twice: it stands at 2:1 already"]
    );
}

#[test]
fn a_gateway_and_a_service_cannot_share_a_name() {
    let gateway = "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  listeners:
  - {name: https, port: 443, protocol: HTTPS, tls: {options: {postern.dev/certificate: self-signed}}}
";
    assert_eq!(
        problems(&[("a.yaml", WEB), ("b.yaml", gateway)]),
        ["b.yaml:1:1: `web` is the name of a service already: it stands at a.yaml:1:1"]
    );
}

#[test]
fn what_is_not_supported_yet_is_no_typo() {
    let text = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: front}
spec:
  parentRefs: [{name: edge, port: 1}]
  rules:
    - timeouts: {request: 1s}
      filters: []
      matches:
        - headers: [{name: a, value: b}]
          path: {type: RegularExpression, value: /a}
      backendRefs: [{name: web, port: 8080}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: x}
";
    let found = problems(&[("x.yaml", text)]);
    let not_yet: Vec<_> = found.iter().filter(|p| p.ends_with("is not supported yet")).collect();
    assert_eq!(not_yet.len(), 6, "{found:#?}");
    assert!(!found.iter().any(|p| p.contains("unknown")), "{found:#?}");
}

#[test]
fn booleans_and_numbers_are_no_texts() {
    let text = WEB.replace("name: web", "name: true").replace("port: 8080", "port: '8080'");
    assert_eq!(
        problems(&[("x.yaml", &text)]),
        [
            "x.yaml:3:18: a text is wanted here, this is a boolean: write \"true\"",
            "x.yaml:5:18: a number is wanted here, this is a text",
        ]
    );
    // Words of old YAML are texts, and a name may be one.
    assert_eq!(problems(&[("x.yaml", &WEB.replace("web", "no"))]), [""; 0]);
}

#[test]
fn missing_fields_are_named() {
    let found = problems(&[("x.yaml", "kind: Policy\nmetadata: {}\nspec: {to: x, deny: [{}]}\n")]);
    assert_eq!(
        found,
        [
            "x.yaml:1:1: `apiVersion` is missing",
            "x.yaml:2:11: `name` is missing",
            "x.yaml:3:22: `from` is missing",
        ]
    );
    let found = problems(&[("x.yaml", &policy("  allow: [{http: GET /a}]\n"))]);
    assert_eq!(found, ["x.yaml:11:3: `to` is missing", "x.yaml:11:11: `from` is missing"]);
}

#[test]
fn json_is_read_by_the_same_parser() {
    let json = "{\"apiVersion\":\"postern.dev/v1\",\"kind\":\"MeshService\",\n\
                \"metadata\":{\"name\":\"web\"},\"spec\":{\"ports\":[{\"port\":1,\"protocl\":\"tcp\"}]}}";
    assert_eq!(
        problems(&[("x.json", json)]),
        [
            "x.json:2:44: `protocol` is missing",
            "x.json:2:54: unknown field `protocl`: did you mean `protocol`?",
        ]
    );
}

#[test]
fn a_rule_about_requests_on_a_tcp_port_is_a_warning() {
    let tcp = "ports: [{port: 8080, protocol: tcp}]";
    let text = policy("  {to: web, deny: [{from: web, http: GET /a}]}\n")
        .replace("ports: [{port: 8080, protocol: http}]", tcp);
    let world = check(documents(&text)).unwrap();
    let [warning] = world.warnings() else { panic!("{:?}", world.warnings()) };
    assert_eq!(warning.severity, Severity::Warning);
    assert_eq!(
        warning.to_string(),
        "test.yaml:11:38: warning: port 8080 is tcp: requests can't be seen there: \
         this rule denies every connection to it; name other `ports`, if not meant"
    );
}

#[test]
fn ports_and_listeners_are_looked_up() {
    let text = policy("  {to: web, allow: [{from: web, ports: 8081}]}\n");
    assert_eq!(
        problems(&[("x.yaml", &text)]),
        ["x.yaml:11:40: there is no port 8081: did you mean `8080`?"]
    );
}

#[test]
fn an_identity_of_another_namespace_or_domain_cannot_be_given_out() {
    let identity = |id: &str| {
        format!(
            "apiVersion: postern.dev/v1\nkind: WorkloadIdentity\nmetadata: {{name: x}}\n\
             spec: {{id: \"{id}\", selectors: [unix:uid:1]}}\n"
        )
    };
    for (id, refused) in [
        ("spiffe://mesh/ns/default/sa/y", false),
        ("spiffe://mesh/other", false),
        ("spiffe://mesh/ns/back/sa/x", true),
        ("spiffe://elsewhere/x", true),
        ("spiffe://mesh", true),
        ("spiffe://mesh/postern/server", true),
    ] {
        assert_eq!(!problems(&[("x.yaml", &identity(id))]).is_empty(), refused, "{id}");
    }
}

#[test]
fn selectors_are_checked() {
    let head = "apiVersion: postern.dev/v1\nkind: WorkloadIdentity\nmetadata: {name: x}\n";
    for (selector, refused) in [
        ("unix:uid:1000", false),
        ("unix:path:/usr/bin/a", false),
        ("unix:uid:root", true),
        ("unix:uid:01", true),
        ("unix:path:bin", true),
        ("unix:pid:1", true),
        ("docker:label:a", true),
    ] {
        let text = format!("{head}spec: {{selectors: [\"{selector}\"]}}\n");
        assert_eq!(!problems(&[("x.yaml", &text)]).is_empty(), refused, "{selector}");
    }
    assert_eq!(problems(&[("x.yaml", &format!("{head}spec: {{selectors: []}}\n"))]).len(), 1);
}

#[test]
fn what_costs_too_much_is_refused() {
    let mut bomb = String::from("a: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..10 {
        let earlier = format!("*a{},", level - 1).repeat(10);
        bomb.push_str(&format!("b{level}: &a{level} [{earlier}]\n"));
    }
    let deep = format!("a: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    let block: String = (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let wide = "- a\n".repeat(500_000);
    let long = format!("a: {}", "x".repeat(5 * 1024 * 1024));
    let own = "a: &a [*a]\n".to_owned();
    for (name, text) in [
        ("bomb", bomb),
        ("deep", deep),
        ("block", block),
        ("wide", wide),
        ("long", long),
        ("own", own),
    ] {
        let found = problems(&[(name, &text)]);
        assert_eq!(found.len(), 1, "{name}: {:?}", found.first());
    }
}

#[test]
fn an_alias_repeats_what_it_names() {
    let text = "\
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: web}
spec:
  ports: [{port: &p 8080, protocol: http, targetPort: *p}]
";
    assert_eq!(documents(text), documents(WEB));
}

#[test]
fn empty_documents_and_comments_are_nothing() {
    assert_eq!(problems(&[("x.yaml", ""), ("y.yaml", "---\n---\n# x\n---\n~\n")]), [""; 0]);
    assert_eq!(
        problems(&[("x.yaml", "just a text\n")]),
        ["x.yaml:1:1: a mapping is wanted here, this is a text"]
    );
}

#[test]
fn the_mesh_is_one_and_its_lifetimes_make_sense() {
    let mesh = |name: &str, spec: &str| {
        format!(
            "apiVersion: postern.dev/v1\nkind: Mesh\nmetadata: {{name: {name}}}\nspec: {spec}\n"
        )
    };
    let two = format!("{}---\n{}", mesh("a", "{}"), mesh("b", "{}"));
    assert_eq!(problems(&[("x.yaml", &two)]).len(), 1);
    for (spec, refused) in [
        ("{identity: {lifetime: 20s}}", false),
        ("{identity: {lifetime: 20s, renew: 10s}}", false),
        ("{identity: {lifetime: 20s, renew: 11s}}", true),
        ("{identity: {lifetime: 9s}}", true),
        ("{identity: {lifetime: 25}}", true),
        ("{identity: {lifetime: 74h}}", true),
        ("{limits: {headBytesMax: 32768, drainTime: 5s}}", false),
        ("{limits: {idleTime: 10s}}", true),
        ("{limits: {headBytes: 1}}", true),
        ("{trustDomain: a..b}", true),
    ] {
        assert_eq!(!problems(&[("x.yaml", &mesh("a", spec))]).is_empty(), refused, "{spec}");
    }
}

#[test]
fn a_clean_set_lies_over_what_stands() {
    let standing = documents(&policy("  {to: web, allow: [{from: web}]}\n"));
    let moved = WEB.replace("8080", "9090");
    let world = read(&[source("new.yaml", &moved)]).over(standing).unwrap();
    assert_eq!(world.documents().count(), 2);
    let web = world.services().get(&"web".parse().unwrap()).unwrap();
    assert_eq!(web.ports.first().unwrap().port, 9090);
}

#[test]
fn a_command_can_be_run() {
    for (run, refused) in [
        ("{command: [a, 1, true]}", false),
        ("{command: [a], env: {PORT: 8080}, directory: /x}", false),
        ("{command: []}", true),
        ("{command: [\"\"]}", true),
        ("{command: [\"a\\0\"]}", true),
        ("{command: [a, null]}", true),
        ("{command: [a], env: {\"A=B\": c}}", true),
        ("{command: [a], shell: true}", true),
    ] {
        let text = format!("{WEB}  run: {run}\n");
        assert_eq!(!problems(&[("x.yaml", &text)]).is_empty(), refused, "{run}");
    }
}

#[test]
fn two_apps_cannot_listen_on_one_port() {
    let web = format!("{WEB}  run: {{command: [a]}}\n");
    let api = web.replace("name: web", "name: api");
    assert_eq!(
        problems(&[("x.yaml", &format!("{web}---\n{api}"))]),
        ["x.yaml:12:18: the app of `web` listens on 127.0.0.1:8080: \
          give one of them another `targetPort`"]
    );
    // Who is not run here may well run elsewhere.
    assert_eq!(
        problems(&[("x.yaml", &format!("{web}---\n{}", WEB.replace("web", "api")))]),
        [""; 0]
    );
}

#[test]
fn a_tcp_port_before_an_http_app_is_a_way_around_its_rules() {
    let both =
        "[{port: 1, protocol: http, targetPort: 9}, {port: 2, protocol: tcp, targetPort: 9}]";
    let text = WEB.replace("[{port: 8080, protocol: http}]", both);
    assert_eq!(problems(&[("x.yaml", &text)]).len(), 1);
}

#[test]
fn a_policy_rules_over_its_own_namespace_only() {
    let text =
        policy("  {to: web, deny: [{from: web}]}\n").replace("name: p", "name: p, namespace: ops");
    let text = text.replace("to: web", "to: default/web").replace("from: web", "from: default/web");
    assert_eq!(
        problems(&[("x.yaml", &text)]),
        [
            "x.yaml:11:8: a policy of `ops` can't rule over `web`: put it into the namespace `default`"
        ]
    );
}

#[test]
fn a_rule_for_a_namespace_nobody_is_in_is_a_warning() {
    let text = policy("  {to: web, deny: [{from: namespace:ops}]}\n");
    assert_eq!(
        problems(&[("x.yaml", &text)]),
        ["x.yaml:11:27: warning: nothing is in the namespace `ops`: the rule speaks of nobody yet"]
    );
}
