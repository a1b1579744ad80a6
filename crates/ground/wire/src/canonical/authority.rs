//! Hosts with ports, as they stand in `Host` and in targets (RFC 3986,
//! section 3.2): one spelling per host, and nothing that two resolvers could
//! read in two ways. It looks nothing up.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::error::CanonicalError;

/// The longest host name, in characters (RFC 1035, section 2.3.4).
const HOST_BYTES_MAX: usize = 253;
/// The longest part of one between dots.
const LABEL_BYTES_MAX: usize = 63;

/// A host in its canonical form, and a port if one was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    /// In small letters, without a dot at the end; IPv6 addresses in brackets.
    pub host: String,
    /// The port, if written.
    pub port: Option<u16>,
}

/// Reads a `Host` value into its canonical form.
///
/// # Errors
/// When it isn't exactly a host with an optional port.
pub fn authority(raw: &str) -> Result<Authority, CanonicalError> {
    let read = HostPort::read(raw)?;
    let mut host = String::new();
    read.write_host(&mut host);
    Ok(Authority { host, port: read.port })
}

/// The same, checked but still in the sender's spelling: costs no allocation.
#[derive(Clone, Copy, Debug)]
pub struct HostPort<'a> {
    host: Host<'a>,
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug)]
enum Host<'a> {
    Name(&'a str),
    V6(Ipv6Addr),
}

impl<'a> HostPort<'a> {
    /// Checks a `Host` value.
    ///
    /// # Errors
    /// When it isn't exactly a host with an optional port.
    pub fn read(raw: &'a str) -> Result<Self, CanonicalError> {
        if let Some(rest) = raw.strip_prefix('[') {
            let (address, rest) = rest.split_once(']').ok_or(CanonicalError::Host)?;
            let address = address.parse().map_err(|_| CanonicalError::Host)?;
            return Ok(Self { host: Host::V6(address), port: read_port(rest)? });
        }
        let (name, port) = raw.split_at(raw.find(':').unwrap_or(raw.len()));
        let name = name.strip_suffix('.').unwrap_or(name);
        check_name(name)?;
        Ok(Self { host: Host::Name(name), port: read_port(port)? })
    }

    /// The same from bytes.
    ///
    /// # Errors
    /// As [`HostPort::read`], and when they are no text.
    pub fn read_bytes(raw: &'a [u8]) -> Result<Self, CanonicalError> {
        Self::read(std::str::from_utf8(raw).map_err(|_| CanonicalError::Host)?)
    }

    /// The port, if written.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether both mean the same host.
    #[must_use]
    pub fn is_same_host(&self, other: &HostPort<'_>) -> bool {
        match (self.host, other.host) {
            (Host::Name(a), Host::Name(b)) => a.eq_ignore_ascii_case(b),
            (Host::V6(a), Host::V6(b)) => a == b,
            _ => false,
        }
    }

    /// Writes the host in its canonical form into `out`, cleared first.
    pub fn write_host(&self, out: &mut String) {
        out.clear();
        match self.host {
            Host::Name(name) => out.extend(name.chars().map(|c| c.to_ascii_lowercase())),
            // Writing into a String can't fail.
            Host::V6(address) => drop(write!(out, "[{address}]")),
        }
    }
}

/// Nothing, or `:` and a number from 1 to 65535 without leading zeros.
fn read_port(text: &str) -> Result<Option<u16>, CanonicalError> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix(':').ok_or(CanonicalError::Port)?;
    if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CanonicalError::Port);
    }
    digits.parse().map(Some).map_err(|_| CanonicalError::Port)
}

fn check_name(name: &str) -> Result<(), CanonicalError> {
    let is_proper = name.len() <= HOST_BYTES_MAX && name.split('.').all(is_label);
    if is_proper && !is_doubtful_number(name) { Ok(()) } else { Err(CanonicalError::Host) }
}

/// Letters, digits, underscores and inner hyphens. That an `xn--` label can't
/// end in a hyphen keeps out those that decode to plain ASCII (AZ-07).
fn is_label(label: &str) -> bool {
    let is_edge = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = label.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    bytes.len() <= LABEL_BYTES_MAX
        && is_edge(*first)
        && is_edge(*last)
        && bytes.iter().all(|byte| is_edge(*byte) || *byte == b'-')
}

/// A name that ends in a number is an IPv4 address to many resolvers, so it
/// has to be one in the plain form: not `127.1`, `0x7f.1` or `2130706433`.
fn is_doubtful_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_hex = last.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x"));
    let is_number = is_hex || last.bytes().all(|byte| byte.is_ascii_digit());
    is_number && name.parse::<Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_per_host() {
        for (raw, host, port) in [
            ("secret.com", "secret.com", None),
            ("Secret.COM.", "secret.com", None),
            ("secret.com:443", "secret.com", Some(443)),
            ("my_app:65535", "my_app", Some(65_535)),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
            ("127.0.0.1:80", "127.0.0.1", Some(80)),
            ("[::1]", "[::1]", None),
            ("[0:0:0:0::1]:8080", "[::1]", Some(8080)),
            ("[::FFFF:1.2.3.4]", "[::ffff:1.2.3.4]", None),
        ] {
            let wanted = Authority { host: host.to_owned(), port };
            assert_eq!(authority(raw), Ok(wanted), "{raw}");
        }
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        let (long, label) = ("a.".repeat(128), "a".repeat(64));
        for raw in [
            "",
            ".",
            "a..b",
            ".a",
            "a..",
            "a b",
            "a/b",
            "u@a",
            "a,b",
            "a%20b",
            "a?b",
            "a#b",
            "a\\b",
            "-a",
            "a-",
            "a:",
            "a:0",
            "a:99999",
            "a:65536",
            "a:+80",
            "a:080",
            "a:1:2",
            "a:x",
            ":80",
            "[fe80::1%eth0]",
            "[fe80::1%25eth0]",
            "[::1",
            "::1",
            "[]",
            "[v1.x]",
            "[::1]x",
            "[::1]:",
            "[1.2.3.4]",
            "127.1",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "1.2.3.256",
            "1.2.3.04",
            "1.2.3.4.5",
            "xn--secret-.com",
            "xn--.com",
            "bücher.example",
            "a\u{0}b",
            "a\nb",
            &long,
            &label,
        ] {
            assert!(authority(raw).is_err(), "{raw}");
        }
    }
}
