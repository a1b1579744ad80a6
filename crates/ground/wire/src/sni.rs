//! The server name that says which service and port a connection between
//! doors is for: `p8080.orders.default.shop.example`. It is a name to route
//! by, not a proof of anything.

use model::{ServiceName, TrustDomain};

/// The server name of a service's port.
#[must_use]
pub fn name(port: u16, service: &ServiceName, mesh: &TrustDomain) -> String {
    format!("p{port}.{}.{}.{mesh}", service.name, service.namespace)
}

/// Reads a server name of this mesh; capital letters mean the small ones.
/// `None` for every other name.
#[must_use]
pub fn parse(text: &str, mesh: &TrustDomain) -> Option<(u16, ServiceName)> {
    let text = text.to_ascii_lowercase();
    let own = text.strip_suffix(mesh.as_str())?.strip_suffix('.')?;
    let mut labels = own.split('.');
    let (port, service, namespace) = (labels.next()?, labels.next()?, labels.next()?);
    if labels.next().is_some() {
        return None;
    }
    let service = ServiceName::new(namespace.parse().ok()?, service.parse().ok()?);
    Some((read_port(port.strip_prefix('p')?)?, service))
}

/// One spelling per port: digits without a leading zero, not 0.
fn read_port(digits: &str) -> Option<u16> {
    let is_plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_port_service_and_namespace() {
        let mesh: TrustDomain = "shop.example".parse().unwrap();
        let service: ServiceName = "prod/orders".parse().unwrap();
        let text = name(8080, &service, &mesh);
        assert_eq!(text, "p8080.orders.prod.shop.example");
        assert_eq!(parse(&text, &mesh), Some((8080, service.clone())));
        assert_eq!(parse(&text.to_uppercase(), &mesh), Some((8080, service)));
    }

    #[test]
    fn other_names_are_none() {
        let mesh: TrustDomain = "shop.example".parse().unwrap();
        for bad in [
            "",
            "shop.example",
            ".shop.example",
            "p8080.orders.shop.example",
            "p8080.orders.default.other.example",
            "p8080.orders.default.xshop.example",
            "p8080.orders.defaultshop.example",
            "x.p8080.orders.default.shop.example",
            "8080.orders.default.shop.example",
            "p0.orders.default.shop.example",
            "p080.orders.default.shop.example",
            "p+80.orders.default.shop.example",
            "p65536.orders.default.shop.example",
            "p.orders.default.shop.example",
            "p80.-orders.default.shop.example",
            "p80..default.shop.example",
            "p80.orders.default.shop.example.",
        ] {
            assert_eq!(parse(bad, &mesh), None, "{bad}");
        }
    }
}
