//! What `up` and `run` share: doors in this process, the processes behind
//! them, and the environment that leads from one to the other.

pub(crate) mod attach;
pub(crate) mod child;
pub(crate) mod environment;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod nursery;
pub(crate) mod opening;
