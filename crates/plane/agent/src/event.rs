//! What the agent tells its operator, one sentence each. It deliberately
//! writes no log: whoever started the agent decides where the lines go.

use std::fmt;

use identity::Alarm;
use model::SpiffeId;

/// Something an operator may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The authority answers (again).
    AuthorityFound,
    /// The authority is away; what is held goes on being served.
    AuthorityLost {
        /// Why, in plain words.
        reason: String,
    },
    /// An entry of the authority's can't be used and is left out.
    EntryRefused {
        /// The identity as the authority wrote it.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The authority's trust bundle can't be used; the last good one stays.
    BundleRefused {
        /// What is wrong with it.
        reason: String,
    },
    /// The trust bundle could not be written to its file.
    BundleNotWritten {
        /// What the system says.
        reason: String,
    },
    /// An identity has a new certificate.
    Issued {
        /// The identity.
        id: SpiffeId,
    },
    /// An identity got no certificate; it is tried again.
    NotIssued {
        /// The identity.
        id: SpiffeId,
        /// Why, in plain words.
        reason: String,
    },
    /// A renewal is late.
    Alarm {
        /// The identity.
        id: SpiffeId,
        /// How late.
        alarm: Alarm,
    },
    /// Somebody asked and got nothing.
    Refused {
        /// Process and user, as the kernel tells.
        who: String,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthorityFound => f.write_str("the authority answers"),
            Self::AuthorityLost { reason } => {
                write!(f, "the authority is away, identities held go on being served: {reason}")
            }
            Self::EntryRefused { id, reason } => write!(f, "entry {id:?} is left out: {reason}"),
            Self::BundleRefused { reason } => {
                write!(f, "the new trust bundle is refused, the last good one stays: {reason}")
            }
            Self::BundleNotWritten { reason } => {
                write!(f, "the trust bundle could not be written: {reason}")
            }
            Self::Issued { id } => write!(f, "{id} has a new certificate"),
            Self::NotIssued { id, reason } => write!(f, "{id} got no certificate: {reason}"),
            Self::Alarm { id, alarm } => write!(f, "{id}: {}", alarm.words()),
            Self::Refused { who, reason } => write!(f, "{who} got no identity: {reason}"),
        }
    }
}
