//! Why a handshake came to nothing, in words for the log, and whose fault.

use std::io;

use identity::PeerRefused;
use model::{Blame, SpiffeId};
use rustls::{AlertDescription, Error, PeerIncompatible};

/// A handshake that did not lead to a connection. No byte of the application
/// was sent or delivered.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The peer's certificates were not accepted.
    #[error("{0}")]
    Refused(PeerRefused),
    /// The peer presented no certificate where one is required.
    #[error("the peer showed no certificate")]
    NoCertificate,
    /// The server proved an identity, but none that may serve here.
    #[error("the server is {seen}, expected {}", list(.expected))]
    WrongServer {
        /// Who answered.
        seen: SpiffeId,
        /// Who may.
        expected: Vec<SpiffeId>,
    },
    /// The peer broke off with an alert; its name as in RFC 8446, section 6.
    #[error("the peer refused the handshake with the alert {0}")]
    Alert(String),
    /// The peer does not speak TLS 1.3 with what is asked for here.
    #[error("{0}")]
    Protocol(String),
    /// It took too long.
    #[error("the handshake was not finished in time")]
    Timeout,
    /// The connection broke.
    #[error("the connection broke during the handshake")]
    Io(#[source] io::Error),
    /// This side has no valid certificate to show.
    #[error("{0}")]
    Own(String),
}

impl HandshakeError {
    /// Whose fault it is. `peer` is what the other side is to the one who
    /// asks: the caller at an inbound door, the upstream at an outbound one.
    #[must_use]
    pub const fn blame(&self, peer: Blame) -> Blame {
        match self {
            Self::Own(_) => Blame::Us,
            Self::Refused(PeerRefused::AuthorityNotValid(_)) => Blame::Operator,
            Self::Refused(_)
            | Self::NoCertificate
            | Self::WrongServer { .. }
            | Self::Alert(_)
            | Self::Protocol(_)
            | Self::Timeout
            | Self::Io(_) => peer,
        }
    }

    /// One word for metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::NoCertificate => "no_certificate",
            Self::WrongServer { .. } => "wrong_server",
            Self::Alert(_) => "alert",
            Self::Protocol(_) => "protocol",
            Self::Timeout => "timeout",
            Self::Io(_) => "io",
            Self::Own(_) => "no_identity",
        }
    }

    /// What rustls said, in plain words.
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::NoCertificatesPresented => Self::NoCertificate,
            Error::AlertReceived(alert) => Self::Alert(alert_name(*alert)),
            other => Self::Protocol(plain(other)),
        }
    }
}

fn list(ids: &[SpiffeId]) -> String {
    if ids.is_empty() {
        return "nobody: no identity may serve here".to_owned();
    }
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

fn plain(error: &Error) -> String {
    match error {
        Error::PeerIncompatible(
            PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::Tls13RequiredForQuic
            | PeerIncompatible::Tls12NotOffered,
        ) => "the peer does not offer TLS 1.3".to_owned(),
        Error::InvalidMessage(_) => "the peer does not speak TLS".to_owned(),
        Error::NoApplicationProtocol => {
            "the peer offers none of the application protocols spoken here (ALPN)".to_owned()
        }
        other => format!("the TLS handshake failed: {other}"),
    }
}

/// The alert's name as in RFC 8446, section 6.
pub(super) fn alert_name(alert: AlertDescription) -> String {
    let camel = format!("{alert:?}");
    let mut name = String::with_capacity(camel.len() + 4);
    let mut lower_before = false;
    for c in camel.chars() {
        if c.is_ascii_uppercase() && lower_before {
            name.push('_');
        }
        lower_before = c.is_ascii_lowercase();
        name.push(c.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_their_names_of_the_rfc() {
        for (alert, name) in [
            (AlertDescription::CertificateExpired, "certificate_expired"),
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::NoApplicationProtocol, "no_application_protocol"),
            (AlertDescription::CertificateRequired, "certificate_required"),
        ] {
            assert_eq!(alert_name(alert), name);
        }
    }

    #[test]
    fn only_a_missing_own_identity_is_our_fault() {
        let own = HandshakeError::Own("no identity yet".to_owned());
        assert_eq!(own.blame(Blame::Caller), Blame::Us);
        assert_eq!(HandshakeError::Timeout.blame(Blame::Upstream), Blame::Upstream);
    }

    #[test]
    fn a_wrong_server_is_named_beside_the_right_ones() {
        let id = |text: &str| text.parse::<SpiffeId>().unwrap();
        let wrong = HandshakeError::WrongServer {
            seen: id("spiffe://a/x"),
            expected: vec![id("spiffe://a/y"), id("spiffe://a/z")],
        };
        let text = "the server is spiffe://a/x, expected spiffe://a/y or spiffe://a/z";
        assert_eq!(wrong.to_string(), text);
    }
}
