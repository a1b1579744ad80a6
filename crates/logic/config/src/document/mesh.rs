//! `Mesh`: what holds for the whole mesh.

use model::{Label, Limits, Millis, TrustDomain};

use super::limits::{read_limits, write_limits};
use crate::problem::{At, Log};
use crate::read;
use crate::tree::Node;
use crate::value::Value;

/// The shortest life of a leaf certificate.
const LIFETIME_MIN: Millis = Millis::from_secs(10);
/// The longest: 72 hours without the control plane, and one more.
const LIFETIME_MAX: Millis = Millis::from_secs(73 * 3_600);
const LIFETIME: Millis = Millis::from_secs(25 * 3_600);
const RENEW: Millis = Millis::from_secs(3_600);
const RENEW_MIN: Millis = Millis::from_secs(1);

/// The mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshSpec {
    /// What it is called.
    pub name: Label,
    /// The trust domain of every identity in it; the name unless said
    /// otherwise.
    pub trust_domain: TrustDomain,
    /// How long an X.509-SVID is valid.
    pub svid_lifetime: Millis,
    /// How old it is when it is renewed, before jitter.
    pub svid_renew: Millis,
    /// The limits every door keeps.
    pub limits: Limits,
}

impl MeshSpec {
    /// The mesh that is assumed when no document describes one.
    pub(crate) fn named(name: &Label) -> Option<Self> {
        Some(Self {
            name: name.clone(),
            trust_domain: name.as_str().parse().ok()?,
            svid_lifetime: LIFETIME,
            svid_renew: RENEW,
            limits: Limits::default(),
        })
    }

    pub(crate) fn write(&self) -> Value {
        let identity = Value::map([
            ("lifetime", Some(Value::text(self.svid_lifetime))),
            ("renew", Some(Value::text(self.svid_renew))),
        ]);
        Value::map([
            ("trustDomain", Some(Value::text(&self.trust_domain))),
            ("identity", Some(identity)),
            ("limits", write_limits(&self.limits)),
        ])
    }
}

/// Reads the `spec` of the mesh called `name`.
pub(crate) fn read_mesh(name: &Label, node: &Node, log: &mut Log) -> Option<MeshSpec> {
    read::mapping(node, log, |fields| {
        let default = MeshSpec::named(name)?;
        let trust_domain = fields.optional("trustDomain", read::parsed::<TrustDomain>);
        let identity = fields.optional("identity", read_identity);
        let limits = fields.optional("limits", read_limits);
        let (svid_lifetime, svid_renew) = identity.unwrap_or((LIFETIME, RENEW));
        Some(MeshSpec {
            trust_domain: trust_domain.map_or(default.trust_domain, |at| at.value),
            svid_lifetime,
            svid_renew,
            limits: limits.unwrap_or_default(),
            name: default.name,
        })
    })
}

fn read_identity(node: &Node, log: &mut Log) -> Option<(Millis, Millis)> {
    read::mapping(node, log, |fields| {
        let lifetime = fields.optional("lifetime", read::duration(LIFETIME_MIN, LIFETIME_MAX));
        let renew = fields.optional("renew", read::duration(RENEW_MIN, LIFETIME_MAX));
        let lifetime = lifetime.map_or(LIFETIME, |at| at.value);
        let Some(At { value: renew, place }) = renew else {
            return Some((lifetime, RENEW.min(Millis(lifetime.0 / 3))));
        };
        if renew.0 > lifetime.0 / 2 {
            let message = format!("`renew` is more than half of the lifetime ({lifetime})");
            fields.log.error_with(place, message, "a renewal that fails needs time to try again");
        }
        Some((lifetime, renew))
    })
}
