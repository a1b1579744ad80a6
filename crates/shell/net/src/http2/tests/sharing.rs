//! Several tasks on one stream and one thread: waking, cancelling, and calls
//! from where they should not come.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use model::{Limits, Millis};
use tokio::task::spawn_local;
use tokio::time::timeout;
use wire::http2::{ErrorCode, SendError};

use super::rig::{GET, POST, Pair, STALL, body, pattern, status};
use crate::http2::StreamError;

/// Everything the output and the windows take.
const FILL: usize = 3 << 20;

#[tokio::test(flavor = "local", start_paused = true)]
async fn three_tasks_wait_on_one_stream() {
    let pair = Pair::new();
    let (asking, answering) = pair.post().await;
    answering.respond(200, |_| {}, false).unwrap();
    let answering = Rc::new(answering);
    let (sender, reader, watcher) = (answering.clone(), answering.clone(), answering.clone());
    let sending = spawn_local(async move { sender.send(&pattern(FILL), true, STALL).await });
    let reading = spawn_local(async move { body(&reader).await });
    let watching = spawn_local(async move { watcher.lost().await });
    assert_eq!(status(&asking).await.unwrap(), 200);
    asking.send(b"first", false, STALL).await.unwrap();
    let mut got = Vec::new();
    while got.len() < FILL / 2 {
        asking.readable().await.unwrap();
        asking.take(usize::MAX, &mut got);
    }
    assert!(!watching.is_finished() && !reading.is_finished() && !sending.is_finished());
    asking.reset(ErrorCode::Cancel);
    let cut = StreamError::Reset { code: ErrorCode::Cancel, by_peer: true };
    assert_eq!(sending.await.unwrap(), Err(cut.clone()));
    assert_eq!(reading.await.unwrap(), Err(cut.clone()));
    assert_eq!(watching.await.unwrap(), cut);
    assert!(got[..] == pattern(FILL)[..got.len()]);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_sender_nobody_reads_gives_up_and_stops_nobody_else() {
    let pair = Pair::new();
    let (_unread, answering) = pair.get().await;
    answering.respond(200, |_| {}, false).unwrap();
    let sent = answering.send(&pattern(FILL), true, Millis(2_000)).await;
    assert_eq!(sent, Err(StreamError::TimedOut));
    let (asking, second) = pair.get().await;
    second.respond(200, |_| {}, false).unwrap();
    let (sent, got) =
        tokio::join!(async { second.send(&pattern(FILL), true, STALL).await }, body(&asking));
    sent.unwrap();
    assert!(got.unwrap() == pattern(FILL));
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn futures_dropped_half_way_leave_everything_in_order() {
    let limits = Limits {
        http2_output_bytes_max: 32 * 1024,
        // Room for all that nobody reads here.
        http2_connection_window_bytes: 2 * FILL,
        ..Limits::default()
    };
    let pair = Pair::with(&limits, 4 * 1024);
    let mut kept = Vec::new();
    for round in 0..30 {
        let (asking, answering) = pair.post().await;
        answering.respond(200, |_| {}, false).unwrap();
        let bytes = pattern(FILL);
        {
            // As many polls as the round says, then no more.
            let mut send = std::pin::pin!(answering.send(&bytes, false, STALL));
            let mut read = std::pin::pin!(body(&answering));
            let mut lost = std::pin::pin!(answering.lost());
            for _ in 0..round {
                poll_fn(|cx| {
                    assert!(send.as_mut().poll(cx).is_pending());
                    assert!(read.as_mut().poll(cx).is_pending());
                    assert!(lost.as_mut().poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
                tokio::task::yield_now().await;
            }
        }
        kept.push((asking, answering));
    }
    let (asking, answering) = pair.post().await;
    answering.respond(200, |_| {}, false).unwrap();
    let sent = pattern(FILL);
    let (done, got) = tokio::join!(answering.send(&sent, true, STALL), body(&asking));
    done.unwrap();
    assert!(got.unwrap() == sent);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn accepting_may_be_given_up_and_begun_again() {
    let pair = Pair::new();
    for _ in 0..3 {
        assert!(timeout(Duration::from_millis(1), pair.server.accept()).await.is_err());
    }
    let (asking, answering) = pair.get().await;
    answering.respond(200, |_| {}, true).unwrap();
    assert_eq!(status(&asking).await.unwrap(), 200);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn calls_from_inside_a_closure_are_refused_and_do_no_harm() {
    let pair = Pair::new();
    let (first, first_answer) = pair.post().await;
    let (second, second_answer) = pair.post().await;
    first.send(b"bytes", false, STALL).await.unwrap();
    first_answer.readable().await.unwrap();
    let seen = Cell::new(0);
    let dropped = Cell::new(Some(second_answer));
    let server = pair.server.clone();
    first_answer.with_received(|bytes| {
        assert_eq!(bytes, b"bytes");
        assert!(matches!(first_answer.respond(200, |_| {}, true), Err(StreamError::OutOfTurn(_))));
        assert_eq!(first_answer.take(9, &mut Vec::new()), 0);
        assert!(!server.is_over() && !server.can_open());
        first_answer.with_trailers(|trailers| assert!(trailers.is_none()));
        drop(dropped.take());
        seen.set(bytes.len());
        (bytes.len(), ())
    });
    assert_eq!(seen.get(), 5);
    let client = pair.client.clone();
    let third = client.open(
        GET,
        |_| {
            let refused = client.open(GET, |_| {}, true).unwrap_err();
            assert_eq!(refused, SendError::OutOfOrder);
        },
        true,
    );
    assert!(third.is_ok());
    // What was dropped in there is cancelled all the same.
    let cut = StreamError::Reset { code: ErrorCode::Cancel, by_peer: true };
    assert_eq!(second.lost().await, cut);
    first_answer.respond(200, |_| {}, true).unwrap();
    assert_eq!(status(&first).await.unwrap(), 200);
}

/// A task that holds a stream is dropped by the waking of it.
#[tokio::test(flavor = "local", start_paused = true)]
async fn a_task_that_dies_when_woken_takes_its_stream_along() {
    let pair = Pair::new();
    let (asking, answering) = pair.post().await;
    let holder = spawn_local(async move {
        let _ = answering.lost().await;
        drop(answering);
    });
    tokio::task::yield_now().await;
    holder.abort();
    let cut = StreamError::Reset { code: ErrorCode::Cancel, by_peer: true };
    assert_eq!(asking.lost().await, cut);
    let next = pair.client.open(POST, |_| {}, false).unwrap();
    drop(next);
}
