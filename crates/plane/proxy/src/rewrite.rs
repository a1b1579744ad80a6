//! The request as it goes on: the line from its canonical form, the fields
//! that may pass, and what the door adds. What came from outside under a name
//! the doors own is left behind.

use net::http2::{self, Mux};
use wire::header::{self, TRACEPARENT};
use wire::http1::{Framing, write_field, write_framing, write_request_line};
use wire::http2::{Block, RequestLine, SendError};

use crate::entry::Entry;
use crate::errand::Errand;
use crate::fault::Fault;
use crate::websocket;

/// Writes the head for an HTTP/1 upstream into `request_out`.
pub(crate) fn write_head(ex: &mut Errand) {
    write_target(ex);
    let mut out = std::mem::take(&mut ex.request_out);
    out.clear();
    write_request_line(&mut out, ex.request.method(), &ex.target);
    write_field(&mut out, "Host", &ex.host);
    // Underscores come with gRPC metadata; an HTTP/1 app may take them for
    // hyphens.
    each_field(ex, |name, value| !name.contains('_') && write_field(&mut out, name, value));
    if websocket::is_asked(&ex.request) {
        write_field(&mut out, "Connection", b"upgrade");
        write_field(&mut out, "Upgrade", websocket::PROTOCOL);
    } else {
        write_framing(&mut out, ex.request.framing());
    }
    out.extend_from_slice(b"\r\n");
    ex.request_out = out;
}

/// Opens a stream of an HTTP/2 upstream with the head.
pub(crate) fn open(ex: &mut Errand, mux: &Mux, is_app: bool) -> Result<http2::Stream, Fault> {
    write_target(ex);
    ex.request_out.clear();
    let protocol = websocket::is_asked(&ex.request).then_some(websocket::PROTOCOL);
    let line = RequestLine {
        method: if protocol.is_some() { "CONNECT" } else { ex.request.method() },
        scheme: if is_app { "http" } else { "https" },
        authority: &ex.host,
        path: &ex.target,
        protocol,
    };
    let (framing, is_switch) = (ex.request.framing(), protocol.is_some());
    let fields = |block: &mut Block<'_>| {
        each_field(ex, |name, value| {
            is_switch && name.eq_ignore_ascii_case(websocket::KEY) || block.field(name, value)
        });
        if let Framing::Length(length) = framing
            && !is_switch
        {
            block.field("content-length", length.to_string().as_bytes());
        }
    };
    let is_end = framing == Framing::None && !is_switch;
    if is_switch && !mux.peer_allows_connect_protocol() {
        return Err(Fault::NoWebSocket);
    }
    mux.open(line, fields, is_end).map_err(|error| match error {
        SendError::TooLarge => Fault::TooLarge,
        _ => Fault::Unprocessed,
    })
}

/// The canonical path with the query as it came.
fn write_target(ex: &mut Errand) {
    let asked = ex.asked.borrow();
    ex.target.clear();
    ex.target.push_str(&asked.path);
    let raw = ex.request.target();
    let query_from = asked.routed.and_then(|routed| routed.query_from);
    if let Some(query) = query_from.and_then(|from| raw.get(from..)) {
        ex.target.push('?');
        ex.target.push_str(query);
    }
}

/// Every field but line, host and framing.
fn each_field(ex: &Errand, mut each: impl FnMut(&str, &[u8]) -> bool) {
    let at_the_edge = matches!(*ex.session.entry, Entry::Edge { .. });
    for (name, value) in ex.request.forwardable_fields() {
        let ours = header::is_protected(name)
            || name.eq_ignore_ascii_case("host")
            || name.eq_ignore_ascii_case(TRACEPARENT)
            || (at_the_edge && header::is_protected_at_edge(name))
            || (ex.key.is_some() && name.eq_ignore_ascii_case(websocket::KEY));
        if !ours {
            each(name, value);
        }
    }
    if let Some(key) = &ex.key {
        each(websocket::KEY, key.as_bytes());
    }
    for (name, value) in &ex.session.caller.fields {
        each(name, value.as_bytes());
    }
    if let Some(trace) = &ex.trace {
        each(TRACEPARENT, trace.text().as_ref());
    }
}
