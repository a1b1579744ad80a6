//! What every session of a door stands on.

use std::sync::Arc;

use net::{Credentials, Swap};
use tokio::sync::watch;

use crate::ca::Authority;
use crate::clock::LeaseClock;
use crate::documents::Documents;
use crate::event::Events;
use crate::fleet::Fleet;

/// What every session stands on.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) documents: Arc<Documents>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) authority: Arc<Authority>,
    /// The server's own identity; a new one sets new seals.
    pub(crate) credentials: Arc<Swap<Option<Credentials>>>,
    pub(crate) clock: Arc<LeaseClock>,
    pub(crate) events: Events,
    /// Held by every stream: what stops us waits until all are gone.
    pub(crate) life: watch::Receiver<bool>,
}
