//! A message body on its way: out of whatever framing it came in, into
//! whatever framing it goes on in. HTTP/1 and HTTP/2 meet here and nowhere
//! else.

use std::io;
use std::time::Duration;

use model::{Limits, Millis};
use net::http2::{self, Readable, StreamError};
use tokio::time::{Instant, timeout_at};
use wire::http1::{BodyDecoder, BodyError, write_chunk_head, write_field};

use crate::buffer::Buffer;
use crate::half::Half;
use crate::stream::Stream;

/// The most body bytes that are in our hands at a time, per direction.
pub(crate) const BODY_WINDOW: usize = 64 * 1024;

/// What is read at most of a body that nobody wants any more.
const DRAIN_BYTES: usize = 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Where a body comes from.
pub(crate) enum Source<'a> {
    One { from: Half<'a, Stream>, input: &'a mut Buffer, decoder: BodyDecoder },
    Two(&'a http2::Stream),
}

/// Where a body goes. `out` holds what is not sent yet; in HTTP/1 it may begin
/// with the head.
pub(crate) enum Sink<'a> {
    One { to: Half<'a, Stream>, out: &'a mut Vec<u8>, chunked: bool },
    Two { to: &'a http2::Stream, out: &'a mut Vec<u8> },
}

/// Why nothing more can be taken from a source.
#[derive(Debug)]
pub(crate) enum Spoilt {
    /// It breaks the rules of its framing.
    Body(BodyError),
    /// It broke off.
    Broke(io::Error),
}

/// What came of waiting for more.
pub(crate) enum More {
    /// So many bytes, or as many as nobody counted.
    Bytes(usize),
    /// The connection ended.
    End,
}

impl Source<'_> {
    /// Moves what is here into the sink; gives how much it was and whether the
    /// body is complete.
    pub(crate) fn take(
        &mut self,
        sink: &mut Sink<'_>,
        limits: &Limits,
    ) -> Result<(usize, bool), Spoilt> {
        self.pass(limits, |data| sink.put(data))
    }

    /// Reads the rest of the body for nobody, within bounds; says whether it
    /// ended. Then its connection is of further use.
    pub(crate) async fn drain(&mut self, limits: &Limits) -> bool {
        let deadline = Instant::now() + DRAIN_TIME;
        let mut left = DRAIN_BYTES;
        loop {
            match self.pass(limits, |_| {}) {
                Ok((_, true)) => return true,
                Ok((count, false)) if count < left => left -= count,
                _ => return false,
            }
            if !matches!(timeout_at(deadline, self.more()).await, Ok(Ok(More::Bytes(_)))) {
                return false;
            }
        }
    }

    fn pass(
        &mut self,
        limits: &Limits,
        mut put: impl FnMut(&[u8]),
    ) -> Result<(usize, bool), Spoilt> {
        match self {
            Self::One { input, decoder, .. } => {
                let mut count = 0_usize;
                while !decoder.is_done() {
                    let unread = input.unread();
                    let step = decoder.decode(unread, limits).map_err(Spoilt::Body)?;
                    let data = unread.get(step.data.clone()).unwrap_or_default();
                    count = count.saturating_add(data.len());
                    put(data);
                    let stuck = step.used == 0;
                    input.consume(step.used);
                    if stuck && !decoder.is_done() {
                        break;
                    }
                }
                Ok((count, decoder.is_done()))
            }
            Self::Two(stream) => {
                let count = stream.with_received(|bytes| {
                    let bytes = bytes.get(..BODY_WINDOW).unwrap_or(bytes);
                    put(bytes);
                    (bytes.len(), bytes.len())
                });
                let is_empty = || stream.with_received(|bytes| (0, bytes.is_empty()));
                Ok((count, stream.has_ended() && is_empty()))
            }
        }
    }

    /// Waits for more.
    pub(crate) async fn more(&mut self) -> Result<More, Spoilt> {
        match self {
            Self::One { from, input, .. } => match input.fill(from, BODY_WINDOW).await {
                Ok(0) => Ok(More::End),
                Ok(count) => Ok(More::Bytes(count)),
                Err(error) => Err(Spoilt::Broke(error)),
            },
            Self::Two(stream) => match stream.readable().await {
                Ok(Readable::Data) => Ok(More::Bytes(stream.with_received(|b| (0, b.len())))),
                Ok(Readable::End) => Ok(More::Bytes(0)),
                Err(error) => Err(Spoilt::Broke(broken(error))),
            },
        }
    }

    /// The connection ended: whether the body may end by that.
    pub(crate) fn at_eof(&mut self) -> bool {
        match self {
            Self::One { decoder, .. } => decoder.at_eof().is_ok(),
            Self::Two(_) => false,
        }
    }

    /// Calls `each` with every trailer field that may pass.
    fn trailers(&self, mut each: impl FnMut(&str, &[u8]) -> bool) {
        match self {
            Self::One { decoder, .. } => {
                for (name, value) in decoder.trailers() {
                    each(name, value);
                }
            }
            Self::Two(stream) => stream.with_trailers(|trailers| {
                for (name, value) in trailers.into_iter().flat_map(|all| all.fields()) {
                    each(name, value);
                }
            }),
        }
    }

    fn has_trailers(&self) -> bool {
        let mut has = false;
        self.trailers(|_, _| std::mem::replace(&mut has, true));
        has
    }
}

impl Sink<'_> {
    fn put(&mut self, data: &[u8]) {
        match self {
            Self::One { out, chunked: true, .. } if !data.is_empty() => {
                write_chunk_head(out, data.len());
                out.extend_from_slice(data);
                out.extend_from_slice(b"\r\n");
            }
            Self::One { out, .. } | Self::Two { out, .. } => out.extend_from_slice(data),
        }
    }

    /// Sends what is held.
    pub(crate) async fn flush(&mut self, stall: Millis) -> io::Result<()> {
        let sent = match self {
            Self::One { out, .. } | Self::Two { out, .. } if out.is_empty() => return Ok(()),
            Self::One { to, out, .. } => to.send(out, stall).await,
            Self::Two { to, out } => to.send(out, false, stall).await.map_err(broken),
        };
        self.out().clear();
        sent
    }

    /// Sends what is held and ends the message, with the trailers of `source`.
    pub(crate) async fn finish(&mut self, source: &Source<'_>, stall: Millis) -> io::Result<()> {
        let sent = match self {
            Self::One { to, out, chunked } => {
                if *chunked {
                    out.extend_from_slice(b"0\r\n");
                    source.trailers(|name, value| write_field(out, name, value));
                    out.extend_from_slice(b"\r\n");
                }
                if out.is_empty() { Ok(()) } else { to.send(out, stall).await }
            }
            Self::Two { to, out } if source.has_trailers() => {
                let sent = if out.is_empty() { Ok(()) } else { to.send(out, false, stall).await };
                let ended = sent.and_then(|()| {
                    to.trailers(|block| source.trailers(|name, value| block.field(name, value)))
                });
                ended.map_err(broken)
            }
            Self::Two { to, out } => to.send(out, true, stall).await.map_err(broken),
        };
        self.out().clear();
        sent
    }

    /// What is held and not sent yet.
    pub(crate) fn held(&self) -> &[u8] {
        match self {
            Self::One { out, .. } | Self::Two { out, .. } => out,
        }
    }

    /// Forgets what is held behind the first `count` bytes.
    pub(crate) fn cut(&mut self, count: usize) {
        self.out().truncate(count);
    }

    /// Says that nothing more comes, where nothing is framed.
    pub(crate) async fn end(&mut self, stall: Millis) -> io::Result<()> {
        match self {
            Self::One { to, .. } => to.finish(stall).await,
            Self::Two { to, .. } => to.send(&[], true, stall).await.map_err(broken),
        }
    }

    /// What is held, to add bytes of our own where nothing is framed.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        match self {
            Self::One { out, .. } | Self::Two { out, .. } => out,
        }
    }
}

/// A broken stream in the words of broken connections.
pub(crate) fn broken(error: StreamError) -> io::Error {
    let kind = match error {
        StreamError::TimedOut => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::ConnectionReset,
    };
    io::Error::new(kind, error)
}
