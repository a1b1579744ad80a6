//! Our client against our server: what goes in comes out.

use model::{Limits, Millis};

use super::rig::{GET, POST, Pair, STALL, body, pattern, request, status};
use crate::http2::{Incoming, Readable, StreamError};

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_request_and_its_answer_arrive_whole() {
    let pair = Pair::new();
    let asking = pair
        .client
        .open(
            POST,
            |block| {
                block.field("x-one", b"1");
            },
            false,
        )
        .unwrap();
    asking.send(b"question", true, STALL).await.unwrap();

    let Some(Incoming::Request { head, is_end, stream }) = pair.server.accept().await else {
        panic!("no request")
    };
    assert_eq!((head.method(), head.target(), is_end), ("POST", "/v1", false));
    assert_eq!(head.host(), Some("orders.example"));
    assert_eq!(head.value("x-one"), Some(&b"1"[..]));
    assert_eq!(body(&stream).await.unwrap(), b"question");

    stream
        .respond(
            200,
            |block| {
                block.field("x-two", b"2");
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

    let (head, is_end) = asking.answer().await.unwrap();
    assert_eq!((head.status(), is_end), (200, false));
    assert_eq!(head.value("x-two"), Some(&b"2"[..]));
    assert_eq!(body(&asking).await.unwrap(), b"answer");
    let has_status = asking.with_trailers(|trailers| {
        trailers.unwrap().fields().any(|(name, value)| name == "grpc-status" && value == b"0")
    });
    assert!(has_status && asking.has_ended() && stream.has_ended());
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn heads_alone_make_an_exchange() {
    let pair = Pair::new();
    let (asking, answering) = pair.get().await;
    assert!(answering.has_ended());
    assert_eq!(answering.readable().await.unwrap(), Readable::End);
    answering.respond(204, |_| {}, true).unwrap();
    let (head, is_end) = asking.answer().await.unwrap();
    assert_eq!((head.status(), is_end), (204, true));
    assert_eq!(asking.readable().await.unwrap(), Readable::End);
    asking.with_trailers(|trailers| assert!(trailers.is_none()));
    assert!(matches!(asking.answer().await, Err(StreamError::OutOfTurn(_))));
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn interim_heads_come_before_the_final_one() {
    let pair = Pair::new();
    let (asking, answering) = pair.post().await;
    answering.respond(100, |_| {}, false).unwrap();
    assert_eq!(asking.answer().await.unwrap().0.status(), 100);
    answering
        .respond(
            103,
            |block| {
                block.field("link", b"</a>");
            },
            false,
        )
        .unwrap();
    answering.respond(200, |_| {}, true).unwrap();
    assert_eq!(asking.answer().await.unwrap().0.status(), 103);
    assert_eq!(asking.answer().await.unwrap().0.status(), 200);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn what_is_sent_at_the_wrong_place_is_the_senders_error() {
    let pair = Pair::new();
    let (asking, answering) = pair.get().await;
    let refused = |sent| assert!(matches!(sent, Err(StreamError::Refused(_))), "{sent:?}");
    refused(asking.send(b"more", true, STALL).await);
    refused(answering.send(b"early", false, STALL).await);
    answering.respond(100, |_| {}, false).unwrap();
    refused(answering.send(b"early", false, STALL).await);
    refused(answering.trailers(|_| {}));
    answering.respond(200, |_| {}, true).unwrap();
    refused(answering.respond(200, |_| {}, true));
    refused(answering.send(b"more", false, STALL).await);
    assert_eq!(status(&asking).await.unwrap(), 200);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn bodies_far_larger_than_every_window_arrive_whole_both_ways() {
    let limits = Limits {
        http2_stream_window_bytes: 1_000,
        http2_connection_window_bytes: 3_000,
        http2_output_bytes_max: 20_000,
        ..Limits::default()
    };
    for between in [64, 1_500, 64 * 1024] {
        let pair = Pair::with(&limits, between);
        let (asking, answering) = pair.post().await;
        answering.respond(200, |_| {}, false).unwrap();
        let sent = pattern(300_000);
        let (up, down, got_up, got_down) = tokio::join!(
            asking.send(&sent, true, STALL),
            answering.send(&sent, true, STALL),
            body(&answering),
            body(&asking),
        );
        up.and(down).unwrap();
        assert!(got_up.unwrap() == sent && got_down.unwrap() == sent, "between {between}");
    }
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn many_streams_share_a_connection() {
    let pair = Pair::with(&Limits::default(), 5_000);
    let server = pair.server.clone();
    let echo = tokio::task::spawn_local(async move {
        for _ in 0..300 {
            let stream = request(&server).await;
            tokio::task::spawn_local(async move {
                stream.respond(200, |_| {}, false).unwrap();
                let all = body(&stream).await.unwrap();
                stream.send(&all, true, STALL).await.unwrap();
            });
        }
    });
    let sent = pattern(30_000);
    for _ in 0..3 {
        let streams: Vec<_> =
            (0..100).map(|_| pair.client.open(POST, |_| {}, false).unwrap()).collect();
        assert!(!pair.client.can_open());
        assert_eq!(pair.client.open_streams(), 100);
        let mut tasks = Vec::new();
        for (number, stream) in streams.into_iter().enumerate() {
            let sent = sent[number * 100..].to_vec();
            tasks.push(tokio::task::spawn_local(async move {
                stream.send(&sent, true, STALL).await.unwrap();
                assert_eq!(status(&stream).await.unwrap(), 200);
                assert!(body(&stream).await.unwrap() == sent, "stream {number}");
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    }
    echo.await.unwrap();
    assert_eq!(pair.client.open_streams(), 0);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_reader_who_stalls_stops_nobody_else() {
    let pair = Pair::new();
    let (slow, feeding) = pair.get().await;
    feeding.respond(200, |_| {}, false).unwrap();
    let flood = tokio::task::spawn_local(async move {
        feeding.send(&pattern(1 << 20), true, STALL).await.map(|()| feeding)
    });
    assert_eq!(status(&slow).await.unwrap(), 200);
    for _ in 0..20 {
        let (asking, answering) = pair.get().await;
        answering.respond(200, |_| {}, false).unwrap();
        let sent = pattern(200_000);
        let (done, got) = tokio::join!(answering.send(&sent, true, STALL), body(&asking));
        done.unwrap();
        assert!(got.unwrap() == sent);
    }
    assert!(!flood.is_finished());
    assert!(body(&slow).await.unwrap() == pattern(1 << 20));
    flood.await.unwrap().unwrap();
}

/// Callers share a link: not even all but one may stop the last by not reading.
#[tokio::test(flavor = "local", start_paused = true)]
async fn readers_who_stall_on_all_other_streams_stop_nobody() {
    let pair = Pair::new();
    let mut unread = Vec::new();
    for _ in 0..99 {
        let (asking, answering) = pair.get().await;
        answering.respond(200, |_| {}, false).unwrap();
        let filling = tokio::task::spawn_local(async move {
            answering.send(&vec![0; 200_000], true, Millis::from_secs(600)).await
        });
        unread.push((asking, filling));
    }
    let (asking, answering) = pair.get().await;
    answering.respond(200, |_| {}, false).unwrap();
    let sent = pattern(500_000);
    let (done, got) = tokio::join!(answering.send(&sent, true, STALL), body(&asking));
    done.unwrap();
    assert!(got.unwrap() == sent);
    assert!(unread.iter().all(|(_, filling)| !filling.is_finished()));
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn what_was_read_before_counts_as_read() {
    let limits = Limits::default();
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let (client, driver) = crate::http2::client(near, &limits);
    tokio::task::spawn_local(driver);
    let asking = client.open(POST, |_| {}, false).unwrap();
    let sent = pattern(60_000);
    asking.send(&sent, true, STALL).await.unwrap();
    // All of it at once, and more than any buffer of ours.
    let mut read = vec![0; 70_000];
    let mut count = 0;
    while count < 60_100 {
        count += tokio::io::AsyncReadExt::read(&mut far, &mut read[count..]).await.unwrap();
    }
    read.truncate(count);
    let (server, driver) = crate::http2::server_with(far, read, &limits);
    tokio::task::spawn_local(driver);
    let answering = request(&server).await;
    assert!(body(&answering).await.unwrap() == sent);
    answering.respond(200, |_| {}, true).unwrap();
    assert_eq!(status(&asking).await.unwrap(), 200);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn extended_connect_is_known_once_the_peer_has_said_so() {
    let pair = Pair::new();
    let (asking, answering) = pair.get().await;
    answering.respond(200, |_| {}, true).unwrap();
    status(&asking).await.unwrap();
    assert!(pair.client.peer_allows_connect_protocol());
    let line = wire::http2::RequestLine { method: "CONNECT", protocol: Some("websocket"), ..GET };
    let _asking = pair.client.open(line, |_| {}, false).unwrap();
    let Some(Incoming::Request { head, .. }) = pair.server.accept().await else {
        panic!("no request")
    };
    assert!(head.is_extended_connect());
    assert_eq!(head.upgrade(), Some("websocket"));
}
