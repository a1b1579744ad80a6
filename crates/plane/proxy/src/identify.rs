//! Step two: who is there. Between doors the TLS handshake proves it; at the
//! edge nobody is known; on the own side it is the own app. Every connection
//! is listed in the register before anything else happens to it.

use std::net::SocketAddr;
use std::rc::Rc;

use config::Protocol;
use identity::{Peer, PeerRefused};
use model::Principal;
use net::tls::{HandshakeError, TlsStream};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::arrival::Arrival;
use crate::caller::Caller;
use crate::core::Core;
use crate::door::Door;
use crate::entry::Entry;
use crate::register::Listed;
use crate::session::Session;
use crate::shown::Shown;
use crate::spoken::Spoken;
use crate::stream::Stream;
use crate::world::World;

/// A connection whose other end is known, with its bytes.
pub(crate) struct Identified {
    pub(crate) session: Session,
    pub(crate) stream: Stream,
    /// What is spoken on it.
    pub(crate) spoken: Spoken,
}

/// Finds out who is there and what is spoken.
pub(crate) async fn identify(
    core: Rc<Core>,
    arrival: Arrival,
    listed: Rc<Listed>,
) -> Result<Identified, Refused> {
    let Arrival { accepted, door, entry } = arrival;
    let stream = TcpStream::from_std(accepted.stream);
    let stream = stream.map_err(|error| Refused::Handshake(HandshakeError::Io(error)))?;
    let (from, place) = (accepted.peer, accepted.slot);
    let world = door.world();
    let known = match &*entry {
        Entry::Inbound => mutual(&door, &world, stream, &listed).await,
        Entry::Edge { listener } => at_the_edge(&door, &world, listener, stream, from).await,
        Entry::Outbound { service, port } => {
            let at = world.outbound(service, *port);
            let outbound = at.and_then(|at| world.snapshot.outbound.get(at));
            let gone = || Refused::ServiceGone(service.to_string());
            Ok(Known::own_app(&door, stream, Spoken::on(outbound.ok_or_else(gone)?.protocol)))
        }
        Entry::HttpProxy => Ok(Known::own_app(&door, stream, Spoken::Http)),
    };
    let Known { stream, caller, sni, inbound_port, spoken } = known?;
    let session = Session {
        core,
        door,
        entry,
        listed,
        from,
        caller: Rc::new(caller),
        sni,
        inbound_port,
        narrowed: Default::default(),
        meters: Default::default(),
        opened: Instant::now(),
        _place: place,
    };
    Ok(Identified { session, stream, spoken })
}

/// What was found out about a connection.
struct Known {
    stream: Stream,
    caller: Caller,
    sni: Option<String>,
    inbound_port: Option<u16>,
    spoken: Spoken,
}

impl Known {
    fn own_app(door: &Door, stream: TcpStream, spoken: Spoken) -> Self {
        let principal = Principal::Workload(door.spec.id.clone());
        Self {
            stream: Stream::Plain(stream),
            caller: Caller { principal, fields: Vec::new() },
            sni: None,
            inbound_port: None,
            spoken,
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

async fn mutual(
    door: &Door,
    world: &World,
    stream: TcpStream,
    listed: &Listed,
) -> Result<Known, Refused> {
    let within = world.snapshot.limits.handshake_time;
    let tls = door.inbound_tls.accept(stream, within).await.map_err(Refused::Handshake)?;
    let inbound = inbound_port(world, tls.sni())?;
    let spoken = Spoken::agreed(tls.alpn(), inbound.protocol).map_err(Refused::Protocol)?;
    let port = inbound.port;
    let sni = tls.sni().map(str::to_owned);
    let peer = tls
        .peer()
        .ok_or(Refused::Handshake(HandshakeError::Refused(PeerRefused::NoCertificate)))?;
    let caller = caller(door, peer);
    let chain = tls.peer_chain().map(<[u8]>::to_vec).collect();
    listed.shows(Shown { chain, not_after: peer.not_after });
    let stream = Stream::Tls(Box::new(tls));
    Ok(Known { stream, caller, sni, inbound_port: Some(port), spoken })
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
    let spoken = Spoken::agreed(tls.alpn(), Protocol::Http).map_err(Refused::Protocol)?;
    Ok(Known {
        sni: tls.sni().map(str::to_owned),
        stream: Stream::Tls(Box::new(tls)),
        caller: Caller { principal: Principal::Anonymous, fields },
        inbound_port: None,
        spoken,
    })
}
