//! One HTTP request over a Unix socket: how the command line talks to the
//! admin API.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;

use crate::unix;

/// The largest answer taken in, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024 * 1024;

/// An answer, with its whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Nobody listens there.
    #[error("nothing answers on {}", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The request can't be written down.
    #[error("`{0}` can't be asked for")]
    Request(String),
    /// The exchange broke off.
    #[error("the connection to {} broke off", path.display())]
    Broken {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Sends one request with an optional JSON body and waits for the answer. Set
/// a timeout around it where one is wanted.
///
/// # Errors
/// [`RequestError`]; an answer with an error status is an answer.
pub async fn request_unix(
    path: &Path,
    method: Method,
    uri: &str,
    json: Option<Vec<u8>>,
) -> Result<Answer, RequestError> {
    let request = request(method, uri, json)?;
    let stream = unix::connect(path)
        .await
        .map_err(|source| RequestError::Connect { path: path.to_owned(), source })?;
    exchange(stream, request)
        .await
        .map_err(|source| RequestError::Broken { path: path.to_owned(), source })
}

fn request(
    method: Method,
    uri: &str,
    json: Option<Vec<u8>>,
) -> Result<Request<Full<Bytes>>, RequestError> {
    let bad = || RequestError::Request(uri.to_owned());
    let uri: Uri = uri.parse().map_err(|_| bad())?;
    let mut request = Request::builder().method(method).uri(uri).header(header::HOST, "postern");
    if json.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    request.body(Full::new(json.unwrap_or_default().into())).map_err(|_| bad())
}

async fn exchange(
    stream: tokio::net::UnixStream,
    request: Request<Full<Bytes>>,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let io = TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await?.to_bytes();
        Ok(Answer { status, body })
    };
    // The connection only moves while it is polled; its own end is not ours.
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        _ended = connection => answer.await,
    }
}

#[cfg(test)]
mod tests {
    use hyper::service::service_fn;

    use super::*;
    use crate::testdir::TestDir;
    use crate::unix::{Access, Listener};

    async fn echo(
        request: Request<hyper::body::Incoming>,
    ) -> Result<http::Response<Full<Bytes>>, hyper::Error> {
        let head = format!("{} {} ", request.method(), request.uri());
        let body = request.into_body().collect().await?.to_bytes();
        let mut answer = http::Response::new(Full::new([head.as_bytes(), &body].concat().into()));
        *answer.status_mut() = StatusCode::ACCEPTED;
        Ok(answer)
    }

    fn serve(listener: Listener) {
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await;
            let server = hyper::server::conn::http1::Builder::new();
            server.serve_connection(TokioIo::new(stream), service_fn(echo)).await
        });
    }

    #[tokio::test]
    async fn a_request_is_answered() {
        let dir = TestDir::new();
        let path = dir.path().join("admin.sock");
        serve(Listener::bind(&path, Access::Owner).unwrap());
        let answer = request_unix(&path, Method::POST, "/v1/x?y=1", Some(b"{}".to_vec())).await;
        let body = Bytes::from_static(b"POST /v1/x?y=1 {}");
        assert_eq!(answer.unwrap(), Answer { status: StatusCode::ACCEPTED, body });
    }

    #[tokio::test]
    async fn a_socket_without_a_listener_is_said_to_be_silent() {
        let path = Path::new("/nowhere/admin.sock");
        let error = request_unix(path, Method::GET, "/", None).await.unwrap_err();
        assert_eq!(error.to_string(), "nothing answers on /nowhere/admin.sock");
    }

    #[tokio::test]
    async fn a_server_that_hangs_up_is_an_error() {
        let dir = TestDir::new();
        let path = dir.path().join("admin.sock");
        let listener = Listener::bind(&path, Access::Owner).unwrap();
        tokio::spawn(async move { drop(listener.accept().await) });
        let error = request_unix(&path, Method::GET, "/", None).await.unwrap_err();
        assert!(matches!(error, RequestError::Broken { .. }), "{error:?}");
    }
}
