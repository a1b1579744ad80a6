//! Step five: a permit becomes a way to one instance: an idle connection from
//! the pool, a stream of a shared one, else a new one, tried at a second
//! instance when the first can't be reached.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use model::{Limits, Millis};
use net::http2;
use policy::Permit;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use wire::http1::{RequestHead, Version};

use crate::balancing::Load;
use crate::core::Core;
use crate::far::{Far, Link, Slot};
use crate::fault::Fault;
use crate::routed::{Routed, Upstream};
use crate::shared_links::Dial;
use crate::stream::Stream;
use crate::websocket;
use crate::world::{Instance, Service, World};

/// A way to the instance an exchange goes to.
pub(crate) struct Chosen {
    pub(crate) slot: Slot,
    pub(crate) far: Far,
    /// It leads to the own app, not to another door.
    pub(crate) is_app: bool,
    /// Counts the exchange against the instance until it is over.
    pub(crate) _load: Option<Load>,
}

/// What is spoken on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Bytes, or one HTTP/1 message after the other.
    One,
    /// HTTP/2.
    Two,
}

/// How a way is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) wire: Wire,
    /// Not one that was used before.
    pub(crate) fresh: bool,
    /// It can be sent again where a connection turns out to be closed.
    pub(crate) repeatable: bool,
}

/// An app may close an idle connection at any moment, many do after two to
/// five seconds. What can't be sent again takes one that was used just now, or
/// a new one: on this host it costs next to nothing.
const APP_IDLE: Millis = Millis::from_secs(1);

/// The version a request goes on in: an app's own, and between doors the one
/// it came in, which was measured to cost least (docs/decisions/0014). A
/// WebSocket takes a connection of its own either way.
pub(crate) fn wire(request: &RequestHead, world: &World, routed: Routed) -> Wire {
    match routed.upstream {
        Upstream::App(at) => match world.snapshot.inbound.get(at) {
            Some(inbound) if inbound.protocol.app_is_http2() => Wire::Two,
            _ => Wire::One,
        },
        Upstream::Service(_) if websocket::is_asked(request) => Wire::One,
        Upstream::Service(_) if request.version() == Version::Http2 => Wire::Two,
        Upstream::Service(_) => Wire::One,
    }
}

/// Finds or makes a way for what the permit allows.
pub(crate) async fn choose(
    core: &Rc<Core>,
    world: &World,
    permit: Permit<Upstream>,
    ask: Ask,
) -> Result<Chosen, Fault> {
    match permit.into_target() {
        Upstream::App(at) => app(core, world, at, ask).await,
        Upstream::Service(at) => {
            let service = world.services.get(at);
            let service = service.ok_or_else(|| Fault::NoEndpoint("that service".into()))?;
            instance(core, world, service, ask).await
        }
    }
}

async fn app(core: &Rc<Core>, world: &World, at: usize, ask: Ask) -> Result<Chosen, Fault> {
    let app = world.apps.get(at).ok_or_else(|| Fault::NoEndpoint("this port".into()))?;
    let limits = &world.snapshot.limits;
    let dial = async || {
        let deadline = Instant::now() + limits.connect_time.into();
        Ok(Stream::Plain(dial(app.address, deadline, limits.connect_time).await?))
    };
    let idle = limits.pool_idle_time;
    let idle = if ask.repeatable { idle } else { idle.min(APP_IDLE) };
    let far = way(core, limits, (app.slot, idle), ask, dial).await?;
    Ok(Chosen { slot: app.slot, far, is_app: true, _load: None })
}

async fn instance(
    core: &Rc<Core>,
    world: &World,
    service: &Service,
    ask: Ask,
) -> Result<Chosen, Fault> {
    let mut failed = None;
    for _ in 0..2 {
        let Some((at, load)) = core.pick(service) else { break };
        let Some(instance) = service.instances.get(at) else { break };
        let fresh = ask.fresh || !service.pooled;
        let dial = || reach(&world.snapshot.limits, service, instance, ask.wire);
        let ask = Ask { fresh, ..ask };
        let limits = &world.snapshot.limits;
        match way(core, limits, (instance.slot, limits.pool_idle_time), ask, dial).await {
            Ok(far) => {
                load.succeeded(core.now());
                return Ok(Chosen { slot: instance.slot, far, is_app: false, _load: Some(load) });
            }
            Err(fault) => {
                load.failed(core.now());
                core.pool.empty(instance.slot);
                failed = Some(fault);
            }
        }
    }
    Err(failed.unwrap_or_else(|| Fault::NoEndpoint(service.name.clone())))
}

/// A way from the pool, or one that is dialled.
async fn way(
    core: &Rc<Core>,
    limits: &Limits,
    (slot, idle): (Slot, Millis),
    ask: Ask,
    dial: impl AsyncFnOnce() -> Result<Stream, Fault>,
) -> Result<Far, Fault> {
    match ask.wire {
        Wire::One => {
            let pooled = if ask.fresh { None } else { core.take(slot, idle).await };
            Ok(Far::One(match pooled {
                Some(link) => link,
                None => Link::fresh(dial().await?),
            }))
        }
        Wire::Two => shared(core, limits, slot, dial).await,
    }
}

/// A shared connection with room for one more stream. Who comes while another
/// dials waits for what comes of it.
async fn shared(
    core: &Rc<Core>,
    limits: &Limits,
    slot: Slot,
    dial: impl AsyncFnOnce() -> Result<Stream, Fault>,
) -> Result<Far, Fault> {
    loop {
        if let Some(mux) = core.pool.shared.take(slot) {
            return Ok(Far::Two { mux, used: true });
        }
        match core.pool.shared.dial(slot) {
            Dial::Mine(turn) => {
                let stream = match dial().await {
                    Ok(stream) => stream,
                    Err(fault) => {
                        turn.failed(&fault.to_string());
                        return Err(fault);
                    }
                };
                let (mux, driver) = http2::client(stream, limits);
                tokio::task::spawn_local(driver);
                turn.succeeded(mux.clone());
                return Ok(Far::Two { mux, used: false });
            }
            Dial::Others(waiting) => {
                if let Some(error) = waiting.wait().await {
                    return Err(Fault::Connect { to: "it".into(), error: io::Error::other(error) });
                }
            }
        }
    }
}

async fn reach(
    limits: &Limits,
    service: &Service,
    instance: &Instance,
    wire: Wire,
) -> Result<Stream, Fault> {
    let deadline = Instant::now() + limits.connect_time.into();
    let stream = dial(instance.address, deadline, limits.connect_time).await?;
    let connector = match wire {
        Wire::One => &service.connector,
        Wire::Two => &service.connector_http2,
    };
    let shaken = connector.connect(stream, &service.sni, limits.connect_time);
    let failed = |error| Fault::Handshake { to: instance.address.to_string(), error };
    Ok(Stream::Tls(Box::new(shaken.await.map_err(failed)?)))
}

async fn dial(to: SocketAddr, deadline: Instant, limit: Millis) -> Result<TcpStream, Fault> {
    let failed = |error| Fault::Connect { to: to.to_string(), error };
    match timeout_at(deadline, TcpStream::connect(to)).await {
        Ok(Ok(stream)) => {
            stream.set_nodelay(true).map_err(failed)?;
            Ok(stream)
        }
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(Fault::ConnectTimeout { to: to.to_string(), limit }),
    }
}
