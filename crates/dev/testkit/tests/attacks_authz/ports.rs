//! AZ-14: rules about requests where no request can be seen. On a TCP port
//! such a rule denies, whatever is said there and however it begins, and who
//! writes one is warned.

use std::io::{Read, Write};

use config::Source;
use testkit::{Backend, Caller, Conversation, Leaf, Reply, Stage, StageDoor, dial_plain};

/// One kind of rules at the TCP port 7000 of `store`.
struct Case {
    what: &'static str,
    rules: &'static str,
    opens: bool,
    /// What `validate` says of it.
    warns: bool,
}

const CASES: [Case; 7] = [
    Case { what: "an allow", rules: "allow: [{from: web}]", opens: true, warns: false },
    Case {
        what: "an allow for this port",
        rules: "allow: [{from: web, ports: [7000]}]",
        opens: true,
        warns: false,
    },
    Case {
        what: "an allow of requests",
        rules: "allow: [{from: web, http: 'GET /**', ports: [7000]}]",
        opens: false,
        warns: true,
    },
    Case {
        what: "an allow of every request",
        rules: "allow: [{from: web, http: '/**', ports: [7000]}]",
        opens: false,
        warns: true,
    },
    Case {
        what: "an allow, and a deny of one request",
        rules: "allow: [{from: web}], deny: [{from: web, http: DELETE /admin}]",
        opens: false,
        warns: true,
    },
    Case {
        what: "an allow, and a deny of requests at the other port",
        rules: "allow: [{from: web}], deny: [{from: web, http: DELETE /admin, ports: [8080]}]",
        opens: true,
        warns: false,
    },
    Case {
        what: "an allow, and a deny of what somebody else asks",
        rules: "allow: [{from: web}], deny: [{from: boss, http: DELETE /admin}]",
        opens: true,
        warns: true,
    },
];

/// What is said first. None of it makes a TCP port anything else.
const WORDS: [&[u8]; 7] = [
    b"GET /v1/a HTTP/1.1\r\nHost: store:7000\r\n\r\n",
    b"\r\n\r\nGET /v1/a HTTP/1.1\r\nHost: store:7000\r\n\r\n",
    b"\0\0\0GET /v1/a HTTP/1.1\r\nHost: store:7000\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET /v1/a HTTP/1.1\r\nHost: store\r\n\r\n",
    b"\x16\x03\x01\x00\x05hello",
    b"hello",
];

struct Set {
    stage: Stage,
    app: Backend,
    store: StageDoor,
    web: StageDoor,
}

fn documents(app: &Backend, rules: &str) -> String {
    // Nobody asks at the HTTP port: its app is not there.
    let port = app.address.port();
    format!(
        "apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: web}}\nspec: {{}}\n---\n\
         apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: boss}}\nspec: {{}}\n---\n\
         apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: store}}\n\
         spec: {{ports: [{{port: 7000, protocol: tcp, targetPort: {port}}}, \
         {{port: 8080, protocol: http, targetPort: 9}}]}}\n---\n\
         apiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: rules}}\n\
         spec: {{to: store, {rules}}}\n"
    )
}

fn set(rules: &str) -> Set {
    let app = Backend::start(Reply::Greeting(b"220 ready\n".to_vec()));
    let stage = Stage::on_cores(1, "", &documents(&app, rules));
    let store = stage.open("store", &[]);
    let web = stage.open("web", &[("store", store.inbound())]);
    Set { stage, app, store, web }
}

/// The two ways to the port: the caller's door, and the callee's.
fn ways(set: &Set) -> [(&'static str, Box<dyn Conversation>); 2] {
    let leaf = Leaf::of(&set.stage.authority.credentials(&set.stage.authority.id("web")));
    let mut caller = Caller::with(leaf, "p7000.store.default.stage");
    caller.alpn = vec![b"postern-tcp".to_vec()];
    let inbound = caller.dial(set.store.inbound());
    [
        ("outbound", Box::new(dial_plain(set.web.outbound("store", 7000)))),
        ("inbound", Box::new(inbound)),
    ]
}

#[test]
fn a_rule_about_requests_denies_where_no_request_is_seen() {
    for case in &CASES {
        let set = set(case.rules);
        for words in WORDS {
            set.app.forget();
            for (way, mut talk) in ways(&set) {
                let what = format!("{} at the {way} door, {words:?}", case.what);
                let _refused = talk.write_all(words).and_then(|()| talk.flush());
                let wanted = [b"220 ready\n", words].concat();
                let mut heard = vec![0; wanted.len()];
                match case.opens {
                    true => {
                        talk.read_exact(&mut heard)
                            .unwrap_or_else(|error| panic!("{what}: {error}"));
                        assert_eq!(heard, wanted, "{what}");
                    }
                    false => {
                        let (heard, closed) = talk.hear_out();
                        assert!(closed && heard.is_empty(), "{what}: {heard:?}");
                    }
                }
            }
            let seen = set.app.seen();
            assert_eq!(seen.is_empty(), !case.opens, "{}: the app saw {seen:?}", case.what);
        }
        if !case.opens {
            set.stage.line_with(&["\"protocol\":\"tcp\"", "denied by policy"]);
        }
    }
}

#[test]
fn who_writes_such_a_rule_is_warned() {
    let app = Backend::start(Reply::ok("hello"));
    for case in &CASES {
        let text = format!(
            "apiVersion: postern.dev/v1\nkind: Mesh\nmetadata: {{name: stage}}\nspec: {{}}\n---\n{}",
            documents(&app, case.rules)
        );
        let (read, problems) = config::parse(&[Source { name: "rules".into(), text }]);
        assert!(problems.is_empty(), "{problems:?}");
        let world = config::check(read).unwrap();
        let told = world.warnings().iter().any(|w| w.to_string().contains("port 7000 is tcp"));
        assert_eq!(told, case.warns, "{}: {:?}", case.what, world.warnings());
    }
}
