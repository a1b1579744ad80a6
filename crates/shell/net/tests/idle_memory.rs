//! How much memory an idle HTTP/2 connection keeps. Alone in its process, as
//! it measures all of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use model::{Limits, Millis};
use net::http2::{Driver, End, Incoming, Mux, server};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::{JoinHandle, spawn_local, yield_now};

/// A peer that says what it has to say and is silent then.
struct Script(&'static [u8]);

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Pending;
        }
        buf.put_slice(std::mem::take(&mut self.0));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Preface, SETTINGS, and `GET https://a/` on stream 1.
const ASKED: &[u8] =
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x06\x01\x05\0\0\0\x01\x82\x87\x84\x41\x01a";

type Open = (Mux, JoinHandle<End>);

async fn begin(script: &'static [u8]) -> Open {
    let (mux, driver): (Mux, Driver<Script>) = server(Script(script), &Limits::default());
    let driver = spawn_local(driver);
    if !script.is_empty() {
        let Some(Incoming::Request { stream, .. }) = mux.accept().await else {
            panic!("no request")
        };
        stream.respond(200, |_| {}, false).unwrap();
        stream.send(&[0; 10_000], true, Millis(1_000)).await.unwrap();
    }
    for _ in 0..4 {
        yield_now().await;
    }
    (mux, driver)
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

/// What each of so many connections keeps.
async fn each(script: &'static [u8], kept: &mut Vec<Open>) -> usize {
    const MANY: usize = 2_000;
    kept.push(begin(script).await);
    let before = resident_bytes();
    for _ in 0..MANY {
        kept.push(begin(script).await);
    }
    resident_bytes().saturating_sub(before) / MANY
}

#[tokio::test(flavor = "local")]
async fn an_idle_connection_keeps_little() {
    let mut kept = Vec::with_capacity(5_000);
    let (new, used) = (each(b"", &mut kept).await, each(ASKED, &mut kept).await);
    assert!(kept.iter().all(|(mux, _)| !mux.is_over() && mux.open_streams() == 0));
    assert!(new < 4 * 1_024 && used < 8 * 1_024, "{new} and {used} bytes");
}
