//! Through which kind of listener something came in.

use model::ServiceName;

/// The three roles a door plays, with what each knows from its listener.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Entry {
    /// Another door, over mTLS.
    Inbound,
    /// The own app, at the loopback address of a service.
    Outbound { service: ServiceName, port: u16 },
    /// The own app, at the explicit proxy.
    HttpProxy,
    /// Anybody, over TLS, at a gateway.
    Edge { listener: String },
}

impl Entry {
    /// The word for it in logs, metrics and decisions.
    pub(crate) const fn role(&self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound { .. } | Self::HttpProxy => "outbound",
            Self::Edge { .. } => "gateway",
        }
    }
}
