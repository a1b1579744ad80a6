//! `postern validate`: all problems of a set of documents at once, without a
//! running mesh.

use std::path::PathBuf;

use clap::Args;
use config::{Problem, Severity};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{self, FormatArg};
use crate::sources;

/// What to check.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  postern validate examples/shop
  cat shop.yaml | postern validate -")]
pub(crate) struct ValidateArgs {
    /// Files, folders, or - for the standard input
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    output: FormatArg,
}

/// Prints problems and warnings; fails when there is a problem.
pub(crate) fn validate(args: &ValidateArgs) -> Result<(), Failure> {
    let sources = sources::read(&args.paths)?;
    let (count, found) = match config::read(&sources).over(Vec::new()) {
        Ok(world) => (world.documents().count(), world.warnings().to_vec()),
        Err(problems) => (0, problems),
    };
    let (problems, warnings): (Vec<_>, Vec<_>) =
        found.iter().partition(|problem| problem.severity == Severity::Error);
    let report = json!({
        "valid": problems.is_empty(),
        "problems": problems.iter().map(|problem| value(problem)).collect::<Vec<_>>(),
        "warnings": warnings.iter().map(|problem| value(problem)).collect::<Vec<_>>(),
    });
    match output::structured(args.output.format, &report)? {
        Some(text) => output::say(&text),
        None => say_lines(&problems, &warnings, count),
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::Said) }
}

fn value(problem: &Problem) -> Value {
    json!({
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    })
}

fn say_lines(problems: &[&Problem], warnings: &[&Problem], count: usize) {
    for problem in warnings.iter().chain(problems) {
        output::note(&problem.to_string());
    }
    match problems.len() {
        0 => output::say(&format!("{count} documents are valid")),
        1 => output::note("1 problem"),
        more => output::note(&format!("{more} problems")),
    }
}
