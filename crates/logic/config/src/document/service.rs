//! `MeshService`: a service, its ports and how it is run.

use std::collections::BTreeMap;

use model::SpiffeId;

use super::annotation::SLASHES;
use crate::problem::{At, Log};
use crate::read;
use crate::snapshot::Protocol;
use crate::tree::Node;
use crate::value::Value;

/// A service as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSpec {
    /// Its ports; none for one that only calls.
    pub ports: Vec<PortSpec>,
    /// How `up` starts it; without, someone else does.
    pub run: Option<Run>,
    /// Who may serve it; empty means the identity named after it.
    pub served_by: Vec<At<SpiffeId>>,
}

/// One port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSpec {
    /// The port callers name.
    pub port: At<u16>,
    /// What is spoken on it.
    pub protocol: Protocol,
    /// The port the app listens on, on 127.0.0.1; the same unless said
    /// otherwise.
    pub target: At<u16>,
    /// Whether `%2F` in a path is a part of its segment (`keep`) or refused,
    /// which is the default.
    pub escaped_slashes: Option<At<bool>>,
}

/// A command to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The program and its arguments, not passed through a shell. `postern`
    /// as the program means the running binary itself.
    pub command: Vec<String>,
    /// Added to the environment.
    pub env: BTreeMap<String, String>,
    /// Where it runs; the directory `up` runs in unless said otherwise.
    pub directory: Option<String>,
}

impl ServiceSpec {
    pub(crate) fn write(&self) -> Value {
        Value::map([
            ("ports", Value::list(self.ports.iter().map(PortSpec::write))),
            ("run", self.run.as_ref().map(Run::write)),
            ("servedBy", Value::list(self.served_by.iter().map(|id| Value::text(&id.value)))),
        ])
    }
}

impl PortSpec {
    fn write(&self) -> Value {
        let (port, target) = (*self.port, *self.target);
        Value::map([
            ("port", Some(Value::Number(port.into()))),
            ("protocol", Some(Value::text(self.protocol.word()))),
            ("targetPort", (target != port).then(|| Value::Number(target.into()))),
            ("escapedSlashes", self.escaped_slashes.as_ref().map(|at| write_slashes(at.value))),
        ])
    }
}

fn write_slashes(are_kept: bool) -> Value {
    let word = SLASHES.into_iter().find(|(_, keeps)| *keeps == are_kept);
    Value::text(word.map_or("refuse", |(word, _)| word))
}

impl Run {
    fn write(&self) -> Value {
        Value::map([
            ("command", Value::list(self.command.iter().map(Value::text))),
            ("env", Value::texts(&self.env)),
            ("directory", self.directory.as_ref().map(Value::text)),
        ])
    }
}

pub(crate) fn read_service(node: &Node, log: &mut Log) -> Option<ServiceSpec> {
    read::mapping(node, log, |fields| {
        let ports = fields.optional("ports", read::list(read_port));
        let run = fields.optional("run", read_run);
        let served_by = fields.optional("servedBy", read::full_list(read::parsed::<SpiffeId>));
        Some(ServiceSpec {
            ports: ports.unwrap_or_default(),
            run,
            served_by: served_by.unwrap_or_default(),
        })
    })
}

fn read_port(node: &Node, log: &mut Log) -> Option<PortSpec> {
    read::mapping(node, log, |fields| {
        let port = fields.required("port", read::port);
        let words = Protocol::ALL.map(|protocol| (protocol.word(), protocol));
        let not_yet = ["https", "tls", "udp", "kafka", "amqp"];
        let protocol = fields.required("protocol", read::word(&words, &not_yet));
        let target = fields.optional("targetPort", read::port);
        let escaped_slashes = fields.optional("escapedSlashes", read::word(&SLASHES, &[]));
        let (port, protocol) = (port?, protocol?.value);
        if let Some(At { value: true, place }) = escaped_slashes
            && !protocol.is_http()
        {
            fields.log.error(place, "a tcp port has no paths: leave `escapedSlashes` out");
        }
        Some(PortSpec { port, protocol, target: target.unwrap_or(port), escaped_slashes })
    })
}

fn read_run(node: &Node, log: &mut Log) -> Option<Run> {
    read::mapping(node, log, |fields| {
        let command = fields.required("command", read::full_list(read::verbatim));
        let env = fields.optional("env", read::texts(read::verbatim));
        let directory = fields.optional("directory", read::text);
        let (command, env): (Vec<String>, _) = (command?, env.unwrap_or_default());
        if command.first().is_none_or(String::is_empty) {
            fields.log.error(fields.place_of("command"), "a command begins with a program");
        }
        if let Some(bad) = env.keys().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
            let message = format!("`{bad}` can't be the name of a variable");
            fields.log.error(fields.place_of("env"), message);
        }
        Some(Run { command, env, directory: directory.map(|at| at.value) })
    })
}
