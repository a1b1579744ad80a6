//! Generated files are what their sources say: they are made again beside the
//! tree and compared.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;
use crate::generate::{self, MESSAGES, STUBS, limits};

/// Files that differ from what the generator makes.
pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let fresh = std::env::temp_dir().join(format!("postern-tidy-{}", std::process::id()));
    let (messages, stubs) = (fresh.join("messages"), fresh.join("stubs"));
    generate::into(root, &messages, &stubs)?;
    let mut findings = Vec::new();
    for (made, kept) in [(messages, root.join(MESSAGES)), (stubs, root.join(STUBS))] {
        findings.extend(compare(&made, &kept)?);
    }
    fs::remove_dir_all(&fresh).context("the fresh copies can't be removed")?;
    let page = root.join(limits::PAGE);
    if fs::read_to_string(&page).unwrap_or_default() != limits::page(root)? {
        findings.push(format!(
            "{} is not what the code says: run `cargo xtask generate`",
            page.display()
        ));
    }
    Ok(findings)
}

fn compare(made: &Path, kept: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for entry in fs::read_dir(made)? {
        let path = entry?.path();
        let kept = kept.join(path.file_name().unwrap_or_default());
        if fs::read(&path)? != fs::read(&kept).unwrap_or_default() {
            findings.push(format!(
                "{} is not what proto/ says: run `cargo xtask generate`",
                kept.display()
            ));
        }
    }
    Ok(findings)
}
