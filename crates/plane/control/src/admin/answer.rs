//! Answers: JSON, and refusals as JSON too, with every problem at its place.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use config::{Problem, Severity};
use model::Blame;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use store::StoreError;

use crate::documents::ApplyError;

/// An answer or a refusal.
pub(super) type Answer = Result<Json<Value>, Refusal>;

/// Why a request was not done.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    body: Map<String, Value>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        let mut body = Map::new();
        body.insert("error".to_owned(), error.into().into());
        Self { status, body }
    }

    /// With one more field.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn not_found(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error)
    }

    pub(super) fn unprocessable(error: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(Value::Object(self.body))).into_response()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::NoSuchLease => StatusCode::NOT_FOUND,
            StoreError::Full => StatusCode::INSUFFICIENT_STORAGE,
            _ if error.blame() == Blame::Caller => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<ApplyError> for Refusal {
    fn from(error: ApplyError) -> Self {
        let text = error.to_string();
        match error {
            ApplyError::Problems(found) => {
                let problems: Vec<Value> = found.iter().map(problem).collect();
                Self::unprocessable(text).with("problems", problems)
            }
            ApplyError::Parent { found, .. } => {
                Self::new(StatusCode::CONFLICT, text).with("generation", found.to_string())
            }
            ApplyError::NoSuchDocument(_) => Self::not_found(text),
            ApplyError::Store(error) => error.into(),
        }
    }
}

/// A problem as JSON.
pub(super) fn problem(problem: &Problem) -> Value {
    json!({
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
        "severity": if problem.severity == Severity::Error { "error" } else { "warning" },
    })
}

/// Reads a request's body, whatever content type it claims.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("the request can't be read: {error}"))
    })
}

/// An answer of something that has a JSON form.
pub(super) fn shown(value: &impl Serialize) -> Answer {
    serde_json::to_value(value).map(Json).map_err(|error| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the answer fails: {error}"))
    })
}

/// Plain text, as Prometheus reads it.
pub(super) fn text(body: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], body).into_response()
}

pub(super) async fn no_such_path() -> Refusal {
    Refusal::not_found("there is nothing at this path")
}

pub(super) async fn no_such_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this can't be done at this path")
}
