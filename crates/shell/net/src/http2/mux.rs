//! The handle of a connection: what comes in is taken here, what goes out is
//! opened here, and here it is ended.

use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use tokio::time::Instant;
use wire::http::RequestHead;
use wire::http2::{Block, ErrorCode, RequestLine, SendError};

use super::shared::{Arrival, Shared};
use super::stream::Stream;

/// One HTTP/2 connection. With the last handle gone it takes nothing new, and
/// ends when its last stream is dropped.
#[derive(Clone)]
pub struct Mux(Rc<Handle>);

struct Handle(Rc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.desert();
    }
}

/// What came in on a server's connection.
#[derive(Debug)]
pub enum Incoming {
    /// A request.
    Request {
        /// What is asked.
        head: Box<RequestHead>,
        /// Whether the request ends with its head.
        is_end: bool,
        /// Where its body comes and its answer goes.
        stream: Stream,
    },
    /// A request whose head is over the limits, to be answered by 431.
    TooLarge(Stream),
    /// A request that was refused by a reset already, for the log: its head is
    /// malformed, or there are too many.
    Refused {
        /// The code of the reset.
        code: ErrorCode,
        /// In words, which repeat nothing a stranger sent.
        why: String,
    },
}

impl Mux {
    pub(super) fn new(shared: Rc<Shared>) -> Self {
        Self(Rc::new(Handle(shared)))
    }

    fn shared(&self) -> &Shared {
        &self.0.0
    }

    /// Server: the next request. None: the connection is over, none will come.
    /// One task may wait at a time.
    pub async fn accept(&self) -> Option<Incoming> {
        poll_fn(|cx| {
            if let Some(arrival) = self.shared().next_arrival() {
                return Poll::Ready(Some(self.incoming(arrival)));
            }
            if let Some((code, why)) = self.shared().next_refusal() {
                return Poll::Ready(Some(Incoming::Refused { code, why }));
            }
            if self.is_over() {
                return Poll::Ready(None);
            }
            self.shared().acceptor.wait(cx);
            Poll::Pending
        })
        .await
    }

    fn incoming(&self, arrival: Arrival) -> Incoming {
        let stream = Stream::new(self.0.0.clone(), arrival.slot);
        match arrival.head {
            Some((head, is_end)) => Incoming::Request { head, is_end, stream },
            None => Incoming::TooLarge(stream),
        }
    }

    /// Client: sends a request head on a new stream; `end` ends the request
    /// with it. `fields` must not use this connection otherwise.
    ///
    /// # Errors
    /// When no stream can be opened here, or the head can't be sent. Nothing
    /// went out then.
    pub fn open(
        &self,
        line: RequestLine<'_>,
        fields: impl FnOnce(&mut Block<'_>),
        end: bool,
    ) -> Result<Stream, SendError> {
        let shared = &self.0.0;
        if shared.is_gone() {
            return Err(SendError::Closing);
        }
        let Some(mut machine) = shared.lock() else { return Err(SendError::OutOfOrder) };
        let waiting = u64::try_from(machine.output().len()).unwrap_or(u64::MAX);
        let mut block = machine.open(line);
        fields(&mut block);
        let id = block.send(end)?;
        drop(machine);
        let slot = shared.roster.add(id);
        slot.has_begun.set(true);
        slot.is_finished.set(end);
        slot.opened_at.set(shared.written.get().saturating_add(waiting));
        shared.settle();
        Ok(Stream::new(shared.clone(), slot))
    }

    /// Client: whether a stream can be opened now.
    #[must_use]
    pub fn can_open(&self) -> bool {
        let shared = self.shared();
        let Some(mut machine) = shared.lock().filter(|_| !shared.is_gone()) else { return false };
        // Full as far as it knows: time may have given some of it back.
        machine.can_open() || {
            machine.receive(&[], shared.now());
            machine.can_open()
        }
    }

    /// Whether the peer's SETTINGS have come: what it allows is known.
    #[must_use]
    pub fn has_peer_settings(&self) -> bool {
        self.shared().look().is_some_and(|machine| machine.has_peer_settings())
    }

    /// Client: whether the peer is known to take extended CONNECT (RFC 8441).
    #[must_use]
    pub fn peer_allows_connect_protocol(&self) -> bool {
        self.shared().look().is_some_and(|machine| machine.peer_allows_connect_protocol())
    }

    /// Whether the connection is over: nothing comes or goes any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let shared = self.shared();
        shared.is_gone() || shared.look().is_some_and(|machine| machine.is_over())
    }

    /// Streams that nobody has dropped yet, those not yet accepted among them.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.shared().roster.len()
    }

    /// Since when no stream is open; none while one is.
    #[must_use]
    pub fn idle_since(&self) -> Option<Instant> {
        self.shared().roster.idle_since()
    }

    /// Begins to end the connection (RFC 9113, section 6.8): a server tells its
    /// peer by a first GOAWAY, and refuses new streams once the peer has surely
    /// heard, a second later at most. Open streams go on; the driver ends
    /// behind the last of them.
    pub fn shut_down(&self) {
        self.shared().shut_down();
    }

    /// Ends the connection now, by GOAWAY. Every stream is lost.
    pub fn abort(&self, code: ErrorCode, why: &'static str) {
        let shared = self.shared();
        shared.with(|machine| machine.go_away(code, why));
        shared.driver.wake();
    }
}

impl fmt::Debug for Mux {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mux").field("open_streams", &self.open_streams()).finish_non_exhaustive()
    }
}
