//! What takes minutes: rotation under load, a crash under load, and a control
//! plane that has stopped.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::authority::openssl;
use super::deadline::until;
use super::mesh::{Mesh, Postern};
use super::process::{Running, command};
use super::report::{Report, holds, same};
use super::scratch::{Scratch, free_ports};
use super::shop;
use crate::workspace;

const MINUTES: Duration = Duration::from_secs(180);
const READY: Duration = Duration::from_secs(2);
const MARGIN: Duration = Duration::from_secs(30);

/// Lifetime 20 s under steady load for 3 minutes.
pub(crate) fn rotation(postern: &Postern, report: &mut Report) -> Result<()> {
    let (mut mesh, gateway) = shop_with_lifetime(postern, "20s")?;
    let mut stream = held_stream(&mesh)?;
    let load = gateway_load(&mesh, &gateway, MINUTES)?;
    let serials = serials_during(&mesh, &["web", "orders", "payments", "ledger"], MINUTES)?;
    let said = load.said(MARGIN)?;
    report.note(said.out.lines().find(|l| l.starts_with("requests:")).unwrap_or_default());
    report.check("no request failed", all_succeeded(&said.out));
    for (service, seen) in serials {
        let renewals = seen.saturating_sub(1);
        report.note(&format!("{service}: {renewals} renewals"));
        let check = if renewals >= 12 { Ok(()) } else { Err(anyhow::anyhow!("{renewals}")) };
        report.check(&format!("{service} was renewed at least 12 times"), check);
    }
    stream.end(MARGIN)?;
    report.check("one TCP stream stayed open throughout", holds(&stream.out()?, &["held for"]));
    report.check("up exits with 0", same(mesh.stop()?, Some(0)));
    Ok(())
}

/// kill -9 of the whole `up` under load, and a new start.
pub(crate) fn crash(postern: &Postern, report: &mut Report) -> Result<()> {
    let (mut mesh, gateway) = shop::open(postern)?;
    let before = facts(&mesh)?;
    let load = gateway_load(&mesh, &gateway, MARGIN)?;
    until("the load runs", MARGIN, || {
        let lines = fs::read_to_string(mesh.scratch().file("access.log"))?.lines().count();
        Ok((lines > 100).then_some(()))
    })?;
    mesh.kill();
    drop(load);
    mesh.up()?;
    let took = mesh.ready_after();
    report.note(&format!("ready {} ms after kill -9", took.as_millis()));
    report.check(
        "ready in under 2 s",
        if took < READY { Ok(()) } else { Err(anyhow::anyhow!("{took:?}")) },
    );
    let after = facts(&mesh)?;
    for (what, (before, after)) in
        ["authority", "documents", "generation"].iter().zip(before.iter().zip(&after))
    {
        report.check(&format!("the same {what}"), same(after, before));
    }
    report.check("and it serves", same(shop::ask(&mesh, &gateway)?.status, 200));
    report.check("up exits with 0", same(mesh.stop()?, Some(0)));
    Ok(())
}

/// kill -STOP of the control side for 3 minutes: doors that stand in other
/// processes go on.
pub(crate) fn outage(postern: &Postern, report: &mut Report) -> Result<()> {
    let mut mesh = Mesh::start(postern, Scratch::new()?)?;
    let [port, target] = free_ports()?;
    let (port, target) = (port.to_string(), target.to_string());
    let echo = [&*mesh.program().to_string_lossy().into_owned(), "echo", "--http", &target];
    let flags = ["--port", port.as_str(), "--target-port", target.as_str()];
    let _server = mesh.run("server", &flags, &echo)?;
    introduce(&mesh, "load")?;
    report.check("allow load server", mesh.say(&["allow", "load", "server"])?.ok().map(drop));
    mesh.inbound("server")?;
    let seconds = MINUTES.as_secs();
    let line = format!(
        "until curl -q -s -o /dev/null -f http://$SERVER_ADDR/; do :; done; echo begun; \
         h2load --h1 -c 4 -D {seconds} --rps 25 http://$SERVER_ADDR/"
    );
    let mut load = mesh.run("load", &[], &["sh", "-c", &line])?;
    load.says("begun", MARGIN)?;
    mesh.process()?.signal(Signal::STOP)?;
    let said = load.said(MINUTES + MARGIN);
    mesh.process()?.signal(Signal::CONT)?;
    let said = said?;
    report.note(said.out.lines().find(|l| l.starts_with("requests:")).unwrap_or_default());
    report.check("no request failed while it stood", all_succeeded(&said.out));
    let ready = mesh.say(&["status", "--wait", "20s"])?;
    report.check("and afterwards it is ready again", ready.ok().map(drop));
    report.check("up exits with 0", same(mesh.stop()?, Some(0)));
    Ok(())
}

/// Authority, documents and generation.
fn facts(mesh: &Mesh) -> Result<[String; 3]> {
    let authority = mesh.ask(&["ca", "show"])?.to_string();
    let documents = mesh.ask(&["get"])?.to_string();
    let generation = mesh.ask(&["status"])?["generation"].to_string();
    Ok([authority, documents, generation])
}

fn shop_with_lifetime(postern: &Postern, lifetime: &str) -> Result<(Mesh, String)> {
    let (mut mesh, gateway) = shop::open(postern)?;
    let path = mesh.scratch().file("documents/mesh.yaml");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, format!("{}\n  identity: {{lifetime: {lifetime}}}\n", text.trim_end()))?;
    mesh.stop()?;
    mesh.up()?;
    Ok((mesh, gateway))
}

/// A line a second to the ledger, from a process of payments' own.
fn held_stream(mesh: &Mesh) -> Result<Running> {
    introduce(mesh, "holder")?;
    mesh.say(&["allow", "holder", "ledger"])?.ok()?;
    let script = workspace::root()?.join("interop/python/hold.py");
    let line = format!(
        "exec python3 -u {} \"$LEDGER_HOST\" \"$LEDGER_PORT\" {}",
        script.display(),
        MINUTES.as_secs()
    );
    let mut stream = mesh.run("holder", &[], &["sh", "-c", &line])?;
    stream.says("220 ledger", MARGIN)?;
    Ok(stream)
}

/// A rule can name only who has been there.
fn introduce(mesh: &Mesh, name: &str) -> Result<()> {
    mesh.run_to_end(name, &["true"])?.ok().map(drop)
}

fn gateway_load(mesh: &Mesh, gateway: &str, time: Duration) -> Result<Running> {
    let mut load = command("h2load");
    let seconds = time.as_secs().to_string();
    load.args(["--h1", "-c", "4", "--rps", "10", "-D", &seconds, &format!("{gateway}/v1/orders")]);
    Running::start(mesh.scratch().path(), "h2load", &mut load)
}

/// h2load's own count.
fn all_succeeded(out: &str) -> Result<()> {
    let line = out.lines().find(|line| line.starts_with("requests:"));
    let line = line.with_context(|| format!("no count: {out}"))?;
    let count = |word: &str| -> Result<u64> {
        let part = line.split(", ").find(|part| part.ends_with(word));
        let part = part.with_context(|| format!("no `{word}`: {line}"))?;
        let number = part.trim_start_matches("requests: ").split(' ').next();
        Ok(number.unwrap_or_default().parse()?)
    };
    let codes = out.lines().find(|line| line.starts_with("status codes:")).unwrap_or_default();
    ensure!(count("succeeded")? > 0, "nothing was asked: {line}");
    ensure!(count("failed")? == 0 && count("errored")? == 0, "{line}; {codes}");
    ensure!(codes.contains(" 0 4xx, 0 5xx"), "{codes}");
    Ok(())
}

/// How many serial numbers each door showed: anybody may see them, since a
/// server shows its certificate first.
fn serials_during(
    mesh: &Mesh,
    services: &[&'static str],
    time: Duration,
) -> Result<Vec<(&'static str, usize)>> {
    let end = Instant::now() + time;
    let mut seen: HashMap<&'static str, Vec<String>> = HashMap::new();
    let doors: Vec<_> =
        services.iter().map(|s| Ok((*s, mesh.inbound(s)?))).collect::<Result<_>>()?;
    while Instant::now() < end {
        let before = Instant::now();
        for (service, door) in &doors {
            let serial = serial(mesh, door)?;
            let known = seen.entry(service).or_default();
            if !known.contains(&serial) {
                known.push(serial);
            }
        }
        let next = before + Duration::from_secs(2);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(services.iter().map(|s| (*s, seen.get(s).map_or(0, Vec::len))).collect())
}

fn serial(mesh: &Mesh, door: &str) -> Result<String> {
    let mut client = command("openssl");
    client.args(["s_client", "-connect", door, "-alpn", "http/1.1", "-tls1_3"]);
    let said = Running::start(mesh.scratch().path(), "serial", &mut client)?.said(MARGIN)?;
    let leaf = mesh.scratch().write("serial.pem", said.out)?;
    openssl(mesh.scratch(), &["x509", "-in", &leaf.to_string_lossy(), "-noout", "-serial"])
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "requests: 1800 total, 1800 started, 1800 done, 1800 succeeded, 0 failed, \
                        0 errored, 0 timeout\nstatus codes: 1800 2xx, 0 3xx, 0 4xx, 0 5xx\n";

    #[test]
    fn h2loads_count_is_read() {
        assert!(all_succeeded(GOOD).is_ok());
        assert!(all_succeeded(&GOOD.replace("0 5xx", "1 5xx")).is_err());
        assert!(all_succeeded(&GOOD.replace("0 errored", "2 errored")).is_err());
        assert!(all_succeeded("").is_err());
    }
}
