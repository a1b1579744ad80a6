//! What changes from one world to the next, document by document and field by
//! field.

use std::collections::BTreeMap;
use std::fmt;

use crate::document::{Document, DocumentKey};
use crate::value::Value;
use crate::world::World;

/// One document that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub key: DocumentKey,
    /// How.
    pub what: ChangeKind,
}

/// How a document differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Some fields say something else.
    Changed {
        /// Each as `path: old -> new`.
        fields: Vec<String>,
    },
    /// It is gone.
    Removed,
}

impl ChangeKind {
    /// One word: `added`, `changed`, `removed`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed { .. } => "changed",
            Self::Removed => "removed",
        }
    }
}

/// `+ Policy/default/reads`, `~ Mesh/default/shop` with its fields, `- …`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            ChangeKind::Added => write!(f, "+ {}", self.key),
            ChangeKind::Removed => write!(f, "- {}", self.key),
            ChangeKind::Changed { fields } => {
                write!(f, "~ {}", self.key)?;
                fields.iter().try_for_each(|field| write!(f, "\n    {field}"))
            }
        }
    }
}

/// The documents that differ, by key.
#[must_use]
pub fn diff(old: &World, new: &World) -> Vec<Change> {
    let before: BTreeMap<_, _> = old.documents().map(|d| (&d.key, d)).collect();
    let after: BTreeMap<_, _> = new.documents().map(|d| (&d.key, d)).collect();
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    let removed = gone.map(|(key, _)| change(key, ChangeKind::Removed));
    let there = after.iter().filter_map(|(key, document)| match before.get(key) {
        None => Some(change(key, ChangeKind::Added)),
        Some(former) if former == document => None,
        Some(former) => Some(change(key, compare(former, document))),
    });
    let mut changes: Vec<Change> = removed.chain(there).collect();
    changes.sort_by(|a, b| a.key.cmp(&b.key));
    changes
}

fn change(key: &DocumentKey, what: ChangeKind) -> Change {
    Change { key: key.clone(), what }
}

fn compare(old: &Document, new: &Document) -> ChangeKind {
    let mut fields = Vec::new();
    walk("", Some(&old.to_value()), Some(&new.to_value()), &mut fields);
    ChangeKind::Changed { fields }
}

/// Goes down both trees as long as they have the same shape.
fn walk(path: &str, old: Option<&Value>, new: Option<&Value>, out: &mut Vec<String>) {
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Map(old)), Some(Value::Map(new))) => walk_maps(path, old, new, out),
        (Some(Value::List(old)), Some(Value::List(new))) => {
            for at in 0..old.len().max(new.len()) {
                walk(&format!("{path}[{at}]"), old.get(at), new.get(at), out);
            }
        }
        (old, new) => out.push(format!("{path}: {} -> {}", shown(old), shown(new))),
    }
}

type Map = [(String, Value)];

fn walk_maps(path: &str, old: &Map, new: &Map, out: &mut Vec<String>) {
    let inside = |name: &str| match path {
        "" => name.to_owned(),
        _ => format!("{path}.{name}"),
    };
    let find = |map: &'_ Map, name: &str| map.iter().position(|(known, _)| known == name);
    for (name, value) in old {
        let after = find(new, name).and_then(|at| new.get(at)).map(|(_, value)| value);
        walk(&inside(name), Some(value), after, out);
    }
    for (name, value) in new.iter().filter(|(name, _)| find(old, name).is_none()) {
        walk(&inside(name), None, Some(value), out);
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "(nothing)".to_owned(), Value::to_json)
}
