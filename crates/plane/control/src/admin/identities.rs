//! Who may be whom, and the authority that vouches for it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::{Clock as _, Millis};
use net::SystemClock;
use serde_json::{Value, json};
use wire::authority::Entry;

use super::answer::{Answer, shown};
use super::desk::Desk;
use crate::entitlements::entries;

pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Answer {
    let entries = entries(&desk.documents.current(), &desk.attachments.current());
    let identities: Vec<Value> = entries.into_iter().map(identity).collect();
    Ok(Json(json!({"identities": identities})))
}

fn identity(entry: Entry) -> Value {
    json!({
        "id": entry.spiffe_id,
        "selectors": entry.selectors,
        "lifetime": Millis(entry.lifetime_ms).to_string(),
        "renew": Millis(entry.renew_ms).to_string(),
    })
}

pub(super) async fn ca(State(desk): State<Arc<Desk>>) -> Answer {
    shown(&desk.authority.describe(SystemClock.now()))
}
