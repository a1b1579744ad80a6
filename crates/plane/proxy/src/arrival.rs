//! A connection on its way from a listener to a core.

use std::sync::Arc;

use net::accept::Accepted;

use crate::door::Door;
use crate::entry::Entry;

/// A connection on its way to a core.
pub(crate) struct Arrival {
    pub(crate) accepted: Accepted,
    pub(crate) door: Arc<Door>,
    pub(crate) entry: Arc<Entry>,
}
