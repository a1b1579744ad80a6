//! Drives a handshake to its end or to its error, within a time.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use model::Millis;
use tokio::io::{AsyncRead, AsyncWrite};

use super::error::HandshakeError;
use super::lingering;
use super::refusal;
use super::stream::{FillError, TlsStream};

/// Shakes hands. On refusal the peer gets its alert.
pub(super) async fn run<S>(stream: &mut TlsStream<S>, within: Millis) -> Result<(), HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let shaken = tokio::time::timeout(within.into(), poll_fn(|cx| poll_run(stream, cx)));
    let Ok(result) = shaken.await else { return Err(HandshakeError::Timeout) };
    if let Err(error) = &result
        && !matches!(error, HandshakeError::Io(_) | HandshakeError::Alert(_))
    {
        lingering::close(stream).await;
    }
    result
}

fn poll_run<S>(stream: &mut TlsStream<S>, cx: &mut Context<'_>) -> Poll<Result<(), HandshakeError>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        ready!(stream.poll_send(cx)).map_err(HandshakeError::Io)?;
        if !stream.is_handshaking() {
            return Pin::new(stream.io_mut()).poll_flush(cx).map_err(HandshakeError::Io);
        }
        let _stale = refusal::take();
        match ready!(stream.poll_fill(cx)) {
            Ok(0) => {
                return Poll::Ready(Err(HandshakeError::Io(io::ErrorKind::UnexpectedEof.into())));
            }
            Ok(_) => {}
            Err(FillError::Io(error)) => return Poll::Ready(Err(HandshakeError::Io(error))),
            Err(FillError::Tls(error)) => {
                let reason = refusal::take().map(HandshakeError::from);
                return Poll::Ready(Err(reason.unwrap_or_else(|| HandshakeError::of(&error))));
            }
        }
    }
}
