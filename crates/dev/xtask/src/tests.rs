//! `cargo xtask test`: everything that needs no other software.

use anyhow::Result;

use crate::run;

/// Builds the program once, since some tests start it, then runs them all.
pub(crate) fn run() -> Result<()> {
    run::run("cargo", &["build", "--locked", "--package", "postern"])?;
    run::run("cargo", &["test", "--locked", "--workspace", "--no-fail-fast"])
}
