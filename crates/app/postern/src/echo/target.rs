//! What `--call` says: a method or the incoming one, a URL with a path or the
//! incoming one. It resolves nothing.

use std::str::FromStr;

/// One onward call, as the flag wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The method to use; `None` follows the incoming request.
    pub(super) method: Option<String>,
    /// How to talk.
    pub(super) scheme: Scheme,
    /// A service name, `name.namespace`, or an IP literal.
    pub(super) host: String,
    /// The service port.
    pub(super) port: u16,
    /// The path and query to use; `None` follows the incoming request.
    pub(super) path: Option<String>,
}

/// How an onward call talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// HTTP/1.1.
    Http,
    /// A greeting, one line, one line back.
    Tcp,
}

impl Call {
    /// `name:port`, as it stands in a Host header.
    pub(super) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Why a text is no call.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseCallError {
    /// Another scheme.
    #[error("a call begins with http:// or tcp://")]
    Scheme,
    /// No port, or none that is a number.
    #[error("a call names its port: http://orders:8080 or tcp://ledger:7000")]
    Port,
    /// A TCP call with a path.
    #[error("a tcp:// call has no path and no method")]
    Path,
    /// A method that is no token.
    #[error("`{0}` is no HTTP method")]
    Method(String),
    /// No name.
    #[error("a call names a service: http://orders:8080")]
    Host,
}

impl FromStr for Call {
    type Err = ParseCallError;

    fn from_str(text: &str) -> Result<Self, ParseCallError> {
        let (method, url) = match text.trim().split_once(' ') {
            Some((method, url)) => (Some(parse_method(method)?), url.trim_start()),
            None => (None, text.trim()),
        };
        let (scheme, rest) = match url.split_once("://") {
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(("tcp", rest)) => (Scheme::Tcp, rest),
            _ => return Err(ParseCallError::Scheme),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if scheme == Scheme::Tcp && (method.is_some() || !path.is_empty()) {
            return Err(ParseCallError::Path);
        }
        let (host, port) = authority.rsplit_once(':').ok_or(ParseCallError::Port)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(ParseCallError::Host);
        }
        let port = port.parse().map_err(|_| ParseCallError::Port)?;
        let path = (!path.is_empty()).then(|| path.to_owned());
        Ok(Self { method, scheme, host, port, path })
    }
}

fn parse_method(text: &str) -> Result<String, ParseCallError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(ParseCallError::Method(text.to_owned()));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_url_follows_the_incoming_request() {
        let call: Call = "http://orders:8080".parse().unwrap();
        assert_eq!((call.method.as_deref(), call.path.as_deref()), (None, None));
        assert_eq!(call.authority(), "orders:8080");
    }

    #[test]
    fn method_and_path_can_be_fixed() {
        let call: Call = "POST http://payments.shop:80/v1/x?y=1".parse().unwrap();
        assert_eq!(call.method.as_deref(), Some("POST"));
        assert_eq!(call.path.as_deref(), Some("/v1/x?y=1"));
        assert_eq!(call.host, "payments.shop");
    }

    #[test]
    fn tcp_takes_a_name_and_a_port_only() {
        let call: Call = "tcp://ledger:7000".parse().unwrap();
        assert_eq!((call.scheme, call.port), (Scheme::Tcp, 7000));
        assert_eq!("tcp://ledger:7000/x".parse::<Call>(), Err(ParseCallError::Path));
        assert_eq!("GET tcp://ledger:7000".parse::<Call>(), Err(ParseCallError::Path));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!("orders:80".parse::<Call>(), Err(ParseCallError::Scheme));
        assert_eq!("https://orders:80".parse::<Call>(), Err(ParseCallError::Scheme));
        assert_eq!("http://orders".parse::<Call>(), Err(ParseCallError::Port));
        assert_eq!("http://:80".parse::<Call>(), Err(ParseCallError::Host));
        let bad = "get http://orders:80".parse::<Call>();
        assert_eq!(bad, Err(ParseCallError::Method("get".to_owned())));
    }

    #[test]
    fn ipv6_literals_keep_their_brackets_in_the_authority() {
        let call: Call = "http://[::1]:80/".parse().unwrap();
        assert_eq!((call.host.as_str(), call.authority().as_str()), ("::1", "[::1]:80"));
    }
}
