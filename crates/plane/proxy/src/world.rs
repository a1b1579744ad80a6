//! The one world an exchange sees: a snapshot with everything that can be
//! prepared from it: rules narrowed, connectors, pool slots, meters. It is
//! made at a swap, so that a request only looks things up.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use config::Snapshot;
use model::{Principal, ServiceName, SpiffeId};
use net::tls::{ALPN_H2, ALPN_HTTP, ALPN_TCP};
use net::{Credentials, Swap};
use policy::Narrowed;

use crate::far::Slot;

/// What a door runs on between two swaps.
pub(crate) struct World {
    /// Grows with each world of a door.
    pub(crate) version: u64,
    pub(crate) snapshot: Snapshot,
    /// Beside `snapshot.inbound`.
    pub(crate) apps: Vec<App>,
    /// Beside `snapshot.outbound`.
    pub(crate) services: Vec<Service>,
    /// Beside `snapshot.edges`.
    pub(crate) edges: Vec<EdgeTables>,
}

/// The app behind one inbound port.
pub(crate) struct App {
    pub(crate) slot: Slot,
    pub(crate) address: SocketAddr,
}

/// A service port this door may call.
pub(crate) struct Service {
    /// For errors.
    pub(crate) name: String,
    pub(crate) sni: String,
    /// The number its balancing state goes by on each core.
    pub(crate) upstream: Slot,
    pub(crate) instances: Vec<Instance>,
    /// For HTTP/1 and for bytes.
    pub(crate) connector: Arc<net::tls::Outbound>,
    pub(crate) connector_http2: Arc<net::tls::Outbound>,
    /// The callee's rules for us.
    pub(crate) own: Narrowed,
    /// Connections may carry one exchange after the other.
    pub(crate) pooled: bool,
}

/// One door of a service.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) slot: Slot,
    pub(crate) address: SocketAddr,
}

/// What is prepared for an edge listener.
pub(crate) struct EdgeTables {
    /// Its rules for a caller nobody knows.
    pub(crate) anyone: Narrowed,
}

/// What a world is made with besides its snapshot.
pub(crate) struct Making<'a> {
    pub(crate) own: &'a SpiffeId,
    pub(crate) credentials: &'a Arc<Swap<Option<Credentials>>>,
    pub(crate) slots: &'a Slots,
    /// The world before, whose connectors keep their resumable sessions.
    pub(crate) before: Option<&'a World>,
}

impl World {
    /// Prepares everything. Can't fail: the snapshot was checked.
    pub(crate) fn make(snapshot: Snapshot, with: &Making<'_>) -> Self {
        let own = Principal::Workload(with.own.clone());
        let apps = snapshot.inbound.iter().map(|inbound| App {
            slot: with.slots.of(&format!("app of {}", snapshot.door), Some(inbound.app)),
            address: inbound.app,
        });
        let apps = apps.collect();
        let services = snapshot.outbound.iter();
        let services = services.map(|outbound| service(outbound, &own, with)).collect();
        let edges = snapshot.edges.iter().map(|edge| EdgeTables {
            anyone: edge.policy.narrow(&Principal::Anonymous, edge.address.port()),
        });
        let edges = edges.collect();
        with.slots.settle();
        let version = with.before.map_or(1, |before| before.version.wrapping_add(1));
        Self { version, apps, services, edges, snapshot }
    }

    /// The place of an inbound port.
    pub(crate) fn inbound(&self, port: u16) -> Option<usize> {
        self.snapshot.inbound.iter().position(|inbound| inbound.port == port)
    }

    /// The place of a service's port.
    pub(crate) fn outbound(&self, service: &ServiceName, port: u16) -> Option<usize> {
        self.snapshot.outbound.iter().position(|o| o.port == port && o.service == *service)
    }

    /// The place of an edge listener.
    pub(crate) fn edge(&self, listener: &str) -> Option<usize> {
        self.snapshot.edges.iter().position(|edge| edge.listener == listener)
    }

    /// Whether a listener with a host name of its own, other than the one at
    /// `at`, claims `host`: a connection made for one must not ask the other.
    pub(crate) fn another_listener_serves(&self, at: usize, host: &str) -> bool {
        let claims = |edge: &config::Edge| edge.hostname.as_ref().is_some_and(|h| h.matches(host));
        self.snapshot.edges.iter().enumerate().any(|(other, edge)| other != at && claims(edge))
    }
}

fn service(outbound: &config::Outbound, own: &Principal, with: &Making<'_>) -> Service {
    // Connections to who may serve it now, not to who once might.
    let name = format!("{} by {:?}", outbound.sni, outbound.servers);
    let instances = outbound.endpoints.iter().map(|endpoint| Instance {
        slot: with.slots.of(&name, Some(endpoint.address)),
        address: endpoint.address,
    });
    let upstream = with.slots.of(&outbound.sni, None);
    let one = if outbound.protocol.is_http() { ALPN_HTTP } else { ALPN_TCP };
    Service {
        name: format!("{}:{}", outbound.service, outbound.port),
        sni: outbound.sni.clone(),
        upstream,
        instances: instances.collect(),
        connector: connector(outbound, upstream, with, |known| &known.connector, one),
        connector_http2: connector(
            outbound,
            upstream,
            with,
            |known| &known.connector_http2,
            ALPN_H2,
        ),
        own: outbound.policy.narrow(own, outbound.port),
        pooled: outbound.protocol.is_http(),
    }
}

/// The connector of the world before, which has sessions to resume, or a new
/// one. It offers one protocol: what a connection is wanted for is known.
fn connector(
    outbound: &config::Outbound,
    upstream: Slot,
    with: &Making<'_>,
    of: impl Fn(&Service) -> &Arc<net::tls::Outbound>,
    alpn: &[u8],
) -> Arc<net::tls::Outbound> {
    let known = with.before.and_then(|before| {
        before.services.iter().find(|service| {
            service.upstream == upstream && of(service).expected() == outbound.servers
        })
    });
    match known {
        Some(service) => Arc::clone(of(service)),
        None => {
            let credentials = Arc::clone(with.credentials);
            Arc::new(net::tls::Outbound::new(credentials, &outbound.servers, &[alpn]))
        }
    }
}

/// Hands out the process-wide numbers of upstreams and their instances. A pair
/// keeps its number from one world to the next, so its idle connections stay
/// of use; one that a world does not have is forgotten. Numbers are per door,
/// so that no door uses another's connections.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    known: Mutex<Numbers>,
}

#[derive(Debug, Default)]
struct Numbers {
    before: HashMap<(String, Option<SocketAddr>), Slot>,
    now: HashMap<(String, Option<SocketAddr>), Slot>,
}

static NEXT_SLOT: AtomicU32 = AtomicU32::new(0);

impl Slots {
    fn of(&self, upstream: &str, address: Option<SocketAddr>) -> Slot {
        let mut numbers = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (upstream.to_owned(), address);
        let before = numbers.before.get(&key).copied();
        let number = || before.unwrap_or_else(|| NEXT_SLOT.fetch_add(1, Ordering::Relaxed));
        *numbers.now.entry(key).or_insert_with(number)
    }

    /// A world is complete: what it did not ask for is gone.
    fn settle(&self) {
        let mut numbers = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.before = std::mem::take(&mut numbers.now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_lasts_as_long_as_each_world_asks_for_it() {
        let slots = Slots::default();
        let address = "127.0.0.1:1".parse().ok();
        let first = slots.of("orders", address);
        assert_eq!(slots.of("orders", address), first);
        assert_ne!(slots.of("orders", None), first);
        slots.settle();
        assert_eq!(slots.of("orders", address), first);
        slots.settle();
        slots.settle();
        assert_ne!(slots.of("orders", address), first, "a world without it came between");
        let numbers = slots.known.lock().unwrap();
        assert_eq!((numbers.before.len(), numbers.now.len()), (0, 1));
    }
}
