//! Time limits, in simulated time.

use std::time::Duration;

use model::{Limits, Millis};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep};
use wire::http2::ErrorCode;

use super::rig::{GET, Pair, STALL, in_order, pattern, raw_client, status};
use crate::http2::{End, client};

/// Preface and empty SETTINGS.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn limits() -> Limits {
    Limits {
        head_time: Millis(3_000),
        idle_time: Millis(20_000),
        body_stall_time: Millis(7_000),
        ..Limits::default()
    }
}

/// Whether it took about so long.
fn took(since: Instant, seconds: u64) {
    let taken = since.elapsed();
    let wanted = Duration::from_secs(seconds);
    assert!(taken >= wanted && taken < wanted + Duration::from_millis(50), "{taken:?}");
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn an_idle_connection_is_shut_down_in_order() {
    let begun = Instant::now();
    let pair = Pair::with(&limits(), 64 * 1024);
    assert!(pair.server.accept().await.is_none());
    took(begun, 20);
    in_order(pair.server_end).await;
    in_order(pair.client_end).await;
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn idle_time_counts_from_the_end_of_the_last_stream() {
    let pair = Pair::with(&limits(), 64 * 1024);
    assert!(pair.server.idle_since().is_some());
    let (asking, answering) = pair.get().await;
    assert!(pair.server.idle_since().is_none());
    // Open far longer than an idle connection would stay.
    sleep(Duration::from_secs(70)).await;
    answering.respond(200, |_| {}, true).unwrap();
    assert_eq!(status(&asking).await.unwrap(), 200);
    drop((asking, answering));
    let begun = Instant::now();
    assert_eq!(pair.server.idle_since(), Some(begun));
    assert!(pair.server.accept().await.is_none());
    took(begun, 20);
    in_order(pair.server_end).await;
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_client_does_not_end_what_is_idle() {
    let (near, _far) = duplex(1 << 16);
    let (mux, driver) = client(near, &limits());
    spawn_local(driver);
    sleep(Duration::from_secs(3_600)).await;
    assert!(mux.can_open() && !mux.is_over());
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn an_unfinished_head_is_waited_for_so_long_and_no_longer() {
    // HEADERS without END_HEADERS; half a frame; half a preface.
    let half_block = [GREETING, b"\0\0\x01\x01\0\0\0\0\x01\x82"].concat();
    let half_frame = [GREETING, b"\0\0\x08\x06\0\0\0\0\0\x01\x02"].concat();
    for bytes in [half_block.as_slice(), &half_frame, &GREETING[..9]] {
        let (mut peer, mux, end) = raw_client(&limits());
        sleep(Duration::from_secs(2)).await;
        let begun = Instant::now();
        peer.write_all(bytes).await.unwrap();
        assert!(mux.accept().await.is_none());
        took(begun, 3);
        let (_peer, end) = (peer, end.await.unwrap());
        let End::Error { code, why } = end else { panic!("{end}") };
        assert_eq!(code, ErrorCode::EnhanceYourCalm);
        assert!(why.contains("head_time"), "{why}");
    }
    // The twin that comes in time.
    let (mut peer, mux, _end) = raw_client(&limits());
    for byte in half_frame {
        peer.write_all(&[byte]).await.unwrap();
        sleep(Duration::from_millis(50)).await;
    }
    peer.write_all(&[0; 6]).await.unwrap();
    sleep(Duration::from_secs(10)).await;
    assert!(!mux.is_over());
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_peer_that_never_reads_is_let_go() {
    let (near, far) = duplex(1_000);
    let (mux, driver) = client(near, &limits());
    let end = spawn_local(driver);
    let begun = Instant::now();
    let mut streams = Vec::new();
    for _ in 0..50 {
        let long = "x".repeat(100);
        streams.push(mux.open(
            GET,
            |block| {
                block.field("long", long.as_bytes());
            },
            true,
        ));
    }
    let End::Broken(error) = end.await.unwrap() else { panic!("no stall") };
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    took(begun, 7);
    drop(far);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_peer_that_reads_slowly_is_not_let_go() {
    let (near, mut far) = duplex(100);
    let (mux, driver) = client(near, &limits());
    let end = spawn_local(driver);
    let long = "x".repeat(2_000);
    let _stream = mux
        .open(
            GET,
            |block| {
                block.field("long", long.as_bytes());
            },
            true,
        )
        .unwrap();
    let mut piece = [0; 100];
    for _ in 0..15 {
        sleep(Duration::from_secs(6)).await;
        far.read_exact(&mut piece).await.unwrap();
    }
    assert!(!end.is_finished());
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_peer_that_ignores_the_farewell_gets_a_second_for_it() {
    let (mut peer, mux, end) = raw_client(&limits());
    peer.write_all(GREETING).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    mux.shut_down();
    assert!(mux.accept().await.is_none());
    took(begun, 1);
    // It does not close its side either: one more second.
    in_order(end).await;
    took(begun, 2);
    let mut said = Vec::new();
    peer.read_to_end(&mut said).await.unwrap();
    let go_aways = said.windows(9).filter(|head| head[..4] == [0, 0, 8, 7] && head[4..] == [0; 5]);
    assert_eq!(go_aways.count(), 2);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn sending_waits_as_long_as_something_moves() {
    let pair = Pair::with(&limits(), 4_000);
    let (asking, answering) = pair.get().await;
    answering.respond(200, |_| {}, false).unwrap();
    let sending = spawn_local(async move {
        let sent = answering.send(&pattern(2 << 20), true, STALL).await;
        (sent, answering)
    });
    status(&asking).await.unwrap();
    let mut got = Vec::new();
    while asking.readable().await.unwrap() == crate::http2::Readable::Data {
        asking.take(100_000, &mut got);
        sleep(Duration::from_secs(4)).await;
    }
    assert_eq!(got.len(), 2 << 20);
    assert_eq!(sending.await.unwrap().0, Ok(()));
}
