//! WebSocket by Python's `websockets`, by npm's `ws`, and over HTTP/2 (RFC
//! 8441) by Python's `h2` and by Node: straight to each other, through two
//! doors, and through the gateway.

use std::time::Duration;

use anyhow::{Context, Result};

use super::edge::{CLIENT, EDGE, Edge, Service};
use super::install;
use super::mesh::Postern;
use super::process::{Running, Said, command};
use super::report::{Report, holds, same};
use super::told::{decisions, told};
use crate::workspace;

const TIME: Duration = Duration::from_secs(90);
/// What the client and the gateway may do; `/secret` is not among it.
const MAY: [&str; 3] = ["http: GET /ws", "http: GET /plain", "http: GET /refuse"];
/// Services that speak HTTP/1.1, by whose library.
const SERVERS: [&str; 2] = ["python", "node"];

struct Peers {
    python: String,
    scripts: String,
    node: String,
}

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let peers = Peers::install()?;
    let mut edge = Edge::start(postern, &peers.services())?;
    for server in SERVERS {
        directly(&edge, &peers, server, report)?;
        through_doors(&edge, &peers, server, report)?;
        through_gateway(&edge, &peers, server, report)?;
    }
    over_http2(&edge, &peers, report)?;
    report.check("up exits with 0", same(edge.mesh.stop()?, Some(0)));
    Ok(())
}

impl Peers {
    fn install() -> Result<Self> {
        let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
        let scripts = text(workspace::root()?.join("interop/python"));
        Ok(Self { python: text(install::python()?), scripts, node: text(install::node()?) })
    }

    fn services(&self) -> [Service<'static>; 3] {
        let python = format!("{}/ws_server.py", self.scripts);
        let (node, http2) =
            (format!("{}/server.mjs", self.node), format!("{}/server_h2.mjs", self.node));
        let mut services = [
            Service::open("python", "http", &[&self.python, "-u", &python, "{port}"]),
            Service::open("node", "http", &["node", &node, "{port}"]),
            Service::open("node-h2", "http2", &["node", &http2, "{port}"]),
        ];
        for service in &mut services {
            service.may = &MAY;
        }
        services
    }

    /// Both clients over HTTP/1.1, by name and by the line for a shell.
    fn clients(&self, words: &str) -> [(&'static str, String); 2] {
        let python = format!("exec {} -u {}/ws_client.py {words}", self.python, self.scripts);
        [("websockets", python), ("ws", format!("exec node {}/client.mjs {words}", self.node))]
    }

    /// Both clients over HTTP/2; `target` is HOST:PORT.
    fn http2_clients(
        &self,
        scheme: &str,
        target: &str,
        words: &str,
    ) -> [(&'static str, String); 2] {
        let python = format!("exec {} -u {}/ws_h2.py {target} {words}", self.python, self.scripts);
        let node = format!("exec node {}/client_h2.mjs {scheme}://{target} {words}", self.node);
        [("h2", python), ("node:http2", node)]
    }
}

fn directly(edge: &Edge, peers: &Peers, server: &str, report: &mut Report) -> Result<()> {
    for (client, line) in peers.clients(&format!("ws://127.0.0.1:{}", edge.app(server)?)) {
        told(report, &format!("{client} to {server} directly"), &shell(edge, &line)?);
    }
    Ok(())
}

fn through_doors(edge: &Edge, peers: &Peers, server: &str, report: &mut Report) -> Result<()> {
    let address = format!("${}_ADDR", server.to_ascii_uppercase());
    for (client, line) in peers.clients(&format!("ws://{address} --caller {CLIENT} --denied")) {
        let said = edge.mesh.run("client", &[], &["sh", "-c", &line])?.said(TIME)?;
        let lines = told(report, &format!("{client} to {server} through two doors"), &said);
        let id = decisions(&lines).pop().context("no refusal")?;
        let why = edge.mesh.say(&["explain", &id])?.ok();
        let check = why.and_then(|why| holds(&why, &[CLIENT, "/secret", "no rule"]));
        report.check("explain knows the id", check);
    }
    Ok(())
}

fn through_gateway(edge: &Edge, peers: &Peers, server: &str, report: &mut Report) -> Result<()> {
    let words = format!(
        "wss://localhost:{} --ca {} --caller {EDGE} --denied",
        edge.gateway(server)?,
        edge.ca()
    );
    for (client, line) in peers.clients(&words) {
        told(report, &format!("{client} to {server} through the gateway"), &shell(edge, &line)?);
    }
    Ok(())
}

/// Extended CONNECT: to a server that speaks it, through the gateway to
/// servers that do and do not, and to a door by prior knowledge.
fn over_http2(edge: &Edge, peers: &Peers, report: &mut Report) -> Result<()> {
    let app = format!("127.0.0.1:{}", edge.app("node-h2")?);
    for (client, line) in peers.http2_clients("http", &app, "") {
        told(report, &format!("{client} over HTTP/2 directly"), &shell(edge, &line)?);
    }
    for server in ["python", "node", "node-h2"] {
        let gateway = format!("localhost:{}", edge.gateway(server)?);
        let words = format!("--ca {} --caller {EDGE}", edge.ca());
        for (client, line) in peers.http2_clients("https", &gateway, &words) {
            let of = format!("{client} over HTTP/2 through the gateway to {server}");
            told(report, &of, &shell(edge, &line)?);
        }
        let door = format!("${}_ADDR", server.to_ascii_uppercase().replace('-', "_"));
        for (client, line) in peers.http2_clients("http", &door, &format!("--caller {CLIENT}")) {
            let said = edge.mesh.run("client", &[], &["sh", "-c", &line])?.said(TIME)?;
            told(report, &format!("{client} over HTTP/2 through two doors to {server}"), &said);
        }
    }
    Ok(())
}

/// Runs a line outside of any door.
fn shell(edge: &Edge, line: &str) -> Result<Said> {
    let mut shell = command("sh");
    Running::start(edge.mesh.scratch().path(), "peer", shell.args(["-c", line]))?.said(TIME)
}
