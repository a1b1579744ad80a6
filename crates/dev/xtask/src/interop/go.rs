//! go-spiffe as a client of the Workload API, and as a caller that speaks
//! mutual TLS to a door with no door of its own.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::install;
use super::mesh::Postern;
use super::python::short_lived;
use super::report::{Report, holds, same};

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let peer = install::go()?;
    let mut mesh = short_lived(postern)?;
    let door = mesh.inbound("orders")?;
    let (peer, within) = (peer.to_string_lossy(), "45s");
    let expected = "spiffe://interop.example/ns/default/sa/orders";
    let name = "p8080.orders.default.interop.example";
    let words = [
        &*peer,
        "-address",
        &door,
        "-name",
        name,
        "-expect",
        expected,
        "-rotations",
        "2",
        "-within",
        within,
    ];
    let said = mesh.run("probe", &[], &words)?.said(PATIENCE)?;
    let lines: Vec<Value> =
        said.out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |event: &'static str| lines.iter().filter(move |line| line["event"] == event);
    let fetched = of("fetched").next().with_context(|| said.err.clone())?;
    let own = "spiffe://interop.example/ns/default/sa/probe";
    report.check("fetches its X.509-SVID", same(fetched["id"].as_str(), Some(own)));
    report.check("with an intermediate", same(fetched["chain"].as_u64(), Some(2)));
    report.check("and one authority", same(fetched["authorities"].as_u64(), Some(1)));
    report.check("sees two rotations", same(of("rotated").count(), 2));
    let calls: Vec<_> = of("called").cloned().collect();
    let statuses: Vec<_> = calls.iter().filter_map(|call| call["status"].as_u64()).collect();
    let wanted = [200, 403, 200, 403];
    report
        .check("GET is allowed and DELETE is not, before and after", same(&statuses[..], &wanted));
    let first = calls.first().cloned().unwrap_or_default();
    report.check("TLS 1.3", same(first["version"].as_str(), Some("TLS 1.3")));
    report.check("with X25519MLKEM768", same(first["curve"].as_str(), Some("X25519MLKEM768")));
    let body = first["body"].as_str().unwrap_or_default();
    report.check("the app saw who called", holds(body, &[own]));
    let id = calls.get(1).and_then(|call| call["decision"].as_str()).unwrap_or_default();
    let why = mesh.say(&["explain", id])?.ok();
    report.check("explain tells of the DELETE", why.and_then(|why| holds(&why, &["DELETE", own])));
    report.check("without an error", said.ok().map(drop));
    report.check("up exits with 0", same(mesh.stop()?, Some(0)));
    Ok(())
}
