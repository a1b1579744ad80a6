//! `postern apply` and `postern diff`: documents into the running mesh, or
//! only what that would change.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::admin::{Admin, escape};
use crate::answer::{Applied, Convergence, cell, read};
use crate::failure::Failure;
use crate::output::{self, FormatArg};
use crate::paint::Tint;
use crate::sources;
use crate::table::Table;

/// What to apply.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  postern apply --wait shop.yaml
  postern apply --prune --wait --timeout 30s examples/shop")]
pub(crate) struct ApplyArgs {
    /// Files, folders, or - for the standard input
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    /// Return when every door runs the new generation
    #[arg(long)]
    wait: bool,
    /// How long to wait for the doors
    #[arg(long, value_name = "TIME", value_parser = crate::span::parse, default_value = "30s")]
    timeout: Duration,
    /// Remove documents an earlier apply of these paths brought that are gone now
    #[arg(long)]
    prune: bool,
    /// Refuse unless the mesh is at this generation
    #[arg(long, value_name = "GENERATION")]
    parent: Option<String>,
    #[command(flatten)]
    output: FormatArg,
}

/// What to compare.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  postern diff examples/shop")]
pub(crate) struct DiffArgs {
    /// Files, folders, or - for the standard input
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    /// Also show what `apply --prune` would remove
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    output: FormatArg,
}

/// A set of documents on its way to the mesh.
pub(crate) struct Set {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) prune: bool,
    pub(crate) dry_run: bool,
    pub(crate) parent: Option<String>,
}

/// Sends a set; the answer tells what it changed.
pub(crate) async fn send(admin: &Admin, set: &Set) -> Result<Value, Failure> {
    let sources: Vec<_> = sources::read(&set.paths)?
        .into_iter()
        .map(|source| json!({"name": source.name, "text": source.text}))
        .collect();
    let body = json!({
        "set": sources::set_name(&set.paths),
        "sources": sources,
        "prune": set.prune,
        "dryRun": set.dry_run,
        "parent": set.parent,
    });
    admin.post("/v1/documents", &body).await.map_err(|error| Failure::Refused(error.into()))
}

/// `postern apply`.
pub(crate) async fn apply(args: &ApplyArgs, admin: &Admin) -> Result<(), Failure> {
    let set = Set {
        paths: args.paths.clone(),
        prune: args.prune,
        dry_run: false,
        parent: args.parent.clone(),
    };
    let answer = send(admin, &set).await?;
    let applied: Applied = read(&answer)?;
    print(&answer, &applied, args.output)?;
    if !args.wait {
        return Ok(());
    }
    wait_for(admin, &applied.generation, args.timeout).await
}

/// `postern diff`.
pub(crate) async fn diff(args: &DiffArgs, admin: &Admin) -> Result<(), Failure> {
    let set = Set { paths: args.paths.clone(), prune: args.prune, dry_run: true, parent: None };
    let answer = send(admin, &set).await?;
    let applied: Applied = read(&answer)?;
    print(&answer, &applied, args.output)
}

fn print(answer: &Value, applied: &Applied, output: FormatArg) -> Result<(), Failure> {
    for warning in &applied.warnings {
        output::warn(&warning_text(warning));
    }
    output::show(output.format, answer, |_| changes_table(applied))?;
    Ok(())
}

/// A warning, sent as text or as a problem with its place.
pub(crate) fn warning_text(warning: &Value) -> String {
    match read::<crate::answer::Problem>(warning) {
        Ok(problem) => problem.to_string(),
        Err(_) => cell(warning),
    }
}

fn changes_table(applied: &Applied) -> Table {
    let mut table = Table::new(&["CHANGE", "DOCUMENT", "WHAT"], "nothing changes");
    for change in &applied.changes {
        let tint = match change.what.as_str() {
            "added" => Tint::Good,
            "removed" => Tint::Bad,
            _ => Tint::Warn,
        };
        table.row(tint, &[&change.what, &change.key, &change.text]);
    }
    table
}

/// Waits until every door runs `generation`, or says who does not and why.
pub(crate) async fn wait_for(
    admin: &Admin,
    generation: &str,
    timeout: Duration,
) -> Result<(), Failure> {
    let uri = format!(
        "/v1/convergence?generation={}&timeoutMs={}",
        escape(generation),
        timeout.as_millis()
    );
    let answer = admin.get(&uri).await.map_err(anyhow::Error::from)?;
    let state: Convergence = read(&answer)?;
    if state.converged {
        let doors = state.doors.iter().filter(|door| door.connected).count();
        output::note(&format!("generation {generation} runs on {doors} doors"));
        return Ok(());
    }
    for door in &state.doors {
        match (&door.refused, door.generation.as_deref()) {
            (Some(why), _) => output::error(&format!("{} refused it: {why}", door.door)),
            (None, Some(at)) if at == generation => {}
            (None, at) => {
                output::warn(&format!("{} is still at {}", door.door, at.unwrap_or("nothing")));
            }
        }
    }
    Err(Failure::refused(format!("not every door runs generation {generation}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_listed_and_no_change_says_so() {
        let none = changes_table(&Applied::default()).render(false);
        assert_eq!(none, "nothing changes\n");
        let value =
            json!({"changes": [{"key": "Policy/default/p", "what": "added", "text": "allow"}]});
        let some = changes_table(&read(&value).unwrap()).render(false);
        assert!(some.contains("added   Policy/default/p  allow"), "{some}");
    }

    #[test]
    fn warnings_come_as_text_or_as_problems() {
        assert_eq!(warning_text(&json!("careful")), "careful");
        let problem = json!({"file": "a", "line": 1, "column": 2, "message": "careful"});
        assert_eq!(warning_text(&problem), "a:1:2: careful");
    }
}
