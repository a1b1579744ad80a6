//! Host names as Gateway API writes them: precise, or `*.` and a suffix. The
//! wildcard stands for one or more whole labels and never for the suffix
//! itself.

use std::fmt;
use std::str::FromStr;

/// A hostname of a listener or route (Gateway API v1, `Hostname`): lower-case
/// labels, optionally after a leading `*.`; no address, no port.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPattern {
    wildcard: bool,
    /// The precise name, or the suffix without `*.`.
    name: Box<str>,
}

impl HostPattern {
    /// Whether `host` (lower-case, without port or trailing dot) is meant.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        if !self.wildcard {
            return *self.name == *host;
        }
        let labels = host.strip_suffix(&*self.name).and_then(|rest| rest.strip_suffix('.'));
        labels.is_some_and(|labels| !labels.is_empty())
    }

    /// Whether it begins with `*.`.
    #[must_use]
    pub const fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// The precise name, or the suffix a wildcard stands before.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hosts both mean, when there are any: always one of the two.
    #[must_use]
    pub fn intersection<'a>(&'a self, other: &'a Self) -> Option<&'a Self> {
        if self.covers(other) {
            return Some(other);
        }
        other.covers(self).then_some(self)
    }

    fn covers(&self, other: &Self) -> bool {
        match (self.wildcard, other.wildcard) {
            (_, false) => self.matches(&other.name),
            (true, true) => self.name == other.name || self.matches(&other.name),
            (false, true) => false,
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.wildcard { "*." } else { "" };
        write!(f, "{star}{}", self.name)
    }
}

impl fmt::Debug for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Why a text is no host pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseHostPatternError {
    /// Nothing there, or an empty label.
    #[error("a hostname is one or more names joined by dots, none of them empty")]
    Empty,
    /// Beyond 253 characters, or a label beyond 63.
    #[error("a hostname has at most 253 characters, and 63 between dots")]
    TooLong,
    /// A star that isn't the whole first label.
    #[error("`*` can only stand alone before the first dot, as in `*.example.com`")]
    Wildcard,
    /// A character outside `a-z 0-9 -`, or a hyphen at an end.
    #[error("a hostname is made of a-z, 0-9 and hyphens inside, without a port")]
    Character,
    /// Gateway API allows no addresses here.
    #[error("a hostname can't be an IP address")]
    Address,
}

impl FromStr for HostPattern {
    type Err = ParseHostPatternError;

    fn from_str(text: &str) -> Result<Self, ParseHostPatternError> {
        let (wildcard, name) = match text.strip_prefix("*.") {
            Some(suffix) => (true, suffix),
            None => (false, text),
        };
        if name.contains('*') {
            return Err(ParseHostPatternError::Wildcard);
        }
        if text.len() > 253 {
            return Err(ParseHostPatternError::TooLong);
        }
        name.split('.').try_for_each(check_label)?;
        if name.parse::<std::net::Ipv4Addr>().is_ok() {
            return Err(ParseHostPatternError::Address);
        }
        Ok(Self { wildcard, name: name.into() })
    }
}

fn check_label(label: &str) -> Result<(), ParseHostPatternError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    match label.len() {
        0 => Err(ParseHostPatternError::Empty),
        64.. => Err(ParseHostPatternError::TooLong),
        _ if !label.bytes().all(allowed) || label.starts_with('-') || label.ends_with('-') => {
            Err(ParseHostPatternError::Character)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_wildcard_is_one_or_more_labels_and_never_the_apex() {
        let any = pattern("*.example.com");
        for host in ["a.example.com", "a.b.example.com"] {
            assert!(any.matches(host), "{host}");
        }
        for host in ["example.com", ".example.com", "aexample.com", "a.example.org", ""] {
            assert!(!any.matches(host), "{host}");
        }
    }

    #[test]
    fn a_precise_name_matches_itself_alone() {
        assert!(pattern("example.com").matches("example.com"));
        assert!(!pattern("example.com").matches("a.example.com"));
    }

    #[test]
    fn what_is_no_hostname_is_refused() {
        use ParseHostPatternError::{Address, Character, Empty, TooLong, Wildcard};
        let long = format!("{}.com", "a".repeat(64));
        for (text, error) in [
            ("", Empty),
            ("a..b", Empty),
            ("*", Wildcard),
            ("a.*.com", Wildcard),
            ("*a.com", Wildcard),
            ("*.*.com", Wildcard),
            ("A.com", Character),
            ("a.com:80", Character),
            ("-a.com", Character),
            ("a_b.com", Character),
            ("127.0.0.1", Address),
            (long.as_str(), TooLong),
        ] {
            assert_eq!(text.parse::<HostPattern>(), Err(error), "{text}");
        }
    }

    #[test]
    fn intersections_are_the_narrower_of_the_two() {
        for (a, b, both) in [
            ("*.example.com", "a.example.com", Some("a.example.com")),
            ("*.example.com", "*.b.example.com", Some("*.b.example.com")),
            ("*.example.com", "*.example.com", Some("*.example.com")),
            ("a.example.com", "a.example.com", Some("a.example.com")),
            ("*.example.com", "example.com", None),
            ("*.example.com", "*.example.org", None),
            ("a.example.com", "b.example.com", None),
        ] {
            let (a, b) = (pattern(a), pattern(b));
            let both = both.map(pattern);
            assert_eq!(a.intersection(&b), both.as_ref(), "{a} {b}");
            assert_eq!(b.intersection(&a), both.as_ref(), "{b} {a}");
        }
    }
}
