//! The admin API: JSON over HTTP on a Unix socket that admits only its owner.
//! It reads and asks; what may be done is decided where it is done.

mod answer;
mod attach;
mod decisions;
mod desk;
mod documents;
mod identities;
mod listener;
mod rules;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};

pub(crate) use desk::Desk;
pub(crate) use listener::AdminListener;

/// The largest request, in bytes.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Every path there is.
pub(crate) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/v1/status", get(status::status))
        .route("/v1/convergence", get(status::convergence))
        .route("/v1/documents", get(documents::list).post(documents::apply))
        .route("/v1/documents/{kind}/{namespace}/{name}", delete(documents::remove))
        .route("/v1/rules", get(rules::list).post(rules::add))
        .route("/v1/decisions/{id}", get(decisions::show))
        .route("/v1/identities", get(identities::list))
        .route("/v1/ca", get(identities::ca))
        .route("/v1/attach", post(attach::attach))
        .route("/v1/attach/{lease}", delete(attach::detach))
        .route("/v1/attach/{lease}/renew", post(attach::renew))
        .route("/v1/resident", post(attach::reside))
        .route("/metrics", get(status::metrics))
        .fallback(answer::no_such_path)
        .method_not_allowed_fallback(answer::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(desk)
}
