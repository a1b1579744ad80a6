//! What a rule says about requests: a method and a path template.

use std::fmt;
use std::str::FromStr;

use crate::template::{ParseTemplateError, PathTemplate};

/// One HTTP clause, written `GET /orders/*`, or `/orders/*` for any method; or
/// as the gRPC method it is, `pkg.Service/Method`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpMatch {
    /// An upper-case token; `None` is any method.
    pub method: Option<String>,
    /// The paths meant.
    pub path: PathTemplate,
    /// Only how it is shown: what it covers is in the other two.
    is_grpc: bool,
}

impl HttpMatch {
    /// A clause about this method, or any, on these paths.
    #[must_use]
    pub const fn new(method: Option<String>, path: PathTemplate) -> Self {
        Self { method, path, is_grpc: false }
    }

    /// A gRPC call, which is a `POST`, shown as it was written.
    pub(crate) fn grpc(path: PathTemplate) -> Self {
        Self { method: Some("POST".into()), path, is_grpc: true }
    }

    /// Whether it was written as a gRPC method.
    #[must_use]
    pub const fn is_grpc(&self) -> bool {
        self.is_grpc
    }

    /// Whether both the method and the path are covered.
    #[must_use]
    pub fn covers(&self, method: &str, canonical_path: &str) -> bool {
        self.covers_method(method) && self.path.matches(canonical_path)
    }

    /// Whether the method is covered. Letter case doesn't matter, so a deny of
    /// `POST` stops a `post` as well.
    #[must_use]
    pub fn covers_method(&self, method: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
    }
}

/// Why a text is no HTTP clause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseHttpMatchError {
    /// The word before the path isn't a method.
    #[error("`{0}` is no method: write it in upper case, as in `GET /orders/*`")]
    Method(String),
    /// The path isn't a template.
    #[error(transparent)]
    Path(#[from] ParseTemplateError),
}

impl FromStr for HttpMatch {
    type Err = ParseHttpMatchError;

    fn from_str(text: &str) -> Result<Self, ParseHttpMatchError> {
        let Some((method, path)) = text.split_once(' ') else {
            return Ok(Self::new(None, text.parse()?));
        };
        let is_method = |c: char| c.is_ascii_uppercase() || c == '-';
        if method.is_empty() || !method.chars().all(is_method) {
            return Err(ParseHttpMatchError::Method(method.into()));
        }
        Ok(Self::new(Some(method.into()), path.trim_start().parse()?))
    }
}

impl fmt::Display for HttpMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.to_string();
        match &self.method {
            _ if self.is_grpc => f.write_str(path.strip_prefix('/').unwrap_or(&path)),
            Some(method) => write!(f, "{method} {path}"),
            None => f.write_str(&path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_clauses_are_written_method_then_path() {
        let both: HttpMatch = "GET /a/*".parse().unwrap();
        assert!(both.covers("GET", "/a/b") && both.covers("get", "/a/b"));
        assert!(!both.covers("HEAD", "/a/b") && !both.covers("GET", "/a"));
        let any: HttpMatch = "/a".parse().unwrap();
        assert!(any.covers("PATCH", "/a"));
        for text in ["GET /a/*", "/a", "M-SEARCH /**"] {
            assert_eq!(text.parse::<HttpMatch>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn malformed_http_clauses_say_why() {
        use ParseHttpMatchError as E;
        assert_eq!("get /a".parse::<HttpMatch>(), Err(E::Method("get".into())));
        assert_eq!(" /a".parse::<HttpMatch>(), Err(E::Method(String::new())));
        assert_eq!("GET".parse::<HttpMatch>(), Err(E::Path(ParseTemplateError::Start)));
        assert_eq!("GET a".parse::<HttpMatch>(), Err(E::Path(ParseTemplateError::Start)));
    }
}
