//! The opening of a WebSocket between versions (RFC 6455, section 4; RFC 8441):
//! HTTP/1 proves by a key and its digest that both sides mean it, HTTP/2 has no
//! need to. Where one side has a key and the other none, the door makes it.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wire::http1::{RequestHead, ResponseHead, Version};

pub(crate) const KEY: &str = "sec-websocket-key";
pub(crate) const ACCEPT: &str = "sec-websocket-accept";

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What `Upgrade` and `:protocol` call it.
pub(crate) const PROTOCOL: &str = "websocket";

/// Whether a request asks for a WebSocket, by GET and by HTTP/1 with a key. Other protocols to switch to are
/// passed over, as any server may (RFC 9110, section 7.8).
pub(crate) fn is_asked(request: &RequestHead) -> bool {
    let is_named = || request.upgrade().is_some_and(|named| named.eq_ignore_ascii_case(PROTOCOL));
    request.method() == "GET" && is_named() && (is_two(request) || request.value(KEY).is_some())
}

/// HTTP/2 asks without a key.
fn is_two(request: &RequestHead) -> bool {
    request.version() == Version::Http2
}

/// The proof that belongs to a key.
pub(crate) fn accept(key: &[u8]) -> String {
    let all = [key, GUID].concat();
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &all))
}

/// A key of our own, from 128 random bits.
pub(crate) fn key(dice: u128) -> String {
    STANDARD.encode(dice.to_be_bytes())
}

/// Whether a 101 switches to WebSocket and nothing else.
pub(crate) fn is_answer(answer: &ResponseHead) -> bool {
    answer.upgrade().is_some_and(|protocol| protocol.eq_ignore_ascii_case(PROTOCOL))
}

/// Whether the answer proves what the key asked for.
pub(crate) fn proves(answer: &ResponseHead, key: Option<&[u8]>) -> bool {
    let proof = answer.value(ACCEPT);
    key.is_some_and(|key| proof == Some(accept(key).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_the_one_of_the_rfc() {
        assert_eq!(accept(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn it_is_asked_for_by_get_and_with_a_key() {
        let asked = |method: &str, rest: &str| {
            let text = format!(
                "{method} /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n{rest}\r\n"
            );
            let mut head = RequestHead::default();
            head.parse(text.as_bytes(), &model::Limits::default()).unwrap().unwrap();
            is_asked(&head)
        };
        let key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
        assert!(asked("GET", key));
        assert!(!asked("GET", ""));
        assert!(!asked("POST", key) && !asked("HEAD", key) && !asked("DELETE", key));
    }

    #[test]
    fn a_key_is_sixteen_bytes() {
        assert_eq!(key(0), "AAAAAAAAAAAAAAAAAAAAAA==");
        assert_eq!(STANDARD.decode(key(u128::MAX)).unwrap().len(), 16);
    }
}
