//! The lower floors think and touch nothing: no files, sockets, threads,
//! clocks or chance there, and no key of the authority but in one file.

use super::Finding;
use super::modules::without_tests;
use crate::workspace::Member;

/// What ground and logic may not name, and what to do instead.
const TOUCHING: [(&str, &str); 9] = [
    ("std::fs", "let the shell read it and pass the bytes in"),
    ("std::net::Tcp", "sockets live in `net`"),
    ("std::os::unix::net", "sockets live in `net`"),
    ("std::thread", "threads are started on the upper floors"),
    ("std::process", "processes are started on the upper floors"),
    ("Instant::now", "take the time as an argument"),
    ("SystemTime::now", "take the time as an argument"),
    ("tokio", "logic is not async"),
    ("tracing::", "say it in a value; the shell logs"),
];
/// Third-party crates the vocabulary must never need.
const NEVER_IN_MODEL: [&str; 6] = ["serde", "tokio", "tracing", "log", "rand", "bytes"];
/// The one file that may read or make a key of the authority.
const SIGNER: &str = "ca/signer.rs";
const KEY_MARK: &str = "CA_KEY_FILE";

/// Breaches of either.
pub(super) fn check(members: &[Member]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members {
        if matches!(member.floor.as_str(), "ground" | "logic") {
            findings.extend(touching(member));
        }
        if member.name == "model" {
            let never = member.imports.iter().filter(|i| NEVER_IN_MODEL.contains(&i.as_str()));
            findings.extend(never.map(|import| {
                format!("`model` imports `{import}`: the vocabulary stays plain; use it higher up")
            }));
        }
        findings.extend(keys(member));
    }
    findings
}

fn touching(member: &Member) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in member.sources.iter().filter(|s| !s.path.ends_with("tests.rs")) {
        let code = without_tests(&source.text);
        for (word, instead) in TOUCHING.iter().filter(|(word, _)| code.contains(word)) {
            findings.push(format!(
                "`{}` is a {} crate, but {} names `{word}`: {instead}",
                member.name,
                member.floor,
                source.path.display()
            ));
        }
    }
    findings
}

fn keys(member: &Member) -> Vec<Finding> {
    let outside = member.sources.iter().filter(|source| {
        member.floor != "dev"
            && !source.path.ends_with(SIGNER)
            && without_tests(&source.text).contains(KEY_MARK)
    });
    let say = |file: &std::path::Path| {
        format!("{} touches the authority's key: only control's {SIGNER} may", file.display())
    };
    outside.map(|source| say(&source.path)).collect()
}
