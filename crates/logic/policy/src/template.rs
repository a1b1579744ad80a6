//! Path templates: what a rule says about paths. Decidable on purpose: whole
//! segments only, no regular expressions.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::path::Path;

const TEMPLATE_BYTES_MAX: usize = 1024;
const SEGMENTS_MAX: usize = 64;

/// A pattern over canonical paths. Each segment is a literal, `*` or `{name}`
/// (exactly one segment, never an empty one); a last `**` stands for the rest,
/// which may be nothing: `/orders/**` covers `/orders` too.
///
/// At most 1024 bytes and 64 segments. A trailing slash is not kept, because
/// it doesn't count in paths either.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathTemplate {
    segments: Vec<Segment>,
    open: bool,
}

/// One segment of a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Segment {
    Literal(Arc<str>),
    Any,
    Parameter(Arc<str>),
}

impl PathTemplate {
    /// Whether the template covers this path, which has to be canonical:
    /// another one is covered by no template.
    #[must_use]
    pub fn matches(&self, canonical_path: &str) -> bool {
        Path::of(canonical_path).is_some_and(|path| self.covers(path))
    }

    /// The segments before the `**`, if there is one.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether it ends in `**`.
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }

    /// How many of its segments agree with the path before the first that
    /// doesn't: how near the two are.
    pub(crate) fn agreement(&self, path: Path<'_>) -> usize {
        self.segments.iter().zip(path).take_while(|(wanted, seen)| wanted.matches(seen)).count()
    }

    fn covers(&self, mut path: Path<'_>) -> bool {
        self.segments.iter().all(|wanted| path.next().is_some_and(|seen| wanted.matches(seen)))
            && (self.open || path.next().is_none())
    }
}

impl Segment {
    fn matches(&self, seen: &str) -> bool {
        match self {
            Self::Literal(text) => **text == *seen,
            Self::Any | Self::Parameter(_) => true,
        }
    }
}

/// Why a text is no path template, in words for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseTemplateError {
    /// No leading slash.
    #[error("a path begins with `/`")]
    Start,
    /// Too many bytes or segments.
    #[error("a path template has at most {TEMPLATE_BYTES_MAX} bytes and {SEGMENTS_MAX} segments")]
    TooLong,
    /// `//`.
    #[error("a path has no empty segment (`//`)")]
    EmptySegment,
    /// `.` or `..`.
    #[error("`.` and `..` never reach a rule: they are resolved before")]
    DotSegment,
    /// `a*`, `***` and the like.
    #[error("`*` stands for one whole segment, a last `**` for the rest; `{0}` is neither")]
    PartialStar(String),
    /// `**` in the middle.
    #[error("`**` can only stand last")]
    RestNotLast,
    /// `{` without a proper name or end.
    #[error("`{0}` is no parameter: write `{{name}}` with letters, digits, `_` and `-`")]
    Parameter(String),
    /// A character that no canonical path has.
    #[error("`{0}` can't stand in a path here")]
    Character(char),
    /// An escape no canonical path has.
    #[error("`{0}` is no escape of a canonical path: use upper-case digits, and only where needed")]
    Escape(String),
}

impl FromStr for PathTemplate {
    type Err = ParseTemplateError;

    fn from_str(text: &str) -> Result<Self, ParseTemplateError> {
        let inner = text.strip_prefix('/').ok_or(ParseTemplateError::Start)?;
        if text.len() > TEMPLATE_BYTES_MAX || inner.split('/').count() > SEGMENTS_MAX {
            return Err(ParseTemplateError::TooLong);
        }
        let mut template = Self { segments: Vec::new(), open: false };
        if inner.is_empty() {
            return Ok(template);
        }
        for segment in inner.strip_suffix('/').unwrap_or(inner).split('/') {
            match segment {
                _ if template.open => return Err(ParseTemplateError::RestNotLast),
                "**" => template.open = true,
                _ => template.segments.push(parse_segment(segment)?),
            }
        }
        Ok(template)
    }
}

fn parse_segment(text: &str) -> Result<Segment, ParseTemplateError> {
    match text {
        "" => Err(ParseTemplateError::EmptySegment),
        "." | ".." => Err(ParseTemplateError::DotSegment),
        "*" => Ok(Segment::Any),
        _ if text.contains('*') => Err(ParseTemplateError::PartialStar(text.into())),
        _ if text.contains(['{', '}']) => parse_parameter(text),
        _ => parse_literal(text),
    }
}

fn parse_parameter(text: &str) -> Result<Segment, ParseTemplateError> {
    let is_name = |name: &&str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        !name.is_empty() && name.chars().all(allowed)
    };
    let name = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(is_name);
    match name {
        Some(name) => Ok(Segment::Parameter(name.into())),
        None => Err(ParseTemplateError::Parameter(text.into())),
    }
}

/// RFC 3986 `pchar` without `*` and `;`, which have a meaning of their own.
fn parse_literal(text: &str) -> Result<Segment, ParseTemplateError> {
    let allowed = |c: char| is_unreserved(c) || "!$&'()+,=:@%".contains(c);
    if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
        return Err(ParseTemplateError::Character(bad));
    }
    for tail in text.split('%').skip(1) {
        let digits: String = tail.chars().take(2).collect();
        if !is_canonical_escape(&digits) {
            return Err(ParseTemplateError::Escape(format!("%{digits}")));
        }
    }
    Ok(Segment::Literal(text.into()))
}

fn is_canonical_escape(digits: &str) -> bool {
    let upper = digits.chars().all(|c| matches!(c, '0'..='9' | 'A'..='F'));
    match u8::from_str_radix(digits, 16) {
        Ok(byte) if digits.len() == 2 && upper => {
            !is_unreserved(char::from(byte)) && !matches!(byte, b'\\' | 0)
        }
        _ => false,
    }
}

const fn is_unreserved(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~')
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => write!(f, "/{text}")?,
                Segment::Any => f.write_str("/*")?,
                Segment::Parameter(name) => write!(f, "/{{{name}}}")?,
            }
        }
        match (self.open, self.segments.is_empty()) {
            (true, _) => f.write_str("/**"),
            (false, true) => f.write_str("/"),
            (false, false) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(template: &str, path: &str) -> bool {
        template.parse::<PathTemplate>().unwrap().matches(path)
    }

    #[test]
    fn literals_match_themselves_only() {
        assert!(matches("/", "/"));
        assert!(matches("/v1/orders", "/v1/orders"));
        for other in ["/", "/v1", "/v1/order", "/v1/orders/1", "/V1/orders", "/v1/ordersx"] {
            assert!(!matches("/v1/orders", other), "{other}");
        }
    }

    #[test]
    fn a_star_or_parameter_is_exactly_one_segment() {
        for template in ["/orders/*", "/orders/{id}"] {
            assert!(matches(template, "/orders/7"));
            assert!(!matches(template, "/orders"));
            assert!(!matches(template, "/orders/"));
            assert!(!matches(template, "/orders/7/items"));
        }
        assert!(matches("/*/items", "/7/items"));
    }

    #[test]
    fn two_stars_are_the_rest_including_nothing() {
        for path in ["/orders", "/orders/", "/orders/7", "/orders/7/items"] {
            assert!(matches("/orders/**", path), "{path}");
            assert!(matches("/**", path), "{path}");
        }
        assert!(!matches("/orders/**", "/ordersx"));
        assert!(!matches("/orders/**", "/"));
        assert!(matches("/**", "/"));
        assert!(matches("/**", "*"));
    }

    #[test]
    fn the_spellings_of_one_path_get_one_answer() {
        for path in ["/admin", "/admin/", "/admin//", "/admin;x=1"] {
            assert!(matches("/admin", path), "{path}");
        }
    }

    #[test]
    fn an_escaped_slash_is_part_of_its_segment() {
        assert!(matches("/files/*", "/files/a%2Fb"));
        assert!(matches("/files/a%2Fb", "/files/a%2Fb"));
        assert!(!matches("/files/*/*", "/files/a%2Fb"));
        assert!(!matches("/files/a/b", "/files/a%2Fb"));
        assert!(!matches("/files/a%2Fb", "/files/a/b"));
        assert!(!matches("/files/**", "/files%2Fa"));
    }

    #[test]
    fn no_template_covers_what_is_not_canonical() {
        for path in ["//admin", "/x/../admin", "/public/..;/admin", "admin", "/a?b", "/a\\b"] {
            assert!(!matches("/**", path), "{path}");
        }
    }

    #[test]
    fn templates_print_as_they_parse() {
        for text in ["/", "/**", "/a", "/a/*/{id}/**", "/%7C/a:b@c", "/a-b_c.d~e"] {
            assert_eq!(text.parse::<PathTemplate>().unwrap().to_string(), text);
        }
        assert_eq!("/a/".parse::<PathTemplate>(), "/a".parse());
    }

    #[test]
    fn malformed_templates_say_why() {
        use ParseTemplateError as E;
        for (text, error) in [
            ("", E::Start),
            ("orders", E::Start),
            ("//", E::EmptySegment),
            ("/a//b", E::EmptySegment),
            ("/a/../b", E::DotSegment),
            ("/a*", E::PartialStar("a*".into())),
            ("/***", E::PartialStar("***".into())),
            ("/**/a", E::RestNotLast),
            ("/**/**", E::RestNotLast),
            ("/{}", E::Parameter("{}".into())),
            ("/{id", E::Parameter("{id".into())),
            ("/x{id}", E::Parameter("x{id}".into())),
            ("/a b", E::Character(' ')),
            ("/é", E::Character('é')),
            ("/a?b", E::Character('?')),
            ("/a;b", E::Character(';')),
            ("/%2f", E::Escape("%2f".into())),
            ("/%5C", E::Escape("%5C".into())),
            ("/%00", E::Escape("%00".into())),
            ("/%41", E::Escape("%41".into())),
            ("/%", E::Escape("%".into())),
            ("/%4", E::Escape("%4".into())),
        ] {
            assert_eq!(text.parse::<PathTemplate>(), Err(error), "{text}");
        }
    }

    #[test]
    fn templates_have_a_size() {
        let long = format!("/{}", "a".repeat(TEMPLATE_BYTES_MAX));
        let deep = "/a".repeat(SEGMENTS_MAX + 1);
        for text in [long, deep] {
            assert_eq!(text.parse::<PathTemplate>(), Err(ParseTemplateError::TooLong));
        }
        assert!("/a".repeat(SEGMENTS_MAX).parse::<PathTemplate>().is_ok());
    }
}
