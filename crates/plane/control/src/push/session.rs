//! One door's stream: what it may know follows the identity it proved, at
//! every change anew, and the machine in `delta` says what to send when.

use std::sync::Arc;
use std::time::Duration;

use model::{Clock as _, Generation, SpiffeId};
use net::SystemClock;
use prost_types::Any;
use tokio::sync::{mpsc, watch};
use tonic::{Code, Status, Streaming};
use wire::discovery::{DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource};

use super::cut::Cut;
use super::delta::{Delta, Heard, Response};
use super::ground::Ground;
use super::seal;
use super::view::{SEAL, TYPE_URL, hex};
use crate::documents::Current;
use crate::event::Event;
use crate::fleet::Ticket;
use crate::node::Node;

/// A door that connects says who it is within this time.
const FIRST_REQUEST: Duration = Duration::from_secs(10);

pub(super) type Outbox = mpsc::Sender<Result<DeltaDiscoveryResponse, Status>>;

/// A stream of somebody who proved to be `peer`.
pub(super) struct Session {
    pub(super) ground: Ground,
    pub(super) peer: SpiffeId,
    pub(super) requests: Streaming<DeltaDiscoveryRequest>,
    pub(super) outbox: Outbox,
}

impl Session {
    /// Serves the stream until it ends, and tells the door why when we end it.
    pub(super) async fn serve(mut self) {
        if let Err(status) = self.greet_and_talk().await {
            let (caller, why) = (self.peer.to_string(), status.message().to_owned());
            if is_refusal(&status) {
                self.ground.events.tell(Event::DoorRefused { caller, why });
            }
            // Who is gone needs no answer.
            let _ = self.outbox.send(Err(status)).await;
        }
    }

    async fn greet_and_talk(&mut self) -> Result<(), Status> {
        let mut documents = self.ground.documents.subscribe();
        let first = tokio::time::timeout(FIRST_REQUEST, self.requests.message()).await;
        let late = |_| Status::deadline_exceeded("no request came");
        let Some(mut first) = first.map_err(late)?? else { return Ok(()) };
        let node = Node::read(first.node.take())
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let current = Arc::clone(&documents.borrow_and_update());
        let cut = self.authorised(&current, &node)?;
        let mut delta = Delta::default();
        if heard(&mut delta, first)? == Heard::Farewell {
            return Ok(());
        }
        let places = self.ground.fleet.subscribe_places();
        let entered = self.ground.fleet.enter(&node);
        let ticket = entered.map_err(|error| Status::already_exists(error.to_string()))?;
        self.tell_came(&node);
        let mut talk = Talk { session: self, node, ticket, cut, delta };
        let ended = talk.run(documents, places).await;
        talk.leave();
        ended
    }

    /// The documents for this door, if its identity is one of the door's.
    fn authorised(&self, current: &Current, node: &Node) -> Result<Cut, Status> {
        let is_own = current.world.identities_of(&node.door).contains(&self.peer);
        let cut = Cut::of(current, &node.door).filter(|_| is_own);
        // The same words whether there is such a door or not.
        cut.ok_or_else(|| {
            Status::permission_denied(format!("{} may not be the door of {}", self.peer, node.door))
        })
    }

    fn tell_came(&self, node: &Node) {
        let (door, instance) = (node.door.to_string(), node.instance.clone());
        self.ground.events.tell(Event::DoorCame { door, instance });
    }
}

/// A stream whose door was let in.
struct Talk<'s> {
    session: &'s mut Session,
    node: Node,
    ticket: Ticket,
    cut: Cut,
    delta: Delta,
}

impl Talk<'_> {
    async fn run(
        &mut self,
        mut documents: watch::Receiver<Arc<Current>>,
        mut places: watch::Receiver<u64>,
    ) -> Result<(), Status> {
        let mut identity = self.session.ground.credentials.subscribe();
        let mut life = self.session.ground.life.clone();
        let closing = |_| Status::unavailable("the control plane stops");
        self.offer();
        loop {
            self.send().await?;
            tokio::select! {
                request = self.session.requests.message() => {
                    let Ok(Some(request)) = request else { return Ok(()) };
                    if !self.hear(request)? {
                        return Ok(());
                    }
                }
                changed = documents.changed() => {
                    changed.map_err(closing)?;
                    let current = Arc::clone(&documents.borrow_and_update());
                    self.cut = self.session.authorised(&current, &self.node)?;
                    self.offer();
                }
                moved = places.changed() => {
                    moved.map_err(closing)?;
                    self.offer();
                }
                _ = life.changed() => return Err(Status::unavailable("the control plane stops")),
                renewed = identity.changed() => {
                    renewed.map_err(closing)?;
                    self.delta.reseal();
                }
            }
        }
    }

    fn offer(&mut self) {
        let fleet = &self.session.ground.fleet;
        self.delta.offer(self.cut.with(|service| fleet.endpoints(service)));
    }

    /// False when the door said farewell.
    fn hear(&mut self, request: DeltaDiscoveryRequest) -> Result<bool, Status> {
        let fleet = &self.session.ground.fleet;
        match heard(&mut self.delta, request)? {
            Heard::Nothing => {}
            Heard::Accepted(generation) => fleet.accepted(&self.ticket, generation),
            Heard::Refused(generation, why) => {
                self.tell_refused(generation, &why);
                self.session.ground.fleet.refused(&self.ticket, generation, why);
            }
            Heard::Farewell => {
                fleet.farewell(&self.ticket);
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn tell_refused(&self, generation: Generation, why: &str) {
        self.session.ground.events.tell(Event::GenerationRefused {
            door: self.node.door.to_string(),
            instance: self.node.instance.clone(),
            generation,
            why: why.to_owned(),
        });
    }

    async fn send(&mut self) -> Result<(), Status> {
        let Some(response) = self.delta.poll() else { return Ok(()) };
        let Session { ground, peer, outbox, .. } = &*self.session;
        let sealed = seal::seal(&ground.authority, &response.view, peer, SystemClock.now());
        let sealed = sealed.map_err(|error| Status::unavailable(error.to_string()))?;
        let gone = |_| Status::cancelled("the door went");
        outbox.send(Ok(written(response, sealed))).await.map_err(gone)
    }

    fn leave(&self) {
        let ground = &self.session.ground;
        ground.fleet.left(&self.ticket, ground.clock.now());
        let (door, instance) = (self.node.door.to_string(), self.node.instance.clone());
        ground.events.tell(Event::DoorWent { door, instance });
    }
}

/// Whether the door did something wrong, rather than one of us just went.
fn is_refusal(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::PermissionDenied
            | Code::InvalidArgument
            | Code::AlreadyExists
            | Code::DeadlineExceeded
    )
}

fn heard(delta: &mut Delta, request: DeltaDiscoveryRequest) -> Result<Heard, Status> {
    delta.hear(request).map_err(|violation| Status::invalid_argument(violation.to_string()))
}

/// The response as it goes over the wire, the seal last.
fn written(response: Response, sealed: Vec<u8>) -> DeltaDiscoveryResponse {
    let Response { nonce, view, changed, removed } = response;
    let resource = |name: String| {
        let resource = view.resources.get(&name)?;
        Some(packed(name, resource.version.clone(), resource.body.clone()))
    };
    let mut resources: Vec<Resource> = changed.into_iter().filter_map(resource).collect();
    resources.push(packed(SEAL.to_owned(), hex(&view.digest), sealed));
    DeltaDiscoveryResponse {
        system_version_info: view.generation.to_string(),
        resources,
        type_url: TYPE_URL.to_owned(),
        nonce,
        removed_resources: removed,
    }
}

fn packed(name: String, version: String, value: Vec<u8>) -> Resource {
    Resource { name, version, resource: Some(Any { type_url: TYPE_URL.to_owned(), value }) }
}
