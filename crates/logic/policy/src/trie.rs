//! HTTP clauses as a tree over path segments, so that the cost of a decision
//! grows with the depth of the path and not with the number of rules.

use std::sync::Arc;

use crate::http::HttpMatch;
use crate::path::Path;
use crate::rule::Effect;
use crate::template::Segment;

/// The first deny and the first allow rule seen so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    pub(crate) deny: Option<usize>,
    pub(crate) allow: Option<usize>,
}

impl Found {
    pub(crate) fn add(&mut self, effect: Effect, rule: usize) {
        let first = match effect {
            Effect::Deny => &mut self.deny,
            Effect::Allow => &mut self.allow,
        };
        *first = Some(first.map_or(rule, |other| other.min(rule)));
    }
}

/// A place in the tree: the templates that begin with the segments on the way.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// Sorted by text; a tenth of the memory a map would take.
    literals: Vec<(Arc<str>, Node)>,
    any: Option<Box<Node>>,
    /// Clauses whose template ends here.
    here: Vec<Entry>,
    /// Clauses whose template ends here with `**`.
    rest: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    method: Option<Box<str>>,
    effect: Effect,
    rule: usize,
}

impl Node {
    /// Adds a clause. Rules have to come in rising order: of several that
    /// say the same only the first is kept.
    pub(crate) fn insert(&mut self, http: &HttpMatch, effect: Effect, rule: usize) {
        let mut node = self;
        for segment in http.path.segments() {
            node = match segment {
                Segment::Literal(text) => node.literal(text),
                Segment::Any | Segment::Parameter(_) => node.any.get_or_insert_default(),
            };
        }
        let entries = if http.path.is_open() { &mut node.rest } else { &mut node.here };
        let method = http.method.as_deref();
        if !entries.iter().any(|e| e.effect == effect && e.method.as_deref() == method) {
            entries.push(Entry { method: method.map(Into::into), effect, rule });
        }
    }

    #[expect(clippy::indexing_slicing, reason = "the place was just found or filled")]
    fn literal(&mut self, text: &Arc<str>) -> &mut Self {
        let place = self.literals.binary_search_by(|(other, _)| other.cmp(text));
        let place = place.unwrap_or_else(|place| {
            self.literals.insert(place, (Arc::clone(text), Self::default()));
            place
        });
        &mut self.literals[place].1
    }

    /// Adds to `found` each clause that covers the request. Visits no node
    /// twice, allocates nothing, and is at most as deep as the templates are.
    pub(crate) fn find(&self, method: &str, mut path: Path<'_>, found: &mut Found) {
        gather(&self.rest, method, found);
        let Some(segment) = path.next() else {
            return gather(&self.here, method, found);
        };
        let literal = self.literals.binary_search_by(|(text, _)| (**text).cmp(segment)).ok();
        if let Some((_, node)) = literal.and_then(|place| self.literals.get(place)) {
            node.find(method, path.clone(), found);
        }
        if let Some(node) = &self.any {
            node.find(method, path, found);
        }
    }
}

fn gather(entries: &[Entry], method: &str, found: &mut Found) {
    for entry in entries {
        if entry.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method)) {
            found.add(entry.effect, entry.rule);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(clauses: &[&str], method: &str, path: &str) -> Option<usize> {
        let mut root = Node::default();
        for (rule, clause) in clauses.iter().enumerate() {
            root.insert(&clause.parse().unwrap(), Effect::Allow, rule);
        }
        let mut found = Found::default();
        root.find(method, Path::of(path).unwrap(), &mut found);
        found.allow
    }

    #[test]
    fn the_first_rule_wins_whichever_branch_it_is_on() {
        let clauses = ["/a/b/**", "/a/*", "/a/b", "/**"];
        assert_eq!(find(&clauses, "GET", "/a/b"), Some(0));
        assert_eq!(find(&clauses, "GET", "/a/c"), Some(1));
        assert_eq!(find(&clauses, "GET", "/x"), Some(3));
        assert_eq!(find(&["/**", "/a"], "GET", "/a"), Some(0));
    }

    #[test]
    fn a_literal_that_leads_nowhere_does_not_hide_a_star() {
        assert_eq!(find(&["/a/b/c", "/*/b/d"], "GET", "/a/b/d"), Some(1));
    }

    #[test]
    fn methods_are_looked_at_where_templates_end() {
        let clauses = ["GET /a", "POST /a", "GET /a/**"];
        assert_eq!(find(&clauses, "POST", "/a"), Some(1));
        assert_eq!(find(&clauses, "GET", "/a/x"), Some(2));
        assert_eq!(find(&clauses, "POST", "/a/x"), None);
    }

    #[test]
    fn rules_that_say_the_same_take_one_place() {
        let mut root = Node::default();
        for rule in 0..1_000 {
            root.insert(&"GET /a/{id}".parse().unwrap(), Effect::Allow, rule);
        }
        let a = &root.literals[0].1;
        assert_eq!(a.any.as_ref().unwrap().here.len(), 1);
    }
}
