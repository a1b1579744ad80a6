//! Step two: who is there. Between doors the TLS handshake proves it; at the
//! edge nobody is known; on the own side it is the own app. Every connection
//! is listed in the register before anything else happens to it.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use config::Protocol;
use identity::{Peer, PeerRefused};
use model::Principal;
use net::accept::Slot;
use net::tls::{HandshakeError, TlsStream};
use tokio::net::TcpStream;

use crate::arrival::Arrival;
use crate::buffer::Buffer;
use crate::connection::{Caller, Connection};
use crate::core::Core;
use crate::door::Door;
use crate::entry::Entry;
use crate::register::Listed;
use crate::stream::Stream;
use crate::world::World;

/// A connection whose other end is known.
pub(crate) struct Identified {
    pub(crate) core: Rc<Core>,
    pub(crate) door: Arc<Door>,
    pub(crate) entry: Arc<Entry>,
    pub(crate) listed: Rc<Listed>,
    pub(crate) from: SocketAddr,
    pub(crate) caller: Caller,
    pub(crate) sni: Option<String>,
    pub(crate) inbound_port: Option<u16>,
    pub(crate) stream: Stream,
    /// The place under the listener's cap.
    pub(crate) place: Slot,
}

/// Finds out who is there and what is spoken.
pub(crate) async fn identify(
    core: Rc<Core>,
    arrival: Arrival,
    listed: Rc<Listed>,
) -> Result<(Identified, Protocol), Refused> {
    let Arrival { accepted, door, entry } = arrival;
    let stream = TcpStream::from_std(accepted.stream);
    let stream = stream.map_err(|error| Refused::Handshake(HandshakeError::Io(error)))?;
    let (from, place) = (accepted.peer, accepted.slot);
    let world = door.world();
    let known = match &*entry {
        Entry::Inbound => mutual(&door, &world, stream).await,
        Entry::Edge { listener } => at_the_edge(&door, &world, listener, stream, from).await,
        Entry::Outbound { service, port } => {
            let at = world.outbound(service, *port);
            let outbound = at.and_then(|at| world.snapshot.outbound.get(at));
            let gone = || Refused::ServiceGone(service.to_string());
            Ok(Known::own_app(&door, stream, outbound.ok_or_else(gone)?.protocol))
        }
        Entry::HttpProxy => Ok(Known::own_app(&door, stream, Protocol::Http)),
    };
    let Known { stream, caller, sni, inbound_port, protocol } = known?;
    let identified =
        Identified { core, door, entry, listed, from, caller, sni, inbound_port, stream, place };
    Ok((identified, protocol))
}

/// What was found out about a connection.
struct Known {
    stream: Stream,
    caller: Caller,
    sni: Option<String>,
    inbound_port: Option<u16>,
    protocol: Protocol,
}

impl Known {
    fn own_app(door: &Door, stream: TcpStream, protocol: Protocol) -> Self {
        let principal = Principal::Workload(door.spec.id.clone());
        Self {
            stream: Stream::Plain(stream),
            caller: Caller { principal, fields: Vec::new() },
            sni: None,
            inbound_port: None,
            protocol,
        }
    }
}

/// Why a connection ended before anything was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("{0}")]
    Handshake(HandshakeError),
    #[error("the server name `{0}` names no port of this service")]
    ServerName(String),
    #[error("no server name (SNI), and the service has several ports")]
    NoServerName,
    #[error("`{0}` is gone or may no longer be called")]
    ServiceGone(String),
    #[error("the protocol `{0}` is not what this port speaks")]
    Protocol(String),
}

async fn mutual(door: &Door, world: &World, stream: TcpStream) -> Result<Known, Refused> {
    let within = world.snapshot.limits.handshake_time;
    let tls = door.inbound_tls.accept(stream, within).await.map_err(Refused::Handshake)?;
    let inbound = inbound_port(world, tls.sni())?;
    let agreed = tls.alpn().map(|alpn| String::from_utf8_lossy(alpn).into_owned());
    // Who offers no protocol takes the port's own: programs with a SPIFFE
    // library but no notion of ours call HTTP ports like this.
    if let Some(agreed) = agreed.filter(|agreed| agreed != inbound.protocol.alpn()) {
        return Err(Refused::Protocol(agreed));
    }
    let (port, protocol) = (inbound.port, inbound.protocol);
    let sni = tls.sni().map(str::to_owned);
    let peer = tls
        .peer()
        .ok_or(Refused::Handshake(HandshakeError::Refused(PeerRefused::NoCertificate)))?;
    let caller = caller(door, peer);
    let stream = Stream::Tls(Box::new(tls));
    Ok(Known { stream, caller, sni, inbound_port: Some(port), protocol })
}

/// Which port is meant: by the server name, or the only one there is.
fn inbound_port<'a>(world: &'a World, sni: Option<&str>) -> Result<&'a config::Inbound, Refused> {
    let snapshot = &world.snapshot;
    let Some(sni) = sni else {
        return match snapshot.inbound.as_slice() {
            [only] => Ok(only),
            _ => Err(Refused::NoServerName),
        };
    };
    let unknown = || Refused::ServerName(sni.to_owned());
    let (port, service) = wire::sni::parse(sni, &snapshot.mesh).ok_or_else(unknown)?;
    if service != snapshot.door {
        return Err(unknown());
    }
    snapshot.inbound.iter().find(|inbound| inbound.port == port).ok_or_else(unknown)
}

fn caller(door: &Door, peer: &Peer) -> Caller {
    let cert = wire::forwarded_cert::render(&door.spec.id, &peer.id, &peer.leaf_sha256);
    let fields = vec![
        (wire::header::POSTERN_CALLER, peer.id.to_string()),
        (wire::header::FORWARDED_CLIENT_CERT, cert),
    ];
    Caller { principal: Principal::Workload(peer.id.clone()), fields }
}

async fn at_the_edge(
    door: &Door,
    world: &World,
    listener: &str,
    stream: TcpStream,
    from: SocketAddr,
) -> Result<Known, Refused> {
    let missing = || HandshakeError::Own("the listener has no certificate".to_owned());
    let tls = door.edge_tls(listener).ok_or_else(missing).map_err(Refused::Handshake)?;
    let within = world.snapshot.limits.handshake_time;
    let tls: TlsStream<TcpStream> = tls.accept(stream, within).await.map_err(Refused::Handshake)?;
    let fields = vec![
        ("x-forwarded-for", from.ip().to_canonical().to_string()),
        ("x-forwarded-proto", "https".to_owned()),
    ];
    Ok(Known {
        sni: tls.sni().map(str::to_owned),
        stream: Stream::Tls(Box::new(tls)),
        caller: Caller { principal: Principal::Anonymous, fields },
        inbound_port: None,
        protocol: Protocol::Http,
    })
}

impl Connection {
    /// An HTTP connection, ready for its first request.
    pub(crate) fn of(identified: Identified) -> Self {
        let Identified {
            core,
            door,
            entry,
            listed,
            from,
            caller,
            sni,
            inbound_port,
            stream,
            place,
        } = identified;
        Self {
            core,
            door,
            entry,
            listed,
            from,
            caller,
            sni,
            inbound_port,
            _place: place,
            stream: RefCell::new(stream),
            input: Buffer::default(),
            request: Default::default(),
            answer: Default::default(),
            path: String::new(),
            host: String::new(),
            target: String::new(),
            request_out: Vec::new(),
            response_out: Vec::new(),
            trace: None,
            narrowed: None,
            meters: Default::default(),
            is_broken: false,
            story: Default::default(),
        }
    }
}
