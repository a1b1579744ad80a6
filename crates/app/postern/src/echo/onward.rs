//! One onward call, over HTTP or TCP, and what came of it. A failure is an
//! answer here, never an error.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::header::{CONTENT_TYPE, HOST};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::answer::{Called, body_value, header, lossy};
use super::pool::Pool;
use super::resolve::{Way, resolve};
use super::target::{Call, Scheme};

const CALL_TIME: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: usize = 8 << 20;
const LINE_BYTES_MAX: u64 = 64 << 10;

/// The parts of the incoming request that an onward call may follow.
pub(super) struct Incoming<'a> {
    pub(super) method: &'a str,
    /// Path and query.
    pub(super) path: &'a str,
    pub(super) traceparent: Option<&'a str>,
    pub(super) content_type: Option<&'a str>,
    pub(super) body: &'a Bytes,
}

/// Makes `call` and tells what came of it.
pub(super) async fn onward(call: &Call, incoming: &Incoming<'_>, pool: &Pool) -> Called {
    let work = async {
        let way = resolve(call, |name| std::env::var(name).ok())?;
        match (call.scheme, way) {
            (Scheme::Tcp, Way::Direct(address) | Way::Proxy(address)) => {
                over_tcp(call, incoming, address).await
            }
            (Scheme::Http, way) => over_http(call, incoming, way, pool).await,
        }
    };
    let outcome = match tokio::time::timeout(CALL_TIME, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(anyhow::anyhow!("no answer within {} s", CALL_TIME.as_secs())),
    };
    outcome.unwrap_or_else(|error| Called {
        url: url(call, incoming),
        error: Some(format!("{error:#}")),
        ..Called::default()
    })
}

fn url(call: &Call, incoming: &Incoming<'_>) -> String {
    match call.scheme {
        Scheme::Http => format!("http://{}{}", call.authority(), path(call, incoming)),
        Scheme::Tcp => format!("tcp://{}", call.authority()),
    }
}

fn path<'a>(call: &'a Call, incoming: &Incoming<'a>) -> &'a str {
    call.path.as_deref().unwrap_or(incoming.path)
}

async fn over_http(
    call: &Call,
    incoming: &Incoming<'_>,
    way: Way,
    pool: &Pool,
) -> anyhow::Result<Called> {
    let (Way::Direct(address) | Way::Proxy(address)) = way;
    let request = request(call, incoming, matches!(way, Way::Proxy(_)))?;
    let method = request.method().to_string();
    let (response, sender) = pool.send(address, request).await?;
    let status = response.status().as_u16();
    let decision = header(response.headers(), "postern-decision");
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
    let Ok(body) = body.collect().await else { bail!("the answer's body broke off") };
    pool.give_back(address, sender);
    Ok(Called {
        method: Some(method),
        url: url(call, incoming),
        status: Some(status),
        decision,
        answer: Some(body_value(&body.to_bytes())),
        ..Called::default()
    })
}

fn request(
    call: &Call,
    incoming: &Incoming<'_>,
    absolute: bool,
) -> anyhow::Result<Request<Full<Bytes>>> {
    let target = if absolute { url(call, incoming) } else { path(call, incoming).to_owned() };
    let mut request = Request::builder()
        .method(call.method.as_deref().unwrap_or(incoming.method))
        .uri(target)
        .header(HOST, call.authority());
    if let Some(traceparent) = incoming.traceparent {
        request = request.header("traceparent", traceparent);
    }
    if let Some(content_type) = incoming.content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    request.body(Full::new(incoming.body.clone())).context("the onward request")
}

async fn over_tcp(
    call: &Call,
    incoming: &Incoming<'_>,
    address: SocketAddr,
) -> anyhow::Result<Called> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("connect {address}"))?;
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read.take(2 * LINE_BYTES_MAX));
    let greeting = line(&mut read).await.context("no greeting came")?;
    let sent = format!("{} {}", incoming.method, incoming.path);
    write.write_all(format!("{sent}\n").as_bytes()).await.context("send")?;
    let answer = line(&mut read).await.context("no answer came")?;
    Ok(Called {
        url: url(call, incoming),
        greeting: Some(greeting),
        sent: Some(sent),
        answer: Some(answer.into()),
        ..Called::default()
    })
}

async fn line(read: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if read.read_until(b'\n', &mut bytes).await? == 0 {
        bail!("the stream ended");
    }
    Ok(lossy(&bytes).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(body: &Bytes) -> Incoming<'_> {
        Incoming {
            method: "DELETE",
            path: "/v1/orders/7?x=1",
            traceparent: Some("00-trace"),
            content_type: None,
            body,
        }
    }

    #[test]
    fn a_bare_call_takes_method_and_path_from_the_request() {
        let body = Bytes::new();
        let call = "http://orders:8080".parse().unwrap();
        let request = request(&call, &incoming(&body), false).unwrap();
        assert_eq!(
            (request.method().as_str(), request.uri().to_string().as_str()),
            ("DELETE", "/v1/orders/7?x=1")
        );
        assert_eq!(request.headers()["host"], "orders:8080");
        assert_eq!(request.headers()["traceparent"], "00-trace");
    }

    #[test]
    fn a_fixed_call_ignores_them() {
        let body = Bytes::new();
        let call = "POST http://payments:80/v1/charges".parse().unwrap();
        let request = request(&call, &incoming(&body), true).unwrap();
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "http://payments:80/v1/charges");
    }
}
