//! The four places at which a stranger's bytes can knock, and an open
//! connection at one of them.

use std::net::SocketAddr;

use crate::caller::{Caller, Conversation, dial_plain};

/// Where bytes knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Another workload's, over mTLS, at the callee's door.
    Inbound,
    /// The own app's, at the loopback address of the callee.
    Outbound,
    /// The own app's, at the explicit proxy.
    Proxy,
    /// Anybody's, over TLS, at the gateway.
    Edge,
}

impl Place {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Inbound, Self::Outbound, Self::Proxy, Self::Edge];

    /// The role in access lines.
    pub const fn role(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound | Self::Proxy => "outbound",
            Self::Edge => "gateway",
        }
    }
}

/// An open connection at a place.
pub struct Guest {
    pub talk: Box<dyn Conversation>,
    /// How access lines call it.
    pub from: SocketAddr,
}

impl Guest {
    pub(crate) fn plain(to: SocketAddr) -> Self {
        let talk = dial_plain(to);
        Self { from: talk.local_addr().unwrap(), talk: Box::new(talk) }
    }

    pub(crate) fn over_tls(caller: &Caller, to: SocketAddr) -> Self {
        let talk = caller.dial(to);
        Self { from: talk.sock.local_addr().unwrap(), talk: Box::new(talk) }
    }
}
