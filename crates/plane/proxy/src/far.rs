//! The far end of an exchange: an HTTP/1 connection that is its own for as
//! long as it lasts, or an HTTP/2 connection that many share.

use std::cell::RefCell;

use net::http2::Mux;
use tokio::time::Instant;

use crate::buffer::Buffer;
use crate::stream::Stream;

/// The process-wide number of an (upstream, address) pair.
pub(crate) type Slot = u32;

/// A way to the other side.
pub(crate) enum Far {
    One(Link),
    Two {
        mux: Mux,
        /// It carried a stream before.
        used: bool,
    },
}

/// A connection to an upstream, with what it has sent and nobody read.
pub(crate) struct Link {
    pub(crate) stream: RefCell<Stream>,
    pub(crate) input: Buffer,
    /// It carried a request before.
    pub(crate) used: bool,
    pub(crate) opened: Instant,
}

impl Link {
    pub(crate) fn fresh(stream: Stream) -> Self {
        let stream = RefCell::new(stream);
        Self { stream, input: Buffer::default(), used: false, opened: Instant::now() }
    }
}

impl Far {
    /// Whether it carried a request before: the other side may have closed it
    /// just as this one came.
    pub(crate) const fn is_used(&self) -> bool {
        match self {
            Self::One(link) => link.used,
            Self::Two { used, .. } => *used,
        }
    }
}
