//! Peers that send what no library would.

use std::rc::Rc;
use std::time::Duration;

use model::{Limits, Millis};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::spawn_local;
use tokio::time::Instant;
use wire::http2::ErrorCode;

use super::rig::{GET, POST, STALL, raw_client, raw_server, request};
use crate::http2::{End, StreamError};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend_from_slice(&[kind, flags, 0, 0, 0, stream]);
    bytes.extend_from_slice(payload);
    bytes
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_peer_that_speaks_something_else_is_told_so_and_left() {
    let (mut peer, mux, end) = raw_client(&Limits::default());
    peer.write_all(b"GET / HTTP/1.1\r\nhost: orders\r\n\r\n").await.unwrap();
    assert!(mux.accept().await.is_none());
    let mut said = Vec::new();
    peer.read_to_end(&mut said).await.unwrap();
    drop(peer);
    let End::Error { code, .. } = end.await.unwrap() else { panic!("no error") };
    assert_eq!(code, ErrorCode::ProtocolError);
    // The last frame is GOAWAY with the code.
    assert_eq!(said[said.len() - 17..][3], 7);
    assert_eq!(said[said.len() - 4..], [0, 0, 0, 1]);
}

/// PINGs whose answers are not read: the connection stops reading, and goes on
/// when they are.
#[tokio::test(flavor = "local", start_paused = true)]
async fn a_flood_of_questions_whose_answers_nobody_reads_is_not_read() {
    let limits = Limits {
        http2_output_bytes_max: 8 * 1024,
        http2_control_frames_max: 1_000_000,
        ..Limits::default()
    };
    let (near, far) = tokio::io::duplex(16 * 1024);
    let (_mux, driver) = crate::http2::server(far, &limits);
    let end = spawn_local(driver);
    let (mut reader, mut writer) = tokio::io::split(near);
    let flood = spawn_local(async move {
        writer.write_all(PREFACE).await.unwrap();
        writer.write_all(&frame(4, 0, 0, &[])).await.unwrap();
        for number in 0..10_000_u64 {
            writer.write_all(&frame(6, 0, 0, &number.to_be_bytes())).await.unwrap();
        }
        writer
    });
    // It comes to a halt: nothing moves for many turns.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(!flood.is_finished() && !end.is_finished());
    let mut said = Vec::new();
    while said.windows(8).next_back() != Some(&9_999_u64.to_be_bytes()) {
        assert!(reader.read_buf(&mut said).await.unwrap() > 0);
    }
    flood.await.unwrap();
    assert!(!end.is_finished());
}

/// Whole frames that wait for output to go are not forgotten, though nothing
/// more comes behind them.
#[tokio::test(flavor = "local", start_paused = true)]
async fn questions_that_came_at_once_are_answered_as_answers_are_read() {
    let limits = Limits { http2_output_bytes_max: 8 * 1024, ..Limits::default() };
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (mut reader, mut writer) = tokio::io::split(near);
    let mut all = [PREFACE, &frame(4, 0, 0, &[])].concat();
    for number in 0..1_500_u64 {
        all.extend_from_slice(&frame(6, 0, 0, &number.to_be_bytes()));
    }
    writer.write_all(&all).await.unwrap();
    let (_mux, driver) = crate::http2::server(far, &limits);
    let _end = spawn_local(driver);
    let mut said = Vec::new();
    while !said.ends_with(&1_499_u64.to_be_bytes()) {
        let read = tokio::time::timeout(Duration::from_secs(5), reader.read_buf(&mut said));
        assert!(read.await.unwrap().unwrap() > 0);
    }
}

/// More than one turn's reads, in the end of which there is a head, and nothing
/// of it makes the connection say anything.
#[tokio::test(flavor = "local", start_paused = true)]
async fn what_comes_behind_very_much_is_read_too() {
    let (mut peer, mux, _end) = raw_client(&Limits::default());
    let mut all = [PREFACE, &frame(4, 0, 0, &[])].concat();
    for stream in [1, 3, 5, 7] {
        // `GET https://a/` with a body.
        all.extend_from_slice(&frame(1, 4, stream, b"\x82\x87\x84\x41\x01a"));
        for _ in 0..7 {
            all.extend_from_slice(&frame(0, 0, stream, &[0; 16_000]));
        }
    }
    peer.write_all(&all).await.unwrap();
    let mut kept = Vec::new();
    for _ in 0..4 {
        let next = tokio::time::timeout(Duration::from_secs(5), request(&mux));
        kept.push(next.await.unwrap());
    }
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn interim_heads_that_nobody_reads_are_limited() {
    let (mut peer, mux, _end) = raw_server(&Limits::default());
    let asking = mux.open(GET, |_| {}, true).unwrap();
    peer.write_all(&frame(4, 0, 0, &[])).await.unwrap();
    // `:status: 103`, as a literal with the name of index 8.
    let interim = frame(1, 4, 1, b"\x08\x03103");
    for _ in 0..40 {
        peer.write_all(&interim).await.unwrap();
    }
    assert!(matches!(asking.lost().await, StreamError::Reset { .. }));
    assert!(!mux.is_over());
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_goaway_tells_which_requests_were_not_looked_at() {
    let (mut peer, mux, _end) = raw_server(&Limits::default());
    let first = mux.open(GET, |_| {}, true).unwrap();
    let second = mux.open(GET, |_| {}, true).unwrap();
    peer.write_all(&frame(4, 0, 0, &[])).await.unwrap();
    peer.write_all(&frame(7, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0])).await.unwrap();
    second.lost().await;
    assert!(second.is_unprocessed() && !first.is_unprocessed());
    assert!(!mux.can_open() && !mux.is_over());
    // `:status: 200`
    peer.write_all(&frame(1, 5, 1, b"\x88")).await.unwrap();
    assert_eq!(first.answer().await.unwrap().0.status(), 200);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_connection_cut_inside_a_frame_is_lost() {
    let (mut peer, mux, end) = raw_server(&Limits::default());
    let asking = mux.open(GET, |_| {}, true).unwrap();
    peer.write_all(&frame(4, 0, 0, &[])).await.unwrap();
    peer.write_all(&frame(1, 4, 1, b"\x88")).await.unwrap();
    peer.write_all(&frame(0, 1, 1, b"not all of it")[..15]).await.unwrap();
    asking.answer().await.unwrap();
    drop(peer);
    let error = loop {
        match asking.readable().await {
            Ok(crate::http2::Readable::Data) => asking.take(99, &mut Vec::new()),
            Ok(end) => panic!("{end:?}"),
            Err(error) => break error,
        };
    };
    assert!(matches!(error, StreamError::Lost(_)));
    assert!(matches!(end.await.unwrap(), End::Broken(_)));
}

/// The connection's window opens by less than a frame: it goes to whoever
/// still waits, not to one who has given up.
#[tokio::test(flavor = "local", start_paused = true)]
async fn a_sender_who_has_given_up_is_not_given_room() {
    let (mut peer, mux, _end) = raw_server(&Limits::default());
    // INITIAL_WINDOW_SIZE: one megabyte.
    peer.write_all(&frame(4, 0, 0, &[0, 4, 0, 0x10, 0, 0])).await.unwrap();
    peer.write_all(&frame(6, 0, 0, &[7; 8])).await.unwrap();
    // The answer to the PING says that the settings are known.
    let mut said = Vec::new();
    while !said.ends_with(&[7; 8]) {
        peer.read_buf(&mut said).await.unwrap();
    }
    let (first, second) =
        (mux.open(POST, |_| {}, false).unwrap(), mux.open(POST, |_| {}, false).unwrap());
    first.send(&[1; 65_535], false, STALL).await.unwrap();
    let gave_up = first.send(&[1; 10], false, Millis(10)).await;
    assert_eq!(gave_up, Err(StreamError::TimedOut));
    let first = Rc::new(first);
    let sender = first.clone();
    let waiting = spawn_local(async move { sender.send(&[1; 10], false, STALL).await });
    let sending = spawn_local(async move { second.send(&[2; 10], false, STALL).await });
    tokio::time::sleep(Duration::from_millis(10)).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    peer.write_all(&frame(8, 0, 0, &[0, 0, 0, 10])).await.unwrap();
    let begun = Instant::now();
    assert_eq!(sending.await.unwrap(), Ok(()));
    assert!(begun.elapsed() < Duration::from_secs(1), "only its last try went through");
}
