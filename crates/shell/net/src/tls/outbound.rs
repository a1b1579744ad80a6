//! The calling side between doors: shows its own X.509-SVID and talks only to
//! servers it expects.

use std::sync::Arc;

use identity::Role;
use model::{Clock, Millis, SpiffeId};
use rustls::client::{ClientConfig, ClientConnection, Resumption};
use rustls::sign::SingleCertAndKey;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};

use super::error::HandshakeError;
use super::generation::{Generation, Generations};
use super::handshake;
use super::provider::{certified_key, provider};
use super::stream::TlsStream;
use super::trust::Trust;
use super::verifier::{CalleeVerifier, expect};
use crate::clock::SystemClock;
use crate::credentials::Credentials;
use crate::swap::Swap;

/// Sessions kept for resumption: a few tickets for a few names.
const SESSIONS: usize = 64;

/// Connects to the servers of one service. Sessions are resumed only through
/// the same value, so keep one per set of expected servers, or one per
/// instance where each has its own ticket key; shared between threads.
pub struct Outbound {
    expected: Arc<[SpiffeId]>,
    alpn: Vec<Vec<u8>>,
    generations: Generations<ClientConfig>,
}

impl Outbound {
    /// A connector that accepts exactly the `expected` servers (none when
    /// empty) and offers the given protocols, best first.
    #[must_use]
    pub fn new(
        credentials: Arc<Swap<Option<Credentials>>>,
        expected: &[SpiffeId],
        alpn: &[&[u8]],
    ) -> Self {
        let alpn = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        let generations = Generations::new(credentials, Role::Server);
        Self { expected: expected.into(), alpn, generations }
    }

    /// Whom this connector talks to.
    #[must_use]
    pub fn expected(&self) -> &[SpiffeId] {
        &self.expected
    }

    /// Takes a connection through the handshake, within the given time. No
    /// byte of the application is sent before the server's identity is
    /// verified. Under TLS 1.3 the server judges our certificate after this
    /// returns: its refusal is a [`super::PeerAlert`] on the first read.
    ///
    /// # Errors
    /// [`HandshakeError`]; `Own` while there are no credentials.
    pub async fn connect<S>(
        &self,
        io: S,
        sni: &str,
        within: Millis,
    ) -> Result<TlsStream<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Arc::clone(&self.present()?.config);
        let name = ServerName::try_from(sni.to_owned())
            .map_err(|_| HandshakeError::Own(format!("`{sni}` can't be a server name (SNI)")))?;
        let session = ClientConnection::new(config, name).map_err(|e| HandshakeError::of(&e))?;
        let mut stream = TlsStream::new(io, session.into());
        handshake::run(&mut stream, within).await?;
        if stream.alpn().is_none() {
            let text = "the peer names no application protocol (ALPN)";
            return Err(HandshakeError::Protocol(text.to_owned()));
        }
        // Not the generation the handshake began with: what counts is now.
        let peer = stream.identify(&self.present()?.trust, SystemClock.now())?;
        expect(&self.expected, peer)?;
        Ok(stream)
    }

    #[cfg(test)]
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, HandshakeError> {
        self.present().map(|generation| Arc::clone(&generation.config))
    }

    fn present(&self) -> Result<Arc<Generation<ClientConfig>>, HandshakeError> {
        self.generations.present(|credentials, trust| self.build(credentials, trust))
    }

    fn build(&self, own: &Credentials, trust: &Arc<Trust>) -> Result<ClientConfig, rustls::Error> {
        let key = certified_key(&own.chain, own.key_pkcs8.expose())?;
        let (trust, expected) = (Arc::clone(trust), Arc::clone(&self.expected));
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(CalleeVerifier { trust, expected }))
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        config.alpn_protocols.clone_from(&self.alpn);
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        Ok(config)
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outbound({:?})", self.expected)
    }
}
