//! h2spec, strict: a tester of HTTP/2 that breaks each rule of RFC 9113 and
//! RFC 7541 and looks what happens. Through the gateway over TLS, and against
//! a door over plain TCP by prior knowledge.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::edge::{Edge, Service};
use super::install;
use super::mesh::Postern;
use super::process::{Running, command};
use super::report::{Report, same};
use crate::workspace;

const TIME: Duration = Duration::from_secs(300);
/// How many cases there are in the pinned version, `--strict` included.
const CASES: usize = 146;

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let h2spec = install::go_tools("h2spec")?.join("h2spec").to_string_lossy().into_owned();
    let services = [
        Service::open("echo", "http", &["postern", "echo", "--http", "{port}"]),
        // It answers when it has the whole request: an app that answers at once
        // ends the exchange before h2spec has done what it wants to see punished.
        Service::open("echo2", "http2", &["postern", "echo", "--http", "{port}"]),
    ];
    let mut edge = Edge::start(postern, &services)?;
    let excused = excused()?;
    for (service, app) in [("echo", "HTTP/1.1 app"), ("echo2", "HTTP/2 app")] {
        let xml = through_gateway(&edge, &h2spec, service)?;
        judge(&xml, ("gateway", app), &excused, report)?;
        let xml = against_door(&edge, &h2spec, service)?;
        judge(&xml, ("door", app), &excused, report)?;
    }
    report.check("up exits with 0", same(edge.mesh.stop()?, Some(0)));
    Ok(())
}

fn through_gateway(edge: &Edge, h2spec: &str, service: &str) -> Result<Vec<u8>> {
    let file = edge.mesh.scratch().file(&format!("gateway-{service}.xml"));
    let mut gateway = command(h2spec);
    let port = edge.gateway(service)?.to_string();
    gateway.args(["-h", "127.0.0.1", "-p", &port, "-t", "-k", "-S", "-j"]).arg(&file);
    Running::start(edge.mesh.scratch().path(), "h2spec", &mut gateway)?.said(TIME)?;
    Ok(fs::read(&file)?)
}

/// From behind the door of a client, in plain TCP.
fn against_door(edge: &Edge, h2spec: &str, service: &str) -> Result<Vec<u8>> {
    let file = edge.mesh.scratch().file(&format!("door-{service}.xml"));
    let (name, path) = (service.to_ascii_uppercase(), file.display());
    let line = format!("exec {h2spec} -h ${name}_HOST -p ${name}_PORT -S -j {path}");
    edge.mesh.run("client", &[], &["sh", "-c", &line])?.said(TIME)?;
    Ok(fs::read(&file)?)
}

/// One check for the whole, and one more for each case that does not hold.
fn judge(
    junit: &[u8],
    (place, app): (&str, &str),
    excused: &[String],
    report: &mut Report,
) -> Result<()> {
    let of = format!("{place}, {app}");
    let outcomes = read(&String::from_utf8_lossy(junit));
    let count = |wanted: &str| outcomes.values().filter(|outcome| *outcome == wanted).count();
    let (held, skipped) = (count(""), count("skipped"));
    report.note(&format!("{of}: {held} of {} hold, {skipped} skipped", outcomes.len()));
    report.check(&format!("{of}: all {CASES} cases were tried"), same(outcomes.len(), CASES));
    report.check(&format!("{of}: at most one is skipped"), few(skipped));
    let excused: Vec<_> = excused.iter().filter_map(|line| line.strip_prefix(place)).collect();
    let excused: Vec<_> = excused.iter().map(|name| name.trim()).collect();
    for (name, outcome) in outcomes.iter().filter(|(_, it)| !["", "skipped"].contains(&it.as_str()))
    {
        if !excused.contains(&name.as_str()) {
            report.check(&format!("{of}: {name}"), Err(anyhow::anyhow!("{outcome}")));
        }
    }
    for name in excused {
        let outcome = outcomes.get(name).with_context(|| format!("no case `{name}`"))?;
        let stale = if outcome.is_empty() { Err(anyhow::anyhow!("it holds")) } else { Ok(()) };
        report.check(&format!("{of}: `{name}` needs its excuse"), stale);
    }
    Ok(())
}

/// What a server's settings can make impossible to try.
fn few(skipped: usize) -> Result<()> {
    ensure!(skipped <= 1, "{skipped} are skipped");
    Ok(())
}

/// From `SECTION: CASE` to the empty text, `skipped`, or what was wrong.
fn read(junit: &str) -> BTreeMap<String, String> {
    let mut outcomes = BTreeMap::new();
    for case in junit.split("<testcase ").skip(1) {
        let case = case.split("</testcase>").next().unwrap_or_default();
        let (section, name) = (attribute(case, "package"), attribute(case, "classname"));
        let fault = ["error", "failure"].iter().find_map(|kind| inner(case, kind));
        let is_skipped = case.contains("<skipped");
        let outcome =
            fault.unwrap_or(if is_skipped { "skipped".to_owned() } else { String::new() });
        // Two cases of a section may have one name.
        let mut key = format!("{section}: {name}");
        while outcomes.contains_key(&key) {
            key.push_str(" (again)");
        }
        outcomes.insert(key, outcome);
    }
    outcomes
}

fn attribute(text: &str, name: &str) -> String {
    let rest = text.split(&format!("{name}=\"")).nth(1).unwrap_or_default();
    unescape(rest.split('"').next().unwrap_or_default())
}

fn inner(text: &str, element: &str) -> Option<String> {
    let rest = text.split(&format!("<{element}")).nth(1)?.split_once('>')?.1;
    let inner = rest.split(&format!("</{element}>")).next().unwrap_or_default();
    Some(format!("wanted and seen last: {}", unescape(&inner.replace('\n', "; "))))
}

fn unescape(text: &str) -> String {
    let pairs = [("&#34;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The names of cases that may fail; each has its argument above it.
fn excused() -> Result<Vec<String>> {
    let text = fs::read_to_string(workspace::root()?.join("interop/h2spec/exceptions.txt"))?;
    let lines = text.lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JUNIT: &str = r#"<testsuites><testsuite name="x">
    <testcase package="http2/5.1" classname="idle: Sends a &#34;DATA&#34; frame" time="0.1"></testcase>
    <testcase package="http2/6.5" classname="b" time="2.0"><error>GOAWAY
Timeout</error></testcase>
    <testcase package="http2/6.9" classname="c" time="0"><skipped></skipped></testcase>
    <testcase package="http2/6.9" classname="c" time="0"></testcase></testsuite></testsuites>"#;

    #[test]
    fn a_report_of_h2spec_is_read() {
        let outcomes = read(JUNIT);
        assert_eq!(outcomes["http2/5.1: idle: Sends a \"DATA\" frame"], "");
        assert_eq!(outcomes["http2/6.5: b"], "wanted and seen last: GOAWAY; Timeout");
        assert_eq!(outcomes["http2/6.9: c"], "skipped");
        assert_eq!(outcomes.len(), 4);
    }

    #[test]
    fn a_failure_without_an_excuse_fails_and_so_does_an_excuse_without_a_failure() {
        let failures = |excused: &[String]| {
            let mut report = Report::new();
            judge(JUNIT.as_bytes(), ("here", "app"), excused, &mut report).unwrap();
            report.close()
        };
        // One is always there: four cases are not all of them.
        assert_eq!(failures(&[]), 2);
        assert_eq!(failures(&["here http2/6.5: b".to_owned()]), 1);
        assert_eq!(failures(&["here http2/6.9: c (again)".to_owned()]), 3);
    }
}
