//! The one world every answer is made from: who is entitled to what, what is
//! held, whom to trust. Made anew by the steward on each change, never altered.

use std::collections::BTreeMap;
use std::sync::Arc;

use identity::{Bundle, Entry};
use model::SpiffeId;
use tokio::sync::watch;

use crate::keyring::Standing;
use crate::pins::Pins;
use crate::svid::Svid;

#[derive(Debug)]
pub(crate) struct View {
    pub entries: Vec<Entry>,
    pub pins: Pins,
    pub bundle: Arc<Bundle>,
    pub standing: BTreeMap<SpiffeId, Standing<Svid>>,
}

/// `None` until the authority has spoken for the first time.
pub(crate) type Views = watch::Receiver<Option<Arc<View>>>;
