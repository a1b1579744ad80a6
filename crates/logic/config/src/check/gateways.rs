//! What a gateway must keep to.

use std::net::IpAddr;

use super::names::Names;
use crate::document::gateway::{GatewaySpec, ListenerSpec};
use crate::document::{Document, Spec};
use crate::problem::Log;

pub(super) fn check(document: &Document, spec: &GatewaySpec, names: &Names<'_>, log: &mut Log) {
    for (at, listener) in spec.listeners.iter().enumerate() {
        let earlier = || spec.listeners.iter().take(at);
        if earlier().any(|other| other.name == listener.name) {
            let message = format!("a second listener named `{}`", listener.name.value);
            log.error(listener.name.place, message);
        }
        if earlier().any(|other| other.port == listener.port) {
            let message = format!("a second listener on port {}", listener.port.value);
            let hint = "several listeners on one port are not supported yet";
            log.error_with(listener.port.place, message, hint);
        }
        check_free(document, spec.address, listener, names, log);
    }
}

/// Two gateways can't listen on one address.
fn check_free(
    document: &Document,
    address: IpAddr,
    listener: &ListenerSpec,
    names: &Names<'_>,
    log: &mut Log,
) {
    let port = *listener.port;
    let others = names.documents().take_while(|other| !std::ptr::eq(*other, document));
    if let Some(holder) = others.filter(|other| listens_on(other, address, port)).last() {
        let name = holder.key.service();
        let message = format!("the gateway `{name}` listens on {address} port {port} already");
        log.error_with(listener.port.place, message, "give one of them another port");
    }
}

fn listens_on(document: &Document, address: IpAddr, port: u16) -> bool {
    match &document.spec {
        Spec::Gateway(spec) => {
            let same = spec.address == address
                || spec.address.is_unspecified()
                || address.is_unspecified();
            same && spec.listeners.iter().any(|listener| *listener.port == port)
        }
        _ => false,
    }
}
