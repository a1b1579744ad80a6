//! The `h2` crate as the client of our server.

use std::future::poll_fn;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Method, Request, Response};
use model::Limits;
use tokio::io::duplex;
use tokio::task::{JoinHandle, spawn_local};
use wire::http2::ErrorCode;

use super::rig::{STALL, body, in_order, pattern, request};
use crate::http2::{End, Incoming, Mux, StreamError, server};

/// What the `h2` crate's connection came to.
type H2End = JoinHandle<Result<(), h2::Error>>;

async fn pair(
    builder: &Builder,
    limits: &Limits,
    between: usize,
) -> (SendRequest<Bytes>, H2End, Mux, JoinHandle<End>) {
    let (near, far) = duplex(between);
    let (mux, driver) = server(far, limits);
    let end = spawn_local(driver);
    let (client, connection) = builder.handshake(near).await.unwrap();
    (client, spawn_local(connection), mux, end)
}

fn ask(method: Method) -> Request<()> {
    let uri = "https://orders.example/v1?a=b";
    Request::builder().method(method).uri(uri).header("x-one", "1").body(()).unwrap()
}

/// All of a body, giving back window as it goes, and the trailers.
async fn read(mut body: RecvStream) -> Result<(Vec<u8>, Option<HeaderMap>), h2::Error> {
    let mut all = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        all.extend_from_slice(&piece);
    }
    Ok((all, body.trailers().await?))
}

/// Sends as the windows allow.
async fn write(stream: &mut SendStream<Bytes>, bytes: &Bytes, end: bool) -> Result<(), h2::Error> {
    let mut rest = bytes.clone();
    while !rest.is_empty() {
        stream.reserve_capacity(rest.len());
        let Some(room) = poll_fn(|cx| stream.poll_capacity(cx)).await else { break };
        let piece = rest.split_to(room?.min(rest.len()));
        let is_last = rest.is_empty();
        stream.send_data(piece, end && is_last)?;
    }
    Ok(())
}

#[tokio::test(flavor = "local")]
async fn a_unary_call_with_trailers_and_an_interim_head() {
    let (mut client, _, mux, _) = pair(&Builder::new(), &Limits::default(), 1 << 16).await;
    let (answer, mut sending) = client.send_request(ask(Method::POST), false).unwrap();
    let answer = spawn_local(answer);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "7".parse().unwrap());
    sending.send_data(Bytes::from_static(b"question"), false).unwrap();
    sending.send_trailers(trailers).unwrap();

    let Some(Incoming::Request { head, is_end: false, stream }) = mux.accept().await else {
        panic!("no request")
    };
    assert_eq!((head.method(), head.target()), ("POST", "/v1?a=b"));
    assert_eq!((head.host(), head.value("x-one")), (Some("orders.example"), Some(&b"1"[..])));
    assert_eq!(body(&stream).await.unwrap(), b"question");
    stream.with_trailers(|trailers| {
        assert_eq!(trailers.unwrap().fields().next(), Some(("x-sum", &b"7"[..])));
    });
    stream
        .respond(
            103,
            |block| {
                block.field("link", b"</a>");
            },
            false,
        )
        .unwrap();
    stream
        .respond(
            200,
            |block| {
                block.field("X-Two", b"2");
            },
            false,
        )
        .unwrap();
    stream.send(b"answer", false, STALL).await.unwrap();
    stream
        .trailers(|block| {
            block.field("grpc-status", b"0");
        })
        .unwrap();

    let answer = answer.await.unwrap().unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-two"]),
        (200, &"2".parse().unwrap())
    );
    let (bytes, trailers) = read(answer.into_body()).await.unwrap();
    assert_eq!(bytes, b"answer");
    assert_eq!(trailers.unwrap()["grpc-status"], "0");
}

async fn both_ways(builder: &Builder, limits: &Limits, between: usize, size: usize) {
    let (mut client, _, mux, _) = pair(builder, limits, between).await;
    let (answer, mut sending) = client.send_request(ask(Method::POST), false).unwrap();
    let sent = Bytes::from(pattern(size));
    let up = sent.clone();
    let up = spawn_local(async move { write(&mut sending, &up, true).await });
    let down = spawn_local(async move { read(answer.await?.into_body()).await });
    let stream = request(&mux).await;
    stream.respond(200, |_| {}, false).unwrap();
    let (done, got) = tokio::join!(stream.send(&sent, true, STALL), body(&stream));
    done.unwrap();
    assert!(got.unwrap() == sent);
    assert!(down.await.unwrap().unwrap().0 == sent);
    up.await.unwrap().unwrap();
}

#[tokio::test(flavor = "local")]
async fn a_hundred_megabytes_go_both_ways_at_once_through_small_windows() {
    let limits = Limits {
        http2_stream_window_bytes: 20_000,
        http2_connection_window_bytes: 70_000,
        http2_output_bytes_max: 64 * 1024,
        ..Limits::default()
    };
    let mut builder = Builder::new();
    builder.initial_window_size(30_000);
    both_ways(&builder, &limits, 10_000, 100 << 20).await;
}

#[tokio::test(flavor = "local")]
async fn bodies_arrive_whole_whatever_the_windows() {
    for (window, between) in [(1, 10_000), (100, 3), (65_535, 100_000), (1 << 20, 1 << 20)] {
        let limits = Limits { http2_stream_window_bytes: window, ..Limits::default() };
        let mut builder = Builder::new();
        let theirs = u32::try_from(window).unwrap();
        builder.initial_window_size(theirs).initial_connection_window_size(theirs.max(65_535));
        both_ways(&builder, &limits, between, window.clamp(300, 100_000) * 5).await;
    }
}

#[tokio::test(flavor = "local")]
async fn many_calls_at_once() {
    let (client, _, mux, _) = pair(&Builder::new(), &Limits::default(), 9_000).await;
    spawn_local(async move {
        while let Some(Incoming::Request { stream, .. }) = mux.accept().await {
            spawn_local(async move {
                let all = body(&stream).await.unwrap();
                stream.respond(200, |_| {}, all.is_empty()).unwrap();
                if !all.is_empty() {
                    stream.send(&all, true, STALL).await.unwrap();
                }
            });
        }
    });
    let calls: Vec<_> = (0..500_usize)
        .map(|number| {
            let client = client.clone();
            spawn_local(async move {
                let mut client = client.ready().await.unwrap();
                let is_empty = number % 3 == 0;
                let (answer, mut stream) =
                    client.send_request(ask(Method::POST), is_empty).unwrap();
                let sent = Bytes::from(if is_empty { vec![] } else { pattern(number * 50) });
                write(&mut stream, &sent, true).await.unwrap();
                let answer = answer.await.unwrap();
                assert!(read(answer.into_body()).await.unwrap().0 == sent, "call {number}");
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
}

#[tokio::test(flavor = "local")]
async fn resets_arrive_on_the_other_side() {
    let (mut client, _, mux, _) = pair(&Builder::new(), &Limits::default(), 1 << 16).await;
    let (answer, mut sending) = client.send_request(ask(Method::POST), false).unwrap();
    let stream = request(&mux).await;
    sending.send_reset(Reason::CANCEL);
    let cut = StreamError::Reset { code: ErrorCode::Cancel, by_peer: true };
    assert_eq!(stream.lost().await, cut);
    drop((answer, stream));

    let (answer, _sending) = client.send_request(ask(Method::POST), false).unwrap();
    request(&mux).await.reset(ErrorCode::EnhanceYourCalm);
    assert_eq!(answer.await.unwrap_err().reason(), Some(Reason::ENHANCE_YOUR_CALM));

    // A whole answer to half a request.
    let (answer, _sending) = client.send_request(ask(Method::POST), false).unwrap();
    let stream = request(&mux).await;
    stream.respond(413, |_| {}, false).unwrap();
    stream.send(b"no", true, STALL).await.unwrap();
    drop(stream);
    let answer: Response<RecvStream> = answer.await.unwrap();
    assert_eq!(answer.status().as_u16(), 413);
    assert_eq!(read(answer.into_body()).await.unwrap().0, b"no");
}

#[tokio::test(flavor = "local")]
async fn shutting_down_loses_no_call() {
    let (client, theirs, mux, end) = pair(&Builder::new(), &Limits::default(), 1 << 16).await;
    let mut ready = client.clone().ready().await.unwrap();
    let (answer, mut sending) = ready.send_request(ask(Method::POST), false).unwrap();
    let stream = request(&mux).await;
    mux.shut_down();
    stream.respond(200, |_| {}, false).unwrap();
    let sent = Bytes::from(pattern(300_000));
    let answer = answer.await.unwrap();
    let (up, down, got_up, got_down) = tokio::join!(
        write(&mut sending, &sent, true),
        stream.send(&sent, true, STALL),
        body(&stream),
        read(answer.into_body()),
    );
    up.unwrap();
    down.unwrap();
    assert!(got_up.unwrap() == sent && got_down.unwrap().0 == sent);
    drop((stream, sending, ready));
    assert!(mux.accept().await.is_none());
    in_order(end).await;
    theirs.await.unwrap().unwrap();
    assert!(client.ready().await.is_err());
}

#[tokio::test(flavor = "local")]
async fn a_head_over_the_limits_can_be_answered() {
    let limits = Limits { head_bytes_max: 2_000, ..Limits::default() };
    let (mut client, _, mux, _) = pair(&Builder::new(), &limits, 1 << 16).await;
    let mut large = ask(Method::GET);
    large.headers_mut().insert("x-large", "x".repeat(3_000).parse().unwrap());
    let (answer, _) = client.send_request(large, true).unwrap();
    let Some(Incoming::TooLarge(stream)) = mux.accept().await else { panic!("not too large") };
    stream.respond(431, |_| {}, true).unwrap();
    drop(stream);
    assert_eq!(answer.await.unwrap().status().as_u16(), 431);
    let (answer, _) = client.send_request(ask(Method::GET), true).unwrap();
    request(&mux).await.respond(200, |_| {}, true).unwrap();
    assert_eq!(answer.await.unwrap().status().as_u16(), 200);
}

#[tokio::test(flavor = "local")]
async fn a_client_that_goes_is_noticed() {
    let (mut client, theirs, mux, end) = pair(&Builder::new(), &Limits::default(), 1 << 16).await;
    let (answer, _sending) = client.send_request(ask(Method::POST), false).unwrap();
    let stream = request(&mux).await;
    theirs.abort();
    assert!(matches!(stream.lost().await, StreamError::Lost(_)));
    assert!(mux.accept().await.is_none());
    assert!(matches!(end.await.unwrap(), End::Broken(_)));
    drop(answer);
}
