//! The header fields the doors own, and the lists that say what no stranger
//! may send, nominate or append. It names; the proxy strips and writes.

/// The caller's SPIFFE ID, for the app behind an inbound door.
pub const POSTERN_CALLER: &str = "postern-caller";
/// The opaque id of a decision, on refusals.
pub const POSTERN_DECISION: &str = "postern-decision";
/// The caller's certificate in Envoy's words: `By=…;Hash=…;URI=…`.
pub const FORWARDED_CLIENT_CERT: &str = "x-forwarded-client-cert";
/// W3C Trace Context, the position in a trace.
pub const TRACEPARENT: &str = "traceparent";
/// W3C Trace Context, what vendors add to it.
pub const TRACESTATE: &str = "tracestate";

/// Begins the name of every field that only a door may write.
const OWN_PREFIX: &str = "postern-";
/// Begins the names by which proxies tell of the client.
const FORWARDED_PREFIX: &str = "x-forwarded-";

/// Fields a `Connection` header must not take away: framing, routing, proof
/// of who is asking, and what tells of them (AZ-11; RFC 9110, section 7.6.1).
pub const NEVER_NOMINATED: &[&str] = &[
    "authorization",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "dpop",
    "expect",
    "forwarded",
    "host",
    "location",
    "origin",
    "set-cookie",
    TRACEPARENT,
    TRACESTATE,
    "trailer",
    "transfer-encoding",
    "txn-token",
    "vary",
    "via",
    "workload-identity-token",
    "workload-proof-token",
    "www-authenticate",
    "x-real-ip",
];

/// Fields that mean nothing good after a body: framing, routing, request
/// modifiers, authentication, response control, content (RFC 9110,
/// section 6.5.1). They are dropped there, never merged into the head (H1-11).
pub const NEVER_TRAILING: &[&str] = &[
    "accept-encoding",
    "age",
    "authentication-info",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-location",
    "content-range",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "retry-after",
    "te",
    "upgrade",
    "warning",
];

/// Whether only a door may write this field, so that one from outside is
/// stripped on every listener. Aliases count as the same name: an app behind
/// CGI-like rules can't tell `Postern.Caller` from `postern-caller` (AZ-10).
#[must_use]
pub fn is_protected(name: &str) -> bool {
    begins_with(name, OWN_PREFIX) || is_alias(name, FORWARDED_CLIENT_CERT)
}

/// Whether an edge listener strips this field besides the protected ones:
/// what proxies say about the client, and nobody has said it yet.
#[must_use]
pub fn is_protected_at_edge(name: &str) -> bool {
    is_protected(name)
        || begins_with(name, FORWARDED_PREFIX)
        || is_alias(name, "forwarded")
        || is_alias(name, "x-real-ip")
}

/// Whether a `Connection` header that lists this field makes the message
/// invalid.
#[must_use]
pub fn is_never_nominated(name: &str) -> bool {
    is_protected(name) || begins_with(name, FORWARDED_PREFIX) || is_one_of(name, NEVER_NOMINATED)
}

/// Whether this field is dropped from a trailer section.
#[must_use]
pub fn is_never_trailing(name: &str) -> bool {
    name.contains('_') || is_never_nominated(name) || is_one_of(name, NEVER_TRAILING)
}

fn is_one_of(name: &str, list: &[&str]) -> bool {
    list.iter().any(|entry| entry.eq_ignore_ascii_case(name))
}

fn is_alias(name: &str, own: &str) -> bool {
    name.len() == own.len() && begins_with(name, own)
}

/// Compares letters without case and every punctuation mark as a hyphen.
fn begins_with(name: &str, prefix: &str) -> bool {
    let fold =
        |byte: u8| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' };
    name.len() >= prefix.len() && name.bytes().zip(prefix.bytes()).all(|(n, p)| fold(n) == p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_of_our_names_are_our_names() {
        for name in [
            "postern-caller",
            "Postern-Caller",
            "POSTERN.CALLER",
            "postern_anything",
            "X-Forwarded-Client-Cert",
            "x.forwarded.client.cert",
        ] {
            assert!(is_protected(name), "{name}");
        }
        for name in ["postern", "x-forwarded-for", "x-postern-caller", "accept", ""] {
            assert!(!is_protected(name), "{name}");
        }
    }

    #[test]
    fn the_edge_strips_what_tells_of_the_client() {
        for name in ["X-Forwarded-For", "x-forwarded.proto", "Forwarded", "X-Real-IP"] {
            assert!(is_protected_at_edge(name), "{name}");
            assert!(!is_protected(name), "{name}");
        }
        assert!(!is_protected_at_edge("accept"));
        assert!(!is_protected_at_edge("forwarded-by"));
    }

    #[test]
    fn trailers_carry_no_control_data() {
        for name in ["Content-Length", "HOST", "authorization", "Te", "postern-caller", "a_b"] {
            assert!(is_never_trailing(name), "{name}");
        }
        assert!(!is_never_trailing("grpc-status"));
        assert!(!is_never_trailing("content-digest"));
    }
}
