//! gRPC methods as a rule writes them. A gRPC call is a `POST` to
//! `/package.Service/Method` (gRPC over HTTP/2, "Requests"), so this is another
//! spelling of an HTTP clause and means nothing of its own.

use std::str::FromStr;

use crate::http::HttpMatch;
use crate::template::PathTemplate;

/// `package.Service/Method`, or `package.Service/*` for every method of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcMatch {
    service: String,
    method: Option<String>,
    path: PathTemplate,
}

impl GrpcMatch {
    /// The service with its package, `package.Service`.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The method; `None` is every method of the service.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }
}

/// Why a text names no gRPC method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseGrpcMatchError {
    /// Not two parts.
    #[error("write `package.Service/Method`, or `package.Service/*` for every method of it")]
    Form,
    /// The first part is no service.
    #[error("`{0}` is no gRPC service: names of letters, digits and `_`, joined by dots")]
    Service(String),
    /// The second part is no method.
    #[error("`{0}` is no gRPC method: letters, digits and `_`, or `*` for every method")]
    Method(String),
    /// Longer than any path template.
    #[error("a gRPC method and its service have at most 1023 bytes together")]
    TooLong,
}

impl FromStr for GrpcMatch {
    type Err = ParseGrpcMatchError;

    fn from_str(text: &str) -> Result<Self, ParseGrpcMatchError> {
        let (service, method) = text.split_once('/').ok_or(ParseGrpcMatchError::Form)?;
        if service.is_empty() || method.is_empty() || method.contains('/') {
            return Err(ParseGrpcMatchError::Form);
        }
        if !service.split('.').all(is_name) {
            return Err(ParseGrpcMatchError::Service(service.into()));
        }
        if method != "*" && !is_name(method) {
            return Err(ParseGrpcMatchError::Method(method.into()));
        }
        let path = format!("/{text}").parse().map_err(|_| ParseGrpcMatchError::TooLong)?;
        let method = (method != "*").then(|| method.to_owned());
        Ok(Self { service: service.into(), method, path })
    }
}

/// A name of Protocol Buffers: letters, digits and underscores, no digit first.
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins_well = text.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    begins_well && text.bytes().all(allowed)
}

impl From<GrpcMatch> for HttpMatch {
    /// `POST /package.Service/Method`
    fn from(named: GrpcMatch) -> Self {
        Self::grpc(named.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(text: &str) -> HttpMatch {
        text.parse::<GrpcMatch>().unwrap().into()
    }

    #[test]
    fn a_grpc_method_is_a_post_to_its_path() {
        let one = http("shop.v1.Orders/Get");
        assert!(one.covers("POST", "/shop.v1.Orders/Get"));
        for (method, path) in [
            ("GET", "/shop.v1.Orders/Get"),
            ("POST", "/shop.v1.Orders/get"),
            ("POST", "/shop.v1.Orders/List"),
            ("POST", "/shop.v1.Orders"),
            ("POST", "/shop.v1.Orders/Get/x"),
        ] {
            assert!(!one.covers(method, path), "{method} {path}");
        }
        let all = http("Orders/*");
        assert!(all.covers("POST", "/Orders/Get") && all.covers("POST", "/Orders/List"));
        assert!(!all.covers("POST", "/Orders") && !all.covers("POST", "/OrdersX/Get"));
    }

    #[test]
    fn it_covers_what_its_http_form_covers_and_is_shown_as_written() {
        for text in ["shop.v1.Orders/Get", "Orders/*", "_a.B_2/_c"] {
            let plain: HttpMatch = format!("POST /{text}").parse().unwrap();
            let spelled = http(text);
            assert_eq!((&spelled.method, &spelled.path), (&plain.method, &plain.path));
            assert_eq!((spelled.to_string().as_str(), spelled.is_grpc()), (text, true));
        }
    }

    #[test]
    fn what_names_no_method_says_why() {
        use ParseGrpcMatchError as E;
        for text in ["", "Orders", "/Orders/Get", "Orders/", "Orders/Get/x", "/", "*"] {
            assert_eq!(text.parse::<GrpcMatch>(), Err(E::Form), "{text}");
        }
        for bad in ["*", "shop..Orders", "shop.", "1a", "a b", "a-b", "a%2Fb", "{a}", "é"] {
            let wanted = Err(E::Service(bad.into()));
            assert_eq!(format!("{bad}/Get").parse::<GrpcMatch>(), wanted, "{bad}");
        }
        for bad in ["**", "Get*", "{id}", "1a", "a.b", "a;b", "a b"] {
            let wanted = Err(E::Method(bad.into()));
            assert_eq!(format!("Orders/{bad}").parse::<GrpcMatch>(), wanted, "{bad}");
        }
        let name = |length: usize| format!("Orders/{}", "a".repeat(length));
        assert_eq!(name(1_017).parse::<GrpcMatch>(), Err(E::TooLong));
        assert!(name(1_016).parse::<GrpcMatch>().is_ok());
    }
}
