//! One instance of a service: a door that said where it listens.

use std::net::SocketAddr;

use model::{ServiceName, Timestamp};

/// What a door says when it connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The instance's own name, unique in the mesh.
    pub name: String,
    /// The service it belongs to. That it may is proved before.
    pub service: ServiceName,
    /// Where it listens for other doors.
    pub address: SocketAddr,
}

/// An instance as the registry knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its own name, unique in the mesh.
    pub name: String,
    /// The service it belongs to.
    pub service: ServiceName,
    /// Where it listens for other doors.
    pub address: SocketAddr,
    /// Whether it is connected.
    pub presence: Presence,
}

/// Whether an instance is connected to the control plane. One that is not may
/// well go on serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Its stream is open.
    Here(Session),
    /// Its stream ended, or was never seen since a restart.
    Away {
        /// Since when.
        since: Timestamp,
    },
}

impl Instance {
    /// Whether its stream is open.
    #[must_use]
    pub const fn is_here(&self) -> bool {
        matches!(self.presence, Presence::Here(_))
    }
}

/// One stream of one instance. The end of an old stream, heard late, doesn't
/// end a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session(pub(crate) u64);
