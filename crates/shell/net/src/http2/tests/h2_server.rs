//! The `h2` crate as the server of our client.

use std::future::poll_fn;

use bytes::Bytes;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use model::Limits;
use tokio::io::{DuplexStream, duplex};
use tokio::task::{JoinHandle, spawn_local};
use wire::http2::{ErrorCode, RequestLine, SendError};

use super::rig::{GET, POST, STALL, body, in_order, pattern, status};
use crate::http2::{End, Mux, StreamError, client};

type Call = (Request<RecvStream>, SendResponse<Bytes>);

async fn pair(
    builder: &Builder,
    limits: &Limits,
    between: usize,
) -> (Mux, JoinHandle<End>, Connection<DuplexStream, Bytes>) {
    let (near, far) = duplex(between);
    let (mux, driver) = client(near, limits);
    let end = spawn_local(driver);
    let connection = builder.handshake(far).await.unwrap();
    (mux, end, connection)
}

/// Takes calls and has each answered by a task of its own.
fn serve<F>(
    mut connection: Connection<DuplexStream, Bytes>,
    answer: fn(Call) -> F,
) -> JoinHandle<()>
where
    F: Future<Output = ()> + 'static,
{
    spawn_local(async move {
        while let Some(Ok(call)) = connection.accept().await {
            spawn_local(answer(call));
        }
    })
}

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

/// Sends back what comes, as it comes.
async fn echo((request, mut answer): Call) {
    let mut incoming = request.into_body();
    let mut outgoing = answer.send_response(Response::new(()), false).unwrap();
    while let Some(piece) = incoming.data().await {
        let piece = piece.unwrap();
        write(&mut outgoing, &piece, false).await.unwrap();
        incoming.flow_control().release_capacity(piece.len()).unwrap();
    }
    match incoming.trailers().await.unwrap() {
        Some(trailers) => outgoing.send_trailers(trailers).unwrap(),
        None => outgoing.send_data(Bytes::new(), true).unwrap(),
    }
}

#[tokio::test(flavor = "local")]
async fn a_unary_call_with_trailers_and_an_interim_head() {
    async fn answer((request, mut answer): Call) {
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "https://orders.example/v1");
        assert_eq!(request.headers()["x-one"], "1");
        answer.send_informational(Response::builder().status(103).body(()).unwrap()).unwrap();
        echo((request, answer)).await;
    }
    let (mux, _, connection) = pair(&Builder::new(), &Limits::default(), 1 << 16).await;
    serve(connection, answer);
    let asking = mux
        .open(
            POST,
            |block| {
                block.field("X-One", b"1");
            },
            false,
        )
        .unwrap();
    asking.send(b"question", false, STALL).await.unwrap();
    asking
        .trailers(|block| {
            block.field("x-sum", b"7");
        })
        .unwrap();
    assert_eq!(asking.answer().await.unwrap().0.status(), 103);
    assert_eq!(asking.answer().await.unwrap().0.status(), 200);
    assert_eq!(body(&asking).await.unwrap(), b"question");
    asking.with_trailers(|trailers| {
        assert_eq!(trailers.unwrap().fields().next(), Some(("x-sum", &b"7"[..])));
    });
}

async fn both_ways(builder: &Builder, limits: &Limits, between: usize, size: usize) {
    let (mux, _, connection) = pair(builder, limits, between).await;
    serve(connection, echo);
    let asking = mux.open(POST, |_| {}, false).unwrap();
    let sent = pattern(size);
    let (done, got) = tokio::join!(asking.send(&sent, true, STALL), body(&asking));
    done.unwrap();
    assert!(got.unwrap() == sent);
}

#[tokio::test(flavor = "local")]
async fn a_hundred_megabytes_go_there_and_back_through_small_windows() {
    let limits = Limits {
        http2_stream_window_bytes: 20_000,
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
    let mut builder = Builder::new();
    builder.max_concurrent_streams(40);
    let (mux, _, connection) = pair(&builder, &Limits::default(), 9_000).await;
    serve(connection, echo);
    let first = mux.open(GET, |_| {}, true).unwrap();
    assert_eq!(status(&first).await.unwrap(), 200);
    drop(first);
    let mut calls = Vec::new();
    for number in 0..500_usize {
        while !mux.can_open() {
            assert_eq!(mux.open(GET, |_| {}, true).unwrap_err(), SendError::Full);
            tokio::task::yield_now().await;
        }
        let asking = mux.open(POST, |_| {}, false).unwrap();
        calls.push(spawn_local(async move {
            let sent = pattern(number * 50);
            let (done, got) = tokio::join!(asking.send(&sent, true, STALL), body(&asking));
            done.unwrap();
            assert!(got.unwrap() == sent, "call {number}");
        }));
    }
    for call in calls {
        call.await.unwrap();
    }
}

#[tokio::test(flavor = "local")]
async fn resets_arrive_on_the_other_side() {
    let (mux, _, connection) = pair(&Builder::new(), &Limits::default(), 1 << 16).await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut connection = connection;
    spawn_local(async move {
        while let Some(Ok(call)) = connection.accept().await {
            let _ = tell.send(call);
        }
    });
    let asking = mux.open(POST, |_| {}, false).unwrap();
    let (_request, mut answer) = told.recv().await.unwrap();
    drop(asking);
    let reason = poll_fn(|cx| answer.poll_reset(cx)).await.unwrap();
    assert_eq!(reason, Reason::CANCEL);

    let asking = mux.open(POST, |_| {}, false).unwrap();
    told.recv().await.unwrap().1.send_reset(Reason::REFUSED_STREAM);
    let cut = StreamError::Reset { code: ErrorCode::RefusedStream, by_peer: true };
    assert_eq!(asking.lost().await, cut);
    assert!(asking.is_unprocessed());

    // A whole answer to half a request; the rest is not wanted.
    let asking = mux.open(POST, |_| {}, false).unwrap();
    let (request, mut answer) = told.recv().await.unwrap();
    let mut sending = answer.send_response(Response::new(()), false).unwrap();
    sending.send_data(Bytes::from_static(b"whole"), false).unwrap();
    sending.send_trailers(HeaderMap::new()).unwrap();
    drop((request, answer, sending));
    assert_eq!(status(&asking).await.unwrap(), 200);
    assert_eq!(body(&asking).await.unwrap(), b"whole");
}

#[tokio::test(flavor = "local")]
async fn a_server_that_shuts_down_finishes_what_it_took() {
    let (mux, end, mut connection) = pair(&Builder::new(), &Limits::default(), 1 << 16).await;
    let asking = mux.open(POST, |_| {}, false).unwrap();
    let call = connection.accept().await.unwrap().unwrap();
    connection.graceful_shutdown();
    let serving = serve(connection, echo);
    let echoing = spawn_local(echo(call));
    while mux.can_open() {
        tokio::task::yield_now().await;
    }
    let sent = pattern(300_000);
    let (done, got) = tokio::join!(asking.send(&sent, true, STALL), body(&asking));
    done.unwrap();
    assert!(got.unwrap() == sent);
    drop(asking);
    echoing.await.unwrap();
    serving.await.unwrap();
    in_order(end).await;
    assert!(mux.is_over());
}

#[tokio::test(flavor = "local")]
async fn an_extended_connect_becomes_a_tunnel() {
    let mut builder = Builder::new();
    builder.enable_connect_protocol();
    let (mux, _, connection) = pair(&builder, &Limits::default(), 1 << 16).await;
    serve(connection, echo);
    let first = mux.open(GET, |_| {}, true).unwrap();
    assert_eq!(status(&first).await.unwrap(), 200);
    assert!(mux.peer_allows_connect_protocol());
    let line = RequestLine { method: "CONNECT", protocol: Some("websocket"), ..GET };
    let tunnel = mux.open(line, |_| {}, false).unwrap();
    assert_eq!(status(&tunnel).await.unwrap(), 200);
    for word in [&b"one"[..], b"two"] {
        tunnel.send(word, false, STALL).await.unwrap();
        tunnel.readable().await.unwrap();
        let mut heard = Vec::new();
        tunnel.take(10, &mut heard);
        assert_eq!(heard, word);
    }
    tunnel.send(b"", true, STALL).await.unwrap();
    assert_eq!(body(&tunnel).await.unwrap(), b"");
}

#[tokio::test(flavor = "local")]
async fn our_going_is_noticed() {
    let (mux, end, mut connection) = pair(&Builder::new(), &Limits::default(), 1 << 16).await;
    let asking = mux.open(POST, |_| {}, false).unwrap();
    let (request, _answer) = connection.accept().await.unwrap().unwrap();
    let serving = spawn_local(async move { connection.accept().await.is_none() });
    let mut incoming = request.into_body();
    end.abort();
    assert!(incoming.data().await.unwrap().is_err());
    assert!(matches!(asking.lost().await, StreamError::Lost(_)));
    drop(serving);
}
