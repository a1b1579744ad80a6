//! A TCP connection through the six steps: routed by where it came in, judged
//! once when it opens and again at every swap, then a tunnel.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;

use crate::buffer::Buffer;
use crate::choose::{self, Ask, Wire};
use crate::decide;
use crate::entry::Entry;
use crate::far::Far;
use crate::fault::Fault;
use crate::record;
use crate::right::Right;
use crate::routed::Upstream;
use crate::session::Session;
use crate::story::StreamStory;
use crate::stream::Stream;
use crate::tunnel::{self, Broken, Ends, Passed};
use crate::world::World;

/// A TCP connection about to be opened.
pub(crate) struct Opening {
    pub(crate) session: Session,
    pub(crate) stream: Stream,
    /// What was read from the caller before, by an explicit proxy.
    pub(crate) input: Buffer,
    /// Says the word that the tunnel is open, where the caller waits for it.
    pub(crate) announce: Option<&'static [u8]>,
}

impl Opening {
    pub(crate) fn of(session: Session, stream: Stream) -> Self {
        Self { session, stream, input: Buffer::default(), announce: None }
    }
}

/// Each stream has a connection of its own.
const BYTES: Ask = Ask { wire: Wire::One, fresh: true, repeatable: false };

/// Serves the stream to its end and records it.
pub(crate) async fn serve(opening: Opening) {
    let Opening { session, stream, mut input, announce } = opening;
    // Listed with its right first, then judged: a swap in between sees it.
    if let Some(right) = right(&session) {
        session.listed.holds(right);
    }
    let world = session.door.world();
    let mut story =
        StreamStory::begin(session.core.decision_id(), Instant::now(), Arc::clone(&world));
    let passed = Passed::default();
    let caller = RefCell::new(stream);
    let listed = Rc::clone(&session.listed);
    let walk = walk(&session, &world, &caller, &mut input, announce, &passed, &mut story);
    let ended = tokio::select! {
        biased;
        why = listed.cut() => Err(Fault::Cut(why)),
        ended = walk => ended,
    };
    record::record_stream(&session, &story, &passed, ended.err().as_ref());
}

async fn walk(
    session: &Session,
    world: &World,
    caller: &RefCell<Stream>,
    input: &mut Buffer,
    announce: Option<&'static [u8]>,
    passed: &Passed,
    story: &mut StreamStory,
) -> Result<(), Fault> {
    let upstream = upstream(session, world)?;
    story.upstream = Some(upstream);
    let permit = match upstream {
        Upstream::App(at) => decide::connect(world, at, &session.caller.principal)?,
        Upstream::Service(at) => decide::reach(world, at)?,
    };
    story.rule = Some(permit.rule());
    let mut chosen = choose::choose(&session.core, world, permit, BYTES).await?;
    if let Some(words) = announce {
        let said =
            crate::half::Half::new(caller).send(words, world.snapshot.limits.head_time).await;
        said.map_err(|_| Fault::CallerGone)?;
    }
    let _open = record::open_stream(session, story);
    let Far::One(link) = &mut chosen.far else { return Err(Fault::NoRoute) };
    let ends =
        Ends { caller, caller_in: input, upstream: &link.stream, upstream_in: &mut link.input };
    tunnel::run(ends, world.snapshot.limits.tcp_idle_time, passed).await.map_err(fault)
}

fn upstream(session: &Session, world: &World) -> Result<Upstream, Fault> {
    match &*session.entry {
        Entry::Inbound => {
            let at = session.inbound_port.and_then(|port| world.inbound(port));
            at.map(Upstream::App).ok_or(Fault::Misdirected("this port".into()))
        }
        Entry::Outbound { service, port } => {
            let at = world.outbound(service, *port);
            let unknown = || Fault::UnknownService(format!("{service}:{port}"));
            at.map(Upstream::Service).ok_or_else(unknown)
        }
        Entry::HttpProxy | Entry::Edge { .. } => Err(Fault::NoRoute),
    }
}

fn right(session: &Session) -> Option<Right> {
    match &*session.entry {
        Entry::Inbound => {
            let caller = Rc::clone(&session.caller);
            session.inbound_port.map(|port| Right::StreamIn { caller, port })
        }
        Entry::Outbound { service, port } => {
            Some(Right::StreamOut { service: service.clone(), port: *port })
        }
        Entry::HttpProxy | Entry::Edge { .. } => None,
    }
}

fn fault(broken: Broken) -> Fault {
    match broken {
        Broken::ByCaller => Fault::CallerGone,
        Broken::ByUpstream(error) => Fault::Stream(error),
        Broken::Idle => Fault::Stream(std::io::ErrorKind::TimedOut.into()),
    }
}
