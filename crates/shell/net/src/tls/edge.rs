//! The listening side at the edge: a server certificate for browsers and
//! other clients, who show none themselves. TLS 1.3 only, like everywhere.

use std::sync::Arc;

use model::Millis;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::server::{ServerConfig, ServerConnection};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::error::HandshakeError;
use super::handshake;
use super::provider::provider;
use super::stream::TlsStream;

/// Accepts anonymous clients with one server certificate; cheap to clone.
#[derive(Clone)]
pub struct Edge {
    config: Arc<ServerConfig>,
    certificate_pem: Arc<str>,
}

/// Why there is no edge to accept with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EdgeError {
    /// No certificate could be read.
    #[error("the certificate file holds no readable PEM certificate: {0}")]
    Certificate(String),
    /// No key could be read.
    #[error("the key file holds no readable PEM private key: {0}")]
    Key(String),
    /// They can't be used, for example because they don't belong together.
    #[error("the certificate and key can't be used: {0}")]
    Unusable(String),
    /// No certificate could be made for the names.
    #[error("no certificate can be made for these names: {0}")]
    Names(String),
}

impl Edge {
    /// From PEM texts: the chain, leaf first, and the leaf's key. `alpn` is
    /// what is spoken, best first; a client that offers none is accepted.
    ///
    /// # Errors
    /// [`EdgeError`].
    pub fn from_pem(certificate: &str, key: &str, alpn: &[&[u8]]) -> Result<Self, EdgeError> {
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
        let chain = chain.map_err(|error| EdgeError::Certificate(error.to_string()))?;
        if chain.is_empty() {
            return Err(EdgeError::Certificate("it is empty".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|error| EdgeError::Key(error.to_string()))?;
        let config = config(chain, key, alpn).map_err(|e| EdgeError::Unusable(e.to_string()))?;
        Ok(Self { config: Arc::new(config), certificate_pem: certificate.into() })
    }

    /// With a fresh self-signed certificate for these names or addresses; the
    /// key never leaves memory.
    ///
    /// # Errors
    /// [`EdgeError::Names`] when a name can't stand in a certificate.
    pub fn self_signed(names: &[String], alpn: &[&[u8]]) -> Result<Self, EdgeError> {
        let (certificate, key) =
            make(names).map_err(|error| EdgeError::Names(error.to_string()))?;
        Self::from_pem(&certificate, &key, alpn)
    }

    /// The certificates as given or made, for who wants to trust them.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Takes a connection through the handshake, within the given time.
    ///
    /// # Errors
    /// [`HandshakeError`].
    pub async fn accept<S>(&self, io: S, within: Millis) -> Result<TlsStream<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let session = ServerConnection::new(Arc::clone(&self.config));
        let session = session.map_err(|error| HandshakeError::of(&error))?;
        let mut stream = TlsStream::new(io, session.into());
        handshake::run(&mut stream, within).await?;
        Ok(stream)
    }
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Edge")
    }
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    alpn: &[&[u8]],
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
    Ok(config)
}

fn make(names: &[String]) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "postern edge, self-signed");
    params.distinguished_name = subject;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}
