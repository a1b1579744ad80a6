//! The listening side between doors: every caller shows an X.509-SVID.

use std::sync::Arc;

use identity::Role;
use model::{Clock, Millis};
use rustls::server::{NoServerSessionStorage, ServerConfig, ServerConnection};
use rustls::sign::SingleCertAndKey;
use tokio::io::{AsyncRead, AsyncWrite};

use super::error::HandshakeError;
use super::generation::{Generation, Generations};
use super::handshake;
use super::provider::{certified_key, provider};
use super::stream::TlsStream;
use super::trust::Trust;
use super::verifier::CallerVerifier;
use crate::clock::SystemClock;
use crate::credentials::Credentials;
use crate::swap::Swap;

/// Accepts callers with a proved identity. One per set of listeners that
/// share credentials; shared between threads.
pub struct Inbound {
    alpn: Vec<Vec<u8>>,
    generations: Generations<ServerConfig>,
}

impl Inbound {
    /// An acceptor that speaks the given protocols, best first. A caller that
    /// offers protocols must offer one of them; for one that offers none
    /// [`TlsStream::alpn`] is none, and the door says what that means.
    #[must_use]
    pub fn new(credentials: Arc<Swap<Option<Credentials>>>, alpn: &[&[u8]]) -> Self {
        let alpn = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Self { alpn, generations: Generations::new(credentials, Role::Client) }
    }

    /// Takes a connection through the handshake, within the given time. The
    /// stream's [`TlsStream::peer`] is then known.
    ///
    /// # Errors
    /// [`HandshakeError`], after the peer was told by an alert where that is
    /// possible. `Own` before anything is read, while there are no credentials.
    pub async fn accept<S>(&self, io: S, within: Millis) -> Result<TlsStream<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Arc::clone(&self.present()?.config);
        let session = ServerConnection::new(config).map_err(|e| HandshakeError::of(&e))?;
        let mut stream = TlsStream::new(io, session.into());
        handshake::run(&mut stream, within).await?;
        // Not the generation the handshake began with: what counts is now.
        stream.identify(&self.present()?.trust, SystemClock.now())?;
        Ok(stream)
    }

    fn present(&self) -> Result<Arc<Generation<ServerConfig>>, HandshakeError> {
        self.generations.present(|credentials, trust| self.build(credentials, trust))
    }

    fn build(&self, own: &Credentials, trust: &Arc<Trust>) -> Result<ServerConfig, rustls::Error> {
        let key = certified_key(&own.chain, own.key_pkcs8.expose())?;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(CallerVerifier(Arc::clone(trust))))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        config.alpn_protocols.clone_from(&self.alpn);
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(config)
    }
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inbound")
    }
}
