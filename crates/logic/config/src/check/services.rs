//! What a service must keep to.

use model::{Label, SpiffeId};

use super::names::Names;
use crate::document::service::{PortSpec, ServiceSpec};
use crate::document::{Document, Spec};
use crate::problem::{At, Log};

/// A name of DNS (RFC 1035, section 2.3.4), without its final dot.
const SERVER_NAME_BYTES_MAX: usize = 253;

pub(super) fn check(document: &Document, spec: &ServiceSpec, names: &Names<'_>, log: &mut Log) {
    check_ports(&spec.ports, log);
    check_targets(&spec.ports, log);
    check_servers(&spec.served_by, names, log);
    check_server_name(document, names, log);
    check_namespace(document, log);
    if spec.run.is_some() {
        check_free(document, spec, names, log);
    }
}

fn check_ports(ports: &[PortSpec], log: &mut Log) {
    for (at, spec) in ports.iter().enumerate() {
        let earlier = ports.iter().take(at).find(|other| other.port == spec.port);
        if let Some(earlier) = earlier {
            let place = earlier.port.place;
            let hint = format!("it is at {}:{} already", place.line, place.column);
            let message = format!("port {} is written twice", spec.port.value);
            log.error_with(spec.port.place, message, hint);
        }
    }
}

/// Two ports before one port of the app are two sets of rules for it, and a
/// tcp port would be a way around the rules for requests.
fn check_targets(ports: &[PortSpec], log: &mut Log) {
    for (at, spec) in ports.iter().enumerate() {
        let earlier =
            ports.iter().take(at).find(|o| o.target == spec.target && o.port != spec.port);
        if let Some(earlier) = earlier {
            let (one, two) = (earlier.port.value, spec.port.value);
            let message = format!("ports {one} and {two} lead to the same port of the app");
            let is_around = earlier.protocol.is_http() != spec.protocol.is_http();
            match is_around {
                true => log.error_with(
                    spec.target.place,
                    message,
                    "one is tcp, where no rule can look at requests; give it its own `targetPort`",
                ),
                false => {
                    log.warn(spec.target.place, message, "a rule for one doesn't hold at the other")
                }
            }
        }
    }
}

fn check_servers(served_by: &[At<SpiffeId>], names: &Names<'_>, log: &mut Log) {
    for id in served_by.iter().filter(|id| names.is_foreign(id)) {
        let message = format!("`{}` is of another trust domain", id.value);
        log.error_with(id.place, message, "federation is not supported yet");
    }
}

/// The longest server name of this service is `p65535.<name>.<ns>.<domain>`.
fn check_server_name(document: &Document, names: &Names<'_>, log: &mut Log) {
    let Some(domain) = names.trust_domain() else { return };
    let length = |label: &Label| label.as_str().len() + 1;
    let key = &document.key;
    let total = 7 + length(&key.name) + length(&key.namespace) + domain.as_str().len();
    if total > SERVER_NAME_BYTES_MAX {
        let message = format!("the server name of this service has {total} characters");
        let hint =
            format!("{SERVER_NAME_BYTES_MAX} are allowed; shorten the trust domain or a name");
        log.error_with(document.origin.place, message, hint);
    }
}

/// `orders.mesh` is `orders` in the caller's own namespace, and must not be
/// `orders` in a namespace of that name, too.
fn check_namespace(document: &Document, log: &mut Log) {
    if document.key.namespace.as_str() == "mesh" {
        let message = "services can't live in a namespace called `mesh`";
        let hint = "`NAME.mesh` is how callers name a service of their own namespace";
        log.error_with(document.origin.place, message, hint);
    }
}

/// Two apps that `up` runs can't listen on one port.
fn check_free(document: &Document, spec: &ServiceSpec, names: &Names<'_>, log: &mut Log) {
    for port in &spec.ports {
        let others = names.documents().take_while(|other| !std::ptr::eq(*other, document));
        let holder = others.filter(|other| runs_on(other, *port.target)).last();
        if let Some(holder) = holder {
            let name = holder.key.service();
            let message = format!("the app of `{name}` listens on 127.0.0.1:{}", *port.target);
            log.error_with(port.target.place, message, "give one of them another `targetPort`");
        }
    }
}

fn runs_on(document: &Document, target: u16) -> bool {
    match &document.spec {
        Spec::MeshService(spec) => {
            spec.run.is_some() && spec.ports.iter().any(|port| *port.target == target)
        }
        _ => false,
    }
}
