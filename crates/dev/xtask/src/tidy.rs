//! `cargo xtask tidy`: keeps from the first commit what a reader of this
//! repository relies on. Each finding says what to do instead; sizes are only
//! reported.

mod cycles;
mod floors;
mod generated;
mod heads;
mod modules;
mod names;
mod purity;
mod sizes;

use anyhow::{Result, bail};

use crate::workspace::{Member, members, root};

/// One breach of the law, in words.
pub(crate) type Finding = String;

/// Checks everything and reports sizes.
pub(crate) fn run() -> Result<()> {
    let root = root()?;
    let members = members(&root)?;
    let mut findings = check(&members);
    findings.extend(generated::check(&root)?);
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    eprint!("{}", sizes::report(&members));
    if !findings.is_empty() {
        bail!("tidy: {} finding(s)", findings.len());
    }
    eprintln!("tidy: {} crates, no findings", members.len());
    Ok(())
}

/// Everything that can be told from the sources alone.
fn check(members: &[Member]) -> Vec<Finding> {
    let mut findings = floors::check(members);
    findings.extend(cycles::check(members));
    findings.extend(heads::check(members));
    findings.extend(purity::check(members));
    findings.extend(names::check(members));
    findings
}

#[cfg(test)]
mod tests;
