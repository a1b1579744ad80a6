//! What a door runs on: the documents of its slice compiled to tables. One
//! snapshot is one world; it never changes, a new one takes its place.

use std::net::SocketAddr;
use std::path::PathBuf;

use model::{Generation, Limits, ServiceName, SpiffeId, TrustDomain};

use crate::host_pattern::HostPattern;
use crate::routes::Routes;

/// Everything one door knows, as of one generation.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The generation of the documents it was compiled from.
    pub generation: Generation,
    /// The trust domain of the mesh.
    pub mesh: TrustDomain,
    /// The service or gateway this door stands before.
    pub door: ServiceName,
    /// The identities the door may hold; callees know it by these.
    pub identities: Vec<SpiffeId>,
    /// The limits it keeps.
    pub limits: Limits,
    /// What it lets in, one entry for each port of its service.
    pub inbound: Vec<Inbound>,
    /// Where it may go, one entry for each port of each callee.
    pub outbound: Vec<Outbound>,
    /// The edge listeners, when the door is a gateway.
    pub edges: Vec<Edge>,
}

/// How a port is spoken to: what the app behind it speaks. Between doors the
/// HTTP kinds are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// The app speaks HTTP/1.1; rules may name methods and paths.
    Http,
    /// The app speaks HTTP/2 without TLS and knows it beforehand (h2c, RFC
    /// 9113 section 3.3); rules as for `Http`.
    Http2,
    /// The app speaks gRPC: `Http2` on the wire.
    Grpc,
    /// Bytes; rules may only allow or deny the connection.
    Tcp,
}

impl Protocol {
    /// All of them, in the order documents list them.
    pub const ALL: [Self; 4] = [Self::Http, Self::Http2, Self::Grpc, Self::Tcp];

    /// The word for it in documents and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Http2 => "http2",
            Self::Grpc => "grpc",
            Self::Tcp => "tcp",
        }
    }

    /// Whether its requests can be seen, routed and judged one by one.
    #[must_use]
    pub const fn is_http(self) -> bool {
        !matches!(self, Self::Tcp)
    }

    /// Whether the app itself is spoken to in HTTP/2.
    #[must_use]
    pub const fn app_is_http2(self) -> bool {
        matches!(self, Self::Http2 | Self::Grpc)
    }
}

/// A port of the own service.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// The service port, as the SNI name says it.
    pub port: u16,
    /// What is spoken on it.
    pub protocol: Protocol,
    /// Where the app listens.
    pub app: SocketAddr,
    /// Whether `%2F` in a path is a part of its segment; else it is refused.
    pub keep_escaped_slashes: bool,
    /// Who may do what.
    pub policy: policy::Compiled,
}

/// A port of a service this door may call.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// The callee.
    pub service: ServiceName,
    /// Its service port.
    pub port: u16,
    /// What is spoken on it.
    pub protocol: Protocol,
    /// Whether its door keeps `%2F` in paths; else it is refused here already.
    pub keep_escaped_slashes: bool,
    /// The server name to ask for in the TLS handshake.
    pub sni: String,
    /// The identities that may serve it; anyone else is refused.
    pub servers: Vec<SpiffeId>,
    /// Where its doors are right now.
    pub endpoints: Vec<Endpoint>,
    /// The callee's rules, cut to those that speak of this caller.
    pub policy: policy::Compiled,
    /// The names it answers to, lower-case and without port.
    pub hosts: Vec<String>,
}

/// One door of a callee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The instance's own name, unique in the mesh.
    pub instance: String,
    /// Where its door listens for other doors.
    pub address: SocketAddr,
}

/// A listener at the edge of the mesh.
#[derive(Clone, Debug)]
pub struct Edge {
    /// `gateway/listener`, for logs.
    pub listener: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// Hosts it answers for; `None` is every host.
    pub hostname: Option<HostPattern>,
    /// What it shows to clients.
    pub certificate: EdgeCertificate,
    /// Who may do what; clients are anonymous.
    pub policy: policy::Compiled,
    /// Where requests go.
    pub routes: Routes,
}

/// The certificate of an edge listener.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EdgeCertificate {
    /// Made by the door itself, for trying things out: clients can't verify it.
    SelfSigned {
        /// DNS names and IP addresses it is for.
        names: Vec<String>,
    },
    /// Read by the door from its own machine, PEM.
    Files {
        /// The certificate chain, leaf first.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
    },
}
