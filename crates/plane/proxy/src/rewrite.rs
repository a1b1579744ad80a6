//! The request as it goes on: the line from its canonical form, the fields
//! that may pass, and what the door adds. What came from outside under a name
//! the doors own is left behind.

use wire::http1::{write_field, write_framing, write_request_line};

use crate::connection::Connection;
use crate::entry::Entry;
use crate::routed::Routed;

/// Writes the head for the other side into the connection's `request_out`.
pub(crate) fn write_head(conn: &mut Connection, routed: Routed) {
    conn.target.clear();
    conn.target.push_str(&conn.path);
    let raw = conn.request.target();
    if let Some(query) = routed.query_from.and_then(|from| raw.get(from..)) {
        conn.target.push('?');
        conn.target.push_str(query);
    }
    let at_the_edge = matches!(*conn.entry, Entry::Edge { .. });
    let out = &mut conn.request_out;
    out.clear();
    write_request_line(out, conn.request.method(), &conn.target);
    write_field(out, "Host", &conn.host);
    for (name, value) in conn.request.forwardable_fields() {
        let ours = wire::header::is_protected(name)
            || name.eq_ignore_ascii_case("host")
            || name.eq_ignore_ascii_case(wire::header::TRACEPARENT)
            || (at_the_edge && wire::header::is_protected_at_edge(name));
        if !ours {
            write_field(out, name, value);
        }
    }
    write_framing(out, conn.request.framing());
    for (name, value) in &conn.caller.fields {
        write_field(out, name, value.as_bytes());
    }
    if let Some(trace) = &conn.trace {
        write_field(out, wire::header::TRACEPARENT, trace.text());
    }
    out.extend_from_slice(b"\r\n");
}
