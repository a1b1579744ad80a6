//! What is left of an exchange: one access record, its meters, and, for every
//! refusal and failure and a sample of the rest, the decision that `explain`
//! answers for. An exchange that is dropped midway leaves its record too.

use std::net::SocketAddr;

use model::Blame;
use net::http2::End;
use policy::Action;
use telemetry::{AccessRecord, OpenStream, Outcome};
use wire::http1::Version;
use wire::http2::ErrorCode;

use crate::core::Core;
use crate::door::Door;
use crate::entry::Entry;
use crate::errand::Errand;
use crate::fault::Fault;
use crate::grpc;
use crate::identify::Refused;
use crate::session::Session;
use crate::story::{Begun, Story, StreamStory};
use crate::told::{Line, Told};
use crate::tunnel::Passed;
use crate::websocket;
use crate::world::World;

impl Drop for Errand {
    fn drop(&mut self) {
        if self.story.begun.is_some() {
            record(self, Some(Fault::CallerGone));
        }
    }
}

/// Makes the record of an HTTP exchange, once, and forgets what was asked:
/// an idle connection is judged by nothing.
pub(crate) fn record(ex: &mut Errand, fault: Option<Fault>) {
    let story = std::mem::take(&mut ex.story);
    tell(ex, &story, fault);
    ex.asked.borrow_mut().clear();
}

fn tell(ex: &Errand, story: &Story, fault: Option<Fault>) {
    let Some(begun) = &story.begun else { return };
    let asked = ex.asked.borrow();
    let Some(world) = &asked.world else { return };
    let session = &ex.session;
    let now = session.door.world();
    let mut told = Told {
        begun,
        upstream: asked.routed.map(|routed| routed.upstream),
        edge: asked.routed.and_then(|routed| routed.edge),
        rule: story.rule,
        fault: fault.as_ref(),
        ..about(session, world, begun)
    };
    let progress = &story.progress;
    let status = match (&fault, progress.status.get()) {
        (Some(fault), 0) => fault.status(),
        (_, sent) => sent,
    };
    let moved = (progress.request_bytes.get(), progress.response_bytes.get());
    let mut meters = session.meters.borrow_mut();
    let edge = meters.edge(told.place(), || told.meters());
    edge.count(Outcome::of_status(status), begun.since.elapsed(), moved.0, moved.1);
    told.by_present_rules(&now, &Action::Http { method: &asked.method, path: &asked.path });
    let request = (ex.request.method(), asked.path.as_str());
    if told.is_logged() {
        let trace = ex.trace.as_ref().map(ToString::to_string);
        let protocol = protocol(ex);
        told.log(&Line { protocol, request, status, moved, trace: trace.as_deref() });
    }
    told.keep("http", request);
}

/// What the access line calls the exchange.
fn protocol(ex: &Errand) -> &'static str {
    if websocket::is_asked(&ex.request) {
        return "websocket";
    }
    match (grpc::is_grpc(&ex.request), ex.request.version()) {
        (true, _) => "grpc",
        (_, Version::Http2) => "http2",
        _ => "http",
    }
}

/// Counts a WebSocket as open until the guard is dropped.
pub(crate) fn open_websocket(ex: &Errand) -> Option<OpenStream> {
    let asked = ex.asked.borrow();
    let told = Told {
        upstream: asked.routed.map(|routed| routed.upstream),
        edge: asked.routed.and_then(|routed| routed.edge),
        rule: ex.story.rule,
        ..about(&ex.session, asked.world.as_ref()?, ex.story.begun.as_ref()?)
    };
    Some(told.meters().open_stream())
}

/// What is known of everything on a connection.
fn about<'a>(session: &'a Session, world: &'a World, begun: &'a Begun) -> Told<'a> {
    Told {
        core: &session.core,
        door: &session.door,
        world,
        entry: &session.entry,
        from: session.from,
        caller: &session.caller.principal,
        begun,
        upstream: None,
        edge: None,
        rule: None,
        fault: None,
        is_denied_now: false,
        is_own_right: false,
    }
}

/// Makes the record of a TCP stream.
pub(crate) fn record_stream(
    session: &Session,
    story: &StreamStory,
    passed: &Passed,
    fault: Option<&Fault>,
) {
    let now = session.door.world();
    let mut told = told_of(session, story, fault);
    let moved = (passed.sent.get(), passed.received.get());
    let status = fault.map_or(0, Fault::status);
    let outcome = if fault.is_some() { Outcome::of_status(status) } else { Outcome::Stream };
    told.meters().count(outcome, story.begun.since.elapsed(), moved.0, moved.1);
    told.by_present_rules(&now, &Action::Connect);
    if told.is_logged() {
        told.log(&Line { protocol: "tcp", request: ("", ""), status, moved, trace: None });
    }
    told.keep("connect", ("", ""));
}

/// Counts a stream as open until the guard is dropped.
pub(crate) fn open_stream(session: &Session, story: &StreamStory) -> OpenStream {
    told_of(session, story, None).meters().open_stream()
}

fn told_of<'a>(session: &'a Session, story: &'a StreamStory, fault: Option<&'a Fault>) -> Told<'a> {
    Told {
        upstream: story.upstream,
        rule: story.rule,
        fault,
        ..about(session, &story.world, &story.begun)
    }
}

/// An HTTP/2 connection that did not end in order, and whose peer is to blame.
pub(crate) fn ended_http2(session: &Session, ended: &End) {
    match ended {
        End::Closed | End::Broken(_) | End::Error { code: ErrorCode::NoError, .. } => {}
        End::Error { .. } => refused_stream(session, &ended.to_string()),
    }
}

/// Something of HTTP/2 that was refused before it was a request.
pub(crate) fn refused_stream(session: &Session, reason: &str) {
    let name = session.door.spec.service.to_string();
    let caller = session.caller.principal.to_string();
    session.core.meters.denied(&name, session.entry.role(), "malformed");
    session.core.lines.write(&AccessRecord {
        time: session.core.now(),
        door: &name,
        role: session.entry.role(),
        from: Some(session.from),
        caller: Some(&caller),
        protocol: "http2",
        blame: Some(Blame::Caller.word()),
        reason: Some(reason),
        ..AccessRecord::default()
    });
}

/// A connection that was refused before it asked for anything.
pub(crate) fn refused_handshake(
    core: &Core,
    door: &Door,
    (entry, from): (&Entry, SocketAddr),
    refused: &Refused,
) {
    let reason = refused.to_string();
    let name = door.spec.service.to_string();
    let blame = match refused {
        Refused::Handshake(error) => error.blame(Blame::Caller),
        _ => Blame::Caller,
    };
    core.meters.denied(&name, entry.role(), "handshake");
    core.lines.write(&AccessRecord {
        time: core.now(),
        door: &name,
        role: entry.role(),
        from: Some(from),
        protocol: "tls",
        blame: Some(blame.word()),
        reason: Some(&reason),
        ..AccessRecord::default()
    });
}
