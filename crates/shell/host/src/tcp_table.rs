//! The text of `/proc/net/tcp` and `/proc/net/tcp6` (proc_net_tcp(5)), line
//! by line. It deliberately opens no file, so that it can be tested on any
//! text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One socket of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub uid: u32,
    /// 0 when no process holds the socket any longer.
    pub inode: u64,
}

impl Row {
    /// Reads one line; `None` for the heading and for anything unexpected.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let local = address(fields.nth(1)?)?;
        let remote = address(fields.next()?)?;
        let uid = fields.nth(4)?.parse().ok()?;
        let inode = fields.nth(1)?.parse().ok()?;
        Some(Self { local, remote, uid, inode })
    }
}

/// `0100007F:1F90` or the same with 32 digits. IPv4 seen through an IPv6
/// socket becomes plain IPv4.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(ip)?)),
        32 => IpAddr::V6(Ipv6Addr::from(sixteen(ip)?)).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// The kernel prints each 32-bit word of the address, which lies in memory in
/// network order, as a number in the order of the machine.
fn word(text: &str) -> Option<[u8; 4]> {
    Some(u32::from_str_radix(text, 16).ok()?.to_ne_bytes())
}

fn sixteen(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let mut rest = text;
    for slot in bytes.chunks_exact_mut(4) {
        let (head, tail) = rest.split_at_checked(8)?;
        slot.copy_from_slice(&word(head)?);
        rest = tail;
    }
    Some(bytes)
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_line_is_read() {
        let line = "   1: 0100007F:A3F2 0200007F:1F90 01 00000000:00000000 00:00000000 \
                    00000000  1000        0 123456 1 0000000000000000 20 4 30 10 -1";
        let row = Row::parse(line).unwrap();
        assert_eq!(row.local, "127.0.0.1:41970".parse().unwrap());
        assert_eq!(row.remote, "127.0.0.2:8080".parse().unwrap());
        assert_eq!((row.uid, row.inode), (1000, 123_456));
    }

    #[test]
    fn mapped_ipv4_becomes_ipv4() {
        let mapped = address("0000000000000000FFFF00000100007F:0050");
        assert_eq!(mapped, Some("127.0.0.1:80".parse().unwrap()));
    }

    #[test]
    fn ipv6_is_read() {
        let loopback = address("00000000000000000000000001000000:0050");
        assert_eq!(loopback, Some("[::1]:80".parse().unwrap()));
        let documentation = address("B80D01200000000000000000EFBE0000:0001");
        assert_eq!(documentation, Some("[2001:db8::beef]:1".parse().unwrap()));
    }

    #[test]
    fn the_heading_and_broken_lines_are_no_rows() {
        for line in [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
            "",
            "0: 0100007F:A3F2",
            "0: 0100007F 0200007F:1F90 01 0:0 0:0 0 1000 0 1",
            "0: 0100007:A3F2 0200007F:1F90 01 0:0 0:0 0 1000 0 1",
            "0: 0100007F:A3F2 0200007F:1F90 01 0:0 0:0 0 -1 0 1",
            "0: éé00007F:A3F2 0200007F:1F90 01 0:0 0:0 0 1 0 1",
        ] {
            assert_eq!(Row::parse(line), None, "{line}");
        }
    }
}
