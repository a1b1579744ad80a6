//! Every reason to refuse a peer's certificates, in plain words for whoever
//! runs the door, and the TLS alert that tells the peer no more than TLS does.

use model::{Blame, ParseSpiffeIdError, SpiffeId, Timestamp, TrustDomain};

use crate::role::Role;

/// Why a peer is not who it says. Everything in it came from the peer and is
/// proved by nothing: good for a log line, never for a decision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerRefused {
    /// The peer showed no certificate.
    #[error("the peer showed no certificate")]
    NoCertificate,
    /// A chain longer than [`crate::CHAIN_MAX`].
    #[error("the peer showed {0} certificates, more than are read")]
    TooManyCertificates(usize),
    /// No X.509 v3 certificate in DER.
    #[error("a certificate can't be read: {0}")]
    Unreadable(String),
    /// The leaf has run out.
    #[error("the certificate expired at {0}")]
    Expired(Timestamp),
    /// The leaf does not count yet.
    #[error("the certificate is not valid before {0}")]
    NotYetValid(Timestamp),
    /// The same extension twice.
    #[error("the certificate has an extension twice")]
    DuplicateExtension,
    /// A critical extension nobody here knows.
    #[error("the certificate has an unknown critical extension")]
    UnknownCriticalExtension,
    /// A leaf with `CA:TRUE`.
    #[error("a CA certificate was shown as a leaf")]
    CaAsLeaf,
    /// keyCertSign or cRLSign on a leaf.
    #[error("the leaf may sign certificates or revocation lists")]
    LeafMaySign,
    /// No keyUsage on the leaf.
    #[error("the certificate has no key usage")]
    NoKeyUsage,
    /// keyUsage on the leaf that isn't critical.
    #[error("the certificate's key usage is not critical")]
    KeyUsageNotCritical,
    /// keyUsage without digitalSignature.
    #[error("the certificate is not for digital signatures")]
    NoDigitalSignature,
    /// extendedKeyUsage that lacks the peer's role.
    #[error("the certificate is not for {}s", .0.word())]
    NotForRole(Role),
    /// extendedKeyUsage with only one of the two roles.
    #[error("the certificate is not for both clients and servers, as an SVID is")]
    OneRoleOnly,
    /// No URI among the alternative names.
    #[error("the certificate carries no URI")]
    NoUri,
    /// More than one URI.
    #[error("the certificate carries {0} URIs instead of one")]
    SeveralUris(usize),
    /// The one URI is no SPIFFE ID.
    #[error("the certificate's URI is no SPIFFE ID: {0}")]
    NotASpiffeId(#[from] ParseSpiffeIdError),
    /// A SPIFFE ID in another spelling than its only one.
    #[error("the certificate's SPIFFE ID is not spelled `{0}`")]
    NotCanonical(SpiffeId),
    /// The SPIFFE ID names a trust domain and no workload.
    #[error("the certificate's SPIFFE ID has no path")]
    NoPath,
    /// An empty subject, and alternative names that are not critical.
    #[error("the certificate has an empty subject and names that are not critical")]
    NamesNotCritical,
    /// RSA below 2048 bits, an unknown curve or algorithm.
    #[error("the certificate's public key is too weak or of an unknown kind")]
    WeakKey,
    /// No bundle for the trust domain of the ID.
    #[error("there is no trust bundle for `{0}`")]
    UnknownTrustDomain(TrustDomain),
    /// Every authority of the trust domain has run out or is not valid yet.
    #[error("no authority of `{0}` is valid at present")]
    AuthorityNotValid(TrustDomain),
    /// No path to an authority of the trust domain.
    #[error("the certificate was not issued by an authority of `{0}`")]
    UnknownAuthority(TrustDomain),
    /// A signature that doesn't fit.
    #[error("a signature in the certificate chain does not fit")]
    BadSignature,
    /// MD5, SHA-1, RSA below 2048 bits, or an unknown algorithm.
    #[error("a signature in the certificate chain is of a weak or unknown kind")]
    WeakSignature,
    /// A certificate that may not issue was used to issue.
    #[error("an issuing certificate of the chain is no CA certificate")]
    IssuerNotCa,
    /// An issuing certificate without keyCertSign.
    #[error("an issuing certificate of the chain may not sign certificates")]
    IssuerMayNotSign,
    /// An issuing certificate has run out.
    #[error("an issuing certificate of the chain expired at {0}")]
    IssuerExpired(Timestamp),
    /// An issuing certificate does not count yet.
    #[error("an issuing certificate of the chain is not valid before {0}")]
    IssuerNotYetValid(Timestamp),
    /// An issuing certificate limited to other purposes.
    #[error("an issuing certificate of the chain is limited to other purposes")]
    IssuerPurpose,
    /// An issuing certificate whose SPIFFE ID is another trust domain's, or a
    /// workload's.
    #[error("an issuing certificate of the chain names another trust domain or a workload")]
    IssuerName,
    /// pathLenConstraint exceeded, or more than six issuers.
    #[error("the certificate chain is longer than its issuers allow")]
    PathTooLong,
    /// The name lies outside an issuer's name constraints.
    #[error("the chain breaks a name constraint, or has one that can't be checked")]
    NameConstraint,
    /// The search for a path was cut off.
    #[error("the certificate chain is too tangled to be checked")]
    TooTangled,
    /// Anything else the path builder finds.
    #[error("the certificate chain is not acceptable: {0}")]
    Chain(String),
}

/// The TLS alert a refusal is answered with (RFC 8446, section 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alert {
    /// `bad_certificate`
    BadCertificate,
    /// `unsupported_certificate`
    UnsupportedCertificate,
    /// `certificate_expired`
    CertificateExpired,
    /// `unknown_ca`
    UnknownCa,
    /// `certificate_required`
    CertificateRequired,
}

impl Alert {
    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::BadCertificate => 42,
            Self::UnsupportedCertificate => 43,
            Self::CertificateExpired => 45,
            Self::UnknownCa => 48,
            Self::CertificateRequired => 116,
        }
    }

    /// The name in the standard.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BadCertificate => "bad_certificate",
            Self::UnsupportedCertificate => "unsupported_certificate",
            Self::CertificateExpired => "certificate_expired",
            Self::UnknownCa => "unknown_ca",
            Self::CertificateRequired => "certificate_required",
        }
    }
}

impl PeerRefused {
    /// The alert to send.
    #[must_use]
    pub const fn alert(&self) -> Alert {
        match self {
            Self::NoCertificate => Alert::CertificateRequired,
            Self::Expired(_)
            | Self::NotYetValid(_)
            | Self::IssuerExpired(_)
            | Self::IssuerNotYetValid(_) => Alert::CertificateExpired,
            // A signature that doesn't fit is one by nobody we trust.
            Self::UnknownTrustDomain(_)
            | Self::UnknownAuthority(_)
            | Self::AuthorityNotValid(_)
            | Self::BadSignature => Alert::UnknownCa,
            Self::NotForRole(_)
            | Self::OneRoleOnly
            | Self::IssuerPurpose
            | Self::UnknownCriticalExtension
            | Self::WeakKey
            | Self::WeakSignature => Alert::UnsupportedCertificate,
            _ => Alert::BadCertificate,
        }
    }

    /// The peer's, except when our own trust has run out.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::AuthorityNotValid(_) => Blame::Operator,
            _ => Blame::Caller,
        }
    }
}
