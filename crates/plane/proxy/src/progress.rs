//! How far an exchange has come, and when its request last moved. Counted as
//! it happens, so that an exchange that is cut knows how far it came.

use std::cell::Cell;

use tokio::time::Instant;

/// How far the exchange went and what is left usable.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The status passed to the caller, 0 before its head was sent.
    pub(crate) status: Cell<u16>,
    pub(crate) request_bytes: Cell<u64>,
    pub(crate) response_bytes: Cell<u64>,
    /// Both messages ended where they should: the next request may follow.
    pub(crate) caller_usable: Cell<bool>,
    pub(crate) upstream_usable: Cell<bool>,
    /// The other side said at least one byte.
    pub(crate) upstream_spoke: Cell<bool>,
}

impl Progress {
    /// So much more of the request went on.
    pub(crate) fn sent(&self, count: usize) {
        self.request_bytes.set(self.request_bytes.get().saturating_add(count as u64));
    }

    /// So much more of the answer came back.
    pub(crate) fn received(&self, count: usize) {
        self.response_bytes.set(self.response_bytes.get().saturating_add(count as u64));
    }
}

/// When the request last moved, for the other direction's patience.
pub(crate) struct Activity {
    pub(crate) last: Cell<Instant>,
    pub(crate) sending: Cell<bool>,
}
