//! Who may import whom. A crate imports from lower floors; on its own floor
//! only what the table says; the planes never meet but on the wire.

use super::Finding;
use crate::workspace::Member;

/// The floors, lowest first. `dev` stands outside: it may use everything and
/// nothing that ships may use it.
const FLOORS: [&str; 6] = ["ground", "logic", "shell", "plane", "guest", "app"];

/// What each crate may import of ours. To change a line is to change the plan
/// of the house: it wants a decision in docs/decisions.
const TABLE: [(&str, &[&str]); 18] = [
    ("model", &[]),
    ("wire", &["model"]),
    ("policy", &["model"]),
    ("balance", &["model"]),
    ("identity", &["model", "wire"]),
    ("token", &["model", "wire", "identity"]),
    ("registry", &["model"]),
    ("config", &["model", "policy", "balance", "registry"]),
    ("net", &["model", "wire", "identity"]),
    ("host", &["model"]),
    ("store", &["model"]),
    ("telemetry", &["model", "wire"]),
    (
        "proxy",
        &[
            "model",
            "wire",
            "policy",
            "balance",
            "identity",
            "token",
            "registry",
            "config",
            "net",
            "host",
            "telemetry",
        ],
    ),
    ("agent", &["model", "wire", "identity", "registry", "net", "host", "telemetry"]),
    (
        "control",
        &[
            "model",
            "wire",
            "policy",
            "balance",
            "identity",
            "token",
            "registry",
            "config",
            "net",
            "host",
            "store",
            "telemetry",
        ],
    ),
    ("kubernetes", &["model", "config", "registry", "net", "control"]),
    ("http3", &["model", "wire", "net", "proxy"]),
    (
        "postern",
        &[
            "model",
            "wire",
            "policy",
            "balance",
            "identity",
            "token",
            "registry",
            "config",
            "net",
            "host",
            "store",
            "telemetry",
            "proxy",
            "agent",
            "control",
            "kubernetes",
            "http3",
        ],
    ),
];

/// Imports that point up, sideways, or nowhere on the table.
pub(super) fn check(members: &[Member]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members.iter().filter(|member| member.floor != "dev") {
        let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == member.name) else {
            findings.push(format!(
                "crate `{}` is not in the table of imports: add it to tidy/floors.rs with what it \
                 may import, and say why in docs/decisions",
                member.name
            ));
            continue;
        };
        let ours = member.imports.iter().filter(|import| is_ours(import, members));
        for import in ours.filter(|import| !allowed.contains(&import.as_str())) {
            findings.push(format!(
                "`{}` imports `{import}`, which the table of imports does not allow: move what is \
                 needed to a lower floor, or let the two meet on the wire",
                member.name
            ));
        }
        findings.extend(upward(member, members));
    }
    findings
}

fn is_ours(import: &str, members: &[Member]) -> bool {
    members.iter().any(|member| member.name == import)
        || TABLE.iter().any(|(name, _)| *name == import)
}

fn upward(member: &Member, members: &[Member]) -> Vec<Finding> {
    let level = |floor: &str| FLOORS.iter().position(|known| *known == floor);
    let Some(own) = level(&member.floor) else {
        return vec![format!(
            "crate `{}` stands on `{}`, which is no floor of this house",
            member.name, member.floor
        )];
    };
    let imported = members.iter().filter(|other| member.imports.contains(&other.name));
    let above = imported.filter(|other| level(&other.floor).is_none_or(|floor| floor > own));
    let say = |other: &Member| {
        format!(
            "`{}` ({}) imports `{}` ({}): dependencies point down",
            member.name, member.floor, other.name, other.floor
        )
    };
    above.map(say).collect()
}
