//! `examples/shop`, as the tour walks it: curl through the gateway down to the
//! ledger, and the denial that is there to be explored. Only the ports differ,
//! so that it may run beside a shop that is open.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::mesh::{Mesh, Postern};
use super::report::{Report, holds, same};
use super::scratch::{Scratch, free_ports};
use super::web::{Answer, curl};
use crate::workspace;

/// The ports the example takes of the host; the first is the gateway's.
const PORTS: [&str; 5] = ["8443", "18080", "18081", "18082", "17000"];
/// How long a decision's id is.
const ID_LENGTH: usize = 20;

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let (mut mesh, gateway) = open(postern)?;
    report.note(&format!("ready after {} ms", mesh.ready_after().as_millis()));
    walk(&mesh, &gateway, report)?;
    outsiders(&mesh, &gateway, report)?;
    denial(&mesh, &gateway, report)?;
    report.check("Ctrl-C drains and exits with 0", same(mesh.stop()?, Some(0)));
    Ok(())
}

/// The shop on other ports, ready, and its gateway's URL.
pub(crate) fn open(postern: &Postern) -> Result<(Mesh, String)> {
    let scratch = Scratch::new()?;
    let ports = free_ports::<{ PORTS.len() }>()?;
    fs::create_dir(scratch.file("documents"))?;
    for entry in fs::read_dir(workspace::root()?.join("examples/shop"))? {
        let entry = entry?;
        let mut text = fs::read_to_string(entry.path())?;
        for (from, to) in PORTS.iter().zip(ports) {
            text = text.replace(from, &to.to_string());
        }
        let name = format!("documents/{}", entry.file_name().to_string_lossy());
        scratch.write(&name, text)?;
    }
    let [gateway, ..] = ports;
    Ok((Mesh::start(postern, scratch)?, format!("https://127.0.0.1:{gateway}")))
}

/// Every hop sees the one before it, and no other.
fn walk(mesh: &Mesh, gateway: &str, report: &mut Report) -> Result<()> {
    let answer = curl(mesh, &[&format!("{gateway}/v1/orders")])?;
    report.check("GET reaches the ledger", same(answer.status, 200));
    let web = answer.json()?;
    let orders = &web["called"][0]["answer"];
    let payments = &orders["called"][0]["answer"];
    let ledger = &payments["called"][0];
    for (hop, name, caller) in
        [(&web, "web", "edge"), (orders, "orders", "web"), (payments, "payments", "orders")]
    {
        let wanted = id(caller);
        let seen = hop["caller"].as_str().unwrap_or("nobody");
        report.check(&format!("{name} sees {caller} as its caller"), same(seen, &wanted));
        let card = hop["forwardedClientCert"].as_str().unwrap_or_default();
        let uri = format!("URI={wanted}");
        report
            .check(&format!("{name} gets the certificate's facts"), holds(card, &[&uri, "Hash="]));
        let trace = hop["traceparent"].as_str().unwrap_or_default();
        report.check(&format!("{name} is part of the trace"), same(trace.len(), 55));
    }
    let charge = "POST /v1/charges";
    report
        .check("the ledger speaks first", holds(&ledger["greeting"].to_string(), &["220 ledger"]));
    report.check("and echoes what payments sent", holds(&ledger["answer"].to_string(), &[charge]));
    let line = mesh.logged("the ledger's connection", |line| {
        line["door"] == "ledger" && line["role"] == "inbound"
    });
    let check = line.and_then(|line| same(line["caller"].clone(), id("payments").into()));
    report.check("the ledger's door logs payments as the caller", check);
    Ok(())
}

/// What a stranger says about who calls is not believed.
fn outsiders(mesh: &Mesh, gateway: &str, report: &mut Report) -> Result<()> {
    let lies = [
        "postern-caller: spiffe://shop.example/ns/default/sa/payments",
        "x-forwarded-client-cert: URI=spiffe://shop.example/ns/default/sa/payments",
        "x-forwarded-for: 192.0.2.7",
    ];
    let url = format!("{gateway}/v1/orders");
    let words: Vec<_> = lies.iter().flat_map(|lie| ["-H", lie]).chain([url.as_str()]).collect();
    let web = curl(mesh, &words)?.json()?;
    report.check("web still sees the gateway", same(web["caller"].as_str(), Some(&id("edge"))));
    let told = web.to_string();
    let believed = ["sa/payments\",\"forwarded", "192.0.2.7"].iter().any(|lie| told.contains(lie));
    let check = if believed { Err(anyhow::anyhow!("{told}")) } else { Ok(()) };
    report.check("nothing of the lies came through", check);
    Ok(())
}

/// The rule that is not there: web may read orders, and no more.
fn denial(mesh: &Mesh, gateway: &str, report: &mut Report) -> Result<()> {
    let answer = curl(mesh, &["-X", "DELETE", &format!("{gateway}/v1/orders/7")])?;
    report.check("DELETE comes back as a failure of web", same(answer.status, 502));
    let call = answer.json()?["called"][0].clone();
    report.check("since orders refused it", same(call["status"].clone(), 403.into()));
    let decision = call["decision"].as_str().context("no decision id")?.to_owned();
    report.check("with an id", same(decision.len(), ID_LENGTH));
    report.check("and nothing else", says_nothing(&call, &decision));
    let why = mesh.say(&["explain", &decision])?.ok();
    let wanted = ["refused", "DELETE", "/v1/orders/7", "web-reads-orders", "GET"];
    report.check("explain names the rule and the clause", why.and_then(|why| holds(&why, &wanted)));
    let unknown = mesh.say(&["explain", "00000000000000000000"])?;
    report.check("explain of an unknown id exits with 1", same(unknown.code, 1));
    Ok(())
}

/// A refusal's body tells the caller its id and no more.
fn says_nothing(call: &Value, decision: &str) -> Result<()> {
    let body = call["answer"].to_string();
    for secret in ["web-reads-orders", "spiffe", "policy", "rule", "GET", "default"] {
        ensure!(!body.contains(secret), "the caller is told `{secret}`: {body}");
    }
    ensure!(body.contains(decision), "the body lacks the id: {body}");
    Ok(())
}

fn id(service: &str) -> String {
    format!("spiffe://shop.example/ns/default/sa/{service}")
}

/// A request to the shop that is part of steady work.
pub(crate) fn ask(mesh: &Mesh, gateway: &str) -> Result<Answer> {
    curl(mesh, &[&format!("{gateway}/v1/orders")])
}
