//! The funnel: whatever ended an exchange becomes a status and an opaque id,
//! in the words of the caller's protocol, if the caller can still be told.

use model::DecisionId;
use net::http2;
use wire::header::POSTERN_DECISION;
use wire::http1::{Framing, write_field, write_framing, write_status_line};
use wire::http2::{Block, ErrorCode};

use crate::errand::Errand;
use crate::fault::{Fault, phrase};
use crate::grpc;
use crate::near::{Near, say};

/// A caller that does not take a refusal in so long is gone.
const SAY_TIME: model::Millis = model::Millis::from_secs(10);

/// Tells the caller. Says whether its HTTP/1 connection may go on.
pub(crate) async fn answer(ex: &mut Errand, near: &mut Near<'_>, fault: &Fault) -> bool {
    match near {
        Near::One { stream, .. } => {
            if ex.story.progress.status.get() != 0 || matches!(fault, Fault::CallerGone) {
                ex.is_broken = true;
                return false;
            }
            let open = may_go_on(ex, fault);
            write_refusal(ex, fault, open);
            say(stream, &ex.response_out).await.is_ok() && open
        }
        Near::Two(stream) => {
            on_stream(ex, stream, fault).await;
            false
        }
    }
}

/// Whether the next request can be told from what is left of this one.
fn may_go_on(ex: &Errand, fault: &Fault) -> bool {
    let unread_body = ex.request.framing() != Framing::None || ex.request.upgrade().is_some();
    // What follows a refused CONNECT may be meant for the tunnel.
    let framing_in_doubt = matches!(
        fault,
        Fault::RequestBody(_)
            | Fault::RequestStalled(_)
            | Fault::RequestCrawls(_)
            | Fault::Target(_)
            | Fault::ConnectHere
            | Fault::Cut(_)
    );
    ex.request.keep_alive() && !unread_body && !framing_in_doubt
}

/// Writes a refusal for HTTP/1 into `response_out`.
pub(crate) fn write_refusal(ex: &mut Errand, fault: &Fault, open: bool) {
    let (id, out) = (ex.story.id().text(), &mut ex.response_out);
    out.clear();
    let is_call = grpc::is_grpc(&ex.request);
    let status = if is_call { 200 } else { fault.status() };
    write_status_line(out, status, phrase(status).as_bytes());
    refusal_fields(&ex.request, fault, ex.story.id(), |name, value| write_field(out, name, value));
    let length = if is_call { 0 } else { id.len() as u64 + 1 };
    write_framing(out, Framing::Length(length));
    if !open {
        write_field(out, "connection", b"close");
    }
    out.extend_from_slice(b"\r\n");
    if !is_call && ex.request.method() != "HEAD" {
        out.extend_from_slice(&id);
        out.push(b'\n');
    }
}

async fn on_stream(ex: &Errand, stream: &http2::Stream, fault: &Fault) {
    if matches!(fault, Fault::CallerGone | Fault::MalformedStream(_)) {
        return;
    }
    let (id, is_call) = (ex.story.id(), grpc::is_grpc(&ex.request));
    let has_trailers = is_call && !grpc::is_grpc_web(&ex.request);
    let told = match ex.story.progress.status.get() {
        0 if is_call => {
            stream.respond(200, |block| refusal(ex, fault, |n, v| block.field(n, v)), true)
        }
        0 => return refuse(ex, stream, fault, id).await,
        _ if has_trailers => stream.trailers(|block| {
            call_status(fault, id, |name, value| block.field(name, value));
        }),
        _ => {
            let code = match fault {
                Fault::Cut(_) => ErrorCode::Cancel,
                _ => ErrorCode::InternalError,
            };
            return stream.reset(code);
        }
    };
    // A caller that is gone can't be told.
    drop(told);
}

/// An ordinary refusal: the status, and the id as its only body.
async fn refuse(ex: &Errand, stream: &http2::Stream, fault: &Fault, id: DecisionId) {
    let body = [id.text().as_slice(), b"\n"].concat();
    let is_head = ex.request.method() == "HEAD";
    let length = body.len().to_string();
    let head = |block: &mut Block<'_>| {
        refusal(ex, fault, |name, value| block.field(name, value));
        block.field("content-length", length.as_bytes());
    };
    if stream.respond(fault.status(), head, is_head).is_ok() && !is_head {
        // A caller that is gone can't be told.
        drop(stream.send(&body, true, SAY_TIME).await);
    }
}

fn refusal(ex: &Errand, fault: &Fault, field: impl FnMut(&str, &[u8]) -> bool) {
    refusal_fields(&ex.request, fault, ex.story.id(), field);
}

fn refusal_fields(
    request: &wire::http1::RequestHead,
    fault: &Fault,
    id: DecisionId,
    mut field: impl FnMut(&str, &[u8]) -> bool,
) {
    field(POSTERN_DECISION, &id.text());
    if grpc::is_grpc(request) {
        field("content-type", grpc::content_type(request).unwrap_or(b"application/grpc"));
        call_status(fault, id, field);
    } else {
        field("content-type", b"text/plain");
    }
}

/// A refused call: its status, and the opaque id as its message.
fn call_status(fault: &Fault, id: DecisionId, mut field: impl FnMut(&str, &[u8]) -> bool) {
    field("grpc-status", grpc::status(fault).to_string().as_bytes());
    field("grpc-message", &id.text());
}
