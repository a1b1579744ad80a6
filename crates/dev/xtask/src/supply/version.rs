//! Versions and what is required of them, as far as a list of weaknesses needs
//! it: numbers compared in order, a pre-release lies before its release.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Error, Result};

/// `1.2.3` or `1.2.3-rc.1`; what follows a `+` does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    numbers: [u64; 3],
    is_release: bool,
    rest: String,
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.split('+').next().unwrap_or_default();
        let (numbers, rest) = text.split_once('-').unwrap_or((text, ""));
        let mut parts = [0; 3];
        let mut given = numbers.split('.');
        for (place, part) in parts.iter_mut().zip(given.by_ref()) {
            *place = part.parse().with_context(|| format!("`{text}` is no version"))?;
        }
        anyhow::ensure!(given.next().is_none(), "`{text}` is no version");
        Ok(Self { numbers: parts, is_release: rest.is_empty(), rest: rest.to_owned() })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        if self.is_release { Ok(()) } else { write!(f, "-{}", self.rest) }
    }
}

/// `<1.2.3`, `>=0.7.0,<0.9.3`, `=0.10.0`; empty for every version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement(Vec<(Comparison, Version)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrSame,
    More,
    MoreOrSame,
    Same,
}

/// Longest signs first: `<` begins `<=` too.
const SIGNS: [(&str, Comparison); 5] = [
    ("<=", Comparison::LessOrSame),
    (">=", Comparison::MoreOrSame),
    ("<", Comparison::Less),
    (">", Comparison::More),
    ("=", Comparison::Same),
];

impl Requirement {
    /// Whether all of it holds.
    pub(crate) fn holds(&self, version: &Version) -> bool {
        self.0.iter().all(|(comparison, limit)| match comparison {
            Comparison::Less => version < limit,
            Comparison::LessOrSame => version <= limit,
            Comparison::More => version > limit,
            Comparison::MoreOrSame => version >= limit,
            Comparison::Same => version == limit,
        })
    }
}

impl FromStr for Requirement {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read = |part: &str| {
            let sign = SIGNS.iter().find(|(sign, _)| part.starts_with(sign));
            let (sign, comparison) = sign.with_context(|| format!("`{part}` compares nothing"))?;
            Ok((*comparison, part.trim_start_matches(sign).trim().parse()?))
        };
        Ok(Self(parts.map(read).collect::<Result<_>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(requirement: &str, version: &str) -> bool {
        requirement.parse::<Requirement>().unwrap().holds(&version.parse().unwrap())
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(holds("<0.4.16", "0.4.9") && !holds("<0.4.16", "0.4.16"));
        assert!(!holds("<0.4.16", "0.10.0") && holds("<1.2", "1.1.99"));
    }

    #[test]
    fn a_pre_release_lies_before_its_release() {
        assert!(holds("<1.0.0", "1.0.0-rc.1") && !holds("<1.0.0", "1.0.0+build"));
    }

    #[test]
    fn a_range_holds_between_its_ends() {
        let range = ">=0.7.0,<0.9.3";
        assert!(holds(range, "0.9.2") && !holds(range, "0.9.3") && !holds(range, "0.6.5"));
        assert!(holds("=0.10.0", "0.10.0") && !holds("=0.10.0", "0.10.1"));
    }

    #[test]
    fn nothing_said_is_every_version() {
        assert!(holds("", "7.0.0"));
    }

    #[test]
    fn other_signs_are_refused() {
        assert!("^1".parse::<Requirement>().is_err());
        assert!("1.2.3".parse::<Requirement>().is_err());
    }
}
