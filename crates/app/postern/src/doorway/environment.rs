//! The variables that lead an application to its door: an address for each
//! port it may call, the door's HTTP proxy, and who it is.

use std::collections::BTreeMap;
use std::path::Path;

use model::{ServiceName, SpiffeId};
use proxy::DoorStatus;

/// Whose environment is made.
pub(crate) struct Who<'a> {
    /// The service behind the door.
    pub(crate) service: &'a ServiceName,
    /// Its identity.
    pub(crate) id: &'a SpiffeId,
    /// The Workload API socket.
    pub(crate) agent: &'a Path,
}

/// All variables of an application behind the door that says `status`.
///
/// A service of the own namespace is `ORDERS_…`, another's `SHOP_ORDERS_…`.
/// `ORDERS_ADDR`, `_HOST` and `_PORT` mean its lowest port, `ORDERS_8080_ADDR`
/// a certain one.
pub(crate) fn environment(who: &Who<'_>, status: &DoorStatus) -> Vec<(String, String)> {
    let mut variables = addresses(who.service, status);
    let mut set = |name: &str, value: String| {
        variables.insert(name.to_owned(), value);
    };
    set("POSTERN_SERVICE", who.service.to_string());
    set("POSTERN_SPIFFE_ID", who.id.to_string());
    set("POSTERN_TRUST_DOMAIN", who.id.trust_domain().to_string());
    set("POSTERN_CALLER_HEADER", wire::header::POSTERN_CALLER.to_owned());
    set("SPIFFE_ENDPOINT_SOCKET", format!("unix://{}", who.agent.display()));
    if let Some(proxy) = status.http_proxy {
        let (direct, proxy) = (no_proxy(status), format!("http://{proxy}"));
        for name in ["http_proxy", "HTTP_PROXY"] {
            set(name, proxy.clone());
        }
        for name in ["no_proxy", "NO_PROXY"] {
            set(name, direct.clone());
        }
    }
    variables.into_iter().collect()
}

fn addresses(own: &ServiceName, status: &DoorStatus) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut outbound: Vec<_> = status.outbound.iter().collect();
    outbound.sort();
    for (service, port, address) in outbound {
        let stem = stem(own, service);
        variables.insert(format!("{stem}_{port}_ADDR"), address.to_string());
        let plain = format!("{stem}_ADDR");
        if !variables.contains_key(&plain) {
            variables.insert(plain, address.to_string());
            variables.insert(format!("{stem}_HOST"), address.ip().to_string());
            variables.insert(format!("{stem}_PORT"), address.port().to_string());
        }
    }
    variables
}

fn stem(own: &ServiceName, service: &ServiceName) -> String {
    let text = if service.namespace == own.namespace {
        service.name.to_string()
    } else {
        format!("{}_{}", service.namespace, service.name)
    };
    text.to_ascii_uppercase().replace('-', "_")
}

/// The loopback addresses of services are reached directly. They are listed
/// one by one, since few programs understand 127.0.0.0/8 here.
fn no_proxy(status: &DoorStatus) -> String {
    let mut direct: Vec<_> =
        status.outbound.iter().map(|(_, _, address)| address.ip().to_string()).collect();
    direct.sort();
    direct.dedup();
    let always = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    always.into_iter().chain(direct).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(own: &str, outbound: &[(&str, u16, &str)]) -> BTreeMap<String, String> {
        let service: ServiceName = own.parse().unwrap();
        let id = SpiffeId::of_service(&"shop.example".parse().unwrap(), &service);
        let status = DoorStatus {
            outbound: outbound
                .iter()
                .map(|(name, port, ip)| {
                    (name.parse().unwrap(), *port, format!("{ip}:{port}").parse().unwrap())
                })
                .collect(),
            http_proxy: Some("127.0.0.1:3128".parse().unwrap()),
            ..DoorStatus::default()
        };
        let agent = Path::new("/run/postern/agent.sock");
        environment(&Who { service: &service, id: &id, agent }, &status).into_iter().collect()
    }

    #[test]
    fn each_port_has_an_address_and_the_lowest_the_plain_name() {
        let found = variables("web", &[("my-db", 9000, "127.64.0.2"), ("my-db", 80, "127.64.0.2")]);
        assert_eq!(found["MY_DB_ADDR"], "127.64.0.2:80");
        assert_eq!(
            (found["MY_DB_HOST"].as_str(), found["MY_DB_PORT"].as_str()),
            ("127.64.0.2", "80")
        );
        assert_eq!(found["MY_DB_9000_ADDR"], "127.64.0.2:9000");
    }

    #[test]
    fn another_namespace_shows_in_the_name() {
        let reach = [("shop/orders", 80, "127.64.0.2"), ("orders", 80, "127.64.0.3")];
        let found = variables("shop/web", &reach);
        assert_eq!(found["ORDERS_ADDR"], "127.64.0.2:80");
        assert_eq!(found["DEFAULT_ORDERS_ADDR"], "127.64.0.3:80");
    }

    #[test]
    fn the_proxy_is_passed_by_for_addresses_of_services() {
        let found = variables("web", &[("a", 1, "127.64.0.2"), ("b", 2, "127.64.0.2")]);
        assert_eq!(found["http_proxy"], "http://127.0.0.1:3128");
        assert_eq!(found["NO_PROXY"], "localhost,127.0.0.1,::1,127.64.0.2");
    }

    #[test]
    fn an_application_learns_who_it_is() {
        let found = variables("web", &[]);
        assert_eq!(found["POSTERN_SPIFFE_ID"], "spiffe://shop.example/ns/default/sa/web");
        assert_eq!(found["SPIFFE_ENDPOINT_SOCKET"], "unix:///run/postern/agent.sock");
        assert_eq!(found["POSTERN_CALLER_HEADER"], "postern-caller");
    }
}
