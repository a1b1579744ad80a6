//! What is spoken on a connection: agreed upon in the TLS handshake, or seen
//! in its first bytes. HTTP/2 by prior knowledge begins with a preface no other
//! protocol begins with (RFC 9113, section 3.4).

use config::Protocol;
use model::Limits;
use tokio::time::{Instant, timeout_at};

use crate::buffer::Buffer;
use crate::stream::Stream;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// Bytes.
    Tcp,
    /// HTTP in a version that shows itself.
    Http,
    Http1,
    Http2,
}

impl Spoken {
    /// On a port of this kind, before anything was said.
    pub(crate) const fn on(protocol: Protocol) -> Self {
        if protocol.is_http() { Self::Http } else { Self::Tcp }
    }

    /// What a handshake settled for such a port. Who offers no protocol takes
    /// the port's own: programs with a SPIFFE library but no notion of ours
    /// call HTTP ports like this.
    ///
    /// # Errors
    /// The protocol agreed upon, where the port speaks another.
    pub(crate) fn agreed(alpn: Option<&[u8]>, protocol: Protocol) -> Result<Self, String> {
        match alpn {
            None => Ok(Self::on(protocol)),
            Some(net::tls::ALPN_H2) if protocol.is_http() => Ok(Self::Http2),
            Some(net::tls::ALPN_HTTP) if protocol.is_http() => Ok(Self::Http1),
            Some(net::tls::ALPN_TCP) if !protocol.is_http() => Ok(Self::Tcp),
            Some(other) => Err(String::from_utf8_lossy(other).into_owned()),
        }
    }
}

/// Looks at the first bytes; they stay in `input`. `None`: nobody said a word.
pub(crate) async fn sniff(
    stream: &mut Stream,
    input: &mut Buffer,
    limits: &Limits,
) -> Option<Spoken> {
    let mut deadline = Instant::now() + limits.idle_time.into();
    loop {
        let seen = input.unread();
        if seen.starts_with(PREFACE) {
            return Some(Spoken::Http2);
        }
        if !PREFACE.starts_with(seen) {
            return Some(Spoken::Http1);
        }
        let begun = !input.is_empty();
        match timeout_at(deadline, input.fill(stream, limits.head_bytes_max)).await {
            Ok(Ok(1..)) if begun => {}
            Ok(Ok(1..)) => deadline = Instant::now() + limits.head_time.into(),
            // The half of a preface is HTTP/1's to refuse.
            _ if begun => return Some(Spoken::Http1),
            _ => return None,
        }
    }
}
