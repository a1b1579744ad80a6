//! One door: the world it runs on, the credentials it holds, and what it says
//! about itself. Cores and tasks share it; only its keepers change it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use config::Snapshot;
use model::{Generation, Limits, Principal, ServiceName, SpiffeId, Timestamp};
use net::{Credentials, Swap};
use telemetry::DoorMeters;
use tokio::sync::{mpsc, watch};
use wire::push::Record;

use crate::world::{Making, Slots, World};

/// Decisions that wait to be reported, while the control plane is away.
const RECORDS_WAITING_MAX: usize = 4096;

static NEXT_DOOR: AtomicU64 = AtomicU64::new(1);

/// Which door to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorSpec {
    /// The service, or the gateway, it stands before.
    pub service: ServiceName,
    /// The identity it has to hold.
    pub id: SpiffeId,
    /// The name of this instance, unique in the mesh.
    pub instance: String,
    /// Other doors may call it: it listens for them and is registered as an
    /// instance. A client has nothing to serve.
    pub serves: bool,
    /// The own app talks through it: outbound listeners and the explicit proxy
    /// are opened. A gateway has no app.
    pub has_app: bool,
}

/// What a door says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoorStatus {
    /// The generation it runs; `0.0` before the first.
    pub generation: Generation,
    /// Where other doors reach it.
    pub inbound: Option<SocketAddr>,
    /// Where the app reaches each service's port.
    pub outbound: Vec<(ServiceName, u16, SocketAddr)>,
    /// The explicit proxy of the app.
    pub http_proxy: Option<SocketAddr>,
    /// The listeners at the edge, by `gateway/listener`.
    pub edges: Vec<(String, SocketAddr)>,
    /// Until when its certificate is valid; `None` without one.
    pub svid_expires: Option<Timestamp>,
    /// Connected to the control plane now.
    pub connected: bool,
    /// Runs a generation, holds an identity, and every listener is open.
    pub ready: bool,
    /// Why the last generation offered was not taken.
    pub refused: Option<String>,
    /// What keeps it from being ready, for people.
    pub problems: Vec<String>,
}

/// A door's shared heart.
pub(crate) struct Door {
    pub(crate) number: u64,
    pub(crate) spec: DoorSpec,
    /// What it is to those it calls.
    pub(crate) principal: Principal,
    pub(crate) credentials: Arc<Swap<Option<Credentials>>>,
    pub(crate) inbound_tls: net::tls::Inbound,
    pub(crate) status: watch::Sender<DoorStatus>,
    pub(crate) meters: Arc<DoorMeters>,
    /// The version of the world whose listeners are open.
    pub(crate) listening: watch::Sender<u64>,
    /// Set once nobody keeps the door any more.
    pub(crate) closed: AtomicBool,
    /// What is wrong with its state on disk; listeners have their own problems.
    trouble: Mutex<Option<String>>,
    /// Set once the door is to leave the mesh.
    pub(crate) leaving: watch::Sender<bool>,
    world: Swap<Arc<World>>,
    records: mpsc::Sender<Record>,
    /// Decisions handed over and not reported yet.
    unreported: AtomicUsize,
    slots: Slots,
    edge_tls: Mutex<HashMap<String, net::tls::Edge>>,
}

impl Door {
    /// A door with an empty world: it denies everything until it is given one.
    /// The other end of its records goes to its keeper.
    pub(crate) fn new(
        spec: DoorSpec,
        meters: Arc<DoorMeters>,
    ) -> (Arc<Self>, mpsc::Receiver<Record>) {
        let credentials = Arc::new(Swap::new(None));
        let slots = Slots::default();
        let making =
            Making { own: &spec.id, credentials: &credentials, slots: &slots, before: None };
        let world = World::make(nothing(&spec), &making);
        let alpn = [net::tls::ALPN_H2, net::tls::ALPN_HTTP, net::tls::ALPN_TCP];
        let (records, kept) = mpsc::channel(RECORDS_WAITING_MAX);
        let door = Arc::new(Self {
            principal: Principal::Workload(spec.id.clone()),
            number: NEXT_DOOR.fetch_add(1, Ordering::Relaxed),
            inbound_tls: net::tls::Inbound::new(Arc::clone(&credentials), &alpn),
            credentials,
            status: watch::Sender::default(),
            meters,
            listening: watch::Sender::default(),
            closed: AtomicBool::new(false),
            trouble: Mutex::default(),
            leaving: watch::Sender::default(),
            records,
            unreported: AtomicUsize::new(0),
            world: Swap::new(Arc::new(world)),
            slots,
            edge_tls: Mutex::default(),
            spec,
        });
        (door, kept)
    }

    /// Room for one decision, unless too many wait already.
    pub(crate) fn place_for_record(&self) -> Option<mpsc::Permit<'_, Record>> {
        self.records.try_reserve().ok()
    }

    /// Hands a decision to the keeper, who reports it.
    pub(crate) fn keep_record(&self, place: mpsc::Permit<'_, Record>, record: Record) {
        self.unreported.fetch_add(1, Ordering::Relaxed);
        place.send(record);
    }

    /// So many decisions have been brought to the control plane, or given up.
    pub(crate) fn reported(&self, count: usize) {
        self.unreported.fetch_sub(count, Ordering::Relaxed);
    }

    pub(crate) fn has_unreported(&self) -> bool {
        self.unreported.load(Ordering::Relaxed) > 0
    }

    /// Says what is wrong with the state on disk, or that nothing is any more.
    pub(crate) fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// What is wrong with the state on disk.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Wakes whenever the world has been swapped.
    pub(crate) fn worlds(&self) -> watch::Receiver<u64> {
        self.world.subscribe()
    }

    /// The present world.
    pub(crate) fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.load())
    }

    /// Stores the world of a snapshot. Whoever calls this has every core judge
    /// again what is open.
    #[must_use]
    pub(crate) fn run_on(&self, snapshot: Snapshot) -> Arc<World> {
        let before = self.world();
        self.meters.runs(snapshot.generation);
        let world = Arc::new(World::make(
            snapshot,
            &Making {
                own: &self.spec.id,
                credentials: &self.credentials,
                slots: &self.slots,
                before: Some(&before),
            },
        ));
        self.world.store(Arc::clone(&world));
        world
    }

    /// Takes credentials on, or loses them; says whether they were lost now,
    /// whereupon nothing that rests on them may stay open.
    #[must_use]
    pub(crate) fn hold(&self, credentials: Option<Credentials>) -> bool {
        let gone = credentials.is_none() && self.credentials.load().is_some();
        let expires = credentials.as_ref().map(|held| held.not_after);
        self.meters.svid_expires(expires.unwrap_or_default());
        self.credentials.store(credentials);
        self.status.send_modify(|status| status.svid_expires = expires);
        gone
    }

    /// The certificate side of an edge listener, made when it is opened.
    pub(crate) fn edge_tls(&self, listener: &str) -> Option<net::tls::Edge> {
        self.edge_tls.lock().unwrap_or_else(PoisonError::into_inner).get(listener).cloned()
    }

    pub(crate) fn set_edge_tls(&self, listener: &str, edge: net::tls::Edge) {
        let mut all = self.edge_tls.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(listener.to_owned(), edge);
    }
}

fn nothing(spec: &DoorSpec) -> Snapshot {
    Snapshot {
        generation: Generation::default(),
        mesh: spec.id.trust_domain().clone(),
        door: spec.service.clone(),
        identities: vec![spec.id.clone()],
        limits: Limits::default(),
        inbound: Vec::new(),
        outbound: Vec::new(),
        edges: Vec::new(),
    }
}
