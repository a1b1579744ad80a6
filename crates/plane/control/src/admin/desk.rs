//! What the admin API has at hand.

use std::path::PathBuf;
use std::sync::Arc;

use model::Timestamp;
use store::Ring;

use crate::attachments::Attachments;
use crate::ca::Authority;
use crate::documents::Documents;
use crate::fleet::Fleet;

/// Everything a request may need.
pub(crate) struct Desk {
    pub(crate) documents: Arc<Documents>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) attachments: Arc<Attachments>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) decisions: Ring,
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) started: Timestamp,
    pub(crate) state: PathBuf,
    pub(crate) runtime: PathBuf,
}
