//! One byte stream, whichever way it came: plain TCP beside the app, TLS
//! between doors and at the edge.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use net::tls::TlsStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection's bytes.
pub(crate) enum Stream {
    /// To and from an app on this host.
    Plain(TcpStream),
    /// Boxed: a TLS session is large and lives as long as its connection.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Has the connection end by a reset where its end says nothing else: a
    /// plain stream's ordinary end reads like the end of a whole answer. TLS
    /// shows a cut by the close_notify that is missing.
    pub(crate) fn end_rudely(&self) {
        if let Self::Plain(stream) = self {
            // A stream that can't be set so is broken already.
            let _broken = stream.set_zero_linger();
        }
    }

    /// Whether the other side has said something already. An end is nothing
    /// said: whoever reads next finds it.
    pub(crate) fn has_spoken(&mut self, cx: &mut Context<'_>) -> bool {
        let mut byte = [0_u8; 1];
        let mut buf = ReadBuf::new(&mut byte);
        Pin::new(self).poll_read(cx, &mut buf).is_ready() && !buf.filled().is_empty()
    }

    /// Whether an idle connection is still of use: open, and silent. A peer
    /// that said something before being asked is not to be trusted with the
    /// next request.
    pub(crate) fn is_quiet(&mut self, cx: &mut Context<'_>) -> bool {
        let mut byte = [0_u8; 1];
        let mut buf = ReadBuf::new(&mut byte);
        Pin::new(self).poll_read(cx, &mut buf).is_pending()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}
