//! Opens and closes a door's listeners so that they are what the present
//! world says: one for other doors, one for each service the app may call, one
//! explicit proxy, and the edge's.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use config::EdgeCertificate;
use net::accept::{BindError, Cap, Listener};
use tokio::sync::Mutex;
use tokio::task::AbortHandle;

use crate::arrival::Arrival;
use crate::cores::Cores;
use crate::disk::Disk;
use crate::door::Door;
use crate::entry::Entry;
use crate::loopback;
use crate::shared::Shared;
use crate::world::World;

/// What can't be opened is tried again after this.
const RETRY: Duration = Duration::from_millis(500);
/// The port the explicit proxy asks for on its address.
const PROXY_PORT: u16 = 15001;

/// Keeps the listeners in step with the world, for as long as it is polled.
pub(crate) async fn keep(shared: &Shared, door: &Arc<Door>, disk: &Mutex<Disk>, port: u16) {
    let mut worlds = door.worlds();
    let mut identities = door.credentials.subscribe();
    let mut open = Open { listening: HashMap::new(), inbound_port: port };
    loop {
        worlds.borrow_and_update();
        identities.borrow_and_update();
        let world = door.world();
        let problems = open.follow(&world, door, shared);
        if let Some(address) = open.at(&Entry::Inbound) {
            disk.lock().await.keep_port(address.port());
        }
        open.tell(door, &world, &problems);
        let retry = async {
            if problems.is_empty() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(RETRY).await;
        };
        tokio::select! {
            changed = worlds.changed() => if changed.is_err() { return },
            changed = identities.changed() => if changed.is_err() { return },
            () = retry => {}
        }
    }
}

/// The listeners that are open.
struct Open {
    listening: HashMap<Entry, Listening>,
    inbound_port: u16,
}

struct Listening {
    address: SocketAddr,
    task: AbortHandle,
    /// What an edge listener was opened with.
    certificate: Option<EdgeCertificate>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Open {
    /// Closes what is not wanted, opens what is; says what could not be.
    fn follow(&mut self, world: &World, door: &Arc<Door>, shared: &Shared) -> Vec<String> {
        let wanted = wanted(world, door);
        self.listening.retain(|entry, open| {
            let edge = world.snapshot.edges.iter().find(
                |edge| matches!(entry, Entry::Edge { listener } if *listener == edge.listener),
            );
            let same = edge.is_none_or(|edge| {
                edge.address == open.address && Some(&edge.certificate) == open.certificate.as_ref()
            });
            same && wanted.contains(entry)
        });
        let missing = wanted.into_iter().filter(|entry| !self.listening.contains_key(entry));
        let missing: Vec<Entry> = missing.collect();
        let mut problems = Vec::new();
        for entry in missing {
            match self.open(&entry, world, door, &shared.cores) {
                Ok(listening) => _ = self.listening.insert(entry, listening),
                Err(problem) => problems.push(problem),
            }
        }
        problems
    }

    fn open(
        &self,
        entry: &Entry,
        world: &World,
        door: &Arc<Door>,
        cores: &Cores,
    ) -> Result<Listening, String> {
        let edge = match entry {
            Entry::Edge { listener } => {
                world.edge(listener).and_then(|at| world.snapshot.edges.get(at))
            }
            _ => None,
        };
        if let Some(edge) = edge {
            let tls = edge_tls(&edge.certificate).map_err(|e| format!("{}: {e}", edge.listener))?;
            door.set_edge_tls(&edge.listener, tls);
        }
        let listener = self.bind(entry, door, edge).map_err(|error| plain(&error))?;
        let address = listener.address();
        let cap = Cap::new(world.snapshot.limits.connections_max);
        let (entry, door, cores) = (Arc::new(entry.clone()), Arc::clone(door), cores.clone());
        let hand = move |accepted| {
            let (door, entry) = (Arc::clone(&door), Arc::clone(&entry));
            cores.arrive(Arrival { accepted, door, entry });
        };
        let task = tokio::spawn(listener.run(cap, hand)).abort_handle();
        let certificate = edge.map(|edge| edge.certificate.clone());
        Ok(Listening { address, task, certificate })
    }

    fn bind(
        &self,
        entry: &Entry,
        door: &Door,
        edge: Option<&config::Edge>,
    ) -> Result<Listener, BindError> {
        let own = door.spec.id.to_string();
        match (entry, edge) {
            (_, Some(edge)) => Listener::bind(edge.address),
            (Entry::Outbound { service, port }, _) => {
                on_loopback(&own, &service.to_string(), *port)
            }
            (Entry::HttpProxy, _) => on_loopback(&own, "http proxy", PROXY_PORT),
            _ => {
                let home = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                // The port of before, so that callers' states stay good.
                Listener::bind(home(self.inbound_port)).or_else(|_| Listener::bind(home(0)))
            }
        }
    }

    fn at(&self, entry: &Entry) -> Option<SocketAddr> {
        self.listening.get(entry).map(|open| open.address)
    }

    fn tell(&self, door: &Door, world: &World, problems: &[String]) {
        let mut outbound: Vec<_> = self.listening.iter().filter_map(outbound).collect();
        outbound.sort();
        let mut edges: Vec<_> = self.listening.iter().filter_map(edge).collect();
        edges.sort();
        let has_identity = door.credentials.load().is_some();
        door.status.send_modify(|status| {
            // Together with where it is reached, never before.
            status.generation = world.snapshot.generation;
            status.inbound = self.at(&Entry::Inbound);
            status.http_proxy = self.at(&Entry::HttpProxy);
            status.outbound = outbound;
            status.edges = edges;
            let runs = status.generation != model::Generation::default();
            status.ready = runs && has_identity && problems.is_empty();
            status.problems = door.trouble().into_iter().chain(problems.iter().cloned()).collect();
        });
        door.listening.send_replace(world.version);
    }
}

fn outbound((entry, open): (&Entry, &Listening)) -> Option<(model::ServiceName, u16, SocketAddr)> {
    match entry {
        Entry::Outbound { service, port } => Some((service.clone(), *port, open.address)),
        _ => None,
    }
}

fn edge((entry, open): (&Entry, &Listening)) -> Option<(String, SocketAddr)> {
    match entry {
        Entry::Edge { listener } => Some((listener.clone(), open.address)),
        _ => None,
    }
}

fn wanted(world: &World, door: &Door) -> Vec<Entry> {
    let mut wanted = Vec::new();
    // The first world is empty: nothing is opened before there is one.
    if world.snapshot.generation == model::Generation::default() {
        return wanted;
    }
    if door.spec.serves && !world.snapshot.inbound.is_empty() {
        wanted.push(Entry::Inbound);
    }
    if door.spec.has_app {
        wanted.push(Entry::HttpProxy);
        let all = world.snapshot.outbound.iter();
        wanted.extend(all.map(|o| Entry::Outbound { service: o.service.clone(), port: o.port }));
    }
    let edges = world.snapshot.edges.iter();
    wanted.extend(edges.map(|edge| Entry::Edge { listener: edge.listener.clone() }));
    wanted
}

/// The address made from the names, another one while it is taken. Where the
/// port needs a privilege we lack, or somebody listens for it on every address
/// of this host, any port of the address does: the variables say which.
fn on_loopback(door: &str, service: &str, port: u16) -> Result<Listener, BindError> {
    let at = |attempt, port| {
        Listener::bind(SocketAddr::from((loopback::address(door, service, attempt), port)))
    };
    let mut failed = at(0, port);
    for attempt in 1..loopback::ATTEMPTS {
        match &failed {
            Err(BindError::Taken { .. }) => failed = at(attempt, port),
            Err(_) if port < 1024 => return at(0, 0),
            _ => return failed,
        }
    }
    failed.or_else(|_| at(0, 0))
}

fn edge_tls(certificate: &EdgeCertificate) -> Result<net::tls::Edge, String> {
    let alpn = [net::tls::ALPN_H2, net::tls::ALPN_HTTP];
    let made = match certificate {
        EdgeCertificate::SelfSigned { names } => net::tls::Edge::self_signed(names, &alpn),
        EdgeCertificate::Files { cert, key } => {
            let read = |path: &std::path::Path| {
                std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
            };
            net::tls::Edge::from_pem(&read(cert)?, &read(key)?, &alpn)
        }
    };
    made.map_err(|error| error.to_string())
}

/// An error with what is behind it.
fn plain(error: &BindError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
