//! The part of `deny.toml` that is enforced here. What a line there says and
//! this can't read is an error, never a rule that holds nothing.

use anyhow::{Context, Result, ensure};
use toml::{Table, Value};

use super::version::Requirement;

/// The lists.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) licences: Vec<String>,
    pub(crate) bans: Vec<Ban>,
}

/// A crate that must not be there, in some versions or all.
#[derive(Debug)]
pub(crate) struct Ban {
    pub(crate) name: String,
    pub(crate) versions: Requirement,
    pub(crate) reason: String,
}

impl Rules {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let table: Table = text.parse().context("deny.toml")?;
        let licences = list(&table, "licenses", "allow")?.iter().map(text_of);
        let licences = licences.collect::<Result<Vec<_>>>()?;
        let bans = list(&table, "bans", "deny")?.iter().map(ban).collect::<Result<Vec<_>>>()?;
        ensure!(!licences.is_empty() && !bans.is_empty(), "deny.toml has an empty list");
        Ok(Self { licences, bans })
    }
}

fn list<'a>(table: &'a Table, section: &str, name: &str) -> Result<&'a Vec<Value>> {
    let value = table.get(section).and_then(|section| section.get(name));
    value.and_then(Value::as_array).with_context(|| format!("deny.toml: no {section}.{name}"))
}

fn text_of(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("{value:?} is no text"))?.to_owned())
}

/// `NAME` or `NAME:REQUIREMENT`, with a reason.
fn ban(value: &Value) -> Result<Ban> {
    let spec = value.get("crate").with_context(|| format!("{value:?} names no `crate`"))?;
    let spec = text_of(spec)?;
    let reason = text_of(value.get("reason").with_context(|| format!("{spec} lacks a reason"))?)?;
    let (name, versions) = spec.split_once(':').unwrap_or((&spec, ""));
    let versions = versions.parse().with_context(|| spec.clone())?;
    Ok(Ban { name: name.to_owned(), versions, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn the_checked_in_list_is_read_whole() {
        let text = std::fs::read_to_string(workspace::root().unwrap().join("deny.toml")).unwrap();
        let rules = Rules::parse(&text).unwrap();
        assert_eq!(rules.bans.len(), text.matches("{ crate = ").count());
        for name in ["ring", "openssl-sys", "native-tls", "rustls-pemfile"] {
            assert!(rules.bans.iter().any(|ban| ban.name == name), "{name}");
        }
    }

    #[test]
    fn what_can_t_be_read_is_an_error() {
        let of = |ban: &str| {
            Rules::parse(&format!("[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [{ban}]"))
        };
        assert!(of("{crate = \"x:<1\", reason = \"r\"}").is_ok());
        for bad in ["", "\"x\"", "{crate = \"x\"}", "{crate = \"x:<one\", reason = \"r\"}"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
