//! Running other programs, loudly: what is run is said, and a failure stops.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Runs a program in the given folder and waits for it.
pub(crate) fn run_in(folder: &Path, program: &str, arguments: &[&str]) -> Result<()> {
    eprintln!("$ {program} {}", arguments.join(" "));
    let status = Command::new(program).args(arguments).current_dir(folder).status();
    let status = status.with_context(|| format!("{program} can't be started"))?;
    if !status.success() {
        bail!("{program} {} ended with {status}", arguments.join(" "));
    }
    Ok(())
}

/// Runs a program at the root of the repository.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<()> {
    run_in(&crate::workspace::root()?, program, arguments)
}
