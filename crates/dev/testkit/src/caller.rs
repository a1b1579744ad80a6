//! Callers that send raw bytes, over mTLS with any certificate or over plain
//! TCP, and hear what comes back until the other side has said all.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    StreamOwned,
};
use socket2::{Domain, Socket, Type};

use crate::leaf::Leaf;
use crate::server::unchecked;

const PATIENCE: Duration = Duration::from_secs(5);

/// An open connection under test.
pub trait Conversation: Read + Write + Send {
    /// The next bytes; none when the other side has closed; an error when it
    /// is silent for too long. Writes nothing: what couldn't be written to a
    /// side that has closed already doesn't keep its last words from us.
    fn hear_some(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Silent> {
        match self.read(buffer) {
            Ok(0) => Ok(None),
            Ok(count) => Ok(Some(count)),
            Err(error) if is_silence(&error) => Err(Silent),
            Err(_) => Ok(None),
        }
    }

    /// Everything until the other side closes, or is silent for too long
    /// (then the flag is false).
    fn hear_out(&mut self) -> (Vec<u8>, bool) {
        let (mut all, mut buffer) = (Vec::new(), [0_u8; 16 * 1024]);
        loop {
            match self.hear_some(&mut buffer) {
                Ok(Some(count)) => all.extend_from_slice(&buffer[..count]),
                Ok(None) => return (all, true),
                Err(Silent) => return (all, false),
            }
        }
    }

    /// One response: its head and as many body bytes as it announces.
    fn hear_response(&mut self) -> String {
        let mut all = self.hear_head();
        let head = all.to_ascii_lowercase();
        let has_none = head.starts_with("http/1.1 304") || head.starts_with("http/1.1 204");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.filter(|_| !has_none).and_then(|length| length.parse().ok());
        let mut body = vec![0_u8; length.unwrap_or(0)];
        let _short = self.read_exact(&mut body);
        all.push_str(&String::from_utf8_lossy(&body));
        all
    }

    /// One response's head alone, as after a HEAD.
    fn hear_head(&mut self) -> String {
        let (mut all, mut byte) = (Vec::new(), [0_u8; 1]);
        while !all.ends_with(b"\r\n\r\n") && matches!(self.read(&mut byte), Ok(1)) {
            all.push(byte[0]);
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// The other side has said nothing for too long.
#[derive(Debug)]
pub struct Silent;

impl Conversation for TcpStream {}
impl Conversation for StreamOwned<ClientConnection, TcpStream> {
    fn hear_some(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Silent> {
        loop {
            match self.conn.reader().read(buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => return Ok(Some(count)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    match self.conn.read_tls(&mut self.sock) {
                        Ok(1..) if self.conn.process_new_packets().is_ok() => {}
                        Err(error) if is_silence(&error) => return Err(Silent),
                        _ => return Ok(None),
                    }
                }
                Err(_) => return Ok(None),
            }
        }
    }
}

fn is_silence(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

static CALLERS: AtomicU32 = AtomicU32::new(1);

/// A plain connection with a patience of five seconds. Each comes from an
/// address of its own, so that access lines can be told apart.
pub fn dial_plain(to: SocketAddr) -> TcpStream {
    let [_, a, b, c] = CALLERS.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 64 | a, b, c], 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let stream = TcpStream::from(socket);
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
        self.dial_as(config, to)
    }

    /// The same with a configuration that outlives the connection, as
    /// resuming a session needs.
    pub fn dial_as(
        &self,
        mut config: Arc<ClientConfig>,
        to: SocketAddr,
    ) -> StreamOwned<ClientConnection, TcpStream> {
        // Without a name an address stands in, which is never sent.
        let name = match self.sni.as_str() {
            "" => ServerName::IpAddress(std::net::IpAddr::from(Ipv4Addr::LOCALHOST).into()),
            sni => ServerName::try_from(sni.to_owned()).unwrap(),
        };
        if self.sni.is_empty() {
            Arc::make_mut(&mut config).enable_sni = false;
        }
        let session = ClientConnection::new(config, name).unwrap();
        let mut stream = StreamOwned::new(session, dial_plain(to));
        while stream.conn.is_handshaking() {
            if stream.conn.complete_io(&mut stream.sock).is_err() {
                break;
            }
        }
        stream
    }

    /// Connects, sends `request` if it comes to that, and hears what becomes of
    /// both.
    pub fn knock(&self, to: SocketAddr, request: &[u8]) -> Heard {
        let mut stream = self.dial(to);
        let mut heard = Heard { from: stream.sock.local_addr().unwrap(), ..Heard::default() };
        let _refused = stream.conn.writer().write_all(request);
        let mut buffer = [0_u8; 16 * 1024];
        loop {
            while stream.conn.wants_write()
                && matches!(stream.conn.write_tls(&mut stream.sock), Ok(1..))
            {}
            match stream.conn.process_new_packets() {
                Err(rustls::Error::AlertReceived(alert)) => heard.alert = Some(alert),
                Err(_) => return heard,
                Ok(_) => {}
            }
            match stream.conn.reader().read(&mut buffer) {
                Ok(count @ 1..) => heard.answer.extend_from_slice(&buffer[..count]),
                Ok(0) => return heard,
                Err(_) if heard.is_enough() => return heard,
                Err(_) => match stream.conn.read_tls(&mut stream.sock) {
                    Ok(1..) => {}
                    Ok(0) => return heard,
                    Err(error) => {
                        heard.silent = is_silence(&error);
                        return heard;
                    }
                },
            }
        }
    }

    /// How it greets and what it shows.
    pub fn config(&self) -> ClientConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone));
        let mut config = match &self.leaf {
            None => builder.with_no_client_auth(),
            Some(leaf) => {
                builder.with_client_cert_resolver(Arc::new(Shown(Arc::new(unchecked(leaf)))))
            }
        };
        config.alpn_protocols.clone_from(&self.alpn);
        config
    }
}

/// What came back to a caller.
#[derive(Debug)]
pub struct Heard {
    /// How access lines call it.
    pub from: SocketAddr,
    /// The alert the other side ended with.
    pub alert: Option<AlertDescription>,
    /// What it said inside of TLS.
    pub answer: Vec<u8>,
    /// It neither answered nor closed.
    pub silent: bool,
}

impl Default for Heard {
    fn default() -> Self {
        let from = SocketAddr::from(([0, 0, 0, 0], 0));
        Self { from, alert: None, answer: Vec::new(), silent: false }
    }
}

impl Heard {
    /// The head and a body of five bytes: `hello`.
    fn is_enough(&self) -> bool {
        self.alert.is_some() || self.answer.ends_with(b"\r\n\r\nhello")
    }
}

/// Shows a certificate whatever is wrong with it.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
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
