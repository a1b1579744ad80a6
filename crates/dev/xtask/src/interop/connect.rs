//! Connect's conformance suite through the gateway: its reference client calls
//! its reference servers by Connect, gRPC and gRPC-Web, over HTTP/1.1 and
//! HTTP/2, and the suite compares what arrived with what was meant.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::edge::{Edge, Service};
use super::install;
use super::mesh::Postern;
use super::process::{Running, command};
use super::report::{Report, same};
use crate::workspace;

const TIME: Duration = Duration::from_secs(900);
/// What the suite sets where it tests limits.
const LIMIT: u32 = 200 * 1024;
/// Name, HTTP version of the app, whether messages are limited; in the order
/// in which `behind.py` wants the ports.
const SERVERS: [(&str, u8, bool); 4] =
    [("one", 1, false), ("two", 2, false), ("one-limited", 1, true), ("two-limited", 2, true)];

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let tools = install::go_tools("connect")?;
    let server = tools.join("referenceserver").to_string_lossy().into_owned();
    let services: Vec<_> = SERVERS.iter().map(|of| service(&server, *of)).collect();
    let mut edge = Edge::start(postern, &services)?;
    let runner = tools.join("connectconformance").to_string_lossy().into_owned();
    let straight = SERVERS.map(|(name, ..)| name);
    suite(&edge, &runner, ("config.yaml", straight), report)?;
    let crossed = ["two", "one", "two-limited", "one-limited"];
    suite(&edge, &runner, ("crossed.yaml", crossed), report)?;
    report.check("up exits with 0", same(edge.mesh.stop()?, Some(0)));
    Ok(())
}

/// A reference server reads what is wanted of it from its standard input.
fn service(
    server: &str,
    (name, version, is_limited): (&'static str, u8, bool),
) -> Service<'static> {
    let wanted = json!({
        "protocol": "PROTOCOL_CONNECT",
        "httpVersion": format!("HTTP_VERSION_{version}"),
        "messageReceiveLimit": if is_limited { LIMIT } else { 0 },
    });
    let line = format!("echo '{wanted}' | exec {server} -json -port $0");
    let protocol = if version == 1 { "http" } else { "http2" };
    Service::open(name, protocol, &["sh", "-c", &line, "{port}"])
}

/// Runs the suite with one of the configurations.
fn suite(
    edge: &Edge,
    runner: &str,
    (config, servers): (&str, [&str; 4]),
    report: &mut Report,
) -> Result<()> {
    let folder = workspace::root()?.join("interop/connect");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let mut suite = command(runner);
    suite.args(["--mode", "server", "--conf", &path(config)]);
    suite.args(["--known-failing", &format!("@{}", path("known-failing.txt"))]);
    suite.args(["--", "python3", &path("behind.py"), &edge.ca()]);
    for server in servers {
        suite.arg(edge.gateway(server)?.to_string());
    }
    let said = Running::start(edge.mesh.scratch().path(), config, &mut suite)?.said(TIME)?;
    let total = said.out.lines().rev().find(|line| line.contains(" passed, "));
    let total = total.with_context(|| format!("no count: {}{}", said.out, said.err))?;
    report.note(&format!("{config}: {total}"));
    let failed = said.out.lines().chain(said.err.lines()).filter(|line| line.contains("FAILED"));
    let failed: Vec<_> = failed.take(20).collect();
    let check = same(said.code, 0).with_context(|| failed.join("\n"));
    report.check(&format!("{config}: no case fails that is not known to"), check);
    report.check(&format!("{config}: more than a thousand were tried"), many(total));
    Ok(())
}

/// `7272 passed, 0 failed`
fn many(total: &str) -> Result<()> {
    let passed = total.split(" passed").next().unwrap_or_default().trim();
    let passed: u32 = passed.parse().with_context(|| total.to_owned())?;
    ensure!(passed > 1_000, "{total}");
    Ok(())
}
