//! Takes a request target apart into the four forms it may have (RFC 9112,
//! section 3.2), without changing a byte of it.

use super::authority::HostPort;
use super::error::CanonicalError;
use crate::alphabet::is_visible;

/// Which form the target has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `/path?query`: the usual one.
    Origin,
    /// `http://host/path?query`: to a proxy.
    Absolute,
    /// `host:port`: `CONNECT` only.
    Authority,
    /// `*`: `OPTIONS` only.
    Asterisk,
}

/// The parts of a request target, as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// Which form it has.
    pub form: Form,
    /// `http` or `https` as written, in the absolute form.
    pub scheme: Option<&'a str>,
    /// Host and maybe port, in the absolute and authority forms; checked.
    pub authority: Option<&'a str>,
    /// The path, `/` if an absolute target has none, `*` in the asterisk
    /// form, empty in the authority form. Not yet canonical.
    pub path: &'a str,
    /// What stands behind the first `?`.
    pub query: Option<&'a str>,
}

/// Takes `raw` apart by the forms that `method` may have.
///
/// # Errors
/// When it has none of them, or holds anything but visible ASCII without `#`.
pub fn target<'a>(method: &str, raw: &'a str) -> Result<Target<'a>, CanonicalError> {
    if raw.is_empty() || !raw.bytes().all(is_visible) {
        return Err(CanonicalError::Character);
    }
    if raw.contains('#') {
        return Err(CanonicalError::Delimiter);
    }
    match raw {
        _ if method == "CONNECT" => connect(raw),
        "*" if method == "OPTIONS" => Ok(Target {
            form: Form::Asterisk,
            scheme: None,
            authority: None,
            path: raw,
            query: None,
        }),
        _ if raw.starts_with('/') => {
            let (path, query) = split_query(raw);
            Ok(Target { form: Form::Origin, scheme: None, authority: None, path, query })
        }
        _ => absolute(raw),
    }
}

/// Host and port, both.
fn connect(raw: &str) -> Result<Target<'_>, CanonicalError> {
    if HostPort::read(raw)?.port().is_none() {
        return Err(CanonicalError::Port);
    }
    Ok(Target { form: Form::Authority, scheme: None, authority: Some(raw), path: "", query: None })
}

fn absolute(raw: &str) -> Result<Target<'_>, CanonicalError> {
    let (scheme, rest) = raw.split_once("://").ok_or(CanonicalError::Form)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(CanonicalError::Scheme);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end).ok_or(CanonicalError::Form)?;
    HostPort::read(authority)?;
    let (path, query) = split_query(rest);
    let path = if path.is_empty() { "/" } else { path };
    let (scheme, authority) = (Some(scheme), Some(authority));
    Ok(Target { form: Form::Absolute, scheme, authority, path, query })
}

fn split_query(raw: &str) -> (&str, Option<&str>) {
    raw.split_once('?').map_or((raw, None), |(path, query)| (path, Some(query)))
}

impl Target<'_> {
    /// Whether the authority in the target, if there is one, is that of the
    /// `Host` field: same host, same port, a scheme's own port counting as
    /// written. Beside a `CONNECT` target, `Host` may leave out the port.
    #[must_use]
    pub fn agrees_with(&self, host: &HostPort<'_>) -> bool {
        let Some(named) = self.authority else { return true };
        let Ok(named) = HostPort::read(named) else { return false };
        let ports = match self.default_port() {
            Some(own) => named.port().unwrap_or(own) == host.port().unwrap_or(own),
            None => host.port().is_none() || host.port() == named.port(),
        };
        ports && named.is_same_host(host)
    }

    /// The port a scheme means when none is written.
    #[must_use]
    pub fn default_port(&self) -> Option<u16> {
        let is_https = |scheme: &str| scheme.eq_ignore_ascii_case("https");
        self.scheme.map(|scheme| if is_https(scheme) { 443 } else { 80 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(method: &str, raw: &str) -> (Form, Option<String>, String, Option<String>) {
        let target = target(method, raw).unwrap();
        let own = |text: Option<&str>| text.map(str::to_owned);
        (target.form, own(target.authority), target.path.to_owned(), own(target.query))
    }

    #[test]
    fn the_four_forms_come_apart() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("GET", "/a?b?c"), (Form::Origin, None, "/a".into(), some("b?c")));
        assert_eq!(parts("GET", "//evil/x"), (Form::Origin, None, "//evil/x".into(), None));
        assert_eq!(parts("GET", "http://h"), (Form::Absolute, some("h"), "/".into(), None));
        assert_eq!(
            parts("GET", "HTTPS://h:1/a?b"),
            (Form::Absolute, some("h:1"), "/a".into(), some("b"))
        );
        assert_eq!(parts("GET", "http://h?b"), (Form::Absolute, some("h"), "/".into(), some("b")));
        assert_eq!(parts("CONNECT", "h:1"), (Form::Authority, some("h:1"), String::new(), None));
        assert_eq!(parts("OPTIONS", "*"), (Form::Asterisk, None, "*".into(), None));
    }

    #[test]
    fn anything_else_is_refused() {
        for (method, raw) in [
            ("GET", ""),
            ("GET", "*"),
            ("GET", "?"),
            ("GET", "?a"),
            ("GET", "a/b"),
            ("GET", "h:1"),
            ("GET", "ftp://h/"),
            ("GET", "http:/h/"),
            ("GET", "http://"),
            ("GET", "http:///a"),
            ("GET", "http://u@h/"),
            ("GET", "http://h:0/"),
            ("GET", "http://h\\@evil/"),
            ("GET", "/a#b"),
            ("GET", "/a?b#c"),
            ("GET", "/a b"),
            ("GET", "/ä"),
            ("GET", "/a\u{7f}"),
            ("CONNECT", "h"),
            ("CONNECT", "/a"),
            ("CONNECT", "http://h:1/"),
            ("CONNECT", "*"),
            ("OPTIONS", "**"),
        ] {
            assert!(target(method, raw).is_err(), "{method} {raw}");
        }
    }

    #[test]
    fn a_host_field_agrees_or_does_not() {
        for (method, raw, host, wanted) in [
            ("GET", "/a", "anything", true),
            ("GET", "http://a/", "A.", true),
            ("GET", "http://a:80/", "a", true),
            ("GET", "https://a/", "a:443", true),
            ("GET", "https://a/", "a:80", false),
            ("GET", "http://a:8080/", "a", false),
            ("GET", "http://a/", "b", false),
            ("GET", "http://[::1]/", "[0:0::1]", true),
            ("CONNECT", "a:8080", "a", true),
            ("CONNECT", "a:8080", "a:8080", true),
            ("CONNECT", "a:8080", "a:80", false),
        ] {
            let host = HostPort::read(host).unwrap();
            assert_eq!(target(method, raw).unwrap().agrees_with(&host), wanted, "{raw} {host:?}");
        }
    }
}
