//! Every file opens with what it is, and a library's root only declares.

use super::Finding;
use crate::workspace::{Member, Source};

/// The most lines a head may have; more is a document, and has its place.
const HEAD_LINES_MAX: usize = 8;
/// What a library's root may not contain at the beginning of a line.
const DEFINITIONS: [&str; 9] =
    ["fn ", "pub fn ", "struct ", "pub struct ", "enum ", "pub enum ", "impl", "trait ", "const "];

/// Files without a head, and roots that define things.
pub(super) fn check(members: &[Member]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members {
        for source in &member.sources {
            findings.extend(head(member, source));
        }
    }
    findings
}

fn head(member: &Member, source: &Source) -> Vec<Finding> {
    let file = format!("{}/src/{}", member.folder.display(), source.path.display());
    let mut findings = Vec::new();
    let lines = source.text.lines().take_while(|line| line.starts_with("//!")).count();
    if lines == 0 {
        findings.push(format!(
            "{file} does not open with `//!`: say in one to five lines what it is, why, and what it \
             deliberately does not do"
        ));
    }
    if lines > HEAD_LINES_MAX {
        findings.push(format!("{file} opens with {lines} lines: say it in five"));
    }
    if source.path.as_os_str() == "lib.rs" {
        let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        let defines = |line: &&str| DEFINITIONS.iter().any(|begin| line.starts_with(begin));
        if let Some(line) = code.lines().find(defines) {
            findings.push(format!(
                "{file} defines something (`{line}`): a root declares and re-exports; give it a \
                 module"
            ));
        }
    }
    findings
}
