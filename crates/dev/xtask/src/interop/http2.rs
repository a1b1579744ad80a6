//! HTTP/2 by nghttp2's programs and by curl, over TLS at the gateway and by
//! prior knowledge at a door: versions chosen, large bodies, many streams.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::edge::{Edge, Service};
use super::mesh::Postern;
use super::process::{Running, Said, command};
use super::report::{Report, holds, same};

const TIME: Duration = Duration::from_secs(60);
const LARGE: usize = 5_000_000;
const CURL: &str = "curl -q -s -S -k --noproxy '*' --max-time 20 \
                    -w '\\n<%{http_version} %{http_code} %{size_upload}>'";

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let echo = Service::open("echo", "http", &["postern", "echo", "--http", "{port}"]);
    let mut edge = Edge::start(postern, &[echo])?;
    edge.mesh.scratch().write("large", vec![b'x'; LARGE])?;
    let gateway = format!("https://localhost:{}", edge.gateway("echo")?);
    let ways = [
        ("gateway", gateway.as_str(), "--http2"),
        ("door", "http://$ECHO_ADDR", "--http2-prior-knowledge"),
    ];
    for (way, url, version) in ways {
        versions(&edge, (way, url, version), report)?;
        bodies(&edge, (way, url, version), report)?;
        load(&edge, (way, url), report)?;
    }
    report.check("up exits with 0", same(edge.mesh.stop()?, Some(0)));
    Ok(())
}

type Way<'a> = (&'a str, &'a str, &'a str);

fn versions(edge: &Edge, (way, url, version): Way<'_>, report: &mut Report) -> Result<()> {
    let said = line(edge, way, &format!("{CURL} {version} {url}/v1/a"))?.ok();
    report.check(
        &format!("curl at the {way}: HTTP/2"),
        said.and_then(|out| holds(&out, &["<2 200"])),
    );
    let said = line(edge, way, &format!("{CURL} --http1.1 {url}/v1/a"))?.ok();
    report.check(
        &format!("curl at the {way}: HTTP/1.1"),
        said.and_then(|out| holds(&out, &["<1.1 200"])),
    );
    if way == "door" {
        // Without prior knowledge curl asks for an upgrade to h2c; RFC 9113
        // has it no more, so the answer comes in HTTP/1.1.
        let said = line(edge, way, &format!("{CURL} --http2 {url}/v1/a"))?.ok();
        let check = said.and_then(|out| holds(&out, &["<1.1 200"]));
        report.check("curl at the door: an offered upgrade to h2c is passed by", check);
    }
    let said = line(
        edge,
        way,
        &format!("nghttp -n -a -v --no-verify-peer {url}/v1/a {url}/v1/b {url}/v1/c"),
    )?;
    let statuses = said.out.matches(":status: 200").count();
    report.check(&format!("nghttp at the {way}: three in one connection"), same(statuses, 3));
    Ok(())
}

fn bodies(edge: &Edge, (way, url, version): Way<'_>, report: &mut Report) -> Result<()> {
    let upload = format!("{CURL} {version} -T large -X POST {url}/v1/up -o answer");
    let said = line(edge, way, &upload)?.ok();
    let wanted = format!("<2 200 {LARGE}>");
    report.check(
        &format!("curl at the {way}: 5 MB up"),
        said.and_then(|out| holds(&out, &[&wanted])),
    );
    let said = line(edge, way, &format!("{CURL} {version} -I {url}/v1/head"))?.ok();
    report.check(
        &format!("curl at the {way}: HEAD"),
        said.and_then(|out| holds(&out, &["<2 200 0>"])),
    );
    let long = format!(
        "{CURL} {version} -H \"x-long: $(head -c 30000 /dev/zero | tr '\\0' y)\" {url}/v1/long"
    );
    let said = line(edge, way, &long)?.ok();
    report.check(
        &format!("curl at the {way}: a header of 30 kB"),
        said.and_then(|out| holds(&out, &["<2 200", "yyyy"])),
    );
    let many = "$(for n in $(seq 1000); do printf -- ' -H x-%d:1' $n; done)";
    let said = line(edge, way, &format!("{CURL} {version} {many} {url}/v1/many"))?.ok();
    report.check(
        &format!("curl at the {way}: 1000 headers are refused"),
        said.and_then(|out| holds(&out, &["<2 431"])),
    );
    Ok(())
}

/// Ten streams at a time in each of four connections.
fn load(edge: &Edge, (way, url): (&str, &str), report: &mut Report) -> Result<()> {
    let said = line(edge, way, &format!("h2load -n 1000 -c 4 -m 10 {url}/v1/load"))?.ok()?;
    let find = |start: &str| said.lines().find(|line| line.starts_with(start)).unwrap_or_default();
    report.note(&format!("h2load at the {way}: {}", find("finished in")));
    let protocol = find("Application protocol: ");
    if way == "gateway" {
        report.check("h2load at the gateway: ALPN h2", holds(protocol, &["h2"]));
    }
    let check = all_served(find("requests: "), find("status codes: "));
    report.check(
        &format!("h2load at the {way}: 1000 requests, 10 at a time on 4 connections"),
        check,
    );
    Ok(())
}

fn all_served(requests: &str, codes: &str) -> Result<()> {
    holds(requests, &["1000 succeeded, 0 failed, 0 errored, 0 timeout"])?;
    ensure!(codes.contains("1000 2xx, 0 3xx, 0 4xx, 0 5xx"), "{codes}");
    Ok(())
}

/// A shell's line: at the gateway from outside, at a door from behind it.
fn line(edge: &Edge, way: &str, line: &str) -> Result<Said> {
    if way == "door" {
        return edge.mesh.run("client", &[], &["sh", "-c", line])?.said(TIME);
    }
    let mut shell = command("sh");
    shell.args(["-c", line]).current_dir(edge.mesh.scratch().path());
    Running::start(edge.mesh.scratch().path(), "line", &mut shell)
        .and_then(|running| running.said(TIME))
        .with_context(|| line.to_owned())
}
