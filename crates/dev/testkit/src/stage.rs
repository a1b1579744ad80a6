//! Doors on real sockets, without any control plane: each is given a sealed
//! last-good state and starts from it, as it would after a cold start with
//! everything else away.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::digest;
use config::{Source, World};
use prost::Message;
use proxy::{DoorHandle, DoorSpec, Doors, DoorsConfig};
use wire::push::slice::Content;
use wire::push::{Endpoint, Endpoints, LastGood, NamedSlice, Seal, Slice};

use crate::authority::Authority;
use crate::wait::until;

static STAGES: AtomicU64 = AtomicU64::new(0);
static PANICS: OnceLock<Arc<AtomicU64>> = OnceLock::new();

/// How often a thread of the doors has panicked in this process (G6).
pub fn panics() -> u64 {
    PANICS.get().map_or(0, |count| count.load(Ordering::Relaxed))
}

fn count_panics() -> Arc<AtomicU64> {
    let count = Arc::new(AtomicU64::new(0));
    let (before, counter) = (std::panic::take_hook(), Arc::clone(&count));
    std::panic::set_hook(Box::new(move |info| {
        let thread = std::thread::current();
        if thread.name().is_some_and(|name| name.starts_with("postern")) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
    count
}

/// A place with an authority, documents, and doors.
pub struct Stage {
    pub authority: Authority,
    world: World,
    folder: PathBuf,
    doors: Doors,
    log: Arc<Mutex<Vec<u8>>>,
}

/// One open door of a stage.
pub struct StageDoor {
    pub handle: DoorHandle,
}

impl StageDoor {
    /// Where other doors reach it.
    pub fn inbound(&self) -> SocketAddr {
        self.handle.status().inbound.expect("an inbound listener")
    }

    /// Where its app reaches a service's port.
    pub fn outbound(&self, service: &str, port: u16) -> SocketAddr {
        let status = self.handle.status();
        let found = status.outbound.iter().find(|(s, p, _)| s.to_string() == service && *p == port);
        found.expect("an outbound listener").2
    }
}

impl StageDoor {
    /// Where its app reaches everything, as with `http_proxy`.
    pub fn http_proxy(&self) -> SocketAddr {
        self.handle.status().http_proxy.expect("an explicit proxy")
    }

    /// Where the outside reaches a gateway's listener.
    pub fn edge(&self, listener: &str) -> SocketAddr {
        let status = self.handle.status();
        let found = status.edges.iter().find(|(name, _)| name == listener);
        found.unwrap_or_else(|| panic!("{:?}", status.edges)).1
    }
}

impl Stage {
    /// Sets up the documents of the trust domain `stage`.
    pub fn set(yaml: &str) -> Self {
        Self::limited("", yaml)
    }

    /// The same with limits as a `Mesh` document has them: `headTime: 1s`.
    pub fn limited(limits: &str, yaml: &str) -> Self {
        Self::on_cores(2, limits, yaml)
    }

    /// The same with so many threads for the traffic of all doors.
    pub fn on_cores(cores: usize, limits: &str, yaml: &str) -> Self {
        PANICS.get_or_init(count_panics);
        let number = STAGES.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("postern-stage-{}-{number}", std::process::id()));
        fs::create_dir_all(folder.join("doors")).unwrap();
        let mesh = format!(
            "apiVersion: postern.dev/v1\nkind: Mesh\nmetadata: {{name: stage}}\nspec: {{limits: {{{limits}}}}}\n---\n"
        );
        let text = format!("{mesh}{yaml}");
        let (documents, problems) = config::parse(&[Source { name: "stage".into(), text }]);
        assert!(problems.is_empty(), "{problems:?}");
        let world = config::check(documents).unwrap();
        let authority = Authority::of("stage");
        fs::write(folder.join("bundle.pem"), authority.bundle().to_pem()).unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let sink = telemetry::Sink::new(Log(Arc::clone(&log))).unwrap();
        let doors = Doors::start(DoorsConfig {
            cores,
            workload_api: folder.join("agent.sock"),
            push: folder.join("push.sock"),
            state: folder.join("doors"),
            bundle: folder.join("bundle.pem"),
            sink: Arc::new(sink),
            meters: Arc::new(telemetry::Registry::new()),
        });
        Self { authority, world, folder, doors: doors.unwrap(), log }
    }

    /// Opens a door that knows where the given services are.
    pub fn open(&self, service: &str, known: &[(&str, SocketAddr)]) -> StageDoor {
        self.open_door(service, known, true)
    }

    /// Opens a gateway's door: nobody calls it from inside, and no app stands
    /// behind it.
    pub fn open_gateway(&self, gateway: &str, known: &[(&str, SocketAddr)]) -> StageDoor {
        self.open_door(gateway, known, false)
    }

    fn open_door(&self, service: &str, known: &[(&str, SocketAddr)], has_app: bool) -> StageDoor {
        let state = self.last_good(service, known);
        self.write(service, &state);
        let spec = DoorSpec {
            service: service.parse().unwrap(),
            id: self.authority.id(service),
            instance: format!("{service}-1"),
            serves: has_app,
            has_app,
        };
        let handle = self.doors.add(spec);
        until("the door to be ready", || {
            let status = handle.status();
            assert!(status.problems.is_empty(), "{:?}", status.problems);
            status.ready.then_some(())
        });
        StageDoor { handle }
    }

    /// Starts a door from a state with one thing changed, without waiting for
    /// it to be ready.
    pub fn start_spoilt(&self, service: &str, spoil: impl FnOnce(&mut LastGood)) -> DoorHandle {
        let mut state = self.last_good(service, &[]);
        spoil(&mut state);
        self.write(service, &state);
        self.doors.add(DoorSpec {
            service: service.parse().unwrap(),
            id: self.authority.id(service),
            instance: format!("{service}-1"),
            serves: true,
            has_app: true,
        })
    }

    /// The state a door of this stage would start from.
    pub fn state_of(&self, service: &str) -> LastGood {
        self.last_good(service, &[])
    }

    /// Access log lines so far; the cores hand them on within a few seconds,
    /// so a line is asked for by what it has to contain.
    pub fn line_with(&self, words: &[&str]) -> String {
        until(&format!("a line with {words:?}"), || {
            let log = self.log.lock().unwrap();
            let text = String::from_utf8_lossy(&log);
            let mut lines = text.lines();
            lines.find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned)
        })
    }

    /// Connections open at all doors of this stage.
    pub fn open_connections(&self) -> usize {
        self.doors.open()
    }

    /// Access lines of the connection that came from `from`, once there is one.
    pub fn lines_from(&self, role: &str, from: SocketAddr) -> Vec<String> {
        until(&format!("a line with {role} and {from}"), || {
            let lines = self.logged(role, from);
            (!lines.is_empty()).then_some(lines)
        })
    }

    /// The same as far as they have been handed on.
    pub fn logged(&self, role: &str, from: SocketAddr) -> Vec<String> {
        let (role, from) = (format!("\"role\":\"{role}\""), format!("\"from\":\"{from}\""));
        let log = self.log.lock().unwrap();
        let text = String::from_utf8_lossy(&log);
        let lines = text.lines().filter(|line| line.contains(&role) && line.contains(&from));
        lines.map(str::to_owned).collect()
    }

    fn last_good(&self, service: &str, known: &[(&str, SocketAddr)]) -> LastGood {
        let id = self.authority.id(service);
        let documents = config::slice(&self.world, &service.parse().unwrap()).unwrap();
        let mut slices = BTreeMap::new();
        for document in documents {
            let content = Content::Document(document.json);
            slices.insert(format!("document/{}", document.name), encoded(content));
        }
        for (service, address) in known {
            let endpoint =
                Endpoint { instance: format!("{service}-1"), address: address.to_string() };
            let list = Endpoints { service: (*service).into(), endpoints: vec![endpoint] };
            slices
                .insert(format!("endpoints/default/{service}"), encoded(Content::Endpoints(list)));
        }
        let digest = digest_of(&slices);
        let (signature, chain) = self.authority.seal("1.1", &id, &digest);
        let (generation, door) = ("1.1".to_owned(), id.to_string());
        let seal = Seal { generation, door, digest, signature, chain };
        slices.insert("seal".into(), encoded(Content::Seal(seal)));
        let own = self.authority.credentials(&id);
        let named = slices.into_iter();
        LastGood {
            generation: "1.1".into(),
            slices: named
                .map(|(name, slice)| NamedSlice { name, version: String::new(), slice })
                .collect(),
            inbound_port: 0,
            key: own.key_pkcs8.expose().clone(),
            chain: own.chain,
        }
    }

    fn write(&self, service: &str, state: &LastGood) {
        let body = state.encode_to_vec();
        let mut bytes = b"postern last-good state, version 1\n".to_vec();
        bytes.extend_from_slice(digest::digest(&digest::SHA256, &body).as_ref());
        bytes.extend_from_slice(&body);
        fs::write(self.folder.join("doors").join(format!("default.{service}.state")), bytes)
            .unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.folder);
    }
}

fn encoded(content: Content) -> Vec<u8> {
    Slice { requires: Vec::new(), content: Some(content) }.encode_to_vec()
}

fn digest_of(slices: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut all = Vec::new();
    for (name, bytes) in slices {
        for part in [name.as_bytes(), bytes] {
            all.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
            all.extend_from_slice(part);
        }
    }
    digest::digest(&digest::SHA256, &all).as_ref().to_vec()
}

struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
