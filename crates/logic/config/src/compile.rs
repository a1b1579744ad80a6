//! Documents into the tables a door runs on. What is compiled here for the
//! whole world and for a slice of it is the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use model::{Generation, ServiceName};
use policy::Compiled;

use crate::attach::{hosts_at, is_attached};
use crate::check::check;
use crate::cut::{Eyes, callees};
use crate::document::Document;
use crate::document::gateway::{CertificateSpec, GatewaySpec, ListenerSpec};
use crate::document::route::RouteRuleSpec;
use crate::host_pattern::HostPattern;
use crate::problem::{Problem, Severity};
use crate::routes::{Route, Routes};
use crate::snapshot::{Edge, EdgeCertificate, Endpoint, Inbound, Outbound, Snapshot};
use crate::world::{Port, Service, World};

/// Compiles the documents of a slice for its door.
///
/// # Errors
/// All problems, when the documents don't fit together or don't hold the
/// service or gateway of the door. A door keeps what it has then.
pub fn compile(
    documents: Vec<Document>,
    endpoints: &BTreeMap<ServiceName, Vec<Endpoint>>,
    door: &ServiceName,
    generation: Generation,
) -> Result<Snapshot, Vec<Problem>> {
    let world = check(documents)?;
    let identities = world.identities_of(door);
    if identities.is_empty() {
        return Err(vec![no_such_door(door)]);
    }
    let outbound = Callers { world: &world, door, eyes: Eyes::of(&identities), endpoints };
    let outbound = outbound.compile();
    Ok(Snapshot {
        generation,
        mesh: world.mesh().trust_domain.clone(),
        door: door.clone(),
        limits: world.mesh().limits.clone(),
        inbound: compile_inbound(&world, door),
        edges: compile_edges(&world, door, &outbound),
        outbound,
        identities,
    })
}

fn no_such_door(door: &ServiceName) -> Problem {
    Problem {
        file: "slice".into(),
        line: 0,
        column: 0,
        message: format!("there is no service or gateway `{door}`"),
        hint: None,
        severity: Severity::Error,
    }
}

fn compile_inbound(world: &World, door: &ServiceName) -> Vec<Inbound> {
    let Some(service) = world.services().get(door) else { return Vec::new() };
    let policy = Compiled::compile(world.policies_for(door));
    let inbound = |port: &Port| Inbound {
        port: port.port,
        protocol: port.protocol,
        app: port.app,
        keep_escaped_slashes: port.keep_escaped_slashes,
        policy: policy.clone(),
    };
    service.ports.iter().map(inbound).collect()
}

struct Callers<'w> {
    world: &'w World,
    door: &'w ServiceName,
    eyes: Eyes,
    endpoints: &'w BTreeMap<ServiceName, Vec<Endpoint>>,
}

impl Callers<'_> {
    fn compile(&self) -> Vec<Outbound> {
        let callees = callees(self.world, self.door);
        let known = callees.iter().filter_map(|name| self.world.services().get_key_value(name));
        known.flat_map(|(name, service)| self.compile_service(name, service)).collect()
    }

    fn compile_service(&self, name: &ServiceName, service: &Service) -> Vec<Outbound> {
        let policy = Compiled::compile(self.eyes.cut(self.world.policies_for(name)));
        let outbound = |port: &Port| Outbound {
            service: name.clone(),
            port: port.port,
            protocol: port.protocol,
            keep_escaped_slashes: port.keep_escaped_slashes,
            sni: self.sni(name, port.port),
            servers: service.serves.clone(),
            endpoints: self.endpoints.get(name).cloned().unwrap_or_default(),
            policy: policy.clone(),
            hosts: self.hosts(name),
        };
        service.ports.iter().map(outbound).collect()
    }

    /// `p8080.orders.default.shop.example`
    fn sni(&self, name: &ServiceName, port: u16) -> String {
        let domain = &self.world.mesh().trust_domain;
        format!("p{port}.{}.{}.{domain}", name.name, name.namespace)
    }

    /// The names a callee answers to; the short ones mean a service in the
    /// caller's own namespace.
    fn hosts(&self, callee: &ServiceName) -> Vec<String> {
        let ServiceName { namespace, name } = callee;
        let mut hosts = Vec::new();
        if *namespace == self.door.namespace {
            hosts.extend([name.to_string(), format!("{name}.mesh")]);
        }
        let full = format!("{name}.{namespace}");
        let domain = &self.world.mesh().trust_domain;
        hosts.extend([full.clone(), format!("{full}.mesh"), format!("{full}.{domain}")]);
        hosts.dedup();
        hosts
    }
}

fn compile_edges(world: &World, door: &ServiceName, outbound: &[Outbound]) -> Vec<Edge> {
    let Some(gateway) = world.gateways().get(door) else { return Vec::new() };
    let policy = Compiled::compile(world.policies_for(door));
    let edge = |listener: &ListenerSpec| Edge {
        listener: format!("{door}/{}", listener.name.value),
        address: SocketAddr::new(gateway.address, *listener.port),
        hostname: listener.hostname.as_ref().map(|host| host.value.clone()),
        certificate: compile_certificate(gateway, listener),
        policy: policy.clone(),
        routes: compile_routes(world, door, listener, outbound),
    };
    gateway.listeners.iter().map(edge).collect()
}

fn compile_certificate(gateway: &GatewaySpec, listener: &ListenerSpec) -> EdgeCertificate {
    match &listener.certificate {
        CertificateSpec::Files { cert, key } => {
            EdgeCertificate::Files { cert: cert.into(), key: key.into() }
        }
        CertificateSpec::SelfSigned => {
            let host = listener.hostname.as_ref().map(|host| host.value.to_string());
            let mut names = vec![host.unwrap_or_else(|| "localhost".into())];
            if !gateway.address.is_unspecified() {
                names.push(gateway.address.to_string());
            }
            EdgeCertificate::SelfSigned { names }
        }
    }
}

/// The rules of every attached route; routes go by name where nothing else
/// tells them apart.
fn compile_routes(
    world: &World,
    gateway: &ServiceName,
    listener: &ListenerSpec,
    outbound: &[Outbound],
) -> Routes {
    let mut routes = Routes::default();
    for document in world.documents() {
        let Some(spec) = document.spec.route() else { continue };
        if is_attached(&document.key.service(), spec, gateway, listener) {
            add_rules(&mut routes, document, &hosts_at(listener, &spec.hostnames), outbound);
        }
    }
    routes
}

fn add_rules(
    routes: &mut Routes,
    document: &Document,
    hosts: &[Option<HostPattern>],
    outbound: &[Outbound],
) {
    let name = document.key.service();
    let keep_escaped_slashes = document.keeps_escaped_slashes();
    let rules = document.spec.route().map_or([].as_slice(), |spec| &spec.rules);
    for (at, rule) in rules.iter().enumerate() {
        let own = rule.name.as_ref().map(|name| name.value.to_string());
        let own = own.unwrap_or_else(|| format!("rules[{at}]"));
        let name = format!("{}/{} {own}", name.namespace, name.name);
        let route = Route { name, backends: backends(rule, outbound), keep_escaped_slashes };
        routes.add(route, hosts, &rule.matches);
    }
}

/// Where the backends stand in the outbound table. Each is there: the table
/// holds every service that a route of the gateway names.
fn backends(rule: &RouteRuleSpec, outbound: &[Outbound]) -> Vec<(usize, u32)> {
    let position = |service: &ServiceName, port: u16| {
        outbound.iter().position(|o| o.service == *service && o.port == port)
    };
    let backends = rule.backends.iter();
    backends.filter_map(|b| Some((position(&b.service, *b.port)?, b.weight))).collect()
}
