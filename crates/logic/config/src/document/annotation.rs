//! The annotations that mean something here. All others are kept and not
//! looked at.

use super::kind::Kind;
use crate::hint;
use crate::problem::Log;
use crate::read;
use crate::tree::{Content, Field, Node};

/// `keep` at an `HTTPRoute`: `%2F` in a path is a part of its segment. Gateway
/// API has no field for it.
pub(crate) const ESCAPED_SLASHES: &str = "postern.dev/escaped-slashes";

/// What may be said about escaped slashes, and whether they are kept then.
pub(crate) const SLASHES: [(&str, bool); 2] = [("refuse", false), ("keep", true)];

/// Reports annotations that would be meant for us and mean nothing.
pub(crate) fn check(kind: Option<Kind>, node: &Node, log: &mut Log) {
    let Content::Mapping(entries) = &node.content else { return };
    for field in entries {
        match field.name.as_str() {
            ESCAPED_SLASHES => check_slashes(kind, field, log),
            name if hint::nearest(name, [ESCAPED_SLASHES]).is_some() => {
                let hint = format!("did you mean `{ESCAPED_SLASHES}`?");
                log.error_with(field.place, format!("unknown annotation `{name}`"), hint);
            }
            _ => {}
        }
    }
}

fn check_slashes(kind: Option<Kind>, field: &Field, log: &mut Log) {
    match kind {
        None => {}
        Some(Kind::HttpRoute) => {
            read::word(&SLASHES, &[])(&field.value, log);
        }
        Some(other) => {
            let message = format!("`{ESCAPED_SLASHES}` means nothing at a {other}");
            let hint = "an HTTPRoute has it; a service says `escapedSlashes` at its port";
            log.error_with(field.place, message, hint);
        }
    }
}
