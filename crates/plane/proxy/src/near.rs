//! The caller's end of an exchange: a whole HTTP/1 connection for as long as
//! the exchange lasts, or one stream of an HTTP/2 connection.

use std::cell::RefCell;
use std::future::pending;
use std::io;
use std::time::Duration;

use model::Millis;
use net::http2::{self, StreamError};

use crate::buffer::Buffer;
use crate::fault::Fault;
use crate::half::Half;
use crate::stream::Stream;

/// Where a request comes from and its answer goes.
pub(crate) enum Near<'a> {
    One { stream: &'a RefCell<Stream>, input: &'a mut Buffer },
    Two(&'a http2::Stream),
}

/// A caller that does not take a refusal in so long is gone.
const SAY_TIME: Millis = Millis::from_secs(10);
/// A caller that ended its side and still waits is gone after this: some
/// programs end their side when they have asked.
const HALF_CLOSED_TIME: Duration = Duration::from_secs(2);

impl<'a> Near<'a> {
    /// The stream of HTTP/2.
    pub(crate) const fn stream(&self) -> Option<&'a http2::Stream> {
        match self {
            Self::One { .. } => None,
            Self::Two(stream) => Some(stream),
        }
    }
}

/// Ends when the caller has reset its stream, or its connection is lost.
pub(crate) async fn lost(stream: Option<&http2::Stream>) -> Fault {
    match stream {
        Some(stream) => match stream.lost().await {
            StreamError::Reset { code, by_peer: false } => Fault::MalformedStream(code),
            _ => Fault::CallerGone,
        },
        None => pending().await,
    }
}

/// Sends bytes of our own making to an HTTP/1 caller.
pub(crate) async fn say(stream: &RefCell<Stream>, bytes: &[u8]) -> io::Result<()> {
    Half::new(stream).send(bytes, SAY_TIME).await
}

/// Ends when an HTTP/1 caller that is only waiting has gone away. What it
/// sends meanwhile is its next request and stays in `input`, up to `cap`.
pub(crate) async fn gone(from: Half<'_, Stream>, input: &mut Buffer, cap: usize) {
    let mut from = from;
    loop {
        match input.fill(&mut from, cap).await {
            Ok(1..) => {}
            Ok(0) => return tokio::time::sleep(HALF_CLOSED_TIME).await,
            // No room: it is there, and has more to say than we keep.
            Err(error) if error.kind() == io::ErrorKind::OutOfMemory => return pending().await,
            Err(_) => return,
        }
    }
}
