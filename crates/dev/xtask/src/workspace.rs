//! The crates of this repository as tidy sees them: name, floor, imports,
//! source files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The library's name, which is its folder's.
    pub(crate) name: String,
    /// The folder above: ground, logic, shell, plane, app, guest or dev.
    pub(crate) floor: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// What stands under `[dependencies]`.
    pub(crate) imports: Vec<String>,
    /// Files below `src`, with their text.
    pub(crate) sources: Vec<Source>,
}

/// One Rust file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Relative to the crate's `src`.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// The repository's root.
pub(crate) fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).map(Path::to_owned).context("xtask is not where it was built")
}

/// Every crate below `crates/`.
pub(crate) fn members(root: &Path) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    for floor in folders(&root.join("crates"))? {
        for folder in folders(&floor)? {
            members.push(member(&floor, &folder)?);
        }
    }
    members.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(members)
}

fn member(floor: &Path, folder: &Path) -> Result<Member> {
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
    let mut sources = Vec::new();
    let src = folder.join("src");
    for path in rust_files(&src)? {
        let text = fs::read_to_string(&path)?;
        let path = path.strip_prefix(&src)?.to_owned();
        sources.push(Source { path, text });
    }
    let name = file_name(folder);
    let folder = folder.to_owned();
    Ok(Member { name, floor: file_name(floor), folder, imports: imports(&text), sources })
}

/// The names under `[dependencies]`, in order.
fn imports(manifest: &str) -> Vec<String> {
    let lines = manifest.lines().map(str::trim);
    let section = lines.skip_while(|line| *line != "[dependencies]").skip(1);
    let entries = section.take_while(|line| !line.starts_with('['));
    let entries = entries.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let name = |line: &str| line.split(['.', '=', ' ']).next().unwrap_or_default().to_owned();
    entries.map(name).collect()
}

/// All Rust files below a folder, sorted.
pub(crate) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn folders(of: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(of).with_context(|| of.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            all.push(path);
        }
    }
    Ok(all)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_what_stands_under_dependencies() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\n# why\nmodel.workspace = true\n\
                        serde = { version = \"1\" }\n\n[dev-dependencies]\nproptest.workspace = true\n";
        assert_eq!(imports(manifest), ["model", "serde"]);
    }
}
