//! The matches of an `HTTPRoute` (Gateway API's `HTTPRouteMatch`): paths and
//! methods. Headers and query parameters are refused, not overlooked.

use super::route::Matching;
use crate::problem::{At, Log};
use crate::read;
use crate::routes::{PathMatch, RouteMatch};
use crate::tree::Node;
use crate::value::Value;

/// How an `HTTPRoute` writes its matches.
pub(super) const MATCHING: Matching = Matching {
    read: read_match,
    write: write_match,
    everything,
    not_yet: &["filters", "timeouts", "retry", "sessionPersistence"],
};

/// The methods of Gateway API (`HTTPMethod`).
const METHODS: [(&str, &str); 9] = [
    ("GET", "GET"),
    ("HEAD", "HEAD"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("DELETE", "DELETE"),
    ("CONNECT", "CONNECT"),
    ("OPTIONS", "OPTIONS"),
    ("TRACE", "TRACE"),
    ("PATCH", "PATCH"),
];

fn write_match(matches: &RouteMatch) -> Value {
    let word = match &matches.path {
        PathMatch::Exact(_) => "Exact",
        PathMatch::Prefix(_) => "PathPrefix",
    };
    let path = Value::map([
        ("type", Some(Value::text(word))),
        ("value", Some(Value::text(matches.path.value()))),
    ]);
    Value::map([("path", Some(path)), ("method", matches.method.as_ref().map(Value::text))])
}

/// The match of a rule that names none.
fn everything() -> RouteMatch {
    RouteMatch { path: PathMatch::Prefix("/".into()), method: None }
}

fn read_match(node: &Node, log: &mut Log) -> Option<RouteMatch> {
    read::mapping(node, log, |fields| {
        fields.not_yet(&["headers", "queryParams"]);
        let path = fields.optional("path", read_path_match);
        let method = fields.optional("method", read::word(&METHODS, &[]));
        Some(RouteMatch {
            path: path.unwrap_or_else(|| everything().path),
            method: method.map(|at| at.value.to_owned()),
        })
    })
}

fn read_path_match(node: &Node, log: &mut Log) -> Option<PathMatch> {
    read::mapping(node, log, |fields| {
        let words = [("Exact", true), ("PathPrefix", false)];
        let is_exact = fields.optional("type", read::word(&words, &["RegularExpression"]));
        let value = fields.optional("value", read_path).unwrap_or_else(|| "/".to_owned());
        Some(match is_exact {
            Some(At { value: true, .. }) => PathMatch::Exact(value),
            _ => PathMatch::Prefix(value),
        })
    })
}

/// A path in the canonical form requests have when routes are looked up;
/// another could never match.
fn read_path(node: &Node, log: &mut Log) -> Option<String> {
    let At { value: path, place } = read::text(node, log)?;
    match refuse_path(&path) {
        Some(reason) => {
            log.error(place, format!("`{path}` matches no request: {reason}"));
            None
        }
        None => Some(path),
    }
}

fn refuse_path(path: &str) -> Option<&'static str> {
    let is_dots = |segment: &str| segment == "." || segment == "..";
    if !path.starts_with('/') {
        return Some("a path begins with `/`");
    }
    if path.contains("//") || path.split('/').any(is_dots) {
        return Some("paths come without `//`, `.` and `..`");
    }
    if path.contains(['?', '#', '\\']) || path.chars().any(|c| c <= ' ' || !c.is_ascii()) {
        return Some("`?`, `#`, `\\`, spaces and non-ASCII characters never stand in a path");
    }
    if path.split('%').skip(1).any(|escape| !is_canonical_escape(escape)) {
        return Some("escapes come in capitals, and only where one is needed");
    }
    None
}

/// What stands behind a `%` in a canonical path: two digits, for a character
/// that can't stand there itself.
fn is_canonical_escape(escape: &str) -> bool {
    let is_digit = |c: char| matches!(c, '0'..='9' | 'A'..='F');
    let digits = escape.get(..2).filter(|digits| digits.chars().all(is_digit));
    let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
    byte.is_some_and(|byte| {
        let needless = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        !needless && byte != b'\\' && !byte.is_ascii_control()
    })
}
