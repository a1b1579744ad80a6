//! The same over real sockets and TLS: what only they can break is how a
//! connection ends.

use model::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::spawn_local;
use wire::http2::ErrorCode;

use super::rig::{POST, STALL, body, in_order, pattern, request, status};
use crate::http2::{End, StreamError, client, server};
use crate::tls::testing::{connected, tcp_pair};

#[tokio::test(flavor = "local")]
async fn an_exchange_and_an_orderly_end_over_tls() {
    let limits = Limits::default();
    let (near, far) = connected().await;
    let (asking_side, driver) = client(near, &limits);
    let near_end = spawn_local(driver);
    let (answering_side, driver) = server(far, &limits);
    let far_end = spawn_local(driver);
    let asking = asking_side.open(POST, |_| {}, false).unwrap();
    let answering = request(&answering_side).await;
    answering.respond(200, |_| {}, false).unwrap();
    let sent = pattern(3 << 20);
    let (up, down, got_up, got_down) = tokio::join!(
        asking.send(&sent, true, STALL),
        answering.send(&sent, true, STALL),
        body(&answering),
        body(&asking),
    );
    up.and(down).unwrap();
    assert!(got_up.unwrap() == sent && got_down.unwrap() == sent);
    assert_eq!(status(&asking).await.unwrap(), 200);
    answering_side.shut_down();
    drop((asking, answering));
    in_order(far_end).await;
    in_order(near_end).await;
}

/// A peer whose bytes are still coming learns all the same why it was left.
#[tokio::test(flavor = "local")]
async fn the_last_words_reach_a_peer_that_is_still_sending() {
    let (mut peer, far) = tcp_pair().await;
    let (_mux, driver) = server(far, &Limits::default());
    let end = spawn_local(driver);
    peer.write_all(&[b'x'; 200_000]).await.unwrap();
    let mut said = Vec::new();
    peer.read_to_end(&mut said).await.unwrap();
    // GOAWAY with PROTOCOL_ERROR is the last frame, and then an end, no reset.
    assert_eq!(said[said.len() - 4..], [0, 0, 0, 1]);
    drop(peer);
    assert!(matches!(end.await.unwrap(), End::Error { code: ErrorCode::ProtocolError, .. }));
}

#[tokio::test(flavor = "local")]
async fn a_connection_cut_without_a_word_is_broken_only_if_something_was_open() {
    for has_open in [true, false] {
        let limits = Limits::default();
        let (near, far) = connected().await;
        let (asking_side, driver) = client(near, &limits);
        let near_end = spawn_local(driver);
        let (answering_side, driver) = server(far, &limits);
        let far_end = spawn_local(driver);
        let asking = asking_side.open(POST, |_| {}, false).unwrap();
        let answering = request(&answering_side).await;
        if !has_open {
            answering.respond(200, |_| {}, true).unwrap();
            assert_eq!(status(&asking).await.unwrap(), 200);
            asking.send(b"", true, STALL).await.unwrap();
            body(&answering).await.unwrap();
        }
        // Without close_notify: the driver goes, and the socket with it.
        far_end.abort();
        let _ = far_end.await;
        let end = near_end.await.unwrap();
        assert_eq!(matches!(end, End::Broken(_)), has_open, "{end}");
        if has_open {
            assert!(matches!(asking.lost().await, StreamError::Lost(_)));
        }
    }
}
