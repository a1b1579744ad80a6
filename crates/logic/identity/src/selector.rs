//! Selectors: what an entry asks of a process before it may be somebody. Facts
//! of the kernel only; names in a process's own hands (argv, environment) are
//! deliberately not among them.

use std::fmt;
use std::str::FromStr;

use crate::evidence::Evidence;

/// One condition on a process of this host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// The effective user.
    Uid(u32),
    /// The effective group.
    Gid(u32),
    /// The file the process runs, an absolute path as the kernel names it.
    Path(String),
    /// The process itself or any descendant of it.
    Pid(i32),
}

/// Why a text is no selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseSelectorError {
    /// Not `unix:<kind>:<value>` with a known kind.
    #[error("a selector is `unix:uid:N`, `unix:gid:N`, `unix:pid:N` or `unix:path:/FILE`")]
    Kind,
    /// No whole number, or out of range.
    #[error("the value of a uid, gid or pid selector is a whole number, a pid at least 1")]
    Number,
    /// Not absolute, or with a NUL, an empty, `.` or `..` part.
    #[error("the value of a path selector is an absolute path without `.` and `..`")]
    Path,
}

impl Selector {
    /// Whether the process shows what is asked.
    #[must_use]
    pub fn matches(&self, evidence: &Evidence) -> bool {
        match self {
            Self::Uid(uid) => evidence.uid == *uid,
            Self::Gid(gid) => evidence.gid == *gid,
            Self::Path(path) => evidence.path.as_ref() == Some(path),
            Self::Pid(pid) => evidence.pid == *pid || evidence.ancestors.contains(pid),
        }
    }
}

impl FromStr for Selector {
    type Err = ParseSelectorError;

    fn from_str(text: &str) -> Result<Self, ParseSelectorError> {
        let rest = text.strip_prefix("unix:").ok_or(ParseSelectorError::Kind)?;
        let (kind, value) = rest.split_once(':').ok_or(ParseSelectorError::Kind)?;
        match kind {
            "uid" => Ok(Self::Uid(number(value)?)),
            "gid" => Ok(Self::Gid(number(value)?)),
            "pid" => match number(value)? {
                0 => Err(ParseSelectorError::Number),
                pid => Ok(Self::Pid(i32::try_from(pid).map_err(|_| ParseSelectorError::Number)?)),
            },
            "path" if is_absolute(value) => Ok(Self::Path(value.to_owned())),
            "path" => Err(ParseSelectorError::Path),
            _ => Err(ParseSelectorError::Kind),
        }
    }
}

/// Digits only: `u32::from_str` would take a plus sign.
fn number(text: &str) -> Result<u32, ParseSelectorError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseSelectorError::Number);
    }
    text.parse().map_err(|_| ParseSelectorError::Number)
}

fn is_absolute(path: &str) -> bool {
    let Some(inner) = path.strip_prefix('/') else { return false };
    !path.contains('\0') && !inner.split('/').any(|part| matches!(part, "" | "." | ".."))
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "unix:uid:{uid}"),
            Self::Gid(gid) => write!(f, "unix:gid:{gid}"),
            Self::Path(path) => write!(f, "unix:path:{path}"),
            Self::Pid(pid) => write!(f, "unix:pid:{pid}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_round_trip() {
        for text in ["unix:uid:0", "unix:gid:100", "unix:pid:1", "unix:path:/usr/bin/python3.11"] {
            assert_eq!(text.parse::<Selector>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn malformed_selectors_are_refused_with_their_reason() {
        for (text, error) in [
            ("", ParseSelectorError::Kind),
            ("uid:1", ParseSelectorError::Kind),
            ("unix:user:bob", ParseSelectorError::Kind),
            ("unix:UID:1", ParseSelectorError::Kind),
            ("unix:uid:", ParseSelectorError::Number),
            ("unix:uid:-1", ParseSelectorError::Number),
            ("unix:uid:+1", ParseSelectorError::Number),
            ("unix:uid:4294967296", ParseSelectorError::Number),
            ("unix:pid:0", ParseSelectorError::Number),
            ("unix:pid:2147483648", ParseSelectorError::Number),
            ("unix:path:bin/x", ParseSelectorError::Path),
            ("unix:path:/", ParseSelectorError::Path),
            ("unix:path:/usr/../bin/x", ParseSelectorError::Path),
            ("unix:path:/usr//bin", ParseSelectorError::Path),
            ("unix:path:/a\0b", ParseSelectorError::Path),
        ] {
            assert_eq!(text.parse::<Selector>(), Err(error), "{text:?}");
        }
    }
}
