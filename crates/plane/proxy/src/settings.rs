//! What the doors of a process are started with.

use std::path::PathBuf;
use std::sync::Arc;

/// What the doors of a process share.
#[derive(Clone)]
pub struct DoorsConfig {
    /// Threads that carry traffic; at least one.
    pub cores: usize,
    /// The Workload API socket.
    pub workload_api: PathBuf,
    /// The control plane's push socket.
    pub push: PathBuf,
    /// Where last-good states are kept, one file for each door.
    pub state: PathBuf,
    /// The trust bundle the agent pins, PEM.
    pub bundle: PathBuf,
    /// Where access records go.
    pub sink: Arc<telemetry::Sink>,
    /// Where meters are registered.
    pub meters: Arc<telemetry::Registry>,
}
