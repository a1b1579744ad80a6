//! "What ends when", row by row in simulated time, and the two interleavings
//! of a swap with what is just being opened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc;

use config::{Endpoint, Snapshot, Source};
use model::{Generation, Principal, ServiceName, SpiffeId};
use policy::Action;

use super::*;
use crate::caller::Caller;
use crate::door::{Door, DoorSpec};
use crate::right::Asked;
use crate::routed::{Routed, Upstream};

const ORDERS: &str = "
apiVersion: postern.dev/v1
kind: Mesh
metadata: {name: stage}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: web}
spec: {ports: [{port: 80, protocol: http}]}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: orders}
spec:
  ports:
  - {port: 8080, protocol: http}
  - {port: 7000, protocol: tcp}
";

fn policy(rule: &str) -> String {
    format!(
        "---\napiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: rule}}\nspec: {{to: orders, {rule}}}\n"
    )
}

fn snapshot(door: &str, rule: &str) -> Snapshot {
    let text = format!("{ORDERS}{}", if rule.is_empty() { String::new() } else { policy(rule) });
    let (documents, problems) = config::parse(&[Source { name: "stage".into(), text }]);
    assert!(problems.is_empty(), "{problems:?}");
    let door: ServiceName = door.parse().unwrap();
    let endpoint =
        Endpoint { instance: "orders-1".into(), address: "127.0.0.1:1".parse().unwrap() };
    let endpoints = BTreeMap::from([("orders".parse().unwrap(), vec![endpoint])]);
    config::compile(documents, &endpoints, &door, Generation::default()).unwrap()
}

fn id(service: &str) -> SpiffeId {
    format!("spiffe://stage/ns/default/sa/{service}").parse().unwrap()
}

fn door(service: &str) -> Arc<Door> {
    let spec = DoorSpec {
        service: service.parse().unwrap(),
        id: id(service),
        instance: format!("{service}-1"),
        serves: true,
        has_app: true,
    };
    Door::new(spec, telemetry::Registry::new().door(service)).0
}

fn web() -> Rc<Caller> {
    thread_local! {
        static WEB: Rc<Caller> =
            Rc::new(Caller { principal: Principal::Workload(id("web")), fields: Vec::new() });
    }
    WEB.with(Rc::clone)
}

/// An exchange of `web` that was judged in a door's present world.
fn asked(door: &Door, path: &str, upstream: Upstream, is_stream: bool) -> Rc<RefCell<Asked>> {
    let routed = Routed { upstream, edge: None, query_from: None };
    Rc::new(RefCell::new(Asked {
        method: "GET".into(),
        path: path.into(),
        world: Some(door.world()),
        routed: Some(routed),
        is_stream,
    }))
}

struct Open {
    register: Rc<Register>,
    door: Arc<Door>,
}

impl Open {
    fn at(service: &str, rule: &str) -> Self {
        let door = door(service);
        let _world = door.run_on(snapshot(service, rule));
        Self { register: Rc::default(), door }
    }

    fn exchange(&self, path: &str, is_stream: bool) -> Listed {
        let asked = asked(&self.door, path, Upstream::App(0), is_stream);
        self.register.list(self.door.number, Right::Exchange { caller: web(), asked })
    }

    fn swap(&self, rule: &str) {
        let world = self.door.run_on(snapshot(&self.door.spec.service.to_string(), rule));
        self.register.rejudge(self.door.number, &world);
    }
}

/// After how long it is over, if it ever is.
async fn over(listed: &Listed) -> Option<Duration> {
    let since = Instant::now();
    let hour = Duration::from_secs(3600);
    tokio::time::timeout(hour, listed.cut()).await.ok().map(|_| since.elapsed())
}

const ALLOW: &str = "allow: [{from: web}]";

#[tokio::test(start_paused = true)]
async fn a_stream_whose_policy_is_gone_ends_at_once_and_a_request_within_its_grace() {
    let open = Open::at("orders", ALLOW);
    let (request, stream) = (open.exchange("/a", false), open.exchange("/a", true));
    open.swap("allow: [{from: web, http: GET /b}]");
    assert_eq!(over(&stream).await, Some(Duration::ZERO));
    assert_eq!(over(&request).await, Some(GRACE));
    assert_eq!(request.entry.why.get(), Some("policy no longer allows it"));
}

#[tokio::test(start_paused = true)]
async fn what_is_still_allowed_goes_on() {
    let open = Open::at("orders", ALLOW);
    let (request, stream) = (open.exchange("/a", false), open.exchange("/a/b", true));
    open.swap("allow: [{from: web, http: GET /a/**}, {from: web, http: GET /a}]");
    assert_eq!((over(&stream).await, over(&request).await), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_deny_ends_what_an_allow_still_covers() {
    let open = Open::at("orders", ALLOW);
    let stream = open.exchange("/a", true);
    open.swap("allow: [{from: web}], deny: [{from: web, http: GET /a}]");
    assert_eq!(over(&stream).await, Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_deregistered_loses_everything() {
    let open = Open::at("orders", ALLOW);
    let stream = open.exchange("/a", true);
    let tcp = open.register.list(open.door.number, Right::StreamIn { caller: web(), port: 7000 });
    open.swap("");
    assert_eq!(over(&stream).await, Some(Duration::ZERO));
    assert_eq!(over(&tcp).await, Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_tcp_stream_ends_with_its_policy_on_both_sides() {
    let inbound = Open::at("orders", ALLOW);
    let right = Right::StreamIn { caller: web(), port: 7000 };
    let stream_in = inbound.register.list(inbound.door.number, right);
    inbound.swap("allow: [{from: web, http: GET /a}]");
    assert_eq!(over(&stream_in).await, Some(Duration::ZERO), "no path is seen on a TCP port");
    let outbound = Open::at("web", ALLOW);
    let right = Right::StreamOut { service: "orders".parse().unwrap(), port: 7000 };
    let stream_out = outbound.register.list(outbound.door.number, right);
    outbound.swap("");
    assert_eq!(over(&stream_out).await, Some(Duration::ZERO));
    assert_eq!(stream_out.entry.why.get(), Some("the service is gone or may no longer be called"));
}

#[tokio::test(start_paused = true)]
async fn at_the_callers_own_door_a_service_that_may_not_be_called_ends_open_calls() {
    let open = Open::at("web", ALLOW);
    let at = open.door.world().outbound(&"orders".parse().unwrap(), 8080).unwrap();
    let asked = asked(&open.door, "/a", Upstream::Service(at), true);
    let stream = open.register.list(open.door.number, Right::Exchange { caller: web(), asked });
    open.swap(ALLOW);
    assert_eq!(stream.entry.why.get(), None);
    open.swap("");
    assert_eq!(over(&stream).await, Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_lost_identity_ends_everything_of_its_door_and_nothing_of_another() {
    let (mine, other) = (Open::at("orders", ALLOW), Open::at("orders", ALLOW));
    let request = mine.exchange("/a", false);
    let right =
        Right::Exchange { caller: web(), asked: asked(&other.door, "/a", Upstream::App(0), false) };
    let elsewhere = mine.register.list(other.door.number, right);
    mine.register.end(Some(mine.door.number), "this door lost its identity");
    assert_eq!(over(&request).await, Some(Duration::ZERO));
    assert_eq!(over(&elsewhere).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_first_reason_stays_and_the_end_only_comes_nearer() {
    let open = Open::at("orders", ALLOW);
    let request = open.exchange("/a", false);
    open.swap("");
    open.register.end(None, "the drain time is over");
    assert_eq!(over(&request).await, Some(Duration::ZERO));
    assert_eq!(request.entry.why.get(), Some("policy no longer allows it"));
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_one_request_is_not_said_of_the_next_on_its_connection() {
    let open = Open::at("orders", ALLOW);
    let listed = open.exchange("/a", false);
    open.swap("allow: [{from: web, http: GET /b}]");
    assert!(!listed.is_held());
    // It ended within its grace; the next one is judged by itself.
    listed.begin_anew();
    assert_eq!(over(&listed).await, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_routed_yet_is_judged_by_what_it_loads() {
    let open = Open::at("orders", ALLOW);
    let asked = Rc::new(RefCell::new(Asked::default()));
    let right = Right::Exchange { caller: web(), asked };
    let early = open.register.list(open.door.number, right);
    open.swap("");
    assert_eq!(over(&early).await, None);
}

/// What a request does before its first await, in the order that matters.
struct Request {
    listed: Listed,
    asked: Rc<RefCell<Asked>>,
}

impl Request {
    fn list(register: &Rc<Register>, door: &Door) -> Self {
        let asked = Rc::new(RefCell::new(Asked::default()));
        let right = Right::Exchange { caller: web(), asked: Rc::clone(&asked) };
        Self { listed: register.list(door.number, right), asked }
    }

    /// Loads the world; says which.
    fn load(&self, door: &Door) -> u64 {
        let mut asked = self.asked.borrow_mut();
        asked.world = Some(door.world());
        (asked.method, asked.path, asked.is_stream) = ("GET".into(), "/a".into(), true);
        asked.routed = Some(Routed { upstream: Upstream::App(0), edge: None, query_from: None });
        asked.world.as_ref().unwrap().version
    }

    /// Judges in the world loaded before.
    fn is_let_in(&self) -> bool {
        let asked = self.asked.borrow();
        let world = asked.world.as_ref().unwrap();
        let inbound = &world.snapshot.inbound[0];
        let narrowed = inbound.policy.narrow(&Principal::Workload(id("web")), inbound.port);
        let action = Action::Http { method: "GET", path: "/a" };
        narrowed.decide(&inbound.policy, &action, ()).is_ok()
    }

    /// The same with the rules narrowed once for each world, as a session has
    /// them.
    fn is_let_in_by(&self, narrowed: &mut Option<(u64, policy::Narrowed)>) -> bool {
        let asked = self.asked.borrow();
        let world = asked.world.as_ref().unwrap();
        let inbound = &world.snapshot.inbound[0];
        if narrowed.as_ref().is_none_or(|(version, _)| *version != world.version) {
            let caller = Principal::Workload(id("web"));
            *narrowed = Some((world.version, inbound.policy.narrow(&caller, inbound.port)));
        }
        let (_, narrowed) = narrowed.as_ref().unwrap();
        let action = Action::Http { method: "GET", path: "/a" };
        narrowed.decide(&inbound.policy, &action, ()).is_ok()
    }

    fn is_open(&self) -> bool {
        self.is_let_in() && self.listed.entry.why.get().is_none()
    }
}

#[test]
fn whichever_way_a_swap_and_an_opening_interleave_nothing_stays_open() {
    // The swap stores and re-judges between two steps of the opening.
    for before in ["list", "load", "judge", "end"] {
        let open = Open::at("orders", ALLOW);
        let swap_at = |step: &str| {
            if step == before {
                open.swap("");
            }
        };
        swap_at("list");
        let request = Request::list(&open.register, &open.door);
        swap_at("load");
        request.load(&open.door);
        swap_at("judge");
        let _judged = request.is_let_in();
        swap_at("end");
        assert!(!request.is_open(), "the swap came before `{before}`");
    }
}

#[test]
fn the_store_alone_lets_in_what_the_re_judging_ends() {
    // Stored, loaded in between, and only then re-judged: still one of both.
    let open = Open::at("orders", ALLOW);
    let old = Request::list(&open.register, &open.door);
    old.load(&open.door);
    let world = open.door.run_on(snapshot("orders", ""));
    let new = Request::list(&open.register, &open.door);
    new.load(&open.door);
    assert!(old.is_open() && !new.is_open());
    open.register.rejudge(open.door.number, &world);
    assert!(!old.is_open() && !new.is_open());
}

/// Requests in one thread, swaps in another: what is open after a re-judging
/// is open by the world that was re-judged for, or a later one.
#[test]
fn a_swap_races_a_million_requests_and_none_slips_through() {
    const REQUESTS: usize = 1_000_000;
    let door = door("orders");
    let (allowing, denying) = (snapshot("orders", ALLOW), snapshot("orders", ""));
    let _first = door.run_on(allowing.clone());
    // Stored before it is sent, as the keeper does it, and none ahead.
    let (jobs, work) = mpsc::sync_channel(0);
    let swapping = Arc::clone(&door);
    let swaps = std::thread::spawn(move || {
        let worlds = [denying, allowing].into_iter().cycle();
        worlds.take_while(|next| jobs.send(swapping.run_on(next.clone())).is_ok()).count()
    });
    let register = Rc::new(Register::default());
    let mut open: Vec<(Request, u64)> = Vec::new();
    let (mut cut, mut refused, mut narrowed) = (0_usize, 0_usize, None);
    for number in 0..REQUESTS {
        let request = Request::list(&register, &door);
        let version = request.load(&door);
        if request.is_let_in_by(&mut narrowed) {
            open.push((request, version));
        } else {
            refused += 1;
        }
        if number % 50 != 0 {
            continue;
        }
        let Ok(world) = work.try_recv() else {
            open.clear();
            continue;
        };
        register.rejudge(door.number, &world);
        let is_denying = world.snapshot.inbound[0].policy.rules().is_empty();
        for (request, version) in open.drain(..) {
            if is_denying && version < world.version {
                assert!(!request.is_open(), "let in by world {version}, open after another");
                cut += 1;
            }
        }
    }
    drop(work);
    let rounds = swaps.join().unwrap();
    println!("{REQUESTS} requests, {rounds} swaps, {cut} cut, {refused} refused");
    assert!(rounds > 10 && cut > 0 && refused > 0, "{rounds} swaps, {cut} cut, {refused} refused");
}
