//! What a head says of itself, as text to compare, and what holds for the
//! fields of any head.

use model::Limits;
use wire::http1::{RequestHead, ResponseHead};

/// Limits that short inputs can meet.
pub(super) fn small() -> Limits {
    Limits {
        head_bytes_max: 160,
        request_line_bytes_max: 60,
        header_count_max: 4,
        chunk_line_bytes_max: 24,
        chunk_extension_bytes_max: 40,
        trailer_bytes_max: 80,
        ..Limits::default()
    }
}

/// Everything a request head says.
pub(super) fn request(head: &RequestHead) -> String {
    let (fields, onward) = (list(head.fields()), list(head.forwardable_fields()));
    let line = (head.method(), head.target(), head.version(), head.host());
    let rest = (head.framing(), head.keep_alive(), head.expect_continue(), head.upgrade());
    format!("{line:?} {rest:?} {fields:?} {onward:?}")
}

/// Everything a response head says.
pub(super) fn response(head: &ResponseHead) -> String {
    let (fields, onward) = (list(head.fields()), list(head.forwardable_fields()));
    let line = (head.status(), head.reason(), head.version(), head.is_interim());
    let rest = (head.framing(), head.content_length(), head.keep_alive(), head.upgrade());
    format!("{line:?} {rest:?} {fields:?} {onward:?}")
}

pub(super) type Field<'a> = (&'a str, &'a [u8]);

/// Fields in order.
pub(super) fn list<'a>(fields: impl Iterator<Item = Field<'a>>) -> Vec<Field<'a>> {
    fields.collect()
}

/// No hop may get these from us as they came.
const OF_ONE_HOP: [&str; 9] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Fields that go on: each is one field on one line, and none belongs to this
/// hop alone.
pub(super) fn check_onward(fields: &[Field<'_>]) {
    for (name, value) in fields {
        let is_of_hop = OF_ONE_HOP.iter().any(|other| other.eq_ignore_ascii_case(name));
        let is_te = name.eq_ignore_ascii_case("te") && value.eq_ignore_ascii_case(b"trailers");
        assert!(!is_of_hop || is_te, "`{name}` goes on");
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{name}: {value:?}");
    }
}
