//! One decision, with its explanation.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::{Clock as _, DecisionId};
use net::SystemClock;

use super::answer::{Answer, Refusal};
use super::desk::Desk;
use crate::records::BOUNDS;

pub(super) async fn show(State(desk): State<Arc<Desk>>, Path(id): Path<String>) -> Answer {
    let id: DecisionId = id
        .parse()
        .map_err(|error: model::ParseDecisionIdError| Refusal::unprocessable(error.to_string()))?;
    match desk.decisions.get(&id.to_string(), SystemClock.now()).await? {
        Some(row) => serde_json::from_slice(&row.value).map(Json).map_err(|error| {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{id} is unreadable: {error}"))
        }),
        None => Err(Refusal::not_found(format!(
            "there is no decision {id}: the last {} are kept, for {}",
            BOUNDS.count_max, BOUNDS.age_max
        ))),
    }
}
