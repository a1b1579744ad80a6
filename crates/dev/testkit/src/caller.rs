//! Callers that send raw bytes, over mTLS with any certificate or over plain
//! TCP, and hear what comes back until the other side has said all.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use crate::leaf::Leaf;

const PATIENCE: Duration = Duration::from_secs(5);

/// An open connection under test.
pub trait Conversation: Read + Write + Send {
    /// Everything until the other side closes, or is silent for too long
    /// (then the flag is false).
    fn hear_out(&mut self) -> (Vec<u8>, bool) {
        let (mut all, mut buffer) = (Vec::new(), [0_u8; 16 * 1024]);
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return (all, true),
                Ok(count) => all.extend_from_slice(&buffer[..count]),
                Err(error) => {
                    let silent = matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    );
                    return (all, !silent);
                }
            }
        }
    }

    /// One response: its head and as many body bytes as it announces.
    fn hear_response(&mut self) -> String {
        let (mut all, mut byte) = (Vec::new(), [0_u8; 1]);
        while !all.ends_with(b"\r\n\r\n") {
            match self.read(&mut byte) {
                Ok(1) => all.push(byte[0]),
                _ => return String::from_utf8_lossy(&all).into_owned(),
            }
        }
        let head = String::from_utf8_lossy(&all).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0_u8; length];
        let _short = self.read_exact(&mut body);
        all.extend_from_slice(&body);
        String::from_utf8_lossy(&all).into_owned()
    }
}

impl Conversation for TcpStream {}
impl Conversation for StreamOwned<ClientConnection, TcpStream> {}

/// A plain connection with a patience of five seconds.
pub fn dial_plain(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Who calls over TLS, and how.
#[derive(Clone)]
pub struct Caller {
    pub leaf: Option<Leaf>,
    pub sni: String,
    pub alpn: Vec<Vec<u8>>,
}

impl Caller {
    /// Shows `leaf` and asks for a server name with HTTP/1.1.
    pub fn with(leaf: Leaf, sni: &str) -> Self {
        Self { leaf: Some(leaf), sni: sni.to_owned(), alpn: vec![b"http/1.1".to_vec()] }
    }

    /// Connects and finishes the handshake; in TLS 1.3 the server's opinion of
    /// our certificate may only come with the first read.
    pub fn dial(&self, to: SocketAddr) -> StreamOwned<ClientConnection, TcpStream> {
        let config = Arc::new(self.config());
        let name = ServerName::try_from(self.sni.clone()).unwrap();
        let session = ClientConnection::new(config, name).unwrap();
        let mut stream = StreamOwned::new(session, dial_plain(to));
        while stream.conn.is_handshaking() {
            if stream.conn.complete_io(&mut stream.sock).is_err() {
                break;
            }
        }
        stream
    }

    fn config(&self) -> ClientConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone));
        let mut config = match &self.leaf {
            None => builder.with_no_client_auth(),
            Some(leaf) => {
                let chain = leaf.chain.iter().map(|der| CertificateDer::from(der.clone()));
                let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf.key.clone()));
                builder.with_client_auth_cert(chain.collect(), key).unwrap()
            }
        };
        config.alpn_protocols.clone_from(&self.alpn);
        config
    }
}

/// Trusts every server: these callers test the server's side.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
