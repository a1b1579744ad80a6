//! The documents: listed, applied, removed.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use config::{Change, ChangeKind, Document, DocumentKey, Kind, Source};
use model::Generation;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal, problem, read};
use super::desk::Desk;
use crate::documents::Wanted;

/// The set of whoever names none.
const SET: &str = "default";

#[derive(Deserialize)]
pub(super) struct Which {
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

pub(super) async fn list(State(desk): State<Arc<Desk>>, Query(which): Query<Which>) -> Answer {
    let current = desk.documents.current();
    let kind = which.kind.as_deref().map(str::parse::<Kind>).transpose();
    let kind = kind.map_err(|error| Refusal::unprocessable(error.to_string()))?;
    let is_meant = |document: &&Document| {
        let key = &document.key;
        kind.is_none_or(|kind| kind == key.kind)
            && which.namespace.as_ref().is_none_or(|text| text == key.namespace.as_str())
            && which.name.as_ref().is_none_or(|text| text == key.name.as_str())
    };
    let documents: Vec<Value> = current.world.documents().filter(is_meant).map(shown).collect();
    Ok(Json(json!({"generation": current.generation.to_string(), "documents": documents})))
}

fn shown(document: &Document) -> Value {
    let json: Value = serde_json::from_str(&document.to_json()).unwrap_or_default();
    json!({"key": document.key.to_string(), "yaml": document.to_yaml(), "json": json})
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Apply {
    sources: Vec<Text>,
    #[serde(default)]
    prune: bool,
    #[serde(default)]
    dry_run: bool,
    parent: Option<String>,
    set: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    name: String,
    text: String,
}

pub(super) async fn apply(State(desk): State<Arc<Desk>>, body: Bytes) -> Answer {
    let Apply { sources, prune, dry_run, parent, set } = read(&body)?;
    let parse = |text: String| {
        let no_generation = |()| Refusal::unprocessable(format!("`{text}` is no generation"));
        text.parse::<Generation>().map_err(no_generation)
    };
    let source = |text: Text| Source { name: text.name, text: text.text };
    let wanted = Wanted {
        sources: sources.into_iter().map(source).collect(),
        set: Some(set.unwrap_or_else(|| SET.to_owned())),
        prune,
        dry_run,
        parent: parent.map(parse).transpose()?,
        ..Wanted::default()
    };
    let applied = desk.documents.change(wanted).await?;
    Ok(Json(json!({
        "generation": applied.generation.to_string(),
        "changes": applied.changes.iter().map(changed).collect::<Vec<_>>(),
        "warnings": applied.warnings.iter().map(problem).collect::<Vec<_>>(),
    })))
}

fn changed(change: &Change) -> Value {
    let text = match &change.what {
        ChangeKind::Changed { fields } => fields.join("; "),
        ChangeKind::Added | ChangeKind::Removed => String::new(),
    };
    json!({"key": change.key.to_string(), "what": change.what.word(), "text": text})
}

pub(super) async fn remove(
    State(desk): State<Arc<Desk>>,
    Path((kind, namespace, name)): Path<(String, String, String)>,
) -> Answer {
    let key: DocumentKey = format!("{kind}/{namespace}/{name}").parse().map_err(
        |error: config::ParseDocumentKeyError| Refusal::unprocessable(error.to_string()),
    )?;
    let wanted = Wanted { remove: vec![key], ..Wanted::default() };
    let applied = desk.documents.change(wanted).await?;
    if applied.changes.is_empty() {
        return Err(Refusal::unprocessable("a mesh always has its own document"));
    }
    Ok(Json(json!({"generation": applied.generation.to_string()})))
}
