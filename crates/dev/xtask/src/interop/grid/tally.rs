//! Who saw what: the requests that servers noted against those that doors say
//! they forwarded, and against what the corpus wants of each case.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// A request as a server, or a door, names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request {
    pub(super) method: String,
    /// Without its query.
    pub(super) path: String,
}

impl Request {
    /// `GET /a?b HTTP/1.1`, the version or not.
    pub(super) fn noted(line: &str) -> Self {
        let (method, rest) = line.split_once(' ').unwrap_or((line, ""));
        let target = rest.split(" HTTP/").next().unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        Self { method: method.to_owned(), path: path.to_owned() }
    }

    fn is_of(&self, tag: &str) -> bool {
        let rest = self.path.strip_prefix("/g/").and_then(|rest| rest.strip_prefix(tag));
        rest.is_some_and(|rest| rest.starts_with('/'))
    }

    /// What stood inside of another, for careless readers.
    pub(super) fn is_smuggled(&self) -> bool {
        self.path.ends_with("/smuggled")
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The lines of an access log.
pub(super) fn lines_of(log: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(log).with_context(|| log.display().to_string())?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Role and address of the connection of a line.
pub(super) fn place(line: &Value) -> (String, String) {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    (text("role"), text("from"))
}

/// What a door says reached its app.
pub(super) struct Forwarded {
    /// What was answered.
    pub(super) least: Vec<Request>,
    /// That, and what was let through and broke off: its app may have seen it.
    most: Vec<Request>,
}

/// Reads it from the access log.
pub(super) fn forwarded(access: &[Value], door: &str) -> Forwarded {
    let own = access.iter().filter(|line| line["door"] == door && line["role"] == "inbound");
    let own: Vec<_> = own.filter(|line| !line["rule"].is_null()).collect();
    let request = |line: &&&Value| {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        Request { method: text("method"), path: text("path") }
    };
    let least = own.iter().filter(|line| line["reason"].is_null()).map(|l| request(&l)).collect();
    Forwarded { least, most: own.iter().map(|line| request(&line)).collect() }
}

impl Forwarded {
    /// What was seen and not let through, or answered and not seen.
    pub(super) fn disagreements(&self, seen: &[Request]) -> Vec<String> {
        let (least, most, seen) = (counted(&self.least), counted(&self.most), counted(seen));
        let count = |of: &BTreeMap<Request, usize>, request| of.get(request).copied().unwrap_or(0);
        let mut wrong = Vec::new();
        for (request, times) in &seen {
            if *times > count(&most, request) {
                wrong.push(format!(
                    "seen {times} times, let through {}: {request}",
                    count(&most, request)
                ));
            }
        }
        for (request, times) in &least {
            if *times > count(&seen, request) {
                wrong.push(format!(
                    "answered {times} times, seen {}: {request}",
                    count(&seen, request)
                ));
            }
        }
        wrong
    }
}

fn counted(requests: &[Request]) -> BTreeMap<Request, usize> {
    let mut all = BTreeMap::new();
    for request in requests {
        *all.entry(request.clone()).or_insert(0) += 1;
    }
    all
}

/// What came back of one case.
#[derive(Debug)]
pub(super) struct Told {
    case: String,
    wants: String,
    tag: String,
    entry: String,
    backend: String,
    from: String,
    statuses: Vec<u64>,
    closed: bool,
}

impl Told {
    /// Reads a line of `send.py`.
    pub(super) fn read(line: &str) -> Result<Self> {
        let told: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let text =
            |name: &str| told[name].as_str().map(str::to_owned).with_context(|| line.to_owned());
        let statuses = told["statuses"].as_array().into_iter().flatten();
        Ok(Self {
            case: text("case")?,
            wants: text("wants")?,
            tag: text("tag")?,
            entry: text("entry")?,
            backend: text("backend")?,
            from: text("from")?,
            statuses: statuses.filter_map(Value::as_u64).collect(),
            closed: told["closed"] == true,
        })
    }

    pub(super) fn is_of(&self, entry: &str, backend: &str) -> bool {
        self.entry == entry && self.backend == backend
    }

    /// As [`place`] says it of its line.
    pub(super) fn place(&self) -> (String, String) {
        let role = if self.entry == "gateway" { "gateway" } else { "inbound" };
        (role.to_owned(), self.from.clone())
    }

    /// What is not as the corpus wants it.
    pub(super) fn wrong(&self, seen: &[Request]) -> Option<String> {
        let own: Vec<_> = seen.iter().filter(|request| request.is_of(&self.tag)).collect();
        let is_refused = self.statuses.first().is_none_or(|status| *status == 0 || *status >= 400);
        let is_right = match self.wants.parse::<usize>() {
            Ok(count) => own.len() == count && self.statuses.len() >= count,
            Err(_) if self.wants == "cut" => own.len() <= 1,
            Err(_) => own.is_empty() && is_refused && (self.closed || !self.statuses.is_empty()),
        };
        if is_right && !own.iter().any(|request| request.is_smuggled()) {
            return None;
        }
        Some(format!("{self}: answers {:?}, seen {own:?}", self.statuses))
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}) by the {} to {}", self.case, self.tag, self.entry, self.backend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(door: &str, path: &str, rule: Option<&str>, reason: Option<&str>) -> Value {
        serde_json::json!({
            "door": door, "role": "inbound", "method": "GET", "path": path,
            "rule": rule, "reason": reason,
        })
    }

    fn told(wants: &str, statuses: &[u64]) -> Told {
        let (case, tag) = ("c".to_owned(), "door7".to_owned());
        let (entry, backend) = ("door".to_owned(), "nginx".to_owned());
        let (wants, statuses, from) = (wants.to_owned(), statuses.to_vec(), String::new());
        Told { case, wants, tag, entry, backend, from, statuses, closed: true }
    }

    #[test]
    fn what_a_server_saw_has_to_be_what_was_let_through() {
        let access = [
            line("nginx", "/g/door1/a", Some("r"), None),
            line("nginx", "/g/door2/a", Some("r"), Some("the caller went away")),
            line("nginx", "/g/door3/a", None, Some("malformed")),
            line("apache", "/g/door4/a", Some("r"), None),
        ];
        let wanted = forwarded(&access, "nginx");
        let wrong = |lines: &[&str]| {
            let seen: Vec<_> = lines.iter().map(|line| Request::noted(line)).collect();
            wanted.disagreements(&seen).len()
        };
        assert_eq!(wrong(&["GET /g/door1/a?x HTTP/1.1"]), 0);
        assert_eq!(wrong(&["GET /g/door1/a", "GET /g/door2/a"]), 0);
        assert_eq!(wrong(&[]), 1, "answered and not seen");
        assert_eq!(wrong(&["GET /g/door1/a", "GET /g/door1/a"]), 1, "seen twice");
        assert_eq!(wrong(&["GET /g/door1/a", "GET /g/door3/a"]), 1, "seen though refused");
        assert_eq!(wrong(&["GET /g/door1/a", "BAD x"]), 1, "garbage");
    }

    #[test]
    fn a_case_comes_out_as_it_is_written_or_not() {
        let seen = |paths: &[&str]| -> Vec<_> {
            paths.iter().map(|path| Request::noted(&format!("GET {path}"))).collect()
        };
        assert!(told("1", &[200]).wrong(&seen(&["/g/door7/a", "/g/door70/a"])).is_none());
        assert!(told("1", &[200]).wrong(&seen(&[])).is_some());
        assert!(told("1", &[200]).wrong(&seen(&["/g/door7/a", "/g/door7/b"])).is_some());
        assert!(told("1", &[200]).wrong(&seen(&["/g/door7/smuggled"])).is_some());
        assert!(told("refused", &[400]).wrong(&seen(&[])).is_none());
        assert!(told("refused", &[200]).wrong(&seen(&[])).is_some());
        assert!(told("refused", &[400]).wrong(&seen(&["/g/door7/a"])).is_some());
        assert!(told("cut", &[400]).wrong(&seen(&["/g/door7/a"])).is_none());
    }
}
