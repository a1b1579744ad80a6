//! What whoever starts the control plane has to say.

use std::path::PathBuf;
use std::sync::Arc;

use model::TrustDomain;

/// What the control plane needs to know.
pub struct ControlConfig {
    /// Where its state is; the directory exists, its owner's alone.
    pub state: PathBuf,
    /// Where its sockets go; the directory exists, its owner's alone.
    pub runtime: PathBuf,
    /// The trust domain of a new state, `mesh` when `None`. A state that is
    /// there already has to be of it.
    pub trust_domain: Option<TrustDomain>,
    /// Answers `GET /metrics`.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}
