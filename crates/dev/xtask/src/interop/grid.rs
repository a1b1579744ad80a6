//! The differential grid: the same bytes, legal and ambiguous, through a
//! gateway and straight to doors, to nine servers nobody here wrote. Each
//! server notes the requests it made out of what reached it; they have to be
//! exactly those that the doors say they let through, and none of a refused
//! one. The same bytes without any door show that the servers disagree.

mod peers;
mod tally;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::authority::{Authority, Claims, Leaf};
use super::deadline::until;
use super::mesh::{Mesh, Postern};
use super::process::{Running, command};
use super::report::{Report, same};
use super::scratch::Scratch;
use crate::workspace;
use peers::{Grid, Peer};
use tally::{Told, lines_of};

const START_TIME: Duration = Duration::from_secs(30);
const SEND_TIME: Duration = Duration::from_secs(900);
/// How long a line may take from a door or a server to its log.
const LOG_TIME: Duration = Duration::from_secs(30);
/// What is shown of a long list of disagreements.
const SHOWN_MAX: usize = 12;

/// Where the bytes go in, when doors are asked.
const DOORS: [&str; 2] = ["gateway", "door"];

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let scratch = Scratch::new()?;
    let grid = Grid::set(&scratch)?;
    let mesh = Mesh::start(postern, scratch)?;
    grid.wait_until_open(START_TIME)?;
    let own = Authority::of_mesh(mesh.scratch(), &mesh.authority())?;
    let uris = ["spiffe://interop.example/ns/default/sa/probe"];
    let leaf = own.leaf(&Claims { name: "probe", uris: &uris, is_ca: false, is_old: false })?;
    let told = send(&mesh, &plan(&mesh, &grid, &leaf)?, true)?;
    report.note(&format!("{} conversations with {} servers", told.len(), grid.peers.len()));
    wait_for_lines(&mesh, &told)?;
    let access = lines_of(&mesh.scratch().file("access.log"))?;
    for peer in &grid.peers {
        judge(&grid, peer, &access, &told, report)?;
    }
    without_doors(&mesh, &grid, report)?;
    report.check("up exits with 0", same({ mesh }.stop()?, Some(0)));
    Ok(())
}

/// What one server saw, against its door's word and the corpus.
fn judge(
    grid: &Grid,
    peer: &Peer,
    access: &[Value],
    told: &[Told],
    report: &mut Report,
) -> Result<()> {
    let wanted = tally::forwarded(access, peer.name);
    let logged = until("the server's log", LOG_TIME, || {
        Ok((grid.seen(peer)?.len() >= wanted.least.len()).then_some(()))
    });
    let (name, seen) = (peer.name, grid.seen(peer)?);
    let what = format!("{name}: the {} requests it saw are those let through", seen.len());
    report.check(&what, all_of(wanted.disagreements(&seen)).and(logged));
    for entry in DOORS {
        let own: Vec<_> = told.iter().filter(|told| told.is_of(entry, name)).collect();
        let what = format!("{name}: by the {entry} {} cases come out as written", own.len());
        report.check(&what, all_of(own.iter().filter_map(|told| told.wrong(&seen)).collect()));
    }
    Ok(())
}

/// The same bytes to the servers alone: that the doors made a difference, and
/// that this corpus would have shown it if they had not.
fn without_doors(mesh: &Mesh, grid: &Grid, report: &mut Report) -> Result<()> {
    let before = grid.all_seen()?;
    let bare = |peer: &Peer| {
        let (name, address) = (peer.name, ("127.0.0.1", peer.port));
        json!({ "entry": "bare", "backend": name, "address": address, "host": "bare.test" })
    };
    send(mesh, &grid.peers.iter().map(bare).collect(), false)?;
    let mut misled = 0;
    for (peer, (before, after)) in grid.peers.iter().zip(before.iter().zip(grid.all_seen()?)) {
        let seen = after.get(before.len()..).unwrap_or_default();
        let smuggled = seen.iter().filter(|request| request.is_smuggled()).count();
        misled += usize::from(smuggled > 0);
        let text = format!("{} alone: {} requests, {smuggled} smuggled", peer.name, seen.len());
        report.note(&text);
    }
    report.check("without doors most servers are misled", most(misled, grid.peers.len()));
    Ok(())
}

fn most(count: usize, of: usize) -> Result<()> {
    ensure!(count * 2 > of, "{count} of {of}: the corpus shows nothing");
    Ok(())
}

/// Nothing is in the list, or an error that shows the beginning of it.
fn all_of(wrong: Vec<String>) -> Result<()> {
    let shown: Vec<_> = wrong.iter().take(SHOWN_MAX).cloned().collect();
    ensure!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), shown.join("\n"));
    Ok(())
}

/// Sends the corpus to all targets of a plan; the frames to doors alone.
fn send(mesh: &Mesh, plan: &Value, speaks_http2: bool) -> Result<Vec<Told>> {
    let folder = workspace::root()?.join("interop/grid");
    let plan = mesh.scratch().write("plan.json", plan.to_string())?;
    let mut python = command("python3");
    python.env("PYTHONDONTWRITEBYTECODE", "1").arg(folder.join("send.py")).arg(plan);
    python.arg(folder.join("corpus.txt"));
    if speaks_http2 {
        python.arg(folder.join("corpus2.txt"));
    }
    let said = Running::start(mesh.scratch().path(), "send", &mut python)?.said(SEND_TIME)?.ok()?;
    said.lines().map(Told::read).collect()
}

/// Each server by the gateway and by its own door.
fn plan(mesh: &Mesh, grid: &Grid, leaf: &Leaf) -> Result<Value> {
    let [first, rest] = [&leaf.certificate, &leaf.chain].map(std::fs::read_to_string);
    let chain = mesh.scratch().write("probe-chain.pem", format!("{}{}", first?, rest?))?;
    let mut targets = Vec::new();
    for Peer { name, .. } in &grid.peers {
        let door = mesh.inbound(name)?;
        let (ip, port) = door.rsplit_once(':').context("an address without a port")?;
        targets.push(json!({
            "entry": "gateway", "backend": name, "address": ["127.0.0.1", grid.gateway],
            "host": format!("{name}.test"), "sni": format!("{name}.test"),
        }));
        targets.push(json!({
            "entry": "door", "backend": name, "address": [ip, port.parse::<u16>()?],
            "host": format!("{name}:8080"), "sni": format!("p8080.{name}.default.interop.example"),
            "cert": chain, "key": leaf.key,
        }));
    }
    Ok(Value::from(targets))
}

/// Every connection to a door has left its line there.
fn wait_for_lines(mesh: &Mesh, told: &[Told]) -> Result<()> {
    let log = mesh.scratch().file("access.log");
    let mut missing = Vec::new();
    let waited = until("a line for each connection", LOG_TIME, || {
        missing = without_line(&log, told)?;
        Ok(missing.is_empty().then_some(()))
    });
    waited.with_context(|| format!("of {} none: {:?}", missing.len(), missing.first()))
}

fn without_line(log: &Path, told: &[Told]) -> Result<Vec<String>> {
    let from: std::collections::HashSet<_> = lines_of(log)?.iter().map(tally::place).collect();
    let missing = told.iter().filter(|told| !from.contains(&told.place()));
    Ok(missing.map(ToString::to_string).collect())
}
