//! Dialling gRPC servers on Unix sockets. A channel dials again by itself
//! when its connection is lost.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Uri;
use hyper_util::rt::TokioIo;
use model::Millis;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::tls::Outbound;
use crate::unix;

/// From connecting to the end of the TLS handshake.
const CONNECT: Millis = Millis::from_secs(5);
/// The name asked for on a Unix socket, where the path already says it all.
const SERVER_NAME: &str = "postern";

/// A server can't be reached.
#[derive(Debug, thiserror::Error)]
#[error("no gRPC server can be reached on {}: {reason}", path.display())]
pub struct DialError {
    /// The socket.
    pub path: PathBuf,
    /// The innermost reason, in words.
    pub reason: String,
}

/// A channel to a server of this user or root.
///
/// # Errors
/// When the first connection can't be made.
pub async fn dial_unix(path: &Path) -> Result<Channel, DialError> {
    let to = path.to_owned();
    let connect = service_fn(move |_: Uri| {
        let to = to.clone();
        async move { io::Result::Ok(TokioIo::new(unix::connect(&to).await?)) }
    });
    endpoint().connect_with_connector(connect).await.map_err(|error| failed(path, &error))
}

/// A channel under mutual TLS: to one of the servers `tls` expects, each
/// connection with the credentials of its time.
///
/// # Errors
/// When the first connection can't be made; a refused handshake gives its
/// reason.
pub async fn dial_mtls_unix(path: &Path, tls: Arc<Outbound>) -> Result<Channel, DialError> {
    let to = path.to_owned();
    let connect = service_fn(move |_: Uri| {
        let (to, tls) = (to.clone(), Arc::clone(&tls));
        async move {
            let stream = unix::connect(&to).await?;
            let stream = tls.connect(stream, SERVER_NAME, CONNECT).await.map_err(io::Error::other);
            io::Result::Ok(TokioIo::new(stream?))
        }
    });
    endpoint().connect_with_connector(connect).await.map_err(|error| failed(path, &error))
}

fn endpoint() -> Endpoint {
    Endpoint::from(Uri::from_static("http://postern")).connect_timeout(CONNECT.into())
}

fn failed(path: &Path, error: &dyn Error) -> DialError {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    DialError { path: path.to_owned(), reason: innermost.to_string() }
}
