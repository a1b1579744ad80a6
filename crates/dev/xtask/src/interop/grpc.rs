//! gRPC by grpcio and by grpc-go, as servers and as clients: straight to each
//! other first, so that what fails there is not ours; then through two doors;
//! then through the gateway.

use std::time::Duration;

use anyhow::{Context, Result};

use super::edge::{CLIENT, EDGE, Edge, PORT, Service};
use super::install;
use super::mesh::Postern;
use super::process::{Running, Said, command};
use super::report::{Report, holds, same};
use super::told::{decisions, told};
use crate::workspace;

const TIME: Duration = Duration::from_secs(120);
/// All that grpc-go's interop client calls.
const SERVICES: [&str; 3] = [
    "grpc.testing.TestService",
    "grpc.testing.UnimplementedService",
    "xds.service.orca.v3.OpenRcaService",
];

/// The programs that meet.
struct Peers {
    python: String,
    /// The folder of the Python peers.
    scripts: String,
    go_client: String,
    go_server: String,
    go_cases: String,
}

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let peers = Peers::install()?;
    let mut edge = Edge::start(postern, &[peers.python_service(), peers.go_service()])?;
    directly(&edge, &peers, report)?;
    through_doors(&edge, &peers, report)?;
    through_gateway(&edge, &peers, report)?;
    report.check("up exits with 0", same(edge.mesh.stop()?, Some(0)));
    Ok(())
}

impl Peers {
    fn install() -> Result<Self> {
        let root = workspace::root()?;
        let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
        let go = install::go_tools("grpc-go")?;
        Ok(Self {
            python: text(install::python()?),
            scripts: text(root.join("interop/python")),
            go_client: text(go.join("client")),
            go_server: text(go.join("server")),
            go_cases: text(root.join("interop/grpc-go/cases.sh")),
        })
    }

    /// Nobody may call its `interop.Secret`.
    fn python_service(&self) -> Service<'static> {
        let script = format!("{}/grpc_server.py", self.scripts);
        let mut service = Service::open("grpcio", "grpc", &[&self.python, "-u", &script, "{port}"]);
        service.may = &["grpc: interop.Peer/*"];
        service
    }

    fn go_service(&self) -> Service<'static> {
        let mut service = Service::open("grpcgo", "grpc", &[&self.go_server, "-port", "{port}"]);
        service.grpc = &SERVICES;
        service
    }

    /// The line for a shell that runs the Python client.
    fn python_line(&self, words: &str) -> String {
        format!("exec {} -u {}/grpc_client.py {words}", self.python, self.scripts)
    }

    fn go_line(&self, words: &str) -> String {
        format!("exec {} {} {words}", self.go_cases, self.go_client)
    }
}

/// The apps listen on 127.0.0.1 for whoever comes: what we are measured by.
fn directly(edge: &Edge, peers: &Peers, report: &mut Report) -> Result<()> {
    let (python, go) = (edge.app("grpcio")?, edge.app("grpcgo")?);
    let line = peers.python_line(&format!("127.0.0.1:{python} --go 127.0.0.1:{go}"));
    told(report, "grpcio directly", &shell(edge, &line)?);
    let line = peers.go_line(&format!("-server_host 127.0.0.1 -server_port {go}"));
    told(report, "grpc-go directly", &shell(edge, &line)?);
    Ok(())
}

/// The client behind a door of its own, by the address its door tells it.
fn through_doors(edge: &Edge, peers: &Peers, report: &mut Report) -> Result<()> {
    let words = format!("$GRPCIO_ADDR --go $GRPCGO_ADDR --caller {CLIENT} --denied");
    let said = behind_door(edge, &peers.python_line(&words))?;
    let lines = told(report, "grpcio through two doors", &said);
    explained(edge, &decisions(&lines), CLIENT, report)?;
    // Without an address: gRPC takes http_proxy, and asks it for a tunnel.
    let words = format!("grpcio:{PORT} --go grpcgo:{PORT} --caller {CLIENT}");
    let said = behind_door(edge, &peers.python_line(&words))?;
    told(report, "grpcio by name through two doors", &said);
    let words = "-server_host $GRPCGO_HOST -server_port $GRPCGO_PORT";
    let said = behind_door(edge, &peers.go_line(words))?;
    told(report, "grpc-go through two doors", &said);
    Ok(())
}

fn through_gateway(edge: &Edge, peers: &Peers, report: &mut Report) -> Result<()> {
    let (python, go, ca) = (edge.gateway("grpcio")?, edge.gateway("grpcgo")?, edge.ca());
    let words = format!(
        "localhost:{python} --go localhost:{go} --ca {ca} --caller {EDGE} --denied --unrouted"
    );
    let lines =
        told(report, "grpcio through the gateway", &shell(edge, &peers.python_line(&words))?);
    explained(edge, &decisions(&lines), EDGE, report)?;
    let words = format!(
        "-server_host localhost -server_port {go} -use_tls -use_test_ca -ca_file {ca} \
         -server_host_override localhost"
    );
    told(report, "grpc-go through the gateway", &shell(edge, &peers.go_line(&words))?);
    Ok(())
}

/// The message of a refusal is the id under which `explain` knows it.
fn explained(edge: &Edge, ids: &[String], caller: &str, report: &mut Report) -> Result<()> {
    report.check("two refusals, unary and streaming", same(ids.len(), 2));
    let id = ids.first().context("no refusal")?;
    let why = edge.mesh.say(&["explain", id])?.ok();
    let wanted = [caller, "/interop.Secret/Echo", "interop.Peer/*", "no rule"];
    report.check("explain knows the id", why.and_then(|why| holds(&why, &wanted)));
    Ok(())
}

/// Runs a line outside of any door.
fn shell(edge: &Edge, line: &str) -> Result<Said> {
    let mut shell = command("sh");
    Running::start(edge.mesh.scratch().path(), "peer", shell.args(["-c", line]))?.said(TIME)
}

/// Runs a line behind the door of `client`.
fn behind_door(edge: &Edge, line: &str) -> Result<Said> {
    edge.mesh.run("client", &[], &["sh", "-c", line])?.said(TIME)
}
