//! Which public keys a peer may hold: P-256, P-384, P-521, Ed25519, and RSA of
//! 2048 to 8192 bits, since other SPIFFE authorities issue all of these. What
//! TLS then accepts as a handshake signature is decided there.

use aws_lc_rs::rsa::PublicEncryptingKey;

/// The DER of a SubjectPublicKeyInfo up to the key itself, uncompressed points
/// only (RFC 5480, RFC 8410).
const PREFIXES: [&[u8]; 4] = [
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04",
    b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00\x04",
    b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00\x04",
    b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
];

/// Whether a DER SubjectPublicKeyInfo holds a key of a strong enough kind.
pub(crate) fn is_strong(spki: &[u8]) -> bool {
    PREFIXES.iter().any(|prefix| spki.starts_with(prefix))
        || PublicEncryptingKey::from_der(spki).is_ok()
}
