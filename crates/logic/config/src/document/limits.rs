//! `spec.limits` of a `Mesh`: the limits every door keeps, by their names in
//! documents, with how far each may be turned. What each of them means stands
//! at `model::Limits`.

use model::{Limits, Millis};

use crate::problem::{Log, Place};
use crate::read::{self, Fields};
use crate::tree::Node;
use crate::value::Value;

type Size = (&'static str, fn(&mut Limits) -> &mut usize, u64, u64);
type Span = (&'static str, fn(&mut Limits) -> &mut Millis, u64, u64);

/// Sizes and counts with the least and the most they may be set to.
const SIZES: [Size; 15] = [
    ("headBytesMax", |l| &mut l.head_bytes_max, 1_024, MEBIBYTE),
    ("headerCountMax", |l| &mut l.header_count_max, 8, 1_024),
    ("requestLineBytesMax", |l| &mut l.request_line_bytes_max, 256, MEBIBYTE),
    ("chunkLineBytesMax", |l| &mut l.chunk_line_bytes_max, 64, 65_536),
    ("chunkExtensionBytesMax", |l| &mut l.chunk_extension_bytes_max, 0, MEBIBYTE),
    ("trailerBytesMax", |l| &mut l.trailer_bytes_max, 0, MEBIBYTE),
    ("connectionsMax", |l| &mut l.connections_max, 1, 10_000_000),
    ("poolIdleMax", |l| &mut l.pool_idle_max, 0, 100_000),
    ("http2StreamsMax", |l| &mut l.http2_streams_max, 1, 1_000_000),
    ("http2ResetsMax", |l| &mut l.http2_resets_max, 1, 1_000_000),
    ("http2ControlFramesMax", |l| &mut l.http2_control_frames_max, 100, 10_000_000),
    ("http2ContinuationsMax", |l| &mut l.http2_continuations_max, 0, 1_024),
    ("http2StreamWindowBytes", |l| &mut l.http2_stream_window_bytes, 16_384, 64 * MEBIBYTE),
    ("http2ConnectionWindowBytes", |l| &mut l.http2_connection_window_bytes, 65_535, WINDOW_MAX),
    ("http2OutputBytesMax", |l| &mut l.http2_output_bytes_max, 65_536, 64 * MEBIBYTE),
];

/// Spans of time in milliseconds, likewise.
const SPANS: [Span; 11] = [
    ("handshakeTime", |l| &mut l.handshake_time, 100, HOUR),
    ("headTime", |l| &mut l.head_time, 100, HOUR),
    ("idleTime", |l| &mut l.idle_time, 100, DAY),
    ("bodyStallTime", |l| &mut l.body_stall_time, 100, DAY),
    ("connectTime", |l| &mut l.connect_time, 10, HOUR),
    ("responseTime", |l| &mut l.response_time, 10, DAY),
    ("streamIdleTime", |l| &mut l.stream_idle_time, 100, 7 * DAY),
    ("tcpIdleTime", |l| &mut l.tcp_idle_time, 1_000, 7 * DAY),
    ("connectionAge", |l| &mut l.connection_age, 1_000, 7 * DAY),
    ("poolIdleTime", |l| &mut l.pool_idle_time, 10, DAY),
    ("drainTime", |l| &mut l.drain_time, 0, HOUR),
];

/// The one count that is no size.
const INTERIM: &str = "interimResponsesMax";
const INTERIM_MOST: u64 = 1_000;

const MEBIBYTE: u64 = 1_048_576;
/// The largest flow control window there is (RFC 9113 section 6.9.1) is one
/// byte short of 2 GiB; a quarter of that is plenty.
const WINDOW_MAX: u64 = 512 * MEBIBYTE;
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// One limit, as a `Mesh` document may set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitEntry {
    /// The field under `spec.limits`.
    pub name: &'static str,
    /// What holds when nothing is said.
    pub default: String,
    /// The least it may be set to.
    pub least: String,
    /// The most it may be set to.
    pub most: String,
}

/// All limits, for the reference. In no particular order.
#[must_use]
pub fn limits() -> Vec<LimitEntry> {
    let mut default = Limits::default();
    let mut entries = Vec::new();
    for (name, field, least, most) in SIZES {
        let (least, most) = (least.to_string(), most.to_string());
        entries.push(LimitEntry { name, default: field(&mut default).to_string(), least, most });
    }
    for (name, field, least, most) in SPANS {
        let (least, most) = (Millis(least).to_string(), Millis(most).to_string());
        entries.push(LimitEntry { name, default: field(&mut default).to_string(), least, most });
    }
    let (least, most) = (0.to_string(), INTERIM_MOST.to_string());
    let default = default.interim_responses_max.to_string();
    entries.push(LimitEntry { name: INTERIM, default, least, most });
    entries
}

pub(super) fn read_limits(node: &Node, log: &mut Log) -> Option<Limits> {
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
        if let Some(at) = fields.optional(INTERIM, read::number(0, INTERIM_MOST)) {
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
    if limits.http2_stream_window_bytes > limits.http2_connection_window_bytes {
        let place = fields.place_of("http2StreamWindowBytes");
        let message = "`http2StreamWindowBytes` is more than `http2ConnectionWindowBytes` has for \
                       all streams";
        fields.log.error(place, message);
    }
}

/// Only what differs from the defaults.
pub(super) fn write_limits(limits: &Limits) -> Option<Value> {
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
        written.push((INTERIM.to_owned(), value));
    }
    (!written.is_empty()).then_some(Value::Map(written))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// `headBytesMax` for `head_bytes_max`.
    fn camel(field: &str) -> String {
        let mut words = field.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        let upper = |word: &str| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        };
        words.fold(first, |name, word| name + &upper(word))
    }

    #[test]
    fn every_limit_can_be_set_under_its_own_name() {
        let shown = format!("{:#?}", Limits::default());
        let own = shown.lines().filter_map(|line| line.strip_prefix("    "));
        let own = own.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
        let fields: BTreeSet<String> =
            own.filter_map(|line| Some(camel(line.split_once(':')?.0))).collect();
        let named: BTreeSet<String> = limits().iter().map(|entry| entry.name.to_owned()).collect();
        assert_eq!(named, fields);
        assert_eq!(limits().len(), fields.len());
    }

    /// What a mesh with this under `limits` says, or why it can't be said.
    fn mesh(limits: &str) -> Result<(Limits, String), String> {
        let text = format!(
            "{{apiVersion: postern.dev/v1, kind: Mesh, metadata: {{name: m}}, \
             spec: {{limits: {{{limits}}}}}}}"
        );
        let (mut documents, problems) = crate::parse(&[crate::Source { name: "x".into(), text }]);
        match (documents.pop().map(|d| (d.to_json(), d.spec)), problems.as_slice()) {
            (Some((json, crate::Spec::Mesh(spec))), []) => Ok((spec.limits, json)),
            (_, problems) => Err(format!("{problems:?}")),
        }
    }

    /// The fields in which limits are not the default ones.
    fn differing(limits: &Limits) -> Vec<String> {
        let (set, default) = (format!("{limits:?}"), format!("{:?}", Limits::default()));
        let name = |field: &str| {
            let field = field.split(": ").next().unwrap_or_default();
            camel(field.rsplit(' ').next().unwrap_or_default())
        };
        let pairs = set.split(", ").zip(default.split(", "));
        pairs.filter(|(one, other)| one != other).map(|(one, _)| name(one)).collect()
    }

    #[test]
    fn each_name_sets_its_own_limit_and_is_written_back() {
        for LimitEntry { name, default, least, most } in limits() {
            let said = [&least, &most].map(|value| (value, mesh(&format!("{name}: {value}"))));
            let mut set = said.iter().filter(|(value, _)| **value != default);
            // Either end may be at odds with another limit's default.
            let set = set.find_map(|(value, said)| Some((value, said.as_ref().ok()?)));
            let (value, (limits, json)) = set.unwrap_or_else(|| panic!("{name}: {said:?}"));
            assert_eq!(differing(limits), [name]);
            let plain = json.contains(&format!("\"{name}\":{value}"));
            assert!(plain || json.contains(&format!("\"{name}\":\"{value}\"")), "{json}");
        }
    }

    #[test]
    fn limits_at_odds_with_each_other_are_refused() {
        for (limits, said) in [
            ("http2StreamWindowBytes: 4000000", "has for all streams"),
            ("poolIdleTime: 60s", "has to be shorter than `idleTime`"),
            ("requestLineBytesMax: 70000", "is a part of `headBytesMax`"),
            ("http2StreamsMax: 0", "is no whole number from 1"),
        ] {
            assert!(mesh(limits).unwrap_err().contains(said), "{limits}");
        }
        assert!(mesh("http2StreamWindowBytes: 2097152, http2StreamsMax: 1").is_ok());
    }
}
