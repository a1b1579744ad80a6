//! `cargo xtask ci`: what decides whether a change lands, cheapest first.

use anyhow::Result;

use crate::{fuzz, interop, run::run, supply, tests, tidy};

/// Runs all of it; the first failure stops.
pub(crate) fn run_all() -> Result<()> {
    run("cargo", &["fmt", "--all", "--check"])?;
    tidy::run()?;
    supply::run()?;
    fuzz::check()?;
    let clippy = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    run("cargo", &clippy)?;
    tests::run()?;
    interop::run(&interop::Wanted::quick())
}
