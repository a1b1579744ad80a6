//! How streams and connections end, and who hears of it.

use std::future::poll_fn;
use std::task::Poll;

use model::Limits;
use tokio::io::duplex;
use tokio::task::spawn_local;
use wire::http2::{ErrorCode, SendError};

use super::rig::{GET, POST, Pair, STALL, body, in_order, pattern, request, status};
use crate::http2::{End, Readable, Stream, StreamError, client, server};

fn reset(code: ErrorCode, by_peer: bool) -> StreamError {
    StreamError::Reset { code, by_peer }
}

/// Whether it is lost by now.
async fn is_lost(stream: &Stream) -> bool {
    let mut lost = std::pin::pin!(stream.lost());
    poll_fn(|cx| Poll::Ready(lost.as_mut().poll(cx).is_ready())).await
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_stream_dropped_half_way_is_cancelled_for_the_other_side() {
    let pair = Pair::new();
    let (asking, answering) = pair.post().await;
    drop(asking);
    assert_eq!(answering.lost().await, reset(ErrorCode::Cancel, true));
    assert_eq!(answering.readable().await, Err(reset(ErrorCode::Cancel, true)));
    let sent = answering.send(b"x", false, STALL).await;
    assert_eq!(sent, Err(reset(ErrorCode::Cancel, true)));
    assert_eq!(answering.respond(200, |_| {}, true), Err(reset(ErrorCode::Cancel, true)));
    assert!(!answering.is_unprocessed());

    let (asking, answering) = pair.post().await;
    drop(answering);
    assert_eq!(asking.lost().await, reset(ErrorCode::Cancel, true));
    assert_eq!(asking.answer().await.unwrap_err(), reset(ErrorCode::Cancel, true));
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_finished_stream_is_dropped_in_silence() {
    let pair = Pair::new();
    let (asking, answering) = pair.get().await;
    answering.respond(200, |_| {}, false).unwrap();
    answering.send(b"all of it", true, STALL).await.unwrap();
    drop(answering);
    assert_eq!(status(&asking).await.unwrap(), 200);
    assert_eq!(body(&asking).await.unwrap(), b"all of it");
    assert!(asking.slot_cut().is_none());
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn what_was_said_to_the_end_is_not_lost_with_its_connection() {
    let pair = Pair::new();
    let (asking, answering) = pair.get().await;
    answering.respond(200, |_| {}, false).unwrap();
    answering.send(b"all of it", true, STALL).await.unwrap();
    assert_eq!(asking.readable().await, Ok(Readable::Data));
    pair.server_end.abort();
    in_order(pair.client_end).await;
    assert!(!is_lost(&asking).await && !is_lost(&answering).await);
    assert_eq!(status(&asking).await.unwrap(), 200);
    assert_eq!(body(&asking).await.unwrap(), b"all of it");
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn an_answer_that_needs_no_more_of_the_request_is_no_loss() {
    let pair = Pair::new();
    let (asking, answering) = pair.post().await;
    answering.respond(413, |_| {}, false).unwrap();
    answering.send(b"too much", true, STALL).await.unwrap();
    drop(answering);
    while asking.slot_cut().is_none() {
        tokio::task::yield_now().await;
    }
    let sent = asking.send(b"more", false, STALL).await;
    assert_eq!(sent, Err(reset(ErrorCode::NoError, true)));
    assert!(!is_lost(&asking).await);
    assert_eq!(status(&asking).await.unwrap(), 413);
    assert_eq!(body(&asking).await.unwrap(), b"too much");
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn whoever_resets_says_why() {
    let pair = Pair::new();
    let (asking, answering) = pair.post().await;
    answering.reset(ErrorCode::EnhanceYourCalm);
    assert_eq!(answering.lost().await, reset(ErrorCode::EnhanceYourCalm, false));
    assert_eq!(asking.lost().await, reset(ErrorCode::EnhanceYourCalm, true));
    let (asking, answering) = pair.post().await;
    answering.reset(ErrorCode::RefusedStream);
    assert_eq!(asking.lost().await, reset(ErrorCode::RefusedStream, true));
    assert!(asking.is_unprocessed());
    assert!(!answering.is_unprocessed());
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_request_taken_back_before_anybody_looked_is_not_handed_out() {
    let pair = Pair::new();
    let first = pair.client.open(POST, |_| {}, false).unwrap();
    let second = pair.client.open(POST, |_| {}, false).unwrap();
    let id = second.id();
    while pair.server.open_streams() < 2 {
        tokio::task::yield_now().await;
    }
    drop(first);
    while pair.server.open_streams() > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(request(&pair.server).await.id(), id);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn without_its_driver_a_connection_is_lost_to_all() {
    let pair = Pair::new();
    let (asking, answering) = pair.post().await;
    asking.send(b"half", false, STALL).await.unwrap();
    assert_eq!(answering.readable().await, Ok(Readable::Data));
    let waiting = pair.server.clone();
    let accepting = spawn_local(async move { waiting.accept().await.is_none() });
    tokio::task::yield_now().await;
    pair.server_end.abort();
    assert!(accepting.await.unwrap());
    assert!(matches!(answering.lost().await, StreamError::Lost(_)));
    // What had come is there, but not as a whole message.
    let mut half = Vec::new();
    answering.take(10, &mut half);
    assert_eq!(half, b"half");
    assert!(matches!(answering.readable().await, Err(StreamError::Lost(_))));
    assert!(matches!(answering.respond(200, |_| {}, true), Err(StreamError::Lost(_))));
    assert!(pair.server.is_over());
    // The other side sees the byte stream end.
    let StreamError::Lost(why) = asking.lost().await else { panic!("not lost") };
    assert!(why.contains("closed the connection"), "{why}");
    assert!(matches!(pair.client_end.await.unwrap(), End::Broken(_)));
    assert_eq!(pair.client.open(GET, |_| {}, true).unwrap_err(), SendError::Closing);
    assert!(!pair.client.can_open());
    assert!(!asking.is_unprocessed());
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn what_was_never_written_was_surely_not_processed() {
    let limits = Limits::default();
    let (near, far) = duplex(64);
    let (mux, driver) = client(near, &limits);
    let task = spawn_local(driver);
    let unsent = mux.open(GET, |_| {}, true).unwrap();
    tokio::task::yield_now().await;
    task.abort();
    assert!(matches!(unsent.lost().await, StreamError::Lost(_)));
    assert!(unsent.is_unprocessed());
    drop(far);
    // Its twin was written in part.
    let (near, _far) = duplex(1 << 16);
    let (mux, driver) = client(near, &limits);
    let task = spawn_local(driver);
    let sent = mux.open(GET, |_| {}, true).unwrap();
    tokio::task::yield_now().await;
    task.abort();
    assert!(matches!(sent.lost().await, StreamError::Lost(_)));
    assert!(!sent.is_unprocessed());
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_server_that_shuts_down_lets_open_streams_go_on() {
    let pair = Pair::new();
    let (asking, answering) = pair.post().await;
    pair.server.shut_down();
    // Until it has heard, the client may open more, and those count.
    let (second, answer) = pair.get().await;
    answer.respond(200, |_| {}, true).unwrap();
    assert_eq!(status(&second).await.unwrap(), 200);
    while pair.client.can_open() {
        tokio::task::yield_now().await;
    }
    assert_eq!(pair.client.open(GET, |_| {}, true).unwrap_err(), SendError::Closing);
    answering.respond(200, |_| {}, false).unwrap();
    let sent = pattern(500_000);
    let (up, down, got_up, got_down) = tokio::join!(
        asking.send(&sent, true, STALL),
        answering.send(&sent, true, STALL),
        body(&answering),
        body(&asking),
    );
    up.and(down).unwrap();
    assert!(got_up.unwrap() == sent && got_down.unwrap() == sent);
    drop((asking, answering, second, answer));
    assert!(pair.server.accept().await.is_none());
    in_order(pair.server_end).await;
    in_order(pair.client_end).await;
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_client_that_shuts_down_ends_behind_its_last_stream() {
    let pair = Pair::new();
    let (asking, answering) = pair.get().await;
    pair.client.shut_down();
    assert!(!pair.client.can_open());
    answering.respond(200, |_| {}, true).unwrap();
    assert_eq!(status(&asking).await.unwrap(), 200);
    drop((asking, answering));
    in_order(pair.client_end).await;
    in_order(pair.server_end).await;
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_connection_without_a_handle_ends_behind_its_last_stream() {
    let pair = Pair::new();
    let (asking, answering) = pair.get().await;
    let unseen = pair.client.open(GET, |_| {}, true).unwrap();
    while pair.server.open_streams() < 2 {
        tokio::task::yield_now().await;
    }
    drop(pair.server);
    assert_eq!(unseen.lost().await, reset(ErrorCode::RefusedStream, true));
    assert!(unseen.is_unprocessed());
    answering.respond(200, |_| {}, true).unwrap();
    assert_eq!(status(&asking).await.unwrap(), 200);
    drop((asking, answering, unseen, pair.client));
    in_order(pair.server_end).await;
    in_order(pair.client_end).await;
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn an_abort_says_why_and_ends_everything() {
    let pair = Pair::new();
    let (asking, answering) = pair.post().await;
    pair.server.abort(ErrorCode::EnhanceYourCalm, "the test has seen enough");
    let StreamError::Broken(why) = answering.lost().await else { panic!("not broken") };
    assert!(why.contains("the test has seen enough"), "{why}");
    assert!(matches!(asking.lost().await, StreamError::Broken(_)));
    let End::Error { code, .. } = pair.server_end.await.unwrap() else { panic!("no error") };
    assert_eq!(code, ErrorCode::EnhanceYourCalm);
    let End::Error { code, .. } = pair.client_end.await.unwrap() else { panic!("no error") };
    assert_eq!(code, ErrorCode::EnhanceYourCalm);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_peer_that_leaves_with_nothing_open_ends_in_order() {
    let limits = Limits::default();
    let (near, far) = duplex(1 << 16);
    let (mux, driver) = server(far, &limits);
    let end = spawn_local(driver);
    drop(near);
    assert!(mux.accept().await.is_none());
    in_order(end).await;
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn streams_outlive_their_connection_and_its_handles() {
    let pair = Pair::new();
    let (asking, answering) = pair.post().await;
    let Pair { client, server, client_end, server_end } = pair;
    client_end.abort();
    server_end.abort();
    drop((client, server));
    asking.lost().await;
    answering.lost().await;
    let uses = |stream: &Stream| {
        stream.reset(ErrorCode::Cancel);
        stream.stop_sending();
        stream.with_trailers(|trailers| assert!(trailers.is_none()));
        assert_eq!(stream.take(9, &mut Vec::new()), 0);
    };
    uses(&asking);
    uses(&answering);
}
