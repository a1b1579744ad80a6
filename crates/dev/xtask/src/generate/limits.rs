//! The reference of limits: names and ranges from `config`, meanings from the
//! doc comments of `model::Limits`. What has no sentence there is an error, so
//! that no limit goes without one.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use config::LimitEntry;

/// The page, from the root of the repository.
pub(crate) const PAGE: &str = "docs/reference/limits.md";
const SOURCE: &str = "crates/ground/model/src/limit.rs";

const HEAD: &str = "\
# Limits

Made by `cargo xtask generate` from `crates/ground/model/src/limit.rs`. Do not
edit.

What one peer, connection or message may cost a door. All of it is on by
default. To turn a limit, name it in the `Mesh` document:

```yaml
apiVersion: postern.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  limits:
    responseTime: 10m
    http2StreamsMax: 250
```

Sizes are in bytes unless the name says otherwise. A name in capitals is an
error code of HTTP/2 (RFC 9113 section 7), a number a status of HTTP.

| limit | default | can be | what it is |
|---|---|---|---|
";

/// Writes the page of the repository at `root`.
pub(crate) fn write(root: &Path) -> Result<()> {
    let path = root.join(PAGE);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(&path, page(root)?).with_context(|| path.display().to_string())
}

/// The page as it should be.
pub(crate) fn page(root: &Path) -> Result<String> {
    let source = fs::read_to_string(root.join(SOURCE)).context(SOURCE)?;
    table(&sentences(&source), &config::limits())
}

/// In the order of the source; both have to know the same limits.
fn table(sentences: &[(String, String)], entries: &[LimitEntry]) -> Result<String> {
    let mut page = HEAD.to_owned();
    for (name, text) in sentences {
        let Some(entry) = entries.iter().find(|entry| entry.name == name) else {
            bail!("`{name}` of {SOURCE} can't be set in a Mesh document: add it to config");
        };
        if text.is_empty() {
            bail!("`{name}` of {SOURCE} has no doc comment: say what it is");
        }
        let LimitEntry { default, least, most, .. } = entry;
        let text = in_documents(text, entries).replace('|', "\\|");
        writeln!(page, "| `{name}` | {default} | {least} to {most} | {text} |")?;
    }
    match entries.iter().find(|entry| !sentences.iter().any(|(name, _)| name == entry.name)) {
        Some(entry) => bail!("`{}` is no field of {SOURCE}", entry.name),
        None => Ok(page),
    }
}

/// The fields of `Limits` as documents name them, with their doc comments.
fn sentences(source: &str) -> Vec<(String, String)> {
    let lines = source.lines().skip_while(|line| !line.starts_with("pub struct Limits"));
    let lines = lines.skip(1).take_while(|line| *line != "}").map(str::trim);
    let mut found = Vec::new();
    let mut text: Vec<&str> = Vec::new();
    for line in lines {
        if let Some(more) = line.strip_prefix("///") {
            text.push(more.trim());
        } else if let Some((name, _)) =
            line.strip_prefix("pub ").and_then(|field| field.split_once(':'))
        {
            found.push((camel(name), std::mem::take(&mut text).join(" ")));
        }
    }
    found
}

/// Other limits are named in the source by their fields.
fn in_documents(text: &str, entries: &[LimitEntry]) -> String {
    let parts = text.split('`').map(|part| {
        let name = camel(part);
        if entries.iter().any(|entry| entry.name == name) { name } else { part.to_owned() }
    });
    parts.collect::<Vec<_>>().join("`")
}

/// `headBytesMax` for `head_bytes_max`.
fn camel(field: &str) -> String {
    let mut name = String::new();
    for (at, word) in field.split('_').enumerate() {
        let mut letters = word.chars();
        let first = letters.next().filter(|_| at > 0).map(|first| first.to_ascii_uppercase());
        name.extend(first);
        name.push_str(if first.is_some() { letters.as_str() } else { word });
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE_TEXT: &str = "/// All.\n#[derive(Debug)]\npub struct Limits {\n    \
        /// Bytes of a head\n    /// (431).\n    pub head_bytes_max: usize,\n    \
        /// Shorter than `head_bytes_max`, `x_y`.\n    pub idle_time: Millis,\n}\n\n\
        pub struct Other {\n    pub z: u8,\n}\n";

    fn entry(name: &'static str) -> LimitEntry {
        let [default, least, most] = ["5", "1", "9"].map(str::to_owned);
        LimitEntry { name, default, least, most }
    }

    #[test]
    fn each_limit_is_a_row_with_its_comment_as_one_text() {
        let entries = [entry("idleTime"), entry("headBytesMax")];
        let page = table(&sentences(SOURCE_TEXT), &entries).unwrap();
        let rows: Vec<_> = page.lines().rev().take(2).collect();
        assert_eq!(
            rows,
            [
                "| `idleTime` | 5 | 1 to 9 | Shorter than `headBytesMax`, `x_y`. |",
                "| `headBytesMax` | 5 | 1 to 9 | Bytes of a head (431). |",
            ]
        );
    }

    #[test]
    fn a_limit_that_only_one_side_knows_is_an_error() {
        let sentences = sentences(SOURCE_TEXT);
        assert!(table(&sentences, &[entry("idleTime")]).is_err());
        let more = ["idleTime", "headBytesMax", "drainTime"].map(entry);
        assert!(table(&sentences, &more).is_err());
        let silent = [("idleTime".to_owned(), String::new())];
        assert!(table(&silent, &[entry("idleTime")]).is_err());
    }

    #[test]
    fn the_page_that_is_checked_in_is_fresh() {
        let root = crate::workspace::root().unwrap();
        assert_eq!(fs::read_to_string(root.join(PAGE)).unwrap(), page(&root).unwrap());
    }
}
