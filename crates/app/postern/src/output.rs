//! The one place that writes to the terminal. A reader that went away (a
//! closed pipe) is no failure and no panic.

use std::io::{Write, stderr, stdout};

use clap::ValueEnum;
use serde::Serialize;

use crate::paint::{Tint, is_colourful, paint};
use crate::table::Table;

/// The form a list is printed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// The same values as YAML.
    Yaml,
}

/// The flag `-o`.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct FormatArg {
    /// Output format
    #[arg(short = 'o', long = "output", value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// Prints `text` to stdout, ended by a newline.
pub(crate) fn say(text: &str) {
    let mut out = stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') && !text.is_empty() {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Prints a remark to stderr.
pub(crate) fn note(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Prints a warning to stderr.
pub(crate) fn warn(text: &str) {
    marked("warning", Tint::Warn, text);
}

/// Prints an error to stderr.
pub(crate) fn error(text: &str) {
    marked("error", Tint::Bad, text);
}

fn marked(mark: &str, tint: Tint, text: &str) {
    let mut err = stderr().lock();
    let mark = paint(mark, tint, is_colourful(&err));
    let _ = writeln!(err, "{mark}: {text}");
}

/// Prints `value` as JSON or YAML, or the table made of it.
pub(crate) fn show<T: Serialize>(
    format: Format,
    value: &T,
    table: impl FnOnce(&T) -> Table,
) -> anyhow::Result<()> {
    match structured(format, value)? {
        Some(text) => say(&text),
        None => say(&table(value).render(is_colourful(&stdout()))),
    }
    Ok(())
}

/// `value` as JSON or YAML; `None` when a table is wanted.
pub(crate) fn structured<T: Serialize>(
    format: Format,
    value: &T,
) -> anyhow::Result<Option<String>> {
    Ok(match format {
        Format::Table => None,
        Format::Json => Some(serde_json::to_string_pretty(value)?),
        Format::Yaml => Some(serde_saphyr::to_string(value)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_carry_the_same_values() {
        let value = serde_json::json!({"name": "web", "ports": [8080]});
        let json = structured(Format::Json, &value).unwrap().unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
        let yaml = structured(Format::Yaml, &value).unwrap().unwrap();
        assert!(yaml.contains("name: web"), "{yaml}");
        assert_eq!(structured(Format::Table, &value).unwrap(), None);
    }
}
