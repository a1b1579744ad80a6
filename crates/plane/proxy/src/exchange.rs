//! One request and its answer, told in the order in which they happen. Every
//! exchange sees one world, leaves one record, and every error goes through
//! one funnel.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use model::{DecisionId, Retry};
use tokio::time::Instant;
use wire::http1::{Framing, write_field, write_framing, write_status_line};
use wire::traceparent::TraceParent;

use crate::choose;
use crate::connection::Connection;
use crate::decide;
use crate::fault::{Fault, phrase};
use crate::forward::{self, Passage};
use crate::progress::Progress;
use crate::record;
use crate::rewrite;
use crate::route;
use crate::story::Story;
use crate::world::World;

/// Serves the request whose head is parsed; says whether another may follow.
pub(crate) async fn exchange(conn: &mut Connection, since: Instant) -> bool {
    let world = conn.door.world();
    conn.trace = None;
    conn.story = Story::begin(conn.core.decision_id(), since, Arc::clone(&world));
    let served = walk(conn, &world).await;
    let open = match &served {
        Ok(()) => conn.story.progress.caller_usable,
        Err(fault) => answer(conn, fault).await,
    };
    record::record(conn, served.err());
    open && !conn.core.is_draining()
}

/// The six steps, each taking what the last one gave.
async fn walk(conn: &mut Connection, world: &World) -> Result<(), Fault> {
    let routed = route::route(conn, world)?;
    conn.story.routed = Some(routed);
    conn.trace = Some(trace(conn));
    let permit = decide::decide(conn, world, routed)?;
    conn.story.rule = Some(permit.rule());
    rewrite::write_head(conn, routed);
    let mut chosen = choose::choose(&conn.core, world, permit, false).await?;
    let used = chosen.link.used;
    let mut carried = carry(conn, world, &mut chosen).await;
    if used && may_repeat(conn, &carried) {
        // The pooled connection was closed under us before it said a word.
        let permit = decide::decide(conn, world, routed)?;
        rewrite::write_head(conn, routed);
        chosen = choose::choose(&conn.core, world, permit, true).await?;
        carried = carry(conn, world, &mut chosen).await;
    }
    if carried.is_ok() && conn.story.progress.upstream_usable {
        let keep = world.snapshot.limits.pool_idle_max;
        conn.core.pool.give(chosen.slot, chosen.link, keep);
    }
    carried
}

async fn carry(
    conn: &mut Connection,
    world: &World,
    chosen: &mut choose::Chosen,
) -> Result<(), Fault> {
    conn.story.progress = Progress::default();
    conn.response_out.clear();
    // What an earlier connection began to say is not this one's answer, nor
    // is what an upstream says before it was asked (H1-23).
    conn.answer.clear();
    let stream = chosen.link.stream.get_mut();
    if !chosen.link.used && poll_fn(|cx| Poll::Ready(stream.has_spoken(cx))).await {
        return Err(Fault::SpokeFirst);
    }
    let closing = !conn.request.keep_alive() || conn.core.is_draining();
    let passage = Passage {
        caller: &conn.stream,
        caller_in: &mut conn.input,
        upstream: &chosen.link.stream,
        upstream_in: &mut chosen.link.input,
        request: &conn.request,
        answer: &mut conn.answer,
        request_out: &mut conn.request_out,
        response_out: &mut conn.response_out,
        limits: &world.snapshot.limits,
        closing,
        from_app: chosen.is_app,
    };
    forward::forward(passage, &mut conn.story.progress).await
}

/// Whether sending it again can't do a thing twice: nothing of a body was
/// used up, the method is idempotent (RFC 9110, section 9.2.2), and the other
/// side closed without a word.
fn may_repeat(conn: &Connection, carried: &Result<(), Fault>) -> bool {
    let idempotent =
        matches!(conn.request.method(), "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE" | "TRACE");
    let closed = match carried {
        Err(Fault::UpstreamClosed(_)) => idempotent,
        Err(fault) => fault.retry() == Retry::Safe,
        Ok(()) => false,
    };
    closed
        && conn.request.framing() == Framing::None
        && !conn.story.progress.upstream_spoke
        && conn.story.progress.status == 0
}

/// Continues the caller's trace, or begins one (W3C Trace Context).
fn trace(conn: &Connection) -> TraceParent {
    let span = conn.core.roll() | 1;
    let incoming = conn.request.value(wire::header::TRACEPARENT);
    let parsed = incoming.and_then(|value| std::str::from_utf8(value).ok());
    match parsed.and_then(TraceParent::parse) {
        Some(parent) => parent.child(span),
        None => {
            let (high, low) = (u128::from(conn.core.roll()), u128::from(conn.core.roll() | 1));
            TraceParent::new(high << 64 | low, span)
        }
    }
}

/// The funnel: a fault becomes a status and an opaque id, if the caller can
/// still be told. Says whether the connection may go on.
async fn answer(conn: &mut Connection, fault: &Fault) -> bool {
    let unread_body = conn.request.framing() != Framing::None;
    if conn.story.progress.status != 0 || matches!(fault, Fault::CallerGone) {
        conn.is_broken = true;
        return false;
    }
    // What follows a refused CONNECT may be meant for the tunnel.
    let framing_in_doubt = matches!(
        fault,
        Fault::RequestBody(_)
            | Fault::RequestStalled(_)
            | Fault::RequestCrawls(_)
            | Fault::Target(_)
            | Fault::ConnectHere
    );
    let open = conn.request.keep_alive() && !unread_body && !framing_in_doubt;
    refusal(&mut conn.response_out, fault.status(), conn.story.id(), open);
    if conn.request.method() == "HEAD" {
        drop_body(&mut conn.response_out);
    }
    conn.say(&conn.response_out).await.is_ok() && open
}

/// Refuses a request whose head could not be read; the connection ends.
pub(crate) async fn refuse_unread(conn: &mut Connection, fault: Fault) {
    let world = conn.door.world();
    conn.story = Story::begin(conn.core.decision_id(), Instant::now(), world);
    conn.request = wire::http1::RequestHead::default();
    conn.path.clear();
    conn.trace = None;
    refusal(&mut conn.response_out, fault.status(), conn.story.id(), false);
    // A caller that is gone can't be told; the record is made either way.
    let _told = conn.say(&conn.response_out).await;
    record::record(conn, Some(fault));
}

fn refusal(out: &mut Vec<u8>, status: u16, id: DecisionId, open: bool) {
    let id = id.text();
    out.clear();
    write_status_line(out, status, phrase(status).as_bytes());
    write_field(out, wire::header::POSTERN_DECISION, id);
    write_field(out, "content-type", b"text/plain");
    write_framing(out, Framing::Length(id.len() as u64 + 1));
    if !open {
        write_field(out, "connection", b"close");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&id);
    out.push(b'\n');
}

fn drop_body(out: &mut Vec<u8>) {
    if let Some(end) = out.windows(4).position(|four| four == b"\r\n\r\n") {
        out.truncate(end + 4);
    }
}
