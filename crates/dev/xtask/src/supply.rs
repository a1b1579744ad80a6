//! `cargo xtask supply`: what is built in has a licence we accept, is on no
//! list of bans, has no published weakness we know of, and comes from the
//! default registry. Enforces `deny.toml` with nothing installed; it does not
//! fetch advisories, so it knows those written there and no newer ones.

mod licence;
mod rules;
mod version;

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;
use rules::Rules;

/// A third-party crate that is built for some target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: version::Version,
    licence: String,
    /// Where it is from, when not from the default registry.
    source: Option<String>,
}

/// Checks every crate of the workspace's tree.
pub(crate) fn run() -> Result<()> {
    let root = workspace::root()?;
    let text = std::fs::read_to_string(root.join("deny.toml")).context("deny.toml")?;
    let rules = Rules::parse(&text)?;
    let packages = packages(&tree(&root)?)?;
    ensure!(!packages.is_empty(), "cargo tree shows no third-party crate");
    for warning in duplicates(&packages) {
        eprintln!("supply: note: {warning}");
    }
    let findings = check(&packages, &rules);
    for finding in &findings {
        eprintln!("supply: {finding}");
    }
    if !findings.is_empty() {
        bail!("supply: {} finding(s)", findings.len());
    }
    eprintln!("supply: {} crates, no findings", packages.len());
    Ok(())
}

/// What cargo really builds, tests and tools included, for every target.
fn tree(root: &std::path::Path) -> Result<String> {
    let arguments =
        ["tree", "--locked", "--workspace", "--target", "all", "--edges", "normal,build,dev"];
    let format = ["--prefix", "none", "--no-dedupe", "--format", "{p}\t{l}"];
    let output = Command::new("cargo").args(arguments).args(format).current_dir(root).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo tree: {errors}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Reads `NAME vVERSION [(SOURCE)]\tLICENCE` lines; our own crates are left out.
fn packages(tree: &str) -> Result<Vec<Package>> {
    let mut found = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let (package, licence) = line.split_once('\t').with_context(|| line.to_owned())?;
        let mut words = package.splitn(3, ' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let source = words.next().filter(|word| *word != "(proc-macro)").map(str::to_owned);
        if source.as_deref().is_some_and(is_ours) || package.contains(" feature ") {
            continue;
        }
        let version = version.trim_start_matches('v');
        let version = version.parse().with_context(|| format!("`{line}`"))?;
        found.push(Package { name: name.to_owned(), version, licence: licence.to_owned(), source });
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// A path below this repository.
fn is_ours(source: &str) -> bool {
    source.trim_start_matches("(proc-macro) ").starts_with("(/")
}

fn check(packages: &[Package], rules: &Rules) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages {
        let Package { name, version, licence, source } = package;
        if !licence::is_allowed(licence, &rules.licences) {
            findings.push(format!("{name} {version} has the licence `{licence}`: not on the list"));
        }
        if let Some(source) = source {
            findings.push(format!("{name} {version} comes from {source}: only the registry may"));
        }
        let hit = rules.bans.iter().filter(|ban| ban.name == *name && ban.versions.holds(version));
        findings.extend(hit.map(|ban| format!("{name} {version} is banned: {}", ban.reason)));
    }
    findings
}

/// Crates that are there in more than one version: allowed, worth a look.
fn duplicates(packages: &[Package]) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().push(package.version.to_string());
    }
    let several = versions.iter().filter(|(_, versions)| versions.len() > 1);
    several
        .map(|(name, versions)| format!("{name} is there as {}", versions.join(" and ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]\n[bans]\ndeny = [\n\
        {crate = \"ring\", reason = \"no\"},\n{crate = \"h2:<0.4.16\", reason = \"R-1\"}]\n";

    fn findings(tree: &str) -> Vec<String> {
        check(&packages(tree).unwrap(), &Rules::parse(RULES).unwrap())
    }

    #[test]
    fn a_clean_tree_has_no_findings() {
        let tree = "postern v0.1.0 (/x/crates/app/postern)\tApache-2.0\nh2 v0.4.16\tMIT\n\n\
                    serde_derive v1.0.0 (proc-macro)\tMIT OR Apache-2.0\n";
        assert_eq!(findings(tree), Vec::<String>::new());
        assert_eq!(packages(tree).unwrap().len(), 2);
    }

    #[test]
    fn a_version_below_its_floor_is_found() {
        assert_eq!(findings("h2 v0.4.15\tMIT\n"), ["h2 0.4.15 is banned: R-1"]);
    }

    #[test]
    fn a_banned_crate_is_found_in_any_version() {
        assert_eq!(findings("ring v9.9.9\tMIT\n"), ["ring 9.9.9 is banned: no"]);
    }

    #[test]
    fn a_licence_that_is_not_listed_is_found() {
        let found = findings("x v1.0.0\tMIT AND GPL-3.0\n");
        assert_eq!(found, ["x 1.0.0 has the licence `MIT AND GPL-3.0`: not on the list"]);
        assert_eq!(findings("x v1.0.0\t\n").len(), 1);
    }

    #[test]
    fn another_source_is_found() {
        let found = findings("x v1.0.0 (https://example.com/x?rev=1#abc)\tMIT\n");
        assert!(found[0].contains("only the registry"), "{found:?}");
    }

    #[test]
    fn two_versions_are_told() {
        let packages = packages("x v1.0.0\tMIT\nx v2.0.0\tMIT\ny v1.0.0\tMIT\n").unwrap();
        assert_eq!(duplicates(&packages), ["x is there as 1.0.0 and 2.0.0"]);
    }
}
