//! `Mesh`: what holds for the whole mesh.

use model::{Label, Limits, Millis, TrustDomain};

use crate::problem::{At, Log, Place};
use crate::read::{self, Fields};
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

type Size = (&'static str, fn(&mut Limits) -> &mut usize, u64, u64);
type Span = (&'static str, fn(&mut Limits) -> &mut Millis, u64, u64);

/// Sizes and counts with the least and the most they may be set to.
const SIZES: [Size; 8] = [
    ("headBytesMax", |l| &mut l.head_bytes_max, 1_024, MEBIBYTE),
    ("headerCountMax", |l| &mut l.header_count_max, 8, 1_024),
    ("requestLineBytesMax", |l| &mut l.request_line_bytes_max, 256, MEBIBYTE),
    ("chunkLineBytesMax", |l| &mut l.chunk_line_bytes_max, 64, 65_536),
    ("chunkExtensionBytesMax", |l| &mut l.chunk_extension_bytes_max, 0, MEBIBYTE),
    ("trailerBytesMax", |l| &mut l.trailer_bytes_max, 0, MEBIBYTE),
    ("connectionsMax", |l| &mut l.connections_max, 1, 10_000_000),
    ("poolIdleMax", |l| &mut l.pool_idle_max, 0, 100_000),
];

/// Spans of time in milliseconds, likewise.
const SPANS: [Span; 9] = [
    ("handshakeTime", |l| &mut l.handshake_time, 100, HOUR),
    ("headTime", |l| &mut l.head_time, 100, HOUR),
    ("idleTime", |l| &mut l.idle_time, 100, DAY),
    ("bodyStallTime", |l| &mut l.body_stall_time, 100, DAY),
    ("connectTime", |l| &mut l.connect_time, 10, HOUR),
    ("responseTime", |l| &mut l.response_time, 10, DAY),
    ("tcpIdleTime", |l| &mut l.tcp_idle_time, 1_000, 7 * DAY),
    ("poolIdleTime", |l| &mut l.pool_idle_time, 10, DAY),
    ("drainTime", |l| &mut l.drain_time, 0, HOUR),
];

const MEBIBYTE: u64 = 1_048_576;
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

fn read_limits(node: &Node, log: &mut Log) -> Option<Limits> {
    read::mapping(node, log, |fields| {
        let mut limits = Limits::default();
        for (name, field, min, max) in SIZES {
            if let Some(at) = fields.optional(name, read::number(min, max)) {
                *field(&mut limits) = usize::try_from(at.value).unwrap_or(usize::MAX);
            }
        }
        for (name, field, min, max) in SPANS {
            if let Some(at) = fields.optional(name, read::duration(Millis(min), Millis(max))) {
                *field(&mut limits) = at.value;
            }
        }
        if let Some(at) = fields.optional("interimResponsesMax", read::number(0, 1_000)) {
            limits.interim_responses_max = u32::try_from(at.value).unwrap_or(u32::MAX);
        }
        check_limits(&limits, fields);
        Some(limits)
    })
}

fn check_limits(limits: &Limits, fields: &mut Fields<'_, '_>) {
    if limits.pool_idle_time >= limits.idle_time {
        let place: Place = fields.place_of("poolIdleTime");
        let message = format!(
            "`poolIdleTime` ({}) has to be shorter than `idleTime` ({})",
            limits.pool_idle_time, limits.idle_time
        );
        fields.log.error_with(place, message, "or the two race for each connection");
    }
    if limits.request_line_bytes_max > limits.head_bytes_max {
        let place = fields.place_of("requestLineBytesMax");
        let message = "`requestLineBytesMax` is a part of `headBytesMax` and can't be larger";
        fields.log.error(place, message);
    }
}

/// Only what differs from the defaults.
fn write_limits(limits: &Limits) -> Option<Value> {
    let (mut set, mut default) = (limits.clone(), Limits::default());
    let mut written = Vec::new();
    for (name, field, ..) in SIZES {
        let value = *field(&mut set);
        if value != *field(&mut default) {
            let value = Value::Number(u64::try_from(value).unwrap_or(u64::MAX));
            written.push((name.to_owned(), value));
        }
    }
    for (name, field, ..) in SPANS {
        let value = *field(&mut set);
        if value != *field(&mut default) {
            written.push((name.to_owned(), Value::text(value)));
        }
    }
    if set.interim_responses_max != default.interim_responses_max {
        let value = Value::Number(set.interim_responses_max.into());
        written.push(("interimResponsesMax".to_owned(), value));
    }
    (!written.is_empty()).then_some(Value::Map(written))
}
