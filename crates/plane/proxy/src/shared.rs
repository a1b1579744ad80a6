//! What all keepers of a process share.

use crate::cores::Cores;
use crate::settings::DoorsConfig;
use crate::workload::Workload;

/// What every keeper needs.
pub(crate) struct Shared {
    pub(crate) config: DoorsConfig,
    pub(crate) cores: Cores,
    pub(crate) workload: Workload,
}
