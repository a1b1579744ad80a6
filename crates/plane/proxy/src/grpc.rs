//! What a door has to know of gRPC: which requests are calls, how long a call
//! may take, and how a refusal is told so that every client understands it
//! (gRPC over HTTP/2; "HTTP to gRPC Status Code Mapping"). It never reads
//! messages.

use std::time::Duration;

use wire::http1::RequestHead;

use crate::fault::Fault;

/// Whether a request is a gRPC or gRPC-Web call.
pub(crate) fn is_grpc(request: &RequestHead) -> bool {
    content_type(request).is_some_and(|kind| begins(kind, b"application/grpc"))
}

/// Whether it is gRPC-Web, whose status stands in the head of an answer or in
/// its body, never behind it.
pub(crate) fn is_grpc_web(request: &RequestHead) -> bool {
    content_type(request).is_some_and(|kind| begins(kind, b"application/grpc-web"))
}

/// The content type an answer of our own has: the caller's.
pub(crate) fn content_type(request: &RequestHead) -> Option<&[u8]> {
    request.value("content-type")
}

fn begins(value: &[u8], prefix: &[u8]) -> bool {
    value.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
}

/// How long the caller waits: `grpc-timeout`, at most eight digits and a unit.
/// One that can't be read is none, as for most servers.
pub(crate) fn timeout(request: &RequestHead) -> Option<Duration> {
    let (unit, digits) = request.value("grpc-timeout")?.split_last()?;
    let is_number =
        !digits.is_empty() && digits.len() <= 8 && digits.iter().all(u8::is_ascii_digit);
    let count: u64 = std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()?;
    match unit {
        b'H' => Some(Duration::from_secs(count.saturating_mul(3600))),
        b'M' => Some(Duration::from_secs(count.saturating_mul(60))),
        b'S' => Some(Duration::from_secs(count)),
        b'm' => Some(Duration::from_millis(count)),
        b'u' => Some(Duration::from_micros(count)),
        b'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// The status code of a refusal of ours.
pub(crate) fn status(fault: &Fault) -> u8 {
    const CANCELLED: u8 = 1;
    const DEADLINE_EXCEEDED: u8 = 4;
    const PERMISSION_DENIED: u8 = 7;
    const RESOURCE_EXHAUSTED: u8 = 8;
    const UNIMPLEMENTED: u8 = 12;
    const INTERNAL: u8 = 13;
    const UNAVAILABLE: u8 = 14;
    match fault {
        Fault::Deadline(_) | Fault::ResponseTimeout(_) => DEADLINE_EXCEEDED,
        Fault::Cut(_) => PERMISSION_DENIED,
        Fault::CallerGone => CANCELLED,
        _ => match fault.status() {
            403 => PERMISSION_DENIED,
            404 | 405 | 501 => UNIMPLEMENTED,
            413 | 414 | 431 => RESOURCE_EXHAUSTED,
            421 | 502..=504 => UNAVAILABLE,
            _ => INTERNAL,
        },
    }
}

#[cfg(test)]
mod tests {
    use model::Limits;

    use super::*;

    fn call(timeout: &str) -> RequestHead {
        let text = format!(
            "POST /a.B/C HTTP/1.1\r\nHost: a\r\ncontent-type: application/grpc+proto\r\ngrpc-timeout: {timeout}\r\ncontent-length: 0\r\n\r\n"
        );
        let mut head = RequestHead::default();
        head.parse(text.as_bytes(), &Limits::default()).unwrap().unwrap();
        head
    }

    #[test]
    fn a_deadline_has_eight_digits_and_a_unit() {
        for (text, wanted) in [
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("99999999S", Some(Duration::from_secs(99_999_999))),
            ("250m", Some(Duration::from_millis(250))),
            ("7u", Some(Duration::from_micros(7))),
            ("0n", Some(Duration::ZERO)),
            ("100000000S", None),
            ("S", None),
            ("-1S", None),
            ("+1S", None),
            ("1", None),
            ("1s", None),
        ] {
            let call = call(text);
            assert!(is_grpc(&call));
            assert_eq!(timeout(&call), wanted, "{text}");
        }
    }

    #[test]
    fn every_refusal_has_a_code_its_clients_know() {
        for (fault, code) in [
            (Fault::Denied { rule: None }, 7),
            (Fault::Cut("policy"), 7),
            (Fault::NoRoute, 12),
            (Fault::NoEndpoint("x".into()), 14),
            (Fault::Deadline(Duration::ZERO), 4),
            (Fault::RequestStalled(model::Millis(1)), 13),
        ] {
            assert_eq!(status(&fault), code, "{fault}");
        }
    }
}
