//! Which loopback address a service has at a caller's door: made from the two
//! names alone, so that it is the same after every restart.

use std::net::Ipv4Addr;

/// How many addresses are tried before a door gives up.
pub(crate) const ATTEMPTS: u32 = 16;

/// The address at the given attempt: somewhere in 127.64.0.0/10, never ending
/// in 0 or 255, which some programs refuse.
pub(crate) fn address(door: &str, service: &str, attempt: u32) -> Ipv4Addr {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let attempt = attempt.to_be_bytes();
    for byte in door.bytes().chain([0]).chain(service.bytes()).chain([0]).chain(attempt) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let [.., b, c, d] = (hash ^ (hash >> 32)).to_be_bytes();
    Ipv4Addr::new(127, 64 | (b & 0x3f), c, 1 + d % 254)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_and_differ_by_caller_callee_and_attempt() {
        let first = address("web", "orders", 0);
        assert_eq!(first, address("web", "orders", 0));
        let others = [
            address("web", "payments", 0),
            address("orders", "web", 0),
            address("web", "orders", 1),
            address("webo", "rders", 0),
        ];
        assert!(others.iter().all(|other| *other != first));
    }

    #[test]
    fn addresses_are_inside_their_range() {
        for attempt in 0..2_000 {
            let [a, b, _, d] = address("a", "b", attempt).octets();
            assert!(a == 127 && (64..128).contains(&b) && (1..=254).contains(&d));
        }
    }
}
