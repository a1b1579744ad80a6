//! Names that can only exist in their proper form: labels, services, trust
//! domains.

use std::fmt;
use std::str::FromStr;

/// A name of up to 63 lower-case letters, digits and inner hyphens: an
/// RFC 1123 label, the form Kubernetes asks of namespaces and services.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Box<str>);

impl Label {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is wrong with a name, in words for the person who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseNameError {
    /// Nothing there.
    #[error("a name can't be empty")]
    Empty,
    /// Too long.
    #[error("a name has at most {0} characters")]
    TooLong(usize),
    /// A character outside the allowed set.
    #[error("`{0}` can't stand in a name: use a-z, 0-9 and hyphens inside")]
    Character(char),
    /// A hyphen or dot at an end.
    #[error("a name begins and ends with a letter or digit")]
    Edge,
    /// More than `namespace/name`.
    #[error("a service is written `name` or `namespace/name`")]
    Shape,
}

impl FromStr for Label {
    type Err = ParseNameError;

    fn from_str(text: &str) -> Result<Self, ParseNameError> {
        check_label(text)?;
        Ok(Self(text.into()))
    }
}

fn check_label(text: &str) -> Result<(), ParseNameError> {
    if text.is_empty() {
        return Err(ParseNameError::Empty);
    }
    if text.len() > 63 {
        return Err(ParseNameError::TooLong(63));
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
        return Err(ParseNameError::Character(bad));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(ParseNameError::Edge);
    }
    Ok(())
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// A service of the mesh: a name in a namespace.
///
/// Written `name` in the namespace `default`, else `namespace/name`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName {
    /// The namespace, `default` unless said otherwise.
    pub namespace: Label,
    /// The name in it.
    pub name: Label,
}

impl ServiceName {
    /// Joins the two parts.
    #[must_use]
    pub const fn new(namespace: Label, name: Label) -> Self {
        Self { namespace, name }
    }

    /// Reads `name` or `namespace/name`; a bare name is looked for in
    /// `namespace`.
    ///
    /// # Errors
    /// When a part is no [`Label`], or there are more than two parts.
    pub fn parse_in(text: &str, namespace: &Label) -> Result<Self, ParseNameError> {
        match text.split_once('/') {
            None => Ok(Self::new(namespace.clone(), text.parse()?)),
            Some((_, name)) if name.contains('/') => Err(ParseNameError::Shape),
            Some((namespace, name)) => Ok(Self::new(namespace.parse()?, name.parse()?)),
        }
    }
}

impl FromStr for ServiceName {
    type Err = ParseNameError;

    fn from_str(text: &str) -> Result<Self, ParseNameError> {
        Self::parse_in(text, &Label("default".into()))
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.as_str() != "default" {
            write!(f, "{}/", self.namespace)?;
        }
        write!(f, "{}", self.name)
    }
}

impl fmt::Debug for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A SPIFFE trust domain name: 1 to 255 characters of `a-z`, `0-9`, `.`, `-`
/// and `_` (SPIFFE-ID, section 2.1). Upper-case letters are folded on parse.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustDomain(Box<str>);

impl TrustDomain {
    /// The text itself, without a scheme.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TrustDomain {
    type Err = ParseNameError;

    fn from_str(text: &str) -> Result<Self, ParseNameError> {
        if text.is_empty() {
            return Err(ParseNameError::Empty);
        }
        if text.len() > 255 {
            return Err(ParseNameError::TooLong(255));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        match text.chars().find(|c| !allowed(*c)) {
            Some(bad) => Err(ParseNameError::Character(bad)),
            None => Ok(Self(text.to_ascii_lowercase().into())),
        }
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_rfc_1123_labels() {
        for good in ["a", "orders", "a-b", "x1", &"a".repeat(63)] {
            assert!(good.parse::<Label>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", "ä", "a/b", &"a".repeat(64)] {
            assert!(bad.parse::<Label>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_service_is_written_with_or_without_its_namespace() {
        let plain: ServiceName = "orders".parse().unwrap();
        assert_eq!(plain.namespace.as_str(), "default");
        assert_eq!(plain.to_string(), "orders");
        let full: ServiceName = "shop/orders".parse().unwrap();
        assert_eq!(full.to_string(), "shop/orders");
        assert_eq!("a/b/c".parse::<ServiceName>(), Err(ParseNameError::Shape));
        let inside = ServiceName::parse_in("orders", &full.namespace).unwrap();
        assert_eq!(inside, full);
    }

    #[test]
    fn trust_domains_fold_case_and_take_nothing_else() {
        assert_eq!("Shop.Example".parse::<TrustDomain>().unwrap().as_str(), "shop.example");
        for bad in ["", "a b", "a:1", "a/b", "ä", "a%20", &"a".repeat(256)] {
            assert!(bad.parse::<TrustDomain>().is_err(), "{bad}");
        }
    }
}
