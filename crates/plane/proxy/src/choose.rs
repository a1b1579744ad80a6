//! Step five: a permit becomes a connection to one instance: an idle one from
//! the pool, else a new one, tried at a second instance when the first can't
//! be reached.

use std::net::SocketAddr;

use model::Millis;
use policy::Permit;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::balancing::Load;
use crate::core::Core;
use crate::fault::Fault;
use crate::pool::{Link, Slot};
use crate::routed::Upstream;
use crate::stream::Stream;
use crate::world::{Instance, Service, World};

/// A connection to the instance an exchange goes to.
pub(crate) struct Chosen {
    pub(crate) slot: Slot,
    pub(crate) link: Link,
    /// It leads to the own app, not to another door.
    pub(crate) is_app: bool,
    /// Counts the exchange against the instance until it is over.
    pub(crate) _load: Option<Load>,
}

/// Finds or makes a connection for what the permit allows. A `fresh` one is
/// not taken from the pool.
pub(crate) async fn choose(
    core: &Core,
    world: &World,
    permit: Permit<Upstream>,
    fresh: bool,
) -> Result<Chosen, Fault> {
    match permit.into_target() {
        Upstream::App(at) => app(core, world, at, fresh).await,
        Upstream::Service(at) => {
            let service = world.services.get(at);
            let service = service.ok_or_else(|| Fault::NoEndpoint("that service".into()))?;
            instance(core, world, service, fresh).await
        }
    }
}

async fn app(core: &Core, world: &World, at: usize, fresh: bool) -> Result<Chosen, Fault> {
    let app = world.apps.get(at).ok_or_else(|| Fault::NoEndpoint("this port".into()))?;
    let limits = &world.snapshot.limits;
    let pooled = if fresh { None } else { core.take(app.slot, limits).await };
    let link = match pooled {
        Some(link) => link,
        None => {
            let deadline = Instant::now() + limits.connect_time.into();
            Link::fresh(Stream::Plain(dial(app.address, deadline, limits.connect_time).await?))
        }
    };
    Ok(Chosen { slot: app.slot, link, is_app: true, _load: None })
}

async fn instance(
    core: &Core,
    world: &World,
    service: &Service,
    fresh: bool,
) -> Result<Chosen, Fault> {
    let mut failed = None;
    for _ in 0..2 {
        let Some((at, load)) = core.pick(service) else { break };
        let Some(instance) = service.instances.get(at) else { break };
        match reach(core, world, service, instance, fresh).await {
            Ok(link) => {
                load.succeeded(core.now());
                return Ok(Chosen { slot: instance.slot, link, is_app: false, _load: Some(load) });
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

async fn reach(
    core: &Core,
    world: &World,
    service: &Service,
    instance: &Instance,
    fresh: bool,
) -> Result<Link, Fault> {
    let limits = &world.snapshot.limits;
    if !fresh
        && service.pooled
        && let Some(link) = core.take(instance.slot, limits).await
    {
        return Ok(link);
    }
    let deadline = Instant::now() + limits.connect_time.into();
    let stream = dial(instance.address, deadline, limits.connect_time).await?;
    let shaken = service.connector.connect(stream, &service.sni, limits.connect_time);
    let failed = |error| Fault::Handshake { to: instance.address.to_string(), error };
    let stream = shaken.await.map_err(failed)?;
    Ok(Link::fresh(Stream::Tls(Box::new(stream))))
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
