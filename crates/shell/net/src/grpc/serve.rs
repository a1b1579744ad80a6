//! Serving gRPC on a Unix socket. Connections end when the server stops:
//! streams that live for ever must not keep it.

use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use model::{Millis, SpiffeId};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tonic::service::Routes;
use tower::ServiceExt;

use crate::accept::Cap;
use crate::tls::Inbound;
use crate::unix::{Listener, UnixPeer};

/// Who called, as proved by its certificate: a request extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerId(pub SpiffeId);

/// Connections open at once, and streams open at once on one of them.
const CONNECTIONS_MAX: usize = 4096;
const STREAMS_MAX: u32 = 256;
/// One message's header fields, decoded.
const HEADER_BYTES_MAX: u32 = 16 * 1024;
const HANDSHAKE: Millis = Millis::from_secs(10);

/// Serves until `stop` is ready, then closes every connection. Each request
/// carries its caller's [`UnixPeer`] as an extension.
pub async fn serve_unix(listener: Listener, routes: Routes, stop: impl Future<Output = ()>) {
    run(listener, stop, move |stream, peer| converse(stream, routes.clone(), peer)).await;
}

/// Like [`serve_unix`], with a TLS handshake first. Each request carries its
/// caller's [`PeerId`] and [`UnixPeer`] as extensions. A caller that is
/// refused is told by an alert and gets no further.
pub async fn serve_mtls_unix(
    listener: Listener,
    tls: Arc<Inbound>,
    routes: Routes,
    stop: impl Future<Output = ()>,
) {
    run(listener, stop, move |stream, unix| {
        let (tls, routes) = (Arc::clone(&tls), routes.clone());
        async move {
            let Ok(stream) = tls.accept(stream, HANDSHAKE).await else { return };
            let Some(id) = stream.peer().map(|peer| PeerId(peer.id.clone())) else { return };
            converse(stream, routes, Both(id, unix)).await;
        }
    })
    .await;
}

async fn run<F>(
    listener: Listener,
    stop: impl Future<Output = ()>,
    mut serve: impl FnMut(UnixStream, UnixPeer) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let cap = Cap::new(CONNECTIONS_MAX);
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            (stream, peer) = listener.accept() => {
                let Some(slot) = cap.take() else { continue };
                let serving = serve(stream, peer);
                connections.spawn(async move {
                    serving.await;
                    drop(slot);
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// What is known of a caller, put into each of its requests.
trait Caller: Clone + Send + Sync + 'static {
    fn enter(&self, extensions: &mut http::Extensions);
}

impl Caller for UnixPeer {
    fn enter(&self, extensions: &mut http::Extensions) {
        extensions.insert(self.clone());
    }
}

#[derive(Clone)]
struct Both(PeerId, UnixPeer);

impl Caller for Both {
    fn enter(&self, extensions: &mut http::Extensions) {
        extensions.insert(self.0.clone());
        extensions.insert(self.1.clone());
    }
}

async fn converse<S>(stream: S, routes: Routes, caller: impl Caller)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = routes.map_request(move |mut request: http::Request<hyper::body::Incoming>| {
        caller.enter(request.extensions_mut());
        request
    });
    let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    server
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX);
    // How a connection ends is its client's business.
    let _ = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).await;
}
