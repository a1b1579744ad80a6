//! The same requests by the `h2` crate, over plain TCP with prior knowledge:
//! what a client says that keeps the rules of HTTP/2 itself.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::ext::Protocol;
use http::{Method, Request, Uri};

use crate::speech::{Asked, Speech};

const PATIENCE: Duration = Duration::from_secs(5);

/// Status, and `grpc-status` wherever it stands.
pub(crate) type Heard = (u16, Option<String>);

pub(crate) fn ask(to: SocketAddr, speech: Speech, asked: &Asked<'_>) -> Result<Heard, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let request = request(speech, asked)?;
    runtime.block_on(async {
        let asking = tokio::time::timeout(PATIENCE, converse(to, speech, request));
        asking.await.unwrap_or_else(|_| Err("silence".to_owned()))
    })
}

fn request(speech: Speech, asked: &Asked<'_>) -> Result<Request<()>, String> {
    let uri = Uri::builder().scheme("http").authority(asked.host).path_and_query(asked.target);
    let uri = uri.build().map_err(|error| format!("{error}: {asked:?}"))?;
    let mut request = Request::builder().uri(uri).method(asked.method);
    match speech {
        Speech::Grpc => {
            request = request.header("content-type", "application/grpc").header("te", "trailers");
        }
        Speech::Http2WebSocket => {
            request = request.method(Method::CONNECT).extension(Protocol::from_static("websocket"));
            request = request.header("sec-websocket-version", "13");
        }
        _ => {}
    }
    request.body(()).map_err(|error| error.to_string())
}

async fn converse(to: SocketAddr, speech: Speech, request: Request<()>) -> Result<Heard, String> {
    let words = |error: h2::Error| error.to_string();
    let stream = tokio::net::TcpStream::connect(to).await.map_err(|error| error.to_string())?;
    let (client, mut connection) = h2::client::handshake(stream).await.map_err(words)?;
    if speech == Speech::Http2WebSocket {
        // It may be asked for once the other side has said so (RFC 8441).
        std::future::poll_fn(|cx| {
            let over = std::pin::Pin::new(&mut connection).poll(cx);
            match client.is_extended_connect_protocol_enabled() {
                true => std::task::Poll::Ready(Ok(())),
                false => over.map(|_| Err("closed before its SETTINGS".to_owned())),
            }
        })
        .await?;
    }
    let driver = tokio::spawn(connection);
    let mut client = client.ready().await.map_err(words)?;
    let ends = speech == Speech::Http2;
    let (answer, mut body) = client.send_request(request, ends).map_err(words)?;
    if speech == Speech::Grpc {
        body.send_data(Bytes::from_static(&[0; 5]), true).map_err(words)?;
    }
    let (head, mut rest) = answer.await.map_err(words)?.into_parts();
    let grpc = |fields: &http::HeaderMap| {
        fields.get("grpc-status").and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let mut told = grpc(&head.headers);
    if speech != Speech::Http2WebSocket {
        while let Some(more) = rest.data().await {
            let count = more.map_err(words)?.len();
            rest.flow_control().release_capacity(count).map_err(words)?;
        }
        let trailers = rest.trailers().await.map_err(words)?;
        told = told.or_else(|| trailers.as_ref().and_then(grpc));
    }
    driver.abort();
    Ok((head.status.as_u16(), told))
}
