//! Reading documents from files, folders and the standard input. It does not
//! look into them.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use config::Source;

const FILE_BYTES_MAX: u64 = 8 << 20;

/// Reads every path: a file as it is, a folder's `.yaml`, `.yml` and `.json`
/// files in the order of their names, `-` as the standard input.
///
/// # Errors
/// When something can't be read, is larger than 8 MiB, or a folder holds no
/// document.
pub(crate) fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            sources.push(read_stdin()?);
        } else if path.is_dir() {
            for file in documents_in(path)? {
                sources.push(read_file(&file)?);
            }
        } else {
            sources.push(read_file(path)?);
        }
    }
    Ok(sources)
}

/// What tells one set of documents from another: the paths they came from.
pub(crate) fn set_name(paths: &[PathBuf]) -> String {
    let full = |path: &PathBuf| fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    let names: Vec<_> = paths.iter().map(|path| full(path).display().to_string()).collect();
    names.join(":")
}

fn documents_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("{}", folder.display()))?.path();
        let named = path.extension().and_then(|extension| extension.to_str());
        if matches!(named, Some("yaml" | "yml" | "json")) && path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("{}: no .yaml, .yml or .json file in this folder", folder.display());
    }
    files.sort();
    Ok(files)
}

fn read_file(path: &Path) -> anyhow::Result<Source> {
    let name = path.display().to_string();
    let file = fs::File::open(path).with_context(|| name.clone())?;
    Ok(Source { text: read_text(file).with_context(|| name.clone())?, name })
}

fn read_stdin() -> anyhow::Result<Source> {
    let text = read_text(std::io::stdin().lock()).context("standard input")?;
    Ok(Source { name: "stdin".to_owned(), text })
}

fn read_text(from: impl std::io::Read) -> anyhow::Result<String> {
    let mut text = String::new();
    from.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        bail!("larger than {} MiB", FILE_BYTES_MAX >> 20);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("postern-sources-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn a_folder_gives_its_documents_in_order() {
        let place = folder("order");
        for name in ["b.yml", "a.yaml", "c.json", "README.md"] {
            fs::write(place.join(name), name).unwrap();
        }
        let texts: Vec<_> =
            read(std::slice::from_ref(&place)).unwrap().into_iter().map(|s| s.text).collect();
        assert_eq!(texts, ["a.yaml", "b.yml", "c.json"]);
        fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn what_is_missing_is_named() {
        let place = folder("empty");
        let error = read(std::slice::from_ref(&place)).unwrap_err().to_string();
        assert!(error.contains("no .yaml"), "{error}");
        let error = read(&[place.join("gone.yaml")]).unwrap_err().to_string();
        assert!(error.contains("gone.yaml"), "{error}");
        fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn a_huge_input_is_refused() {
        let huge = std::io::repeat(b'a').take(FILE_BYTES_MAX + 5);
        assert!(read_text(huge).is_err());
    }
}
