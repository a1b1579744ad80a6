//! TLS servers that show any certificate, to stand where a door expects
//! another door.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::leaf::Leaf;

/// A server that shows `leaf`, whatever is wrong with it, and speaks `alpn`.
pub fn server_with(leaf: &Leaf, alpn: &[&[u8]]) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Shown(Arc::new(unchecked(leaf)))));
    // What it says unasked goes out with its part of the handshake.
    config.send_half_rtt_data = true;
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    config
}

/// Chain and key as they are: rustls would look whether they fit.
pub(crate) fn unchecked(leaf: &Leaf) -> CertifiedKey {
    let chain = leaf.chain.iter().map(|der| CertificateDer::from(der.clone()));
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf.key.clone()));
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
    CertifiedKey::new(chain.collect(), key)
}

#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
