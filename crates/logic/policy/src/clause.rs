//! A rule taken apart for an explanation: each clause with what it wanted,
//! what was seen, and whether it holds.

use std::fmt;

use model::Principal;

use crate::facts::{Action, Facts};
use crate::http::HttpMatch;
use crate::path::Path;
use crate::rule::{Effect, From, Rule};

/// Longer values are cut here in an explanation, in characters.
const SHOWN_CHARS_MAX: usize = 256;
/// Longer lists are cut here in an explanation.
const LISTED_MAX: usize = 8;

/// One clause of a rule against the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// `from`, `port`, `method`, `path`, `grpc` for a gRPC method, or `http`
    /// when HTTP can't be seen.
    pub subject: &'static str,
    /// What the rule asks for.
    pub wanted: String,
    /// What was there.
    pub seen: String,
    /// Whether that is enough for the rule to match.
    pub holds: bool,
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = if self.holds { "holds" } else { "FAILS" };
        write!(f, "{}: wanted {}, saw {}: {outcome}", self.subject, self.wanted, self.seen)
    }
}

/// The clauses a rule has, in the order they are tested. They all hold exactly
/// when the rule matches. Of several HTTP clauses it shows the nearest.
pub(crate) fn clauses(rule: &Rule, facts: &Facts<'_>) -> Vec<Clause> {
    let mut clauses = vec![from_clause(rule, facts.caller)];
    if !rule.ports.is_empty() {
        clauses.push(port_clause(rule, facts.port));
    }
    match facts.action {
        Action::Connect if !rule.http.is_empty() => clauses.push(unseen_http_clause(rule)),
        Action::Connect => {}
        Action::Http { method, path } => {
            let nearest = nearest_http(rule, method, path);
            clauses.extend(nearest.into_iter().flat_map(|http| http_clauses(http, method, path)));
        }
    }
    clauses
}

/// How near a rule is to matching: the clauses that hold less those that fail,
/// then whether it is about this caller, then how far the paths agree. Makes
/// no text, because a refusal asks it of every rule.
pub(crate) fn nearness(rule: &Rule, facts: &Facts<'_>) -> (i8, bool, usize) {
    let point = |holds: bool| if holds { 1_i8 } else { -1 };
    let from = rule.covers_caller(facts.caller);
    let port = if rule.ports.is_empty() { 0 } else { point(rule.covers_port(facts.port)) };
    let (http, depth) = match facts.action {
        _ if rule.http.is_empty() => (0, 0),
        Action::Connect => (point(rule.covers_action(&facts.action)), 0),
        Action::Http { method, path } => nearest_http(rule, method, path).map_or((0, 0), |http| {
            let by_method = http.method.as_ref().map_or(0, |_| point(http.covers_method(method)));
            let points = match http.is_grpc() {
                true => point(http.covers(method, path)),
                false => by_method + point(http.path.matches(path)),
            };
            (points, agreement(http, path))
        }),
    };
    (point(from) + port + http, from, depth)
}

/// The HTTP clause of which most holds; of equals the one whose path does,
/// then the one whose path agrees longest, then the first.
fn nearest_http<'r>(rule: &'r Rule, method: &str, path: &str) -> Option<&'r HttpMatch> {
    rule.http.iter().rev().max_by_key(|http| http_nearness(http, method, path))
}

fn http_nearness(http: &HttpMatch, method: &str, path: &str) -> (usize, bool, usize) {
    let (by_method, by_path) = (http.covers_method(method), http.path.matches(path));
    (usize::from(by_method) + usize::from(by_path), by_path, agreement(http, path))
}

fn agreement(http: &HttpMatch, path: &str) -> usize {
    Path::of(path).map_or(0, |path| http.path.agreement(path))
}

fn from_clause(rule: &Rule, caller: &Principal) -> Clause {
    Clause {
        subject: "from",
        wanted: listed(rule.from().iter().map(|from| from_text(from, caller))),
        seen: caller.to_string(),
        holds: rule.covers_caller(caller),
    }
}

/// Names of the caller's own trust domain are written short.
fn from_text(from: &From, caller: &Principal) -> String {
    let home = caller.spiffe_id().map(model::SpiffeId::trust_domain);
    match from {
        From::Id(id) if Some(id.trust_domain()) == home => {
            id.service().map_or_else(|| id.to_string(), |service| service.to_string())
        }
        From::Namespace { trust_domain, namespace } if Some(trust_domain) == home => {
            format!("namespace {namespace}")
        }
        From::Anyone => "anyone with an identity".into(),
        _ => from.to_string(),
    }
}

fn port_clause(rule: &Rule, port: u16) -> Clause {
    Clause {
        subject: "port",
        wanted: listed(rule.ports.iter().map(u16::to_string)),
        seen: port.to_string(),
        holds: rule.covers_port(port),
    }
}

fn unseen_http_clause(rule: &Rule) -> Clause {
    let holds = rule.covers_action(&Action::Connect);
    let counts = match rule.effect {
        Effect::Allow => "which counts as no in an allow",
        Effect::Deny => "which counts as yes in a deny",
    };
    Clause {
        subject: "http",
        wanted: listed(rule.http.iter().map(HttpMatch::to_string)),
        seen: format!("a connection whose requests can't be seen, {counts}"),
        holds,
    }
}

fn http_clauses(http: &HttpMatch, method: &str, path: &str) -> Vec<Clause> {
    if http.is_grpc() {
        return vec![grpc_clause(http, method, path)];
    }
    let wanted_method = http.method.as_ref().map(|wanted| Clause {
        subject: "method",
        wanted: wanted.clone(),
        seen: shown(method),
        holds: http.covers_method(method),
    });
    let wanted_path = Clause {
        subject: "path",
        wanted: http.path.to_string(),
        seen: shown(path),
        holds: http.path.matches(path),
    };
    wanted_method.into_iter().chain([wanted_path]).collect()
}

/// As it was written; what was seen likewise, when it looks like a gRPC call.
fn grpc_clause(http: &HttpMatch, method: &str, path: &str) -> Clause {
    let inner = path.strip_prefix('/').filter(|inner| inner.split('/').count() == 2);
    let seen = match inner {
        Some(inner) if method == "POST" => shown(inner),
        _ => format!("{} {}", shown(method), shown(path)),
    };
    let holds = http.covers(method, path);
    Clause { subject: "grpc", wanted: http.to_string(), seen, holds }
}

/// `a`, `a or b`, `a, b or c`, `a, b … (12 in all)`.
fn listed(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.len() > LISTED_MAX {
        let first: Vec<String> = items.iter().take(LISTED_MAX).cloned().collect();
        return format!("{} … ({} in all)", first.join(", "), items.len());
    }
    match items.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, front)) => format!("{} or {last}", front.join(", ")),
    }
}

/// A value that came from outside, fit for a terminal and a log: escaped, on
/// one line, and not endless.
pub(crate) fn shown(value: &str) -> String {
    if value.is_empty() {
        return "nothing".into();
    }
    let mut text: String = value
        .chars()
        .take(SHOWN_CHARS_MAX)
        .flat_map(|c| {
            let plain = c.is_ascii_graphic() || c == ' ';
            let escaped = (!plain).then(|| c.escape_default());
            plain.then_some(c).into_iter().chain(escaped.into_iter().flatten())
        })
        .collect();
    if value.chars().nth(SHOWN_CHARS_MAX).is_some() {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_like_sentences() {
        let list = |n: usize| listed((0..n).map(|i| i.to_string()));
        assert_eq!(list(1), "0");
        assert_eq!(list(2), "0 or 1");
        assert_eq!(list(3), "0, 1 or 2");
        assert_eq!(list(9), "0, 1, 2, 3, 4, 5, 6, 7 … (9 in all)");
    }

    #[test]
    fn values_from_outside_stay_on_their_line_and_have_an_end() {
        assert_eq!(shown("/a b"), "/a b");
        assert_eq!(shown("a\nb\u{1b}[31m\u{202e}"), "a\\nb\\u{1b}[31m\\u{202e}");
        assert_eq!(shown(""), "nothing");
        assert_eq!(shown(&"x".repeat(5_000)).len(), SHOWN_CHARS_MAX + 3);
    }
}
