//! From a service's name to the address its door gave: variables first, then
//! the door's HTTP proxy. Never DNS: a call that slips past the door by
//! accident would look like success.

use std::net::{IpAddr, SocketAddr};

use super::target::{Call, Scheme};

/// Where an onward call connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Straight to this address.
    Direct(SocketAddr),
    /// Through the HTTP proxy here; the request target is absolute.
    Proxy(SocketAddr),
}

/// No way to a name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unresolved {
    /// Neither a variable nor a proxy.
    #[error("no {variable} in the environment and no http_proxy: is `{host}` reachable from here?")]
    NoVariable {
        /// The variable looked for.
        variable: String,
        /// The name asked for.
        host: String,
    },
    /// A variable that holds no address.
    #[error("{variable} is no address: {value}")]
    BadAddress {
        /// The variable.
        variable: String,
        /// What it holds.
        value: String,
    },
}

/// Finds the way for `call`, reading variables through `variable`.
pub(super) fn resolve(
    call: &Call,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Way, Unresolved> {
    if let Ok(ip) = call.host.parse::<IpAddr>() {
        return Ok(Way::Direct(SocketAddr::new(ip, call.port)));
    }
    let stem = stem(&call.host);
    let names = [format!("{stem}_{}_ADDR", call.port), format!("{stem}_ADDR")];
    for name in &names {
        if let Some(value) = variable(name) {
            return address(name, &value).map(Way::Direct);
        }
    }
    if call.scheme == Scheme::Http
        && let Some(value) = variable("http_proxy").or_else(|| variable("HTTP_PROXY"))
    {
        let bare = value.trim_start_matches("http://").trim_end_matches('/');
        return address("http_proxy", bare).map(Way::Proxy);
    }
    Err(Unresolved::NoVariable { variable: format!("{stem}_ADDR"), host: call.host.clone() })
}

/// `orders` → `ORDERS`, `orders.shop` → `SHOP_ORDERS`.
fn stem(host: &str) -> String {
    let plain = match host.split_once('.') {
        Some((name, namespace)) => format!("{namespace}_{name}"),
        None => host.to_owned(),
    };
    plain.to_ascii_uppercase().replace(['-', '.'], "_")
}

fn address(variable: &str, value: &str) -> Result<SocketAddr, Unresolved> {
    value.parse().map_err(|_| Unresolved::BadAddress {
        variable: variable.to_owned(),
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned())
    }

    fn way(call: &str, pairs: &'static [(&str, &str)]) -> Result<Way, Unresolved> {
        resolve(&call.parse().unwrap(), with(pairs))
    }

    #[test]
    fn the_variable_of_the_port_comes_before_the_plain_one() {
        let both: &[_] = &[("A_B_ADDR", "127.0.0.2:1"), ("A_B_80_ADDR", "127.0.0.3:80")];
        assert_eq!(way("http://a-b:80", both), Ok(Way::Direct("127.0.0.3:80".parse().unwrap())));
        assert_eq!(way("http://a-b:81", both), Ok(Way::Direct("127.0.0.2:1".parse().unwrap())));
    }

    #[test]
    fn another_namespace_stands_before_the_name() {
        let found = way("tcp://ledger.shop:7000", &[("SHOP_LEDGER_ADDR", "127.0.0.9:7000")]);
        assert_eq!(found, Ok(Way::Direct("127.0.0.9:7000".parse().unwrap())));
    }

    #[test]
    fn the_proxy_is_for_http_only() {
        let proxy: &[_] = &[("http_proxy", "http://127.0.0.1:3128/")];
        assert_eq!(way("http://a:80", proxy), Ok(Way::Proxy("127.0.0.1:3128".parse().unwrap())));
        assert!(matches!(way("tcp://a:80", proxy), Err(Unresolved::NoVariable { .. })));
    }

    #[test]
    fn an_ip_literal_needs_no_variable() {
        assert_eq!(way("tcp://[::1]:7", &[]), Ok(Way::Direct("[::1]:7".parse().unwrap())));
    }

    #[test]
    fn a_broken_variable_is_named() {
        let error = way("http://a:80", &[("A_ADDR", "nowhere")]).unwrap_err();
        assert_eq!(error.to_string(), "A_ADDR is no address: nowhere");
    }
}
