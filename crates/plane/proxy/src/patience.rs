//! How long an exchange may stand still. An ordinary message that stalls is
//! broken or an attack; a stream of events or of calls may be silent for long.

use model::{Limits, Millis};
use wire::http1::{Framing, RequestHead, ResponseHead, Version};

use crate::grpc;

/// What an exchange is granted, by what it asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Between two pieces of the request's body.
    pub(crate) request: Millis,
    /// From the end of the request to the answer's head.
    pub(crate) head: Millis,
    /// The request's body has no end of its own: a gRPC call.
    pub(crate) is_open_ended: bool,
}

impl Patience {
    pub(crate) fn of(request: &RequestHead, limits: &Limits) -> Self {
        // Who says so over HTTP/1 may be anybody with time to waste (H1-20).
        if grpc::is_grpc(request) && request.version() == Version::Http2 {
            // A call has its own deadline, if its caller wants one.
            let idle = limits.stream_idle_time;
            return Self { request: idle, head: idle, is_open_ended: true };
        }
        let (request, head) = (limits.body_stall_time, limits.response_time);
        Self { request, head, is_open_ended: false }
    }

    /// Between two pieces of the answer's body.
    pub(crate) const fn answer(&self, answer: &ResponseHead, limits: &Limits) -> Millis {
        match answer.framing() {
            Framing::None | Framing::Length(_) => limits.body_stall_time,
            Framing::Chunked | Framing::UntilClose => limits.stream_idle_time,
        }
    }
}
