//! `Gateway` of Gateway API: where clients from outside come in.

use std::net::{IpAddr, Ipv4Addr};

use model::Label;

use crate::host_pattern::HostPattern;
use crate::problem::{At, Log};
use crate::read::{self, Fields};
use crate::tree::Node;
use crate::value::Value;

/// A gateway as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySpec {
    /// The address its listeners are on; 127.0.0.1 unless said otherwise.
    pub address: IpAddr,
    /// Its listeners, at least one.
    pub listeners: Vec<ListenerSpec>,
}

/// One listener as written; its protocol is HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerSpec {
    /// Its name, unique in the gateway.
    pub name: At<Label>,
    /// The hosts it answers for; `None` is every host.
    pub hostname: Option<At<HostPattern>>,
    /// The port.
    pub port: At<u16>,
    /// What it shows to clients.
    pub certificate: CertificateSpec,
    /// Whether routes of other namespaces may attach.
    pub is_open: bool,
}

/// `tls.options` of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSpec {
    /// `postern.dev/certificate: self-signed`
    SelfSigned,
    /// `postern.dev/certificate-file` and `postern.dev/key-file`, absolute
    /// paths on the machine of the door.
    Files {
        /// The chain, PEM, leaf first.
        cert: String,
        /// The private key, PEM.
        key: String,
    },
}

const CLASS: &str = "postern";
const CERTIFICATE: &str = "postern.dev/certificate";
const CERTIFICATE_FILE: &str = "postern.dev/certificate-file";
const KEY_FILE: &str = "postern.dev/key-file";
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl GatewaySpec {
    pub(crate) fn write(&self) -> Value {
        let address = Value::map([
            ("type", Some(Value::text("IPAddress"))),
            ("value", Some(Value::text(self.address))),
        ]);
        Value::map([
            ("gatewayClassName", Some(Value::text(CLASS))),
            ("addresses", Value::list([address])),
            ("listeners", Value::list(self.listeners.iter().map(ListenerSpec::write))),
        ])
    }
}

impl ListenerSpec {
    fn write(&self) -> Value {
        let options = match &self.certificate {
            CertificateSpec::SelfSigned => vec![(CERTIFICATE, "self-signed")],
            CertificateSpec::Files { cert, key } => {
                vec![(CERTIFICATE_FILE, cert.as_str()), (KEY_FILE, key.as_str())]
            }
        };
        let pair = |(name, value): (&str, &str)| (name.to_owned(), Value::text(value));
        let tls = Value::map([
            ("mode", Some(Value::text("Terminate"))),
            ("options", Some(Value::Map(options.into_iter().map(pair).collect()))),
        ]);
        let from_all = Value::map([("from", Some(Value::text("All")))]);
        let allowed = Value::map([("namespaces", Some(from_all))]);
        Value::map([
            ("name", Some(Value::text(&self.name.value))),
            ("hostname", self.hostname.as_ref().map(|host| Value::text(&host.value))),
            ("port", Some(Value::Number(self.port.value.into()))),
            ("protocol", Some(Value::text("HTTPS"))),
            ("tls", Some(tls)),
            ("allowedRoutes", self.is_open.then_some(allowed)),
        ])
    }
}

pub(crate) fn read_gateway(node: &Node, log: &mut Log) -> Option<GatewaySpec> {
    read::mapping(node, log, |fields| {
        fields.not_yet(&["infrastructure", "allowedListeners", "tls", "defaultScope"]);
        fields.optional("gatewayClassName", read::word(&[(CLASS, ())], &[]));
        let addresses = fields.optional("addresses", read::list(read_address));
        let listeners = fields.required("listeners", read::full_list(read_listener));
        let addresses = addresses.unwrap_or_default();
        if let Some(second) = addresses.get(1) {
            fields.log.error(second.place, "more than one address is not supported yet");
        }
        let address = addresses.first().map_or(LOOPBACK, |at| at.value);
        Some(GatewaySpec { address, listeners: listeners? })
    })
}

fn read_address(node: &Node, log: &mut Log) -> Option<At<IpAddr>> {
    read::mapping(node, log, |fields| {
        fields.optional("type", read::word(&[("IPAddress", ())], &["Hostname", "NamedAddress"]));
        fields.required("value", read::parsed::<IpAddr>)
    })
}

fn read_listener(node: &Node, log: &mut Log) -> Option<ListenerSpec> {
    read::mapping(node, log, |fields| {
        let name = fields.required("name", read::parsed::<Label>);
        let hostname = fields.optional("hostname", read::parsed::<HostPattern>);
        let port = fields.required("port", read::port);
        let not_yet = ["HTTP", "TLS", "TCP", "UDP"];
        let protocol = fields.required("protocol", read::word(&[("HTTPS", ())], &not_yet));
        let certificate = fields.required("tls", read_tls);
        let is_open = fields.optional("allowedRoutes", read_allowed_routes);
        protocol?;
        Some(ListenerSpec {
            name: name?,
            hostname,
            port: port?,
            certificate: certificate?,
            is_open: is_open.unwrap_or(false),
        })
    })
}

fn read_allowed_routes(node: &Node, log: &mut Log) -> Option<bool> {
    read::mapping(node, log, |fields| {
        fields.not_yet(&["kinds"]);
        fields.optional("namespaces", |node, log| {
            read::mapping(node, log, |fields| {
                fields.not_yet(&["selector"]);
                let words = [("Same", false), ("All", true)];
                Some(fields.optional("from", read::word(&words, &["Selector", "None"]))?.value)
            })
        })
    })
}

fn read_tls(node: &Node, log: &mut Log) -> Option<CertificateSpec> {
    read::mapping(node, log, |fields| {
        fields.not_yet(&["certificateRefs", "frontendValidation"]);
        fields.optional("mode", read::word(&[("Terminate", ())], &["Passthrough"]));
        if !fields.has("options") {
            let hint = format!("add `options: {{{CERTIFICATE}: self-signed}}`, or files");
            fields.log.error_with(fields.place, "the listener has no certificate", hint);
        }
        fields.optional("options", read_certificate)
    })
}

fn read_certificate(node: &Node, log: &mut Log) -> Option<CertificateSpec> {
    read::mapping(node, log, |fields| {
        let made = fields.optional(CERTIFICATE, read::word(&[("self-signed", ())], &[]));
        let cert = fields.optional(CERTIFICATE_FILE, read_path);
        let key = fields.optional(KEY_FILE, read_path);
        match (made, cert, key) {
            (Some(_), None, None) => Some(CertificateSpec::SelfSigned),
            (None, Some(cert), Some(key)) => Some(CertificateSpec::Files { cert, key }),
            _ => {
                report_certificate(fields);
                None
            }
        }
    })
}

fn report_certificate(fields: &mut Fields<'_, '_>) {
    let hint = format!("either `{CERTIFICATE}`, or `{CERTIFICATE_FILE}` and `{KEY_FILE}`");
    fields.log.error_with(fields.place, "this names no certificate", hint);
}

fn read_path(node: &Node, log: &mut Log) -> Option<String> {
    let At { value: path, place } = read::text(node, log)?;
    if !path.starts_with('/') {
        log.error_with(place, format!("`{path}` depends on where the door runs"), "begin with `/`");
        return None;
    }
    Some(path)
}
