//! Which route a request takes: the matches of every HTTPRoute and GRPCRoute of
//! a listener in one table, ordered by Gateway API's precedence so that the first hit is
//! the answer. Looking up allocates nothing.

use std::cmp::Ordering;

use crate::host_pattern::HostPattern;

/// The routes of one listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    routes: Vec<Route>,
    /// Most specific host first; `None` (every host) last.
    hosts: Vec<(Option<HostPattern>, Vec<Entry>)>,
}

/// Where the requests of one rule go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The route's name, and its rule's: `namespace/route rule`, for logs.
    pub name: String,
    /// Indices into `Snapshot::outbound` with the weight of each. Never empty,
    /// and at least one weight is above zero.
    pub backends: Vec<(usize, u32)>,
    /// Whether `%2F` in a path is a part of its segment; else a request that
    /// has one is refused once it took this route.
    pub keep_escaped_slashes: bool,
}

/// One match of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteMatch {
    /// Which paths.
    pub path: PathMatch,
    /// Which method; `None` is every method.
    pub method: Option<String>,
}

/// A path condition of Gateway API (`HTTPPathMatch`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathMatch {
    /// This path and no other.
    Exact(String),
    /// This path and everything below it, segment by segment: `/a` is a prefix
    /// of `/a`, `/a/` and `/a/b` but not of `/ab`.
    Prefix(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    matches: RouteMatch,
    route: usize,
}

impl Routes {
    /// The route of a request, by Gateway API's precedence: the longest precise
    /// host, the longest wildcard host, an exact path, the longest prefix, a
    /// named method, then the order the routes were added in.
    ///
    /// `host` is lower-case without port, `path` canonical.
    #[must_use]
    pub fn find(&self, host: &str, method: &str, path: &str) -> Option<&Route> {
        self.get(self.find_place(host, method, path)?)
    }

    /// The same, as a place for [`Routes::get`].
    #[must_use]
    pub fn find_place(&self, host: &str, method: &str, path: &str) -> Option<usize> {
        let speaks_of_host = |pattern: &Option<HostPattern>| match pattern {
            Some(pattern) => pattern.matches(host),
            None => true,
        };
        self.hosts
            .iter()
            .filter(|(pattern, _)| speaks_of_host(pattern))
            .find_map(|(_, entries)| entries.iter().find(|e| e.matches.is_met(method, path)))
            .map(|entry| entry.route)
    }

    /// The route at a place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&Route> {
        self.routes.get(place)
    }

    /// Whether there is no route at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// All routes, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// Adds a rule. Rules added first win where the precedence is equal.
    pub(crate) fn add(
        &mut self,
        route: Route,
        hosts: &[Option<HostPattern>],
        matches: &[RouteMatch],
    ) {
        let index = self.routes.len();
        self.routes.push(route);
        for host in hosts {
            let entries = self.entries_of(host);
            let of_rule = |matches: &RouteMatch| Entry { matches: matches.clone(), route: index };
            entries.extend(matches.iter().map(of_rule));
            entries.sort_by(|a, b| by_precedence(&a.matches, &b.matches));
        }
        self.hosts.sort_by(|(a, _), (b, _)| by_specificity(a.as_ref(), b.as_ref()));
    }

    fn entries_of(&mut self, host: &Option<HostPattern>) -> &mut Vec<Entry> {
        let at = match self.hosts.iter().position(|(known, _)| known == host) {
            Some(at) => at,
            None => {
                self.hosts.push((host.clone(), Vec::new()));
                self.hosts.len() - 1
            }
        };
        #[expect(clippy::indexing_slicing, reason = "`at` was found or pushed just above")]
        &mut self.hosts[at].1
    }
}

impl RouteMatch {
    fn is_met(&self, method: &str, path: &str) -> bool {
        self.path.matches(path) && self.method.as_deref().is_none_or(|wanted| wanted == method)
    }
}

impl PathMatch {
    /// Whether a canonical path is meant. Parameters after a `;` are no part of
    /// a segment's name, for routes as for rules, unless the match names some:
    /// `/admin;x=1` takes no other route than `/admin`.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        if path.contains(';') && !self.value().contains(';') {
            return self.matches_names(path);
        }
        match self {
            Self::Exact(exact) => exact == path,
            Self::Prefix(prefix) => {
                let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
                let rest = path.strip_prefix(prefix);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }

    fn matches_names(&self, path: &str) -> bool {
        let mut names = names(path);
        match self {
            Self::Exact(exact) => names.eq(exact.bytes()),
            Self::Prefix(prefix) => {
                let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
                let begins = prefix.bytes().all(|byte| names.next() == Some(byte));
                begins && matches!(names.next(), None | Some(b'/'))
            }
        }
    }

    /// The text of it.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::Exact(value) | Self::Prefix(value) => value,
        }
    }
}

/// The bytes of a path without the parameters of its segments.
fn names(path: &str) -> impl Iterator<Item = u8> + '_ {
    let mut in_parameters = false;
    path.bytes().filter(move |byte| {
        in_parameters = *byte != b'/' && (in_parameters || *byte == b';');
        !in_parameters
    })
}

/// The more specific match first.
fn by_precedence(a: &RouteMatch, b: &RouteMatch) -> Ordering {
    let rank = |m: &RouteMatch| {
        let is_prefix = matches!(m.path, PathMatch::Prefix(_));
        (is_prefix, usize::MAX - m.path.value().len(), m.method.is_none())
    };
    rank(a).cmp(&rank(b))
}

/// Precise hosts before wildcards, long before short, "every host" last.
fn by_specificity(a: Option<&HostPattern>, b: Option<&HostPattern>) -> Ordering {
    let rank = |host: Option<&HostPattern>| match host {
        Some(host) => (host.is_wildcard(), usize::MAX - host.name().len()),
        None => (true, usize::MAX),
    };
    rank(a).cmp(&rank(b)).then_with(|| a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Option<HostPattern> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    fn prefix(path: &str) -> RouteMatch {
        RouteMatch { path: PathMatch::Prefix(path.into()), method: None }
    }

    fn exact(path: &str) -> RouteMatch {
        RouteMatch { path: PathMatch::Exact(path.into()), method: None }
    }

    #[test]
    fn parameters_lead_to_no_other_route() {
        let routes = table(&[
            ("strict", "", prefix("/admin")),
            ("one", "", exact("/x/y")),
            ("free", "", prefix("/")),
        ]);
        let taken = |path| routes.find("h", "GET", path).map(|route| route.name.as_str());
        for path in ["/admin;x=1", "/admin;", "/admin;/", "/admin;x/y", "/admin/a;b"] {
            assert_eq!(taken(path), Some("strict"), "{path}");
        }
        assert_eq!(taken("/x;a/y;b"), Some("one"));
        for path in ["/administer;x", "/a;dmin", "/x/y;z/w", "/;/admin"] {
            assert_eq!(taken(path), Some("free"), "{path}");
        }
        let named = table(&[("named", "", exact("/a;v=1")), ("free", "", prefix("/"))]);
        let taken = |path| named.find("h", "GET", path).map(|route| route.name.as_str());
        assert_eq!((taken("/a;v=1"), taken("/a;v=2")), (Some("named"), Some("free")));
    }

    fn table(rules: &[(&str, &str, RouteMatch)]) -> Routes {
        let mut routes = Routes::default();
        for (name, hostname, matches) in rules {
            let route =
                Route { name: (*name).into(), backends: vec![(0, 1)], keep_escaped_slashes: false };
            routes.add(route, &[host(hostname)], std::slice::from_ref(matches));
        }
        routes
    }

    fn found<'a>(routes: &'a Routes, host: &str, method: &str, path: &str) -> &'a str {
        routes.find(host, method, path).map_or("none", |route| &route.name)
    }

    #[test]
    fn prefixes_match_whole_segments() {
        for (prefix, path, expected) in [
            ("/", "/anything", true),
            ("/a", "/a", true),
            ("/a", "/a/", true),
            ("/a", "/a/b", true),
            ("/a", "/ab", false),
            ("/a/", "/a", true),
            ("/a/", "/a/b", true),
            ("/a/b", "/a", false),
        ] {
            assert_eq!(PathMatch::Prefix(prefix.into()).matches(path), expected, "{prefix} {path}");
        }
        assert!(!PathMatch::Exact("/a".into()).matches("/a/"));
    }

    #[test]
    fn an_exact_path_beats_the_longest_prefix_and_that_a_shorter_one() {
        let routes = table(&[
            ("all", "", prefix("/")),
            ("short", "", prefix("/a")),
            ("long", "", prefix("/a/b")),
            ("exact", "", exact("/a")),
        ]);
        assert_eq!(found(&routes, "x", "GET", "/a"), "exact");
        assert_eq!(found(&routes, "x", "GET", "/a/c"), "short");
        assert_eq!(found(&routes, "x", "GET", "/a/b/c"), "long");
        assert_eq!(found(&routes, "x", "GET", "/z"), "all");
    }

    #[test]
    fn the_host_decides_before_the_path() {
        let routes = table(&[
            ("any", "", exact("/a")),
            ("wild", "*.example.com", exact("/a")),
            ("wilder", "*.b.example.com", exact("/a")),
            ("precise", "a.example.com", prefix("/")),
        ]);
        assert_eq!(found(&routes, "a.example.com", "GET", "/a"), "precise");
        assert_eq!(found(&routes, "z.example.com", "GET", "/a"), "wild");
        assert_eq!(found(&routes, "x.b.example.com", "GET", "/a"), "wilder");
        assert_eq!(found(&routes, "example.com", "GET", "/a"), "any");
        assert_eq!(found(&routes, "z.example.com", "GET", "/b"), "none");
    }

    #[test]
    fn a_host_without_a_fitting_rule_leaves_the_request_to_the_next() {
        let routes =
            table(&[("all", "", prefix("/")), ("precise", "a.example.com", exact("/only"))]);
        assert_eq!(found(&routes, "a.example.com", "GET", "/other"), "all");
    }

    #[test]
    fn a_named_method_beats_any_and_the_first_rule_breaks_ties() {
        let get = RouteMatch { method: Some("GET".into()), ..prefix("/") };
        let routes =
            table(&[("any", "", prefix("/")), ("second", "", prefix("/")), ("get", "", get)]);
        assert_eq!(found(&routes, "x", "GET", "/"), "get");
        assert_eq!(found(&routes, "x", "POST", "/"), "any");
    }
}
