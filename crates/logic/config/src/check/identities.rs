//! What a workload identity must keep to: nobody gives away what isn't
//! theirs.

use model::SpiffeId;

use super::names::Names;
use crate::document::Document;
use crate::document::identity::IdentitySpec;
use crate::problem::{At, Log};

pub(super) fn check(document: &Document, spec: &IdentitySpec, names: &Names<'_>, log: &mut Log) {
    let Some(At { value: id, place }) = &spec.id else { return };
    let mut refuse = |message: String, hint: &str| log.error_with(*place, message, hint);
    if names.is_foreign(id) {
        refuse(
            format!("`{id}` is of another trust domain"),
            "the authority signs for its own only",
        );
    }
    if id.path().is_empty() {
        refuse(format!("`{id}` names the trust domain itself"), "add a path");
    }
    if id.path() == "/postern" || id.path().starts_with("/postern/") {
        refuse(format!("`{id}` is kept for the mesh itself"), "choose another path");
    }
    let own = document.key.namespace.as_str();
    if namespace_of(id).is_some_and(|namespace| namespace != own) {
        let message = format!("`{id}` belongs to another namespace than `{own}`");
        refuse(message, "a namespace gives out its own identities only");
    }
}

/// The namespace a path in the form of Kubernetes claims.
fn namespace_of(id: &SpiffeId) -> Option<&str> {
    let rest = id.path().strip_prefix("/ns/")?;
    rest.split('/').next()
}
