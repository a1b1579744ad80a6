//! One request and its answer, told in the order in which they happen. Every
//! exchange sees one world, leaves one record, and every error goes through
//! one funnel.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use model::Retry;
use tokio::time::{Instant, sleep_until};
use wire::http1::Framing;
use wire::traceparent::TraceParent;

use crate::choose::{self, Ask, Chosen};
use crate::decide;
use crate::errand::Errand;
use crate::fault::Fault;
use crate::forward;
use crate::funnel;
use crate::grpc;
use crate::near::{self, Near};
use crate::record;
use crate::route;
use crate::switch::{self, Opened};
use crate::world::World;

/// The caller and the callee know the time a call has and keep it themselves;
/// the door ends what is left behind when neither of them does.
const GRACE: Duration = Duration::from_secs(1);

/// What came of the walk.
enum Walked {
    /// Request and answer went over.
    Whole,
    /// Both sides have switched to a WebSocket.
    Switched(Opened),
}

impl Errand {
    /// Serves the request whose head is read; says whether another may follow
    /// on an HTTP/1 connection.
    pub(crate) async fn serve(&mut self, near: &mut Near<'_>, since: Instant) -> bool {
        let world = self.begin(since);
        let served = self.within_its_rights(near, &world, since).await;
        let served = match served {
            Ok(Walked::Switched(opened)) => {
                // Its ends are told in its own words.
                let ended = switch::run(self, near, opened, &world).await;
                record::record(self, ended.err());
                return false;
            }
            other => other.map(|_| ()),
        };
        let open = match &served {
            Ok(()) => self.story.progress.caller_usable.get(),
            Err(fault) => funnel::answer(self, near, fault).await,
        };
        record::record(self, served.err());
        open && !self.session.core.is_draining()
    }

    /// The walk, for as long as it may go on: until its right ends, its caller
    /// is gone or has waited long enough.
    async fn within_its_rights(
        &mut self,
        near: &mut Near<'_>,
        world: &Arc<World>,
        since: Instant,
    ) -> Result<Walked, Fault> {
        let listed = Rc::clone(&self.listed);
        let stream = near.stream();
        let granted = grpc::timeout(&self.request);
        let connection = Rc::clone(&self.session.listed);
        tokio::select! {
            biased;
            why = listed.cut() => Err(Fault::Cut(why)),
            why = connection.cut(), if stream.is_some() => Err(Fault::Cut(why)),
            walked = self.walk(near, world) => walked,
            fault = near::lost(stream) => Err(fault),
            fault = late(since, granted) => Err(fault),
        }
    }

    /// The six steps, each taking what the last one gave.
    async fn walk(&mut self, near: &mut Near<'_>, world: &Arc<World>) -> Result<Walked, Fault> {
        let routed = route::route(self, world)?;
        self.trace = Some(self.continue_trace());
        let permit = decide::decide(self, world, routed)?;
        self.story.rule = Some(permit.rule());
        let wire = choose::wire(&self.request, world, routed);
        let repeatable = self.is_idempotent() && self.request.framing() == Framing::None;
        let ask = Ask { wire, fresh: false, repeatable };
        let mut chosen = choose::choose(&self.session.core, world, permit, ask).await?;
        let mut carried = forward::carry(self, near, world, &mut chosen).await;
        if self.may_repeat(&chosen, &carried) {
            // The connection was closed under us before it said a word.
            let permit = decide::decide(self, world, routed)?;
            let ask = Ask { fresh: true, ..ask };
            chosen = choose::choose(&self.session.core, world, permit, ask).await?;
            carried = forward::carry(self, near, world, &mut chosen).await;
        }
        match carried? {
            Some(opened) => Ok(Walked::Switched(Opened { chosen, stream: opened.stream })),
            None => {
                self.give_back(world, chosen);
                Ok(Walked::Whole)
            }
        }
    }

    fn give_back(&self, world: &World, chosen: Chosen) {
        if self.story.progress.upstream_usable.get() {
            let keep = world.snapshot.limits.pool_idle_max;
            self.session.core.pool.give(chosen.slot, chosen.far, keep);
        }
    }

    /// Whether sending it again can't do a thing twice: nothing of a body was
    /// used up, and either the other side says that it did nothing, or the
    /// method is idempotent (RFC 9110, section 9.2.2) and a connection used
    /// before closed without a word.
    fn may_repeat<T>(&self, chosen: &Chosen, carried: &Result<T, Fault>) -> bool {
        let Err(fault) = carried else { return false };
        let progress = &self.story.progress;
        // A chunk's head may be used up where none of its bytes is yet.
        let untouched = match self.request.framing() {
            Framing::None => true,
            Framing::Length(_) => {
                progress.request_bytes.get() == 0 && matches!(fault, Fault::Unprocessed)
            }
            Framing::Chunked | Framing::UntilClose => false,
        };
        let did_nothing = match fault {
            Fault::UpstreamClosed(_) => self.is_idempotent() && chosen.far.is_used(),
            Fault::Unprocessed => true,
            fault => chosen.far.is_used() && fault.retry() == Retry::Safe,
        };
        did_nothing && untouched && !progress.upstream_spoke.get() && progress.status.get() == 0
    }

    /// Whether doing it twice is like doing it once (RFC 9110, section 9.2.2).
    fn is_idempotent(&self) -> bool {
        let methods = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"];
        methods.contains(&self.request.method())
    }

    /// Continues the caller's trace, or begins one (W3C Trace Context).
    fn continue_trace(&self) -> TraceParent {
        let core = &self.session.core;
        let span = core.roll() | 1;
        let incoming = self.request.value(wire::header::TRACEPARENT);
        let parsed = incoming.and_then(|value| std::str::from_utf8(value).ok());
        match parsed.and_then(TraceParent::parse) {
            Some(parent) => parent.child(span),
            None => {
                let (high, low) = (u128::from(core.roll()), u128::from(core.roll() | 1));
                TraceParent::new(high << 64 | low, span)
            }
        }
    }
}

/// Ends when a call has taken longer than its caller grants it.
async fn late(since: Instant, granted: Option<Duration>) -> Fault {
    match granted {
        Some(granted) => {
            sleep_until(since + granted + GRACE).await;
            Fault::Deadline(granted)
        }
        None => std::future::pending().await,
    }
}
