//! How far an exchange has come, and when its request last moved.

use std::cell::Cell;

use tokio::time::Instant;

/// How far the exchange went and what is left usable.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The status passed to the caller, 0 before its head was sent.
    pub(crate) status: u16,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    /// Both messages ended where they should: the next request may follow.
    pub(crate) caller_usable: bool,
    pub(crate) upstream_usable: bool,
    /// The other side said at least one byte.
    pub(crate) upstream_spoke: bool,
}

/// When the request last moved, for the other direction's patience.
pub(crate) struct Activity {
    pub(crate) last: Cell<Instant>,
    pub(crate) sending: Cell<bool>,
}
