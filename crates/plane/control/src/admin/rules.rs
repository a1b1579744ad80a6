//! Rules in one line: allow, deny, and the list of all that stand.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use policy::Effect;
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, Refusal, read, shown};
use super::desk::Desk;
use crate::documents::Wanted;
use crate::rules::{self, WantedRule};

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    effect: Word,
    from: String,
    to: String,
    method: Option<String>,
    path: Option<String>,
}

pub(super) async fn add(State(desk): State<Arc<Desk>>, body: Bytes) -> Answer {
    let Add { effect, from, to, method, path } = read(&body)?;
    let name = |error: model::ParseNameError| Refusal::unprocessable(format!("`{to}`: {error}"));
    let effect = match effect {
        Word::Allow => Effect::Allow,
        Word::Deny => Effect::Deny,
    };
    let wanted = WantedRule { effect, from, to: to.parse().map_err(name)?, method, path };
    if let Some(policy) = wanted.overruled_by(&desk.documents.current().world) {
        let error =
            format!("the standing rule `{policy}` denies this, and a deny beats every allow");
        return Err(Refusal::new(StatusCode::CONFLICT, error).with("policy", policy));
    }
    let (key, source) = wanted.source();
    let applied = desk.documents.change(Wanted { sources: vec![source], ..Wanted::default() });
    let applied = applied.await?;
    Ok(Json(json!({
        "generation": applied.generation.to_string(),
        "policy": key.name.to_string(),
        "changed": !applied.changes.is_empty(),
    })))
}

pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Answer {
    shown(&json!({"rules": rules::list(&desk.documents.current().world)}))
}
