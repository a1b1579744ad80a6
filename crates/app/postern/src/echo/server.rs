//! The HTTP side of `echo`: read the request, call onward, answer with both. A
//! gRPC call, of whatever method and shape, gets its own messages back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming as Body;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::answer::{Answer, Called, all_headers, header, lossy};
use super::onward::{Incoming, onward};
use super::pool::Pool;
use super::target::Call;

const BODY_BYTES_MAX: usize = 8 << 20;
const BODY_SHOWN_MAX: usize = 4 << 10;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// One echo service: its name, its onward calls and their connections.
pub(super) struct Service {
    name: String,
    calls: Vec<Call>,
    delay: Duration,
    pool: Pool,
}

impl Service {
    /// A service without open connections.
    pub(super) fn new(name: String, calls: Vec<Call>, delay: Duration) -> Self {
        Self { name, calls, delay, pool: Pool::default() }
    }

    /// What it calls itself.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    async fn answer(&self, request: Request<Body>) -> Response<Reply> {
        let kind = request.headers().get(CONTENT_TYPE).cloned();
        if let Some(kind) = kind.filter(|kind| kind.as_bytes().starts_with(b"application/grpc")) {
            return echo_call(request.into_body(), kind);
        }
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
            return reply(
                StatusCode::PAYLOAD_TOO_LARGE,
                b"{\"error\":\"body broken or too large\"}\n",
            );
        };
        let body = body.to_bytes();
        tokio::time::sleep(self.delay).await;
        let called = self.call_all(&head, &body).await;
        let good = called.iter().all(Called::succeeded);
        let status = if good { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
        reply(status, &self.render(&head, &body, called))
    }

    async fn call_all(&self, head: &Parts, body: &Bytes) -> Vec<Called> {
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let incoming = Incoming {
            method: head.method.as_str(),
            path: head.uri.path_and_query().map_or("/", |path| path.as_str()),
            traceparent: text("traceparent"),
            content_type: text("content-type"),
            body,
        };
        let mut called = Vec::with_capacity(self.calls.len());
        for call in &self.calls {
            called.push(onward(call, &incoming, &self.pool).await);
        }
        called
    }

    fn render(&self, head: &Parts, body: &Bytes, called: Vec<Called>) -> Vec<u8> {
        let answer = Answer {
            service: &self.name,
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query(),
            caller: header(&head.headers, "postern-caller"),
            forwarded_client_cert: header(&head.headers, "x-forwarded-client-cert"),
            traceparent: header(&head.headers, "traceparent"),
            headers: all_headers(&head.headers),
            body: lossy(body.get(..BODY_SHOWN_MAX).unwrap_or(body)),
            body_bytes: body.len(),
            called,
        };
        let mut text = serde_json::to_vec_pretty(&answer).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

/// A body that is there, or that comes as the request's does.
type Reply = BoxBody<Bytes, hyper::Error>;

fn reply(status: StatusCode, body: &[u8]) -> Response<Reply> {
    let body = Full::new(Bytes::copy_from_slice(body)).map_err(|never| match never {});
    let mut response = Response::new(body.boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Every message back as it comes, then the status OK.
fn echo_call(body: Body, kind: HeaderValue) -> Response<Reply> {
    let status = async {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        Some(Ok(trailers))
    };
    let mut response = Response::new(body.with_trailers(status).boxed());
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// HTTP/2 by prior knowledge begins like this (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// Whether the first bytes, which stay where they are, begin HTTP/2.
async fn begins_http2(stream: &TcpStream) -> bool {
    let mut seen = [0_u8; PREFACE.len()];
    for _ in 0..200 {
        match stream.peek(&mut seen).await {
            Ok(count @ 1..) if seen.get(..count) == Some(PREFACE) => return true,
            Ok(count @ 1..) if seen.get(..count).is_some_and(|s| PREFACE.starts_with(s)) => {
                // More of it is about to come.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            _ => return false,
        }
    }
    false
}

/// Answers every connection of `listener`, until aborted.
pub(super) async fn serve(listener: TcpListener, service: Arc<Service>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let answer = service_fn(|request| {
                let service = Arc::clone(&service);
                async move { Ok::<_, std::convert::Infallible>(service.answer(request).await) }
            });
            if begins_http2(&stream).await {
                let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            } else {
                let _ = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .half_close(true)
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    async fn start(name: &str, call: Option<String>) -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = call.iter().map(|call| call.parse().unwrap()).collect();
        let service = Service::new(name.to_owned(), calls, Duration::ZERO);
        tokio::spawn(serve(listener, Arc::new(service)));
        address
    }

    async fn ask(address: std::net::SocketAddr, request: &str) -> (String, serde_json::Value) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), serde_json::from_str(body).unwrap())
    }

    #[tokio::test]
    async fn it_tells_what_it_saw_and_what_the_next_one_saw() {
        let second = start("orders", None).await;
        let first = start("web", Some(format!("http://{second}"))).await;
        let (head, seen) = ask(
            first,
            "POST /v1/a?b=c HTTP/1.1\r\nhost: x\r\npostern-caller: spiffe://m/a\r\n\
             traceparent: 00-t\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi",
        )
        .await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(seen["caller"], "spiffe://m/a");
        assert_eq!((&seen["method"], &seen["query"]), (&"POST".into(), &"b=c".into()));
        let next = &seen["called"][0]["answer"];
        assert_eq!((&next["service"], &next["path"]), (&"orders".into(), &"/v1/a".into()));
        assert_eq!((&next["body"], &next["traceparent"]), (&"hi".into(), &"00-t".into()));
        assert_eq!(next["caller"], serde_json::Value::Null);
    }

    #[tokio::test]
    async fn a_failed_onward_call_shows_in_status_and_answer() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = gone.local_addr().unwrap();
        drop(gone);
        let first = start("web", Some(format!("http://{address}"))).await;
        let (head, seen) =
            ask(first, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 502"), "{head}");
        assert!(seen["called"][0]["error"].as_str().unwrap().contains("refused"));
    }
}
