//! Chromium on a page with a WebSocket and a stream of events (SSE), served
//! through the gateway: the page itself reports what it got.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::deadline::until;
use super::edge::{EDGE, Edge, Service};
use super::install::{self, CHROMIUM};
use super::mesh::Postern;
use super::process::{Running, command};
use super::report::{Report, holds, same};

const TIME: Duration = Duration::from_secs(60);

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let script = install::node()?.join("server.mjs").to_string_lossy().into_owned();
    let told = "told.txt";
    // What the server tells is read from a file of the mesh's own.
    let command = format!("exec node {script} $0 > {told}");
    let page = Service::open("page", "http", &["sh", "-c", &command, "{port}"]);
    let mut edge = Edge::start(postern, &[page])?;
    let chromium = open(&edge)?;
    let got = line(&edge, told, "the page's report", "report");
    let got = got.with_context(|| chromium.err().unwrap_or_default())?;
    judge(&got, report);
    let gone = line(&edge, told, "the end of the events", "listener gone");
    report.check("the server sees the listener go", gone.map(drop));
    let line = edge.mesh.logged("the WebSocket at the gateway", |line| {
        line["role"] == "gateway" && line["protocol"] == "websocket"
    });
    // 101 would be the upgrade of HTTP/1.1.
    let check = line.and_then(|line| same(line["status"].as_u64(), Some(200)));
    report.check("the WebSocket came over HTTP/2, by extended CONNECT", check);
    drop(chromium);
    report.check("up exits with 0", same(edge.mesh.stop()?, Some(0)));
    Ok(())
}

/// Chromium without a window, on the page.
fn open(edge: &Edge) -> Result<Running> {
    let mut chromium = command(CHROMIUM);
    let profile = format!("--user-data-dir={}", edge.mesh.scratch().file("profile").display());
    let url = format!("https://localhost:{}/", edge.gateway("page")?);
    // Root may not use the sandbox, and the certificate is nobody's; the port
    // keeps it open after the page has loaded.
    let flags = ["--no-sandbox", "--disable-gpu", "--ignore-certificate-errors"];
    chromium.args(flags).args(["--remote-debugging-port=0", &profile, &url]);
    Running::start(edge.mesh.scratch().path(), "chromium", &mut chromium)
}

fn judge(got: &Value, report: &mut Report) {
    report.check("the page came over HTTP/2", same(got["version"].as_str(), Some("h2")));
    report.check("nothing failed", same(got["errors"].to_string().as_str(), "[]"));
    report.check("fetch", same(got["plain"].as_str(), Some("plain\n")));
    let ticks = got["ticks"].to_string();
    report.check("five events, in order", same(ticks.as_str(), "[0,1,2,3,4]"));
    let socket = &got["socket"];
    report.check("a subprotocol", same(socket["protocol"].as_str(), Some("chat.v2")));
    let hello = socket["hello"].to_string();
    report.check("the service sees the gateway", holds(&hello, &[EDGE]));
    report.check("text there and back", same(socket["text"].as_str(), Some("ünïcödé 😀")));
    let back = (socket["bytes"].as_u64(), socket["same"].as_bool());
    report.check("1 MB there and back", same(back, (Some(1_000_000), Some(true))));
    let closed = (socket["code"].as_u64(), socket["wasClean"].as_bool());
    report.check("a close code", same(closed, (Some(4001), Some(true))));
    report.check("and its reason", same(socket["reason"].as_str(), Some("because I say so")));
}

/// A line the server told of such an event.
fn line(edge: &Edge, file: &str, what: &str, event: &str) -> Result<Value> {
    let path = edge.mesh.scratch().file(file);
    until(what, TIME, || {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Ok(lines.into_iter().find(|line| line["event"] == event))
    })
}
