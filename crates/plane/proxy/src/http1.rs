//! An HTTP/1 connection: one request after the other, until either side has
//! enough or its right to be open ends.

use std::cell::RefCell;
use std::rc::Rc;

use model::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};
use wire::http1::{RequestHead, Version};

use crate::buffer::Buffer;
use crate::errand::Errand;
use crate::fault::Fault;
use crate::funnel;
use crate::near::{Near, say};
use crate::record;
use crate::session::Session;
use crate::stream::Stream;

/// One caller's HTTP/1 connection.
pub(crate) struct Connection {
    stream: RefCell<Stream>,
    input: Buffer,
    ex: Errand,
}

/// What waiting for a request came to.
enum Next {
    Request { since: Instant },
    End,
    Refused(Fault),
}

impl Connection {
    /// A connection of which `input` was read before.
    pub(crate) fn of(session: Rc<Session>, stream: Stream, input: Buffer) -> Self {
        Self { stream: RefCell::new(stream), input, ex: Errand::of(session) }
    }

    /// Serves one request after the other until either side has enough.
    pub(crate) async fn serve(mut self) {
        let session = Rc::clone(&self.ex.session);
        let cut = tokio::select! {
            biased;
            why = session.listed.cut() => Some(why),
            () = self.requests() => None,
        };
        if let Some(why) = cut {
            if self.ex.request.version() == Version::Http10 {
                // Its answer may be framed by the end alone.
                self.stream.get_mut().end_rudely();
            }
            // What was under way when it was cut has a reason and leaves a record.
            record::record(&mut self.ex, Some(Fault::Cut(why)));
        }
    }

    async fn requests(&mut self) {
        loop {
            // Waiting shows the limits of now; the exchange loads its own world.
            let limits = self.ex.session.door.world().snapshot.limits.clone();
            match self.next(&limits).await {
                Next::End => break,
                Next::Request { since } => {
                    let mut near = Near::One { stream: &self.stream, input: &mut self.input };
                    if !self.ex.serve(&mut near, since).await {
                        break;
                    }
                }
                Next::Refused(fault) => {
                    self.refuse(fault).await;
                    break;
                }
            }
        }
        // A polite end would make a cut answer pass for a whole one.
        if !self.ex.is_broken {
            self.close().await;
        } else if self.ex.request.version() == Version::Http10 {
            // Its answer may be framed by the end alone.
            self.stream.get_mut().end_rudely();
        }
    }

    async fn next(&mut self, limits: &Limits) -> Next {
        self.input.rest();
        self.ex.rest();
        if self.input.is_empty() {
            let idle = Instant::now() + limits.idle_time.into();
            let stream = self.stream.get_mut();
            let filled = tokio::select! {
                biased;
                filled = timeout_at(idle, self.input.fill(stream, limits.head_bytes_max)) => filled,
                () = self.ex.session.core.draining() => return Next::End,
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

    /// Reads the rest of a request head. No fault means the caller is gone.
    async fn head(&mut self, limits: &Limits) -> Result<(), Option<Fault>> {
        loop {
            let parsed = self.ex.request.parse(self.input.unread(), limits);
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

    /// Refuses a request whose head could not be read; the connection ends.
    pub(crate) async fn refuse(&mut self, fault: Fault) {
        let _world = self.ex.begin(Instant::now());
        *self.ex.request = RequestHead::default();
        funnel::write_refusal(&mut self.ex, &fault, false);
        // A caller that is gone can't be told; the record is made either way.
        let _told = say(&self.stream, &self.ex.response_out).await;
        record::record(&mut self.ex, Some(fault));
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
