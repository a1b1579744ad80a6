//! From the listening socket to connections whose peer the kernel has named.
//! A connection whose peer it can't name is closed without a word.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use host::PeerProcess;
use net::unix::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tonic::transport::server::Connected;

use crate::authority::Mender;
use crate::peer::Peer;
use crate::places::{Place, Places};

/// Connections one user may hold open; a process needs one.
const CONNECTIONS_PER_USER_MAX: usize = 256;

/// A connection and the process that made it.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: UnixStream,
    mender: Mender,
    peer: Peer,
    _place: Place,
}

/// The connections that come in, for as long as the stream is polled.
pub(crate) fn connections(listener: Listener) -> impl Stream<Item = io::Result<Connection>> {
    let places = Places::new(CONNECTIONS_PER_USER_MAX);
    futures_util::stream::unfold((listener, places), async |(listener, places)| {
        let connection = next(&listener, &places).await;
        Some((Ok(connection), (listener, places)))
    })
}

async fn next(listener: &Listener, places: &Places) -> Connection {
    loop {
        let (stream, _) = listener.accept().await;
        if let Some(connection) = identify(stream, places) {
            return connection;
        }
    }
}

fn identify(stream: UnixStream, places: &Places) -> Option<Connection> {
    let process = PeerProcess::of(&stream).ok()?;
    let place = places.take(process.uid())?;
    let peer = Peer::new(process).ok()?;
    Some(Connection { stream, mender: Mender::default(), peer, _place: place })
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some(new) = buf.filled_mut().get_mut(before..) {
            self.mender.mend(new);
        }
        polled
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
