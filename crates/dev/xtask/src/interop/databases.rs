//! Databases through two doors: their own clients against their own servers,
//! over declared TCP that no door understands.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::deadline::until;
use super::install;
use super::mesh::{Mesh, Postern};
use super::process::{Running, command};
use super::report::{Report, holds, same};
use super::scratch::{Scratch, free_ports};

const START_TIME: Duration = Duration::from_secs(20);
/// A `deny` has to end what is open after so long.
const CUT_TIME: Duration = Duration::from_secs(2);

/// redis-server started by `up` from a document, redis-cli by `run`.
pub(crate) fn redis(postern: &Postern, report: &mut Report) -> Result<()> {
    let scratch = Scratch::new()?;
    let [port] = free_ports()?;
    fs::create_dir(scratch.file("documents"))?;
    scratch.write("documents/mesh.yaml", redis_documents(port))?;
    let mut mesh = Mesh::start(postern, scratch)?;
    let ask = "redis-cli -h \"$CACHE_HOST\" -p \"$CACHE_PORT\" ";
    let pong = until("redis answers", START_TIME, || {
        let said = mesh.run_to_end("app", &["sh", "-c", &format!("{ask} ping")])?;
        Ok((said.out.trim() == "PONG").then_some(()))
    });
    report.check("redis-cli ping", pong);
    let script =
        format!("head -c 1000000 /dev/zero | tr '\\0' x | {ask} -x set big; {ask} strlen big");
    let said = mesh.run_to_end("app", &["sh", "-c", &script])?.ok();
    report.check("a value of 1 MB", said.and_then(|out| holds(&out, &["OK", "1000000"])));
    let info = mesh.run_to_end("app", &["sh", "-c", &format!("{ask} client list")])?.ok();
    report.check(
        "the server sees its own door only",
        info.and_then(|out| holds(&out, &["addr=127.0.0.1:"])),
    );
    let look = "echo \"ran [$CACHE_ADDR]\"";
    let stranger = mesh.run_to_end("stranger", &["sh", "-c", look])?.ok();
    report
        .check("a stranger is not told of it", stranger.and_then(|out| same(out.trim(), "ran []")));
    deny_cuts(&mesh, ask, report)?;
    report.check("up exits with 0", same(mesh.stop()?, Some(0)));
    Ok(())
}

/// An open stream loses its right with the rule.
fn deny_cuts(mesh: &Mesh, ask: &str, report: &mut Report) -> Result<()> {
    let mut open = mesh.run("app", &[], &["sh", "-c", &format!("exec {ask} subscribe news")])?;
    open.says("subscribe", START_TIME)?;
    let said = mesh.say(&["deny", "app", "cache"])?;
    report.check("deny app cache", said.ok().map(drop));
    // redis-cli connects again for ever; what it says when it can't is enough.
    let cut = until("the open stream is closed", CUT_TIME, || {
        let ended = !open.is_alive()?;
        let told = format!("{}{}", open.out()?, open.err()?);
        Ok((ended || told.contains("closed") || told.contains("Error")).then_some(()))
    });
    report.check("an open stream is closed within 2 s", cut);
    let allowed = mesh.say(&["allow", "app", "cache"])?;
    report.check("allow against a standing deny exits with 1", same(allowed.code, 1));
    Ok(())
}

fn redis_documents(port: u16) -> String {
    format!(
        "apiVersion: postern.dev/v1
kind: Mesh
metadata: {{name: interop}}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: cache}}
spec:
  ports: [{{port: 6379, protocol: tcp, targetPort: {port}}}]
  run:
    command: [redis-server, --bind, 127.0.0.1, --port, \"{port}\", --save, \"\", --appendonly, \"no\"]
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: app-caches}}
spec: {{to: cache, allow: [{{from: \"spiffe://interop/ns/default/sa/app\"}}]}}
"
    )
}

/// PostgreSQL and psql, each behind its own `run`; rules by command.
pub(crate) fn postgres(postern: &Postern, report: &mut Report) -> Result<()> {
    let scratch = Scratch::new()?;
    let data = make_cluster(&scratch)?;
    let mut mesh = Mesh::start(postern, scratch)?;
    let [port, target] = free_ports()?;
    let mut server = postgres_server(&mesh, (port, target), &data)?;
    server.says("ready to accept connections", START_TIME)?;
    let look = ["sh", "-c", "echo \"ran [$DB_ADDR]\""];
    let before = mesh.run_to_end("report", &look)?.ok();
    report
        .check("without a rule db is not there", before.and_then(|out| same(out.trim(), "ran []")));
    report.check("allow report db", mesh.say(&["allow", "report", "db"])?.ok().map(drop));
    let psql = "PGCONNECT_TIMEOUT=10 psql -X -A -t -q -h \"$DB_HOST\" -p \"$DB_PORT\" -U postgres";
    let count = format!("{psql} -c 'select sum(g) from generate_series(1, 100000) g'");
    let said = mesh.run_to_end("report", &["sh", "-c", &count])?.ok();
    report.check("psql adds up", said.and_then(|out| same(out.trim(), "5000050000")));
    let much = format!(
        "{psql} -c 'select repeat(md5(g::text), 32) from generate_series(1, 5000) g' | wc -c"
    );
    let said = mesh.run_to_end("report", &["sh", "-c", &much])?.ok();
    report.check("psql reads 5 MB", said.and_then(|out| same(out.trim(), "5125000")));
    let line = mesh.logged_in("db.log", "the connection", |line| line["protocol"] == "tcp");
    let check = line.and_then(|line| holds(&line.to_string(), &["/ns/default/sa/report"]));
    report.check("the server's door logged who called", check);
    report.check("up exits with 0", same(mesh.stop()?, Some(0)));
    Ok(())
}

/// A server that root may not be: it runs as its own user.
fn as_postgres(words: &[&str]) -> Vec<String> {
    let root = rustix::process::geteuid().is_root();
    let switch: &[&str] = if root { &["runuser", "-u", "postgres", "--"] } else { &[] };
    switch.iter().chain(words).map(|word| (*word).to_owned()).collect()
}

/// An empty cluster in a folder its user may enter.
fn make_cluster(scratch: &Scratch) -> Result<String> {
    let data = scratch.file("data");
    fs::create_dir(&data)?;
    if rustix::process::geteuid().is_root() {
        let chown = command("chown").arg("postgres").arg(&data).status()?;
        anyhow::ensure!(chown.success(), "chown postgres");
    }
    let (initdb, data) = (install::postgres("initdb"), data.to_string_lossy().into_owned());
    let words = ["-A", "trust", "-U", "postgres", "-N", "-D", &data];
    let words = as_postgres(&[&[&*initdb.to_string_lossy()], &words[..]].concat());
    start(scratch, "initdb", &words)?.said(Duration::from_secs(60))?.ok()?;
    Ok(data)
}

fn postgres_server(mesh: &Mesh, (port, target): (u16, u16), data: &str) -> Result<Running> {
    let (port, target) = (port.to_string(), target.to_string());
    let program = install::postgres("postgres");
    let words = ["-D", data, "-p", &target, "-h", "127.0.0.1", "-k", "", "-c", "fsync=off"];
    let words = as_postgres(&[&[&*program.to_string_lossy()], &words[..]].concat());
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    mesh.run("db", &["--port", &port, "--target-port", &target, "--protocol", "tcp"], &words)
}

fn start(scratch: &Scratch, name: &str, words: &[String]) -> Result<Running> {
    let (program, arguments) = words.split_first().ok_or_else(|| anyhow::anyhow!("nothing"))?;
    let command: &mut Command = &mut command(program);
    Running::start(scratch.path(), name, command.args(arguments).current_dir("/"))
}
