//! Step three: which upstream a request is for. Where it came in says how:
//! by the port of the TLS server name, by the loopback address the app
//! dialled, by the name it gave the explicit proxy, by the routes of the edge.

use std::fmt::Write as _;
use std::rc::Rc;

use config::Outbound;
use wire::canonical::{self, CanonicalError, Form, HostPort};

use crate::entry::Entry;
use crate::errand::Errand;
use crate::fault::Fault;
use crate::right::Asked;
use crate::routed::{AtEdge, Routed, Upstream, name_of};
use crate::websocket;
use crate::world::World;

/// Finds the upstream and leaves the canonical path in what is asked.
pub(crate) fn route(ex: &mut Errand, world: &World) -> Result<Routed, Fault> {
    if ex.request.is_extended_connect() && !websocket::is_asked(&ex.request) {
        return Err(Fault::UnknownProtocol);
    }
    let asked = Rc::clone(&ex.asked);
    let mut asked = asked.borrow_mut();
    asked.method.push_str(ex.request.method());
    let raw = ex.request.target();
    let target = canonical::target(ex.request.method(), raw).map_err(Fault::Target)?;
    if target.form == Form::Authority {
        return Err(Fault::ConnectHere);
    }
    let path = canonical::path_keeping_slashes(target.path, &mut asked.path);
    let has_escaped_slash = path.map_err(Fault::Target)?;
    let query_from = target.query.map(|query| raw.len() - query.len());
    // That a target and Host agree is the parser's to see.
    let named = target.authority.or_else(|| ex.request.host());
    let authority = named.map(HostPort::read).transpose().map_err(Fault::Target)?;
    if let Some(authority) = &authority {
        authority.write_host(&mut ex.host);
    }
    let port = authority.and_then(|authority| authority.port());
    let (upstream, edge) = upstream(ex, &asked, world, port)?;
    speaks_http(world, upstream)?;
    if has_escaped_slash && !keeps_escaped_slashes(world, upstream, edge) {
        return Err(Fault::Target(CanonicalError::EscapedDelimiter));
    }
    finish_host(&mut ex.host, world, upstream, port);
    let routed = Routed { upstream, edge, query_from };
    asked.routed = Some(routed);
    Ok(routed)
}

/// A request never goes to a port that is declared as TCP, whatever the
/// connection was opened for.
fn speaks_http(world: &World, upstream: Upstream) -> Result<(), Fault> {
    let protocol = match upstream {
        Upstream::App(at) => world.snapshot.inbound.get(at).map(|inbound| inbound.protocol),
        Upstream::Service(at) => world.snapshot.outbound.get(at).map(|outbound| outbound.protocol),
    };
    if protocol.is_some_and(config::Protocol::is_http) { Ok(()) } else { Err(Fault::NoRoute) }
}

/// Whether `%2F` may stand in a path there: at a gateway the route says so, at
/// a door the port.
fn keeps_escaped_slashes(world: &World, upstream: Upstream, edge: Option<AtEdge>) -> bool {
    let snapshot = &world.snapshot;
    let kept = match (upstream, edge) {
        (_, Some(AtEdge { listener, route })) => {
            let route = snapshot.edges.get(listener).and_then(|edge| edge.routes.get(route));
            route.map(|route| route.keep_escaped_slashes)
        }
        (Upstream::App(at), None) => snapshot.inbound.get(at).map(|i| i.keep_escaped_slashes),
        (Upstream::Service(at), None) => {
            snapshot.outbound.get(at).map(|outbound| outbound.keep_escaped_slashes)
        }
    };
    kept == Some(true)
}

/// The `Host` that goes on: as asked for, in canonical form; an HTTP/1.0
/// request that names none asks for the service by its name.
fn finish_host(host: &mut String, world: &World, upstream: Upstream, port: Option<u16>) {
    if host.is_empty()
        && let Some((service, _)) = name_of(world, upstream)
    {
        host.push_str(service.name.as_str());
    }
    if let Some(port) = port {
        // Writing to a string can't fail.
        let _written = write!(host, ":{port}");
    }
}

fn upstream(
    ex: &Errand,
    asked: &Asked,
    world: &World,
    port: Option<u16>,
) -> Result<(Upstream, Option<AtEdge>), Fault> {
    match &*ex.session.entry {
        Entry::Inbound => {
            let at = ex.session.inbound_port.and_then(|port| world.inbound(port));
            let at = at.ok_or(Fault::Misdirected("this port".into()))?;
            Ok((Upstream::App(at), None))
        }
        Entry::Outbound { service, port } => {
            let at = world.outbound(service, *port);
            let at = at.ok_or_else(|| Fault::UnknownService(format!("{service}:{port}")))?;
            Ok((Upstream::Service(at), None))
        }
        Entry::HttpProxy => {
            let at = by_host(world, &ex.host, port, true)?;
            Ok((Upstream::Service(at), None))
        }
        Entry::Edge { listener } => at_the_edge(ex, asked, world, listener),
    }
}

fn at_the_edge(
    ex: &Errand,
    asked: &Asked,
    world: &World,
    listener: &str,
) -> Result<(Upstream, Option<AtEdge>), Fault> {
    let host = ex.host.as_str();
    let at = world.edge(listener).ok_or(Fault::NoRoute)?;
    let edge = world.snapshot.edges.get(at).ok_or(Fault::NoRoute)?;
    if edge.hostname.as_ref().is_some_and(|pattern| !pattern.matches(host)) {
        return Err(Fault::Misdirected(host.to_owned()));
    }
    if let Some(sni) = &ex.session.sni
        && !sni.eq_ignore_ascii_case(host)
        && world.another_listener_serves(at, host)
    {
        return Err(Fault::Misdirected(host.to_owned()));
    }
    let place = edge.routes.find_place(host, &asked.method, &asked.path);
    let place = place.ok_or(Fault::NoRoute)?;
    let route = edge.routes.get(place).ok_or(Fault::NoRoute)?;
    let dice = ex.session.core.roll();
    let backend = weighted(&route.backends, dice).ok_or(Fault::NoRoute)?;
    Ok((Upstream::Service(backend), Some(AtEdge { listener: at, route: place })))
}

/// One backend by weight; `dice` is 64 random bits.
fn weighted(backends: &[(usize, u32)], dice: u64) -> Option<usize> {
    let total: u64 = backends.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let wide = u128::from(dice) * u128::from(total);
    let mut left = u64::try_from(wide >> 64).ok()?;
    for (upstream, weight) in backends {
        let weight = u64::from(*weight);
        if left < weight {
            return Some(*upstream);
        }
        left -= weight;
    }
    None
}

/// The upstream of a name given to the explicit proxy. Without a port the
/// only port of the service that speaks HTTP, or does not, is meant.
pub(crate) fn by_host(
    world: &World,
    host: &str,
    port: Option<u16>,
    is_http: bool,
) -> Result<usize, Fault> {
    let unknown = || Fault::UnknownService(written(host, port));
    let all = &world.snapshot.outbound;
    let named = || all.iter().enumerate().filter(|(_, o)| o.hosts.iter().any(|h| h == host));
    if let Some(port) = port
        && let Some((at, _)) = named().find(|(_, o)| o.port == port)
    {
        return Ok(at);
    }
    let default_port = port.is_none() || port == Some(80);
    let fits = |o: &Outbound| default_port && o.protocol.is_http() == is_http;
    let mut fitting = named().filter(|(_, o)| fits(o));
    match (fitting.next(), fitting.next()) {
        (Some((at, _)), None) => Ok(at),
        _ => Err(unknown()),
    }
}

fn written(host: &str, port: Option<u16>) -> String {
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_share_out_what_the_dice_say() {
        let backends = [(4, 1), (7, 3), (9, 0)];
        assert_eq!(weighted(&backends, 0), Some(4));
        assert_eq!(weighted(&backends, u64::MAX), Some(7));
        assert_eq!(weighted(&backends, u64::MAX / 4 + 2), Some(7));
        assert_eq!(weighted(&[], 5), None);
        assert_eq!(weighted(&[(1, 0)], 5), None);
    }
}
