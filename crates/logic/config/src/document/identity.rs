//! `WorkloadIdentity`: selectors and the SPIFFE ID of whoever shows them all.

use model::SpiffeId;

use crate::hint;
use crate::problem::{At, Log};
use crate::read;
use crate::tree::Node;
use crate::value::Value;

/// An identity as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitySpec {
    /// The SPIFFE ID; without, the one named after the document.
    pub id: Option<At<SpiffeId>>,
    /// All of them have to be shown; at least one.
    pub selectors: Vec<At<String>>,
}

impl IdentitySpec {
    pub(crate) fn write(&self) -> Value {
        Value::map([
            ("id", self.id.as_ref().map(|id| Value::text(&id.value))),
            ("selectors", Value::list(self.selectors.iter().map(|s| Value::text(&s.value)))),
        ])
    }
}

pub(crate) fn read_identity(node: &Node, log: &mut Log) -> Option<IdentitySpec> {
    read::mapping(node, log, |fields| {
        let id = fields.optional("id", read::parsed::<SpiffeId>);
        let selectors = fields.required("selectors", read::full_list(read_selector));
        Some(IdentitySpec { id, selectors: selectors? })
    })
}

const PREFIXES: [&str; 3] = ["unix:uid:", "unix:gid:", "unix:path:"];

fn read_selector(node: &Node, log: &mut Log) -> Option<At<String>> {
    let At { value: given, place } = read::text(node, log)?;
    let split = PREFIXES.iter().find_map(|prefix| Some((*prefix, given.strip_prefix(prefix)?)));
    let fits = match split {
        Some(("unix:path:", path)) => path.starts_with('/'),
        Some((_, id)) => id.parse::<u32>().is_ok_and(|number| number.to_string() == id),
        None => false,
    };
    if fits {
        return Some(At { value: given, place });
    }
    let hint = match split {
        Some(("unix:path:", _)) => Some("a path begins with `/`".to_owned()),
        Some(_) => Some("a user or group is given by its number".to_owned()),
        None if given.starts_with("unix:pid:") => {
            Some("a process number means another process tomorrow; use `unix:path:`".to_owned())
        }
        None => hint::among(given.trim_end_matches(|c| c != ':'), PREFIXES),
    };
    log.error_maybe(place, format!("`{given}` is no selector"), hint);
    None
}
