//! Which cryptography is used: aws-lc-rs, TLS 1.3 suites, the hybrid
//! post-quantum key exchange first. No other version or suite is compiled in.

use std::sync::{Arc, LazyLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    use aws_lc_rs::kx_group::{SECP256R1, X25519, X25519MLKEM768};
    let kx_groups = vec![X25519MLKEM768, X25519, SECP256R1];
    Arc::new(CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() })
});

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::clone(&PROVIDER)
}

/// A chain with its key, checked to belong together.
pub(super) fn certified_key(
    chain: &[Vec<u8>],
    key_pkcs8: &[u8],
) -> Result<CertifiedKey, rustls::Error> {
    let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key_pkcs8.to_vec()));
    CertifiedKey::from_der(chain, key, &PROVIDER)
}

#[cfg(test)]
mod tests {
    use rustls::{NamedGroup, ProtocolVersion};

    use super::*;

    #[test]
    fn the_hybrid_key_exchange_comes_first() {
        let groups: Vec<_> = PROVIDER.kx_groups.iter().map(|group| group.name()).collect();
        assert_eq!(groups.first(), Some(&NamedGroup::X25519MLKEM768));
        assert_eq!(groups.len(), 3);
    }

    #[test]
    fn only_tls_13_suites_are_there() {
        assert!(!PROVIDER.cipher_suites.is_empty());
        for suite in &PROVIDER.cipher_suites {
            assert_eq!(suite.version().version, ProtocolVersion::TLSv1_3);
        }
    }
}
