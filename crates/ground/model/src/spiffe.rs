//! SPIFFE IDs as parsed values: two identities are equal when their parsed
//! parts are, never because two strings look alike.

use std::fmt;
use std::str::FromStr;

use crate::name::{ParseNameError, ServiceName, TrustDomain};

/// The longest SPIFFE ID accepted, in bytes (SPIFFE-ID, section 2.3).
const ID_BYTES_MAX: usize = 2048;

/// A SPIFFE ID (SPIFFE-ID specification, section 2): a trust domain and a
/// path. Without a path it names the trust domain itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpiffeId {
    trust_domain: TrustDomain,
    path: Box<str>,
}

impl SpiffeId {
    /// The identity of a workload named after its service:
    /// `spiffe://<trust domain>/ns/<namespace>/sa/<name>`.
    #[must_use]
    pub fn of_service(trust_domain: &TrustDomain, service: &ServiceName) -> Self {
        let path = format!("/ns/{}/sa/{}", service.namespace, service.name);
        Self { trust_domain: trust_domain.clone(), path: path.into() }
    }

    /// The identity that names a trust domain itself.
    #[must_use]
    pub fn of_trust_domain(trust_domain: &TrustDomain) -> Self {
        Self { trust_domain: trust_domain.clone(), path: "".into() }
    }

    /// The trust domain part.
    #[must_use]
    pub const fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// The path with its leading slash, or the empty string.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The service this identity is named after, when it has the shape of
    /// [`SpiffeId::of_service`].
    #[must_use]
    pub fn service(&self) -> Option<ServiceName> {
        let rest = self.path.strip_prefix("/ns/")?;
        let (namespace, name) = rest.split_once("/sa/")?;
        Some(ServiceName::new(namespace.parse().ok()?, name.parse().ok()?))
    }
}

/// Why a text is no SPIFFE ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseSpiffeIdError {
    /// Another scheme, or none.
    #[error("a SPIFFE ID begins with `spiffe://`")]
    Scheme,
    /// Longer than 2048 bytes.
    #[error("a SPIFFE ID has at most {ID_BYTES_MAX} bytes")]
    TooLong,
    /// The trust domain is not well formed.
    #[error("the trust domain is not well formed: {0}")]
    TrustDomain(ParseNameError),
    /// An empty, `.` or `..` segment, or a trailing slash.
    #[error("a SPIFFE ID has no empty, `.` or `..` path segment and no trailing slash")]
    Segment,
    /// A character outside `a-z A-Z 0-9 . - _` in the path.
    #[error("`{0}` can't stand in the path of a SPIFFE ID")]
    Character(char),
}

impl FromStr for SpiffeId {
    type Err = ParseSpiffeIdError;

    fn from_str(text: &str) -> Result<Self, ParseSpiffeIdError> {
        if text.len() > ID_BYTES_MAX {
            return Err(ParseSpiffeIdError::TooLong);
        }
        let rest = match text.split_at_checked("spiffe://".len()) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("spiffe://") => rest,
            _ => return Err(ParseSpiffeIdError::Scheme),
        };
        let (domain, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let trust_domain = domain.parse().map_err(ParseSpiffeIdError::TrustDomain)?;
        check_path(path)?;
        Ok(Self { trust_domain, path: path.into() })
    }
}

fn check_path(path: &str) -> Result<(), ParseSpiffeIdError> {
    let Some(inner) = path.strip_prefix('/') else { return Ok(()) };
    for segment in inner.split('/') {
        if matches!(segment, "" | "." | "..") {
            return Err(ParseSpiffeIdError::Segment);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if let Some(bad) = segment.chars().find(|c| !allowed(*c)) {
            return Err(ParseSpiffeIdError::Character(bad));
        }
    }
    Ok(())
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spiffe://{}{}", self.trust_domain, self.path)
    }
}

impl fmt::Debug for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_ids_parse_and_print_alike() {
        for good in [
            "spiffe://example.org",
            "spiffe://example.org/ns/default/sa/web",
            "spiffe://a_b-c.d/Path/With.Dots/and_lines",
            "spiffe://10.0.0.1/x",
        ] {
            assert_eq!(good.parse::<SpiffeId>().unwrap().to_string(), good);
        }
    }

    #[test]
    fn scheme_and_trust_domain_fold_case_and_the_path_does_not() {
        let id: SpiffeId = "SPIFFE://Example.ORG/A".parse().unwrap();
        assert_eq!(id, "spiffe://example.org/A".parse().unwrap());
        assert_ne!(id, "spiffe://example.org/a".parse().unwrap());
    }

    #[test]
    fn malformed_ids_are_refused() {
        let long = format!("spiffe://a/{}", "x".repeat(2048));
        for bad in [
            "",
            "spiffe:/a/b",
            "https://example.org/a",
            "spiffe://",
            "spiffe:///a",
            "spiffe://a/",
            "spiffe://a//b",
            "spiffe://a/./b",
            "spiffe://a/../b",
            "spiffe://a/b/",
            "spiffe://a/%2e",
            "spiffe://a/b?c",
            "spiffe://a/b#c",
            "spiffe://u@a/b",
            "spiffe://a:1/b",
            "spiffe://a/é",
            "spiffe://é/b",
            "spiffe://a/b c",
            long.as_str(),
        ] {
            assert!(bad.parse::<SpiffeId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_service_identity_names_its_service() {
        let domain: TrustDomain = "shop".parse().unwrap();
        let service: ServiceName = "prod/orders".parse().unwrap();
        let id = SpiffeId::of_service(&domain, &service);
        assert_eq!(id.to_string(), "spiffe://shop/ns/prod/sa/orders");
        assert_eq!(id.service(), Some(service));
        assert_eq!(SpiffeId::of_trust_domain(&domain).service(), None);
    }
}
