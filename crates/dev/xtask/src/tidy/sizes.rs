//! The largest files, told and not judged: the ones that grow into monsters
//! are seen early.

use crate::workspace::Member;

use super::modules::without_tests;

const TOLD: usize = 5;

/// A few lines, largest first; tests are not counted.
pub(super) fn report(members: &[Member]) -> String {
    let mut sizes: Vec<(usize, String)> = Vec::new();
    for member in members {
        for source in &member.sources {
            let generated = source.text.contains("@generated");
            if !generated && !source.path.ends_with("tests.rs") {
                let name = format!("{}/{}", member.name, source.path.display());
                sizes.push((without_tests(&source.text).lines().count(), name));
            }
        }
    }
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let told = sizes.iter().take(TOLD);
    told.map(|(lines, name)| format!("tidy: {lines:>5} lines  {name}\n")).collect()
}
