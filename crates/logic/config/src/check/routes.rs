//! What an HTTPRoute or a GRPCRoute must keep to.

use super::names::Names;
use super::overlaps;
use crate::attach::hosts_at;
use crate::document::gateway::GatewaySpec;
use crate::document::route::{BackendSpec, ParentSpec, RouteSpec};
use crate::document::service::PortSpec;
use crate::document::{Document, Kind};
use crate::hint;
use crate::problem::Log;

pub(super) fn check(document: &Document, spec: &RouteSpec, names: &Names<'_>, log: &mut Log) {
    for parent in &spec.parents {
        if let Some(gateway) = names.find_gateway(&parent.gateway, log) {
            check_parent(document, spec, parent, gateway, log);
        }
    }
    overlaps::check(document, spec, names, log);
    for backend in spec.rules.iter().flat_map(|rule| &rule.backends) {
        check_backend(document, backend, names, log);
    }
}

fn check_parent(
    document: &Document,
    spec: &RouteSpec,
    parent: &ParentSpec,
    gateway: &GatewaySpec,
    log: &mut Log,
) {
    let place = parent.gateway.place;
    let named = || gateway.listeners.iter().filter(|listener| parent.means(listener));
    if let (Some(wanted), None) = (&parent.listener, named().next()) {
        let listeners: Vec<&str> = gateway.listeners.iter().map(|l| l.name.as_str()).collect();
        let hint = hint::among(wanted.as_str(), listeners.iter().copied());
        let message = format!("`{}` has no listener `{}`", *parent.gateway, wanted.value);
        log.error_maybe(wanted.place, message, hint);
        return;
    }
    let is_own = parent.gateway.namespace == document.key.namespace;
    let mut open = named().filter(|listener| is_own || listener.is_open).peekable();
    if open.peek().is_none() {
        let message = format!("`{}` takes routes of its own namespace only", *parent.gateway);
        log.error_with(place, message, "its listener has to say `allowedRoutes`");
        return;
    }
    if open.all(|listener| hosts_at(listener, &spec.hostnames).is_empty()) {
        let hosts = spec.hostnames.first().map_or(place, |host| host.place);
        let message = format!("no hostname of this route is one of `{}`", *parent.gateway);
        log.error_with(hosts, message, "no request would take it");
    }
}

fn check_backend(document: &Document, backend: &BackendSpec, names: &Names<'_>, log: &mut Log) {
    let Some(service) = names.find_service(&backend.service, log) else { return };
    let wanted = &backend.port;
    match service.ports.iter().find(|port| port.port == *wanted) {
        Some(port) if port.protocol.is_http() => check_port(document, backend, port, log),
        Some(_) => {
            let message = format!("port {} of `{}` is tcp", **wanted, *backend.service);
            log.error_with(wanted.place, message, "a route leads to http, http2 and grpc ports");
        }
        None => {
            let known: Vec<String> = service.ports.iter().map(|p| p.port.to_string()).collect();
            let hint = hint::among(&wanted.to_string(), known.iter().map(String::as_str));
            let message = format!("`{}` has no port {}", *backend.service, **wanted);
            log.error_maybe(wanted.place, message, hint);
        }
    }
}

/// What works and is probably not meant.
fn check_port(document: &Document, backend: &BackendSpec, port: &PortSpec, log: &mut Log) {
    let (service, place) = (&*backend.service, backend.port.place);
    if document.key.kind == Kind::GrpcRoute && !port.protocol.app_is_http2() {
        let message = format!("port {} of `{service}` is http, and gRPC needs HTTP/2", *port.port);
        log.warn(place, message, "declare it grpc, if it is");
    }
    let port_keeps = port.escaped_slashes.is_some_and(|at| at.value);
    if document.keeps_escaped_slashes() && !port_keeps {
        let message = format!("port {} of `{service}` refuses escaped slashes", *port.port);
        log.warn(place, message, "say `escapedSlashes: keep` there, too");
    }
}
