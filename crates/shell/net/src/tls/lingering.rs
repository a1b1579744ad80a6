//! Closing a connection so that the peer learns why.
//!
//! A socket closed with unread bytes in it is reset, and a reset makes the
//! peer's kernel throw away the alert that came before it. So what the peer
//! still had to say is read and dropped, briefly and not too much of it.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::stream::TlsStream;

/// Enough for a client's last flight and what it sent right behind it.
const BYTES_MAX: usize = 64 * 1024;
/// A peer that follows the protocol closes as soon as it sees the alert.
const TIME_MAX: Duration = Duration::from_millis(250);

/// Sends what is to be sent, closes the writing half and waits for the peer
/// to do the same. Errors don't matter any more.
pub(super) async fn close<S>(stream: &mut TlsStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _ = tokio::time::timeout(TIME_MAX, async {
        std::future::poll_fn(|cx| stream.poll_send(cx)).await?;
        let io = stream.io_mut();
        io.shutdown().await?;
        let (mut sink, mut left) = ([0; 1024], BYTES_MAX);
        while left > 0 {
            match io.read(&mut sink).await? {
                0 => break,
                count => left = left.saturating_sub(count),
            }
        }
        std::io::Result::Ok(())
    })
    .await;
}
