//! Programs nobody wrote for Postern, and not a line of YAML: Python's file
//! server twice, curl, and one `allow`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::deadline::until;
use super::mesh::{Mesh, Postern};
use super::process::Running;
use super::report::{Report, holds, same};
use super::scratch::{Scratch, free_ports};
use super::web::curl_as;

/// An `allow` has to count after so long.
const TAKE_EFFECT: Duration = Duration::from_secs(1);
const START_TIME: Duration = Duration::from_secs(20);

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let scratch = Scratch::new()?;
    for name in ["a", "b"] {
        std::fs::create_dir(scratch.file(name))?;
        scratch.write(&format!("{name}/hello.txt"), format!("hello from {name}\n"))?;
    }
    let mesh = Mesh::start(postern, scratch)?;
    let [a, b] = free_ports()?;
    let mut servers = [server(&mesh, "a", a)?, server(&mesh, "b", b)?];
    for (server, name) in servers.iter_mut().zip(["a", "b"]) {
        let served = until(&format!("{name} is ready"), START_TIME, || is_ready(&mesh, name));
        served.with_context(|| server.err().unwrap_or_default())?;
    }
    refusal(&mesh, a, report)?;
    takes_effect(&mesh, a, report)?;
    call_by_name(&mesh, a, report)?;
    let other = curl_as(&mesh, "c", &[&url("b", b)])?;
    report.check("b, which no rule names, still says 403", same(other.status, 403));
    on_every_address(&mesh, b, report)?;
    for mut server in servers {
        let status = server.stop(START_TIME)?;
        // Python ends by the signal that `run` passed on: 128 and 15.
        report.check("SIGTERM ends server and door", same(status.code(), Some(143)));
    }
    report.check("up exits with 0", same({ mesh }.stop()?, Some(0)));
    Ok(())
}

/// No rule, no call: refused with an id, and explained.
fn refusal(mesh: &Mesh, port: u16, report: &mut Report) -> Result<()> {
    let answer = curl_as(mesh, "c", &[&url("a", port)])?;
    report.check("without a rule curl gets 403", same(answer.status, 403));
    let head = answer.text.to_ascii_lowercase();
    let id = head.split("postern-decision: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let id = id.with_context(|| format!("no decision id: {}", answer.text))?;
    let why = until("the decision is known", START_TIME, || {
        let said = mesh.say(&["explain", id])?;
        Ok((said.code == 0).then_some(said.out))
    });
    let wanted = ["refused", "/ns/default/sa/c", "no rule"];
    report.check("explain says that there is no rule", why.and_then(|why| holds(&why, &wanted)));
    Ok(())
}

/// A process that is already there, and asks over and over, gets through
/// within a second of the command.
fn takes_effect(mesh: &Mesh, port: u16, report: &mut Report) -> Result<()> {
    let url = url("a", port);
    let ask = format!("curl -q -s --max-time 5 {url}");
    let script = format!("echo begun; while :; do {ask} | grep '^hello' && exit; done");
    let mut asking = mesh.run("c", &[], &["sh", "-c", &script])?;
    asking.says("begun", START_TIME)?;
    let began = Instant::now();
    let said = mesh.say(&["allow", "c", "a", "--method", "GET", "--path", "/**"])?;
    report.check("allow c a for GET", said.ok().map(drop));
    let heard = asking.says("hello from a", START_TIME);
    report.check("an open door takes it", heard);
    report.check("within a second", in_time(began.elapsed()));
    report.note(&format!("an allow took effect within {} ms", began.elapsed().as_millis()));
    let answer = curl_as(mesh, "c", &["-X", "POST", "-d", "x", &url])?;
    report.check("POST is still refused", same(answer.status, 403));
    Ok(())
}

/// The explicit proxy finds `a` by name; the address variable does too.
fn call_by_name(mesh: &Mesh, port: u16, report: &mut Report) -> Result<()> {
    let answer = curl_as(mesh, "c", &[&url("a", port)])?;
    report.check("curl by name reaches a", same(answer.body.as_str(), "hello from a\n"));
    let by_variable = ["sh", "-c", "curl -q -s -S --max-time 10 \"http://$A_ADDR/hello.txt\""];
    let said = mesh.run_to_end("c", &by_variable)?.ok();
    report.check("and by A_ADDR", said.and_then(|out| same(out.as_str(), "hello from a\n")));
    let line = mesh.logged_in("a.log", "the call", |line| line["status"] == 200);
    let check = line.and_then(|line| holds(&line.to_string(), &["/ns/default/sa/c", "/hello.txt"]));
    report.check("a's door logged who called", check);
    Ok(())
}

/// As in the command's own help: a server that listens on 0.0.0.0, on the very
/// port by which others call it. The caller's door has to live with that.
fn on_every_address(mesh: &Mesh, port: u16, report: &mut Report) -> Result<()> {
    report.check("allow c b", mesh.say(&["allow", "c", "b"])?.ok().map(drop));
    let answer = curl_as(mesh, "c", &[&url("b", port)])?;
    report.check("curl by name reaches b", same(answer.body.as_str(), "hello from b\n"));
    let by_variable = ["sh", "-c", "curl -q -s -S --max-time 10 \"http://$B_ADDR/hello.txt\""];
    let said = mesh.run_to_end("c", &by_variable)?.ok();
    report.check("and by B_ADDR", said.and_then(|out| same(out.as_str(), "hello from b\n")));
    let status = mesh.ask(&["status"])?;
    let refused = status["doors"]
        .as_array()
        .is_some_and(|doors| doors.iter().any(|door| !door["refused"].is_null()));
    report.check("no door refuses the generation", same(refused, false));
    Ok(())
}

fn url(name: &str, port: u16) -> String {
    format!("http://{name}:{port}/hello.txt")
}

fn in_time(took: Duration) -> Result<()> {
    anyhow::ensure!(took < TAKE_EFFECT, "an allow took {took:?}");
    Ok(())
}

/// `a` listens on another port than others call, and on one address; `b` as
/// Python does by itself.
fn server(mesh: &Mesh, name: &str, port: u16) -> Result<Running> {
    let folder = mesh.scratch().file(name);
    let (port, folder) = (port.to_string(), folder.to_string_lossy());
    let serve = ["python3", "-u", "-m", "http.server", "--directory", &folder];
    if name == "b" {
        return mesh.run(name, &["--port", &port], &[&serve[..], &[&port]].concat());
    }
    let target = free_ports::<1>()?[0].to_string();
    let serve = [&serve[..], &["--bind", "127.0.0.1", &target]].concat();
    mesh.run(name, &["--port", &port, "--target-port", &target], &serve)
}

fn is_ready(mesh: &Mesh, name: &str) -> Result<Option<()>> {
    let status = mesh.ask(&["status"])?;
    let services = status["services"].as_array().cloned().unwrap_or_default();
    let is_it = |full: &str| full.rsplit('/').next() == Some(name);
    let it = services.iter().find(|entry| entry["name"].as_str().is_some_and(is_it));
    Ok(it.filter(|entry| entry["ready"] == true).map(drop))
}
