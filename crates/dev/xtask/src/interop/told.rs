//! What a peer of `interop/` tells: one JSON object per line, a check each,
//! and at the end how many there were.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::process::Said;
use super::report::Report;

/// Each check that a peer told becomes one of the report; gives the lines that
/// are something else. A peer that ended early or badly is a failure.
pub(crate) fn told(report: &mut Report, of: &str, said: &Said) -> Vec<Value> {
    let lines = said.out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let (checks, others): (Vec<_>, Vec<_>) = lines.partition(|line| line["check"].is_string());
    for line in &checks {
        let (name, outcome) = read(line);
        report.check(&format!("{of}: {name}"), outcome);
    }
    report.check(&format!("{of}: all of it"), is_whole(checks.len(), &others, said));
    others
}

/// The name with what was seen, and the outcome.
fn read(line: &Value) -> (String, Result<()>) {
    let name = line["check"].as_str().unwrap_or_default();
    let saw = match &line["saw"] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    if line["ok"] != true {
        return (name.to_owned(), Err(anyhow::anyhow!("{saw}")));
    }
    let name = if saw.is_empty() { name.to_owned() } else { format!("{name} ({saw})") };
    (name, Ok(()))
}

fn is_whole(count: usize, others: &[Value], said: &Said) -> Result<()> {
    let end = others.iter().find_map(|line| line["done"].as_u64());
    let end = end.with_context(|| format!("it ended early with {}: {}", said.code, said.err))?;
    ensure!(usize::try_from(end)? == count, "{count} of {end} checks were told");
    ensure!(count > 0, "nothing was checked");
    ensure!(said.code == 0, "exit code {}: {}", said.code, said.err);
    Ok(())
}

/// The decisions a peer was told when it was refused.
pub(crate) fn decisions(lines: &[Value]) -> Vec<String> {
    let ids = lines.iter().filter_map(|line| line["decision"].as_str());
    ids.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(out: &str) -> Said {
        Said { code: 0, out: out.to_owned(), err: String::new() }
    }

    fn failures(out: &str) -> usize {
        let mut report = Report::new();
        told(&mut report, "peer", &said(out));
        report.close()
    }

    #[test]
    fn a_peer_that_ends_early_or_fails_is_a_failure() {
        let good = "{\"check\": \"a\", \"ok\": true}\n{\"done\": 1}\n";
        assert_eq!(failures(good), 0);
        assert_eq!(failures(&good.replace("true", "false")), 1);
        assert_eq!(failures("{\"check\": \"a\", \"ok\": true}\n"), 1);
        assert_eq!(failures("{\"done\": 0}\n"), 1);
        assert_eq!(failures(&good.replace("1}", "2}")), 1);
        assert_eq!(failures(""), 1);
    }

    #[test]
    fn other_lines_are_handed_on() {
        let mut report = Report::new();
        let out =
            "noise\n{\"decision\": \"abc\"}\n{\"check\": \"a\", \"ok\": true}\n{\"done\": 1}\n";
        let others = told(&mut report, "peer", &said(out));
        assert_eq!(decisions(&others), ["abc"]);
        assert_eq!(report.close(), 0);
    }
}
