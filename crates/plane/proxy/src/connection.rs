//! One caller's HTTP connection: what lives as long as it does, how the next
//! request head is waited for, and how it is closed. Everything a request needs
//! is kept here and used again, so that a request allocates nothing of its own.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use model::{Limits, Millis, Principal};
use policy::Narrowed;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};
use wire::http1::{RequestHead, ResponseHead};
use wire::traceparent::TraceParent;

use crate::buffer::Buffer;
use crate::core::Core;
use crate::door::Door;
use crate::entry::Entry;
use crate::fault::Fault;
use crate::half::Half;
use crate::meters::Meters;
use crate::register::Listed;
use crate::story::Story;
use crate::stream::Stream;

/// Who is on the other end, as proved.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    /// The fields that tell the next one about it.
    pub(crate) fields: Vec<(&'static str, String)>,
}

/// An open HTTP connection and its reusable parts.
pub(crate) struct Connection {
    pub(crate) core: Rc<Core>,
    pub(crate) door: Arc<Door>,
    pub(crate) entry: Arc<Entry>,
    pub(crate) listed: Rc<Listed>,
    pub(crate) from: SocketAddr,
    pub(crate) caller: Caller,
    /// The server name asked for in the TLS handshake.
    pub(crate) sni: Option<String>,
    /// The service port an inbound connection is for.
    pub(crate) inbound_port: Option<u16>,
    pub(crate) stream: RefCell<Stream>,
    pub(crate) input: Buffer,
    pub(crate) request: RequestHead,
    pub(crate) answer: ResponseHead,
    pub(crate) path: String,
    /// The canonical authority asked for, with its port once it is routed.
    pub(crate) host: String,
    pub(crate) target: String,
    pub(crate) request_out: Vec<u8>,
    pub(crate) response_out: Vec<u8>,
    pub(crate) trace: Option<TraceParent>,
    /// The rules left for this caller, as of a world's version.
    pub(crate) narrowed: Option<(u64, Narrowed)>,
    pub(crate) meters: Meters,
    /// An answer broke off: the end of the connection has to show it.
    pub(crate) is_broken: bool,
    /// The exchange under way, until its record is made.
    pub(crate) story: Story,
    /// The place under the listener's cap.
    pub(crate) _place: net::accept::Slot,
}

/// A caller that does not take a refusal in so long is gone.
const SAY_TIME: Millis = Millis::from_secs(10);
/// What an idle connection keeps of each of its output buffers.
const OUT_BYTES_KEPT: usize = 16 * 1024;

/// What waiting for a request came to.
pub(crate) enum Next {
    Request { since: Instant },
    End,
    Refused(Fault),
}

impl Connection {
    pub(crate) async fn next(&mut self, limits: &Limits) -> Next {
        self.rest();
        if self.input.is_empty() {
            let idle = Instant::now() + limits.idle_time.into();
            let stream = self.stream.get_mut();
            let filled = tokio::select! {
                biased;
                filled = timeout_at(idle, self.input.fill(stream, limits.head_bytes_max)) => filled,
                () = self.core.draining() => return Next::End,
            };
            if !matches!(filled, Ok(Ok(1..))) {
                return Next::End;
            }
        }
        let since = Instant::now();
        match timeout_at(since + limits.head_time.into(), self.head(limits)).await {
            Err(_) => Next::Refused(Fault::HeadTimeout(limits.head_time)),
            Ok(Err(Some(fault))) => Next::Refused(fault),
            Ok(Err(None)) => Next::End,
            Ok(Ok(())) => Next::Request { since },
        }
    }

    /// Gives back what a large message needed.
    fn rest(&mut self) {
        self.input.rest();
        for out in [&mut self.request_out, &mut self.response_out] {
            if out.capacity() > OUT_BYTES_KEPT {
                *out = Vec::new();
            }
        }
    }

    /// Reads the rest of a request head. No fault means the caller is gone.
    async fn head(&mut self, limits: &Limits) -> Result<(), Option<Fault>> {
        loop {
            let parsed = self.request.parse(self.input.unread(), limits);
            if let Some(used) = parsed.map_err(|error| Some(Fault::Request(error)))? {
                self.input.consume(used);
                return Ok(());
            }
            let stream = self.stream.get_mut();
            // One byte more than allowed lets the parser say what is too long.
            match self.input.fill(stream, limits.head_bytes_max + 1).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Err(None),
            }
        }
    }

    /// Sends bytes of our own making to the caller.
    pub(crate) async fn say(&self, bytes: &[u8]) -> io::Result<()> {
        Half::new(&self.stream).send(bytes, SAY_TIME).await
    }

    /// Ends the connection so that what was said last arrives: our side first,
    /// then a short while of listening, or the kernel would answer what is
    /// still coming with a reset that overtakes it (RFC 9112, section 9.6).
    pub(crate) async fn close(&mut self) {
        const LINGER_BYTES: usize = 256 * 1024;
        let deadline = Instant::now() + std::time::Duration::from_secs(1);
        let stream = self.stream.get_mut();
        if !matches!(timeout_at(deadline, stream.shutdown()).await, Ok(Ok(()))) {
            return;
        }
        let mut waste = [0_u8; 4096];
        let mut seen = 0;
        while seen < LINGER_BYTES {
            match timeout_at(deadline, stream.read(&mut waste)).await {
                Ok(Ok(count @ 1..)) => seen += count,
                _ => return,
            }
        }
    }
}
