//! A TLS connection as a tokio stream: rustls driven over any byte stream.
//!
//! Reading copies what was decrypted into the caller's buffer. Writing encrypts at once and
//! sends when enough has gathered, on flush, or before waiting for an answer.
//! An end without close_notify is an error, never an end of file.

use std::io::{self, BufRead, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use identity::{Bundles, Peer, PeerRefused, Role};
use model::Timestamp;
use rustls::{Connection, Error, HandshakeKind};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::error::{HandshakeError, alert_name};
use super::pipe::{PollReader, PollWriter};
use super::trust::Trust;

/// Encrypted bytes gathered before they are sent without a flush: about one
/// full record.
const GATHER: usize = 16 * 1024;

/// A TLS connection whose handshake is done.
///
/// Reads end with `Ok(0)` only when the peer said so (close_notify); a
/// connection that just ends yields [`io::ErrorKind::UnexpectedEof`], which
/// means truncated. Shutting down sends close_notify and closes the writing
/// half; reading goes on.
pub struct TlsStream<S> {
    io: S,
    session: Connection,
    peer: Option<Peer>,
    /// Bytes encrypted since everything was last sent.
    gathered: usize,
}

/// The peer ended the connection with a fatal alert; under TLS 1.3 this is
/// also how a server refuses a client's certificate. Inside the
/// [`io::Error`] of kind `ConnectionAborted` that reading returns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the peer ended the connection with the alert {0}")]
pub struct PeerAlert(
    /// The alert's name as in RFC 8446, section 6.
    pub String,
);

impl<S> TlsStream<S> {
    pub(super) const fn new(io: S, session: Connection) -> Self {
        Self { io, session, peer: None, gathered: 0 }
    }

    /// The identity the peer proved; none at the edge, where clients show no
    /// certificate.
    #[must_use]
    pub const fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// The server name the client asked for; none on the client's side.
    #[must_use]
    pub fn sni(&self) -> Option<&str> {
        match &self.session {
            Connection::Server(session) => session.server_name(),
            Connection::Client(_) => None,
        }
    }

    /// The application protocol agreed upon.
    #[must_use]
    pub fn alpn(&self) -> Option<&[u8]> {
        self.session.alpn_protocol()
    }

    /// Whether an earlier session was resumed.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.session.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// The key exchange agreed upon, for metrics and tests.
    #[must_use]
    pub fn key_exchange(&self) -> Option<rustls::NamedGroup> {
        self.session.negotiated_key_exchange_group().map(rustls::crypto::SupportedKxGroup::name)
    }

    /// The peer's certificates, DER, leaf first.
    pub fn peer_chain(&self) -> impl Iterator<Item = &[u8]> {
        self.session.peer_certificates().unwrap_or_default().iter().map(AsRef::as_ref)
    }

    /// The stream below, for its addresses and descriptor.
    pub const fn get_ref(&self) -> &S {
        &self.io
    }

    /// Verifies the peer's chain again, as it was shown or restored with the
    /// session, against these bundles at this time: for connections that are
    /// open when bundles change or certificates expire.
    ///
    /// # Errors
    /// What `identity::verify` holds against it; a peer without certificates
    /// is refused as one with an empty chain.
    pub fn recheck(&self, bundles: &Bundles, now: Timestamp) -> Result<Peer, PeerRefused> {
        let chain = self.session.peer_certificates().unwrap_or_default();
        identity::verify(chain, bundles, self.peers_role(), now)
    }

    const fn peers_role(&self) -> Role {
        match self.session {
            Connection::Server(_) => Role::Client,
            Connection::Client(_) => Role::Server,
        }
    }

    /// Establishes who the peer is. After a full handshake this finds what
    /// the verifier found; after a resumed one nobody has looked yet.
    pub(super) fn identify(
        &mut self,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<&Peer, HandshakeError> {
        let chain = self.session.peer_certificates().unwrap_or_default();
        let peer = trust.peer(chain, now).map_err(HandshakeError::Refused)?;
        Ok(self.peer.insert(peer))
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }
}

/// What can go wrong while bytes are taken in.
pub(super) enum FillError {
    Io(io::Error),
    Tls(Error),
}

impl From<FillError> for io::Error {
    fn from(error: FillError) -> Self {
        match error {
            FillError::Io(error) => error,
            FillError::Tls(Error::AlertReceived(alert)) => {
                Self::new(io::ErrorKind::ConnectionAborted, PeerAlert(alert_name(alert)))
            }
            FillError::Tls(error) => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    /// Takes in what the connection has, once; 0 is its end.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, FillError>> {
        // rustls takes 4 KiB at a time. Reading more at once through a buffer
        // of our own was measured: the copy costs what the calls save.
        let mut reader = PollReader { io: &mut self.io, cx };
        let count = match self.session.read_tls(&mut reader) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            Err(error) => return Poll::Ready(Err(FillError::Io(error))),
        };
        match self.session.process_new_packets() {
            Ok(_) => Poll::Ready(Ok(count)),
            Err(error) => {
                // The alert that says why, as far as it goes without waiting.
                let _ = self.poll_send(cx);
                Poll::Ready(Err(FillError::Tls(error)))
            }
        }
    }

    /// Sends everything that is encrypted.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.session.wants_write() {
            let mut writer = PollWriter { io: &mut self.io, cx: &mut *cx };
            match self.session.write_tls(&mut writer) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        self.gathered = 0;
        Poll::Ready(Ok(()))
    }

    /// The stream below, when nothing is to be said in TLS any more.
    pub(super) const fn io_mut(&mut self) -> &mut S {
        &mut self.io
    }

    fn poll_encrypt(
        &mut self,
        cx: &mut Context<'_>,
        encrypt: impl FnOnce(&mut rustls::Writer<'_>) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if self.gathered >= GATHER {
            ready!(self.poll_send(cx))?;
        }
        let count = encrypt(&mut self.session.writer())?;
        self.gathered = self.gathered.saturating_add(count);
        if self.gathered >= GATHER
            && let Poll::Ready(Err(error)) = self.poll_send(cx)
        {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(count))
    }
}

/// Moves what is decrypted into `buf`, from several records if they are there.
/// `Ok` without a byte is the end; nothing there yet is `WouldBlock`.
fn take_plaintext(session: &mut Connection, buf: &mut ReadBuf<'_>) -> io::Result<()> {
    let before = buf.filled().len();
    let mut reader = session.reader();
    while buf.remaining() > 0 {
        match reader.fill_buf() {
            Ok(chunk) => {
                let count = chunk.len().min(buf.remaining());
                buf.put_slice(chunk.get(..count).unwrap_or_default());
                reader.consume(count);
                if count == 0 {
                    break;
                }
            }
            // Told again at the next read, when nothing comes before it.
            Err(_) if buf.filled().len() > before => break,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let text = "the connection ended without close_notify";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match take_plaintext(&mut this.session, buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                taken => return Poll::Ready(taken),
            }
            let filled = this.poll_fill(cx);
            // Before waiting for the peer, whatever it may be waiting for
            // goes out: a forgotten flush, an answer to a key update.
            if this.session.wants_write()
                && let Poll::Ready(Err(error)) = this.poll_send(cx)
            {
                return Poll::Ready(Err(error));
            }
            ready!(filled)?;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_encrypt(cx, |writer| writer.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_encrypt(cx, |writer| writer.write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Says it once, however often it is called.
        this.session.send_close_notify();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

impl<S> std::fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsStream").field("peer", &self.peer).finish_non_exhaustive()
    }
}
