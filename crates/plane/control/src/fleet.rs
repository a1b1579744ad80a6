//! The doors there are: which instance is where, which generation each runs,
//! and what each refused. One lock, short holds, and a number that moves.

use std::collections::BTreeMap;

use config::Endpoint;
use model::{Generation, Millis, ServiceName, Timestamp};
use parking_lot::Mutex;
use registry::{Patience, RegisterError, Registration, Registry, Session};
use tokio::sync::watch;

use crate::node::Node;

/// A door whose stream ended is still shown for this long.
const SHOWN: Millis = Millis::from_secs(10);

/// All doors.
#[derive(Debug)]
pub(crate) struct Fleet {
    state: Mutex<State>,
    moved: watch::Sender<u64>,
    /// The registry's revision: moves only when somebody is somewhere else.
    places: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    registry: Registry,
    /// By instance.
    doors: BTreeMap<String, Door>,
    tickets: u64,
}

/// What is known of one door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Door {
    /// Whose door it is.
    pub(crate) door: ServiceName,
    /// Its instance.
    pub(crate) instance: String,
    /// What it runs, as far as it said since it came.
    pub(crate) generation: Option<Generation>,
    /// What it would not run, and why; gone once it accepts something.
    pub(crate) refused: Option<(Generation, String)>,
    /// When its stream ended; `None` while it is open.
    pub(crate) left: Option<Timestamp>,
    stream: u64,
}

/// One stream of one door. What an old stream still says when a new one is
/// there counts for nothing.
#[derive(Debug)]
pub(crate) struct Ticket {
    instance: String,
    stream: u64,
    session: Option<Session>,
}

/// Why a door can't come in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnterError {
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error("the instance `{0}` is another door's")]
    Taken(String),
}

impl Fleet {
    pub(crate) fn new(patience: Patience) -> Self {
        let state = State { registry: Registry::new(patience), ..State::default() };
        let (moved, places) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { state: Mutex::new(state), moved, places }
    }

    /// Moves whenever anything here changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    /// Moves when an instance comes, goes, or is somewhere else.
    pub(crate) fn subscribe_places(&self) -> watch::Receiver<u64> {
        self.places.subscribe()
    }

    /// An instance that was there before a restart.
    pub(crate) fn restore(&self, known: Registration, now: Timestamp) {
        // One that does not fit any more is as good as gone.
        let _ = self.change(|state| state.registry.restore(known, now));
    }

    /// A door whose identity was proved comes in.
    pub(crate) fn enter(&self, node: &Node) -> Result<Ticket, EnterError> {
        self.change(|state| {
            let name = node.instance.clone();
            if state.doors.get(&name).is_some_and(|d| d.door != node.door && d.left.is_none()) {
                return Err(EnterError::Taken(name));
            }
            let session = match node.address {
                Some(address) => {
                    let (name, service) = (name.clone(), node.door.clone());
                    Some(state.registry.register(Registration { name, service, address })?)
                }
                None => None,
            };
            state.tickets += 1;
            let door = Door {
                door: node.door.clone(),
                instance: name.clone(),
                generation: None,
                refused: None,
                left: None,
                stream: state.tickets,
            };
            state.doors.insert(name.clone(), door);
            Ok(Ticket { instance: name, stream: state.tickets, session })
        })
    }

    /// A door runs a generation.
    pub(crate) fn accepted(&self, ticket: &Ticket, generation: Generation) {
        self.with_door(ticket, |door| {
            door.generation = Some(generation);
            door.refused = None;
        });
    }

    /// A door won't run a generation.
    pub(crate) fn refused(&self, ticket: &Ticket, generation: Generation, why: String) {
        self.with_door(ticket, |door| door.refused = Some((generation, why)));
    }

    /// A stream ended without a word.
    pub(crate) fn left(&self, ticket: &Ticket, now: Timestamp) {
        self.with_door(ticket, |door| door.left = Some(now));
        if let Some(session) = ticket.session {
            self.change(|state| state.registry.disconnected(session, now));
        }
    }

    /// A door said that it goes for good.
    pub(crate) fn farewell(&self, ticket: &Ticket) {
        self.change(|state| {
            if state.doors.get(&ticket.instance).is_some_and(|d| d.stream == ticket.stream) {
                state.doors.remove(&ticket.instance);
                state.registry.deregister(&ticket.instance);
            }
        });
    }

    /// Lets go of who has been away too long.
    pub(crate) fn expire(&self, now: Timestamp) {
        let mut state = self.state.lock();
        let before = state.doors.len();
        state.doors.retain(|_, d| d.left.is_none_or(|left| left.plus(SHOWN) > now));
        let went = state.registry.expire(now) || state.doors.len() != before;
        let places = state.registry.revision();
        drop(state);
        if went {
            self.tell(places);
        }
    }

    /// Where the instances of a service are.
    pub(crate) fn endpoints(&self, service: &ServiceName) -> Vec<Endpoint> {
        let state = self.state.lock();
        let endpoint =
            |i: &registry::Instance| Endpoint { instance: i.name.clone(), address: i.address };
        state.registry.view(service).into_iter().map(endpoint).collect()
    }

    /// Every instance that is registered.
    pub(crate) fn instances(&self) -> Vec<registry::Instance> {
        self.state.lock().registry.instances().cloned().collect()
    }

    /// Every door that is connected or was until a moment ago.
    pub(crate) fn doors(&self) -> Vec<Door> {
        self.state.lock().doors.values().cloned().collect()
    }

    fn with_door(&self, ticket: &Ticket, change: impl FnOnce(&mut Door)) {
        self.change(|state| {
            let door = state.doors.get_mut(&ticket.instance);
            door.filter(|door| door.stream == ticket.stream).map(change)
        });
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let done = change(&mut state);
        let places = state.registry.revision();
        drop(state);
        self.tell(places);
        done
    }

    fn tell(&self, places: u64) {
        self.moved.send_modify(|moved| *moved += 1);
        self.places.send_if_modified(|known| {
            let moved = *known < places;
            *known = places.max(*known);
            moved
        });
    }
}

/// How far a generation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Every door runs it, or a later one.
    Converged,
    /// Somebody refused it, and nobody else is still to answer.
    Stuck,
    /// Somebody has not answered yet, or is expected and not there.
    Underway,
}

/// How far `generation` has come among the doors that are connected, and those
/// that are expected.
pub(crate) fn progress(
    doors: &[Door],
    expected: &[ServiceName],
    generation: Generation,
) -> Progress {
    let here: Vec<&Door> = doors.iter().filter(|door| door.left.is_none()).collect();
    let is_there = |name: &ServiceName| here.iter().any(|door| door.door == *name);
    let runs = |door: &Door| door.generation.is_some_and(|runs| runs >= generation);
    let refused = |door: &Door| door.refused.as_ref().is_some_and(|(what, _)| *what >= generation);
    let all_there = expected.iter().all(is_there);
    if all_there && here.iter().all(|door| runs(door)) {
        return Progress::Converged;
    }
    if all_there && here.iter().all(|door| runs(door) || refused(door)) {
        return Progress::Stuck;
    }
    Progress::Underway
}

#[cfg(test)]
mod tests;
