//! The admin socket as axum takes it: only the owner's processes get through.

use net::unix::{Listener, UnixPeer};
use tokio::net::UnixStream;

/// A bound admin socket.
pub(crate) struct AdminListener(pub(crate) Listener);

impl axum::serve::Listener for AdminListener {
    type Io = UnixStream;
    type Addr = ();

    async fn accept(&mut self) -> (UnixStream, ()) {
        let (stream, UnixPeer { .. }) = self.0.accept().await;
        (stream, ())
    }

    fn local_addr(&self) -> std::io::Result<()> {
        Ok(())
    }
}
