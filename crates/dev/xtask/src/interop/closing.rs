//! `deny` while WebSockets and gRPC streams are open: each ends in time, in
//! the words of its protocol, with the id under which `explain` knows why.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::deadline::until;
use super::edge::{Edge, Service};
use super::install;
use super::mesh::Postern;
use super::process::{Running, command};
use super::report::{Report, holds, same};
use crate::workspace;

/// From the moment the command is typed.
const CUT_TIME: Duration = Duration::from_secs(2);
const OPEN_TIME: Duration = Duration::from_secs(30);
/// WebSocket's code for "against our policy", RFC 6455 section 7.4.1.
const POLICY_VIOLATION: u64 = 1008;

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let python = install::python()?.to_string_lossy().into_owned();
    let scripts = workspace::root()?.join("interop/python").to_string_lossy().into_owned();
    let script = |name: &str| format!("{scripts}/{name}");
    let services = [
        Service::open("chat", "http", &[&python, "-u", &script("ws_server.py"), "{port}"]),
        Service::open("streams", "grpc", &[&python, "-u", &script("grpc_server.py"), "{port}"]),
    ];
    let mut edge = Edge::start(postern, &services)?;
    let app = edge.app("streams")?;
    let begin = format!("exec {python} -u {} --app 127.0.0.1:{app}", script("closing.py"));

    let line = format!("{begin} ws://$CHAT_ADDR $STREAMS_ADDR");
    let open = edge.mesh.run("client", &[], &["sh", "-c", &line])?;
    Open { edge: &edge, open, caller: "client", sockets: 2 }.cut(report)?;

    let (chat, streams) = (edge.gateway("chat")?, edge.gateway("streams")?);
    let line = format!(
        "{begin} wss://localhost:{chat} localhost:{streams} --http2 localhost:{chat} --ca {}",
        edge.ca()
    );
    let mut shell = command("sh");
    let open = Running::start(edge.mesh.scratch().path(), "open", shell.args(["-c", &line]))?;
    Open { edge: &edge, open, caller: "edge", sockets: 3 }.cut(report)?;
    report.check("up exits with 0", same(edge.mesh.stop()?, Some(0)));
    Ok(())
}

/// A client with open WebSockets and gRPC streams.
struct Open<'a> {
    edge: &'a Edge,
    open: Running,
    /// Whose right it is by which the streams are open.
    caller: &'static str,
    sockets: usize,
}

impl Open<'_> {
    /// Denies one service after the other, and looks how what is open ends.
    fn cut(mut self, report: &mut Report) -> Result<()> {
        self.open.says("\"open\"", OPEN_TIME)?;
        self.cut_one("chat", ("websocket", self.sockets), report)?;
        self.cut_one("streams", ("grpc", 3), report)?;
        let seen = self.open.says("\"app_saw\"", OPEN_TIME);
        report.check(&format!("{}: and the service sees its caller go", self.caller), seen);
        Ok(())
    }

    fn cut_one(&self, service: &str, ends: (&str, usize), report: &mut Report) -> Result<()> {
        let ((kind, wanted), caller) = (ends, self.caller);
        let of = format!("{kind} of {caller}");
        report.check(&format!("{of}: open until then"), same(self.ended(kind)?.len(), 0));
        let began = Instant::now();
        let mut deny = self.edge.mesh.command(&["deny", caller, service]);
        let deny = Running::start(self.edge.mesh.scratch().path(), "deny", &mut deny)?;
        let cut = until(&format!("all {wanted} end"), CUT_TIME, || {
            Ok((self.ended(kind)?.len() == wanted).then_some(()))
        });
        let took = began.elapsed().as_millis();
        report.note(&format!("{of}: all {wanted} closed {took} ms after `deny`"));
        report.check(&format!("{of}: all {wanted} closed within 2 s of `deny`"), cut);
        deny.said(OPEN_TIME)?.ok()?;
        for end in self.ended(kind)? {
            let name = format!("{} of {caller}", end["ended"].as_str().unwrap_or_default());
            report.check(&format!("{name}: in the words of its protocol"), in_words(kind, &end));
            let policy = format!("deny-{caller}-{service}");
            let explained = explained(self.edge, &end, &policy);
            report.check(&format!("{name}: explained"), explained);
        }
        Ok(())
    }

    /// What the client told of the ends of one kind.
    fn ended(&self, kind: &str) -> Result<Vec<Value>> {
        let text = self.open.out()?;
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let is_it = |line: &Value| line["ended"].as_str().is_some_and(|n| n.starts_with(kind));
        Ok(lines.filter(is_it).collect())
    }
}

/// A close frame with 1008, a status PERMISSION_DENIED.
fn in_words(kind: &str, end: &Value) -> Result<()> {
    if kind == "websocket" {
        ensure!(end["unclean"].is_null(), "{end}");
        return same(end["code"].as_u64(), Some(POLICY_VIOLATION)).with_context(|| end.to_string());
    }
    same(end["code"].as_str(), Some("PERMISSION_DENIED")).with_context(|| end.to_string())
}

/// The reason is an id and nothing else, and under it `explain` names the deny.
/// Decisions reach it a moment after the stream's end.
fn explained(edge: &Edge, end: &Value, policy: &str) -> Result<()> {
    let id = end["reason"].as_str().unwrap_or_default();
    ensure!(id.len() == 20, "the reason is `{id}`");
    let why = until("the decision is known", OPEN_TIME, || {
        let said = edge.mesh.say(&["explain", id])?;
        Ok((said.code == 0).then_some(said.out))
    })?;
    holds(&why, &[policy])
}
