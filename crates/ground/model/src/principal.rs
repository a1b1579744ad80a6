//! Who is asking.

use std::fmt;

use crate::spiffe::SpiffeId;

/// The caller of an exchange as proved on its connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Principal {
    /// Nobody proved who they are: a client at the edge.
    Anonymous,
    /// A workload that proved its SPIFFE ID with a certificate.
    Workload(SpiffeId),
}

impl Principal {
    /// The SPIFFE ID, when there is one.
    #[must_use]
    pub const fn spiffe_id(&self) -> Option<&SpiffeId> {
        match self {
            Self::Anonymous => None,
            Self::Workload(id) => Some(id),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::Workload(id) => id.fmt(f),
        }
    }
}
