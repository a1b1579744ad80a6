//! What a connection costs: writes, polls, memory.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use model::Limits;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::task::spawn_local;

use super::rig::{GET, POST, STALL, body, pattern, request, status};
use crate::http2::{Driver, Mux, Stream, client, server};

/// Calls that a socket would make to the kernel, and polls of the driver.
#[derive(Default)]
struct Count {
    writes: Cell<usize>,
    reads: Cell<usize>,
    polls: Cell<usize>,
}

impl Count {
    fn take(&self) -> (usize, usize, usize) {
        (self.writes.take(), self.reads.take(), self.polls.take())
    }
}

struct Counting {
    io: DuplexStream,
    count: Rc<Count>,
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        self.count.reads.set(self.count.reads.get() + usize::from(read.is_ready()));
        read
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.count.writes.set(self.count.writes.get() + 1);
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

fn counted(
    io: DuplexStream,
    begin: fn(Counting, &Limits) -> (Mux, Driver<Counting>),
) -> (Mux, Rc<Count>) {
    let count = Rc::new(Count::default());
    let (mux, mut driver) = begin(Counting { io, count: count.clone() }, &Limits::default());
    let polls = count.clone();
    spawn_local(poll_fn(move |cx| {
        polls.polls.set(polls.polls.get() + 1);
        Pin::new(&mut driver).poll(cx)
    }));
    (mux, count)
}

fn pair() -> ((Mux, Rc<Count>), (Mux, Rc<Count>)) {
    let (near, far) = duplex(1 << 20);
    (counted(near, client), counted(far, server))
}

async fn settled() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// The whole of one small exchange.
async fn exchange(client: &Mux, server: &Mux) -> Stream {
    let asking = client.open(POST, |_| {}, false).unwrap();
    asking.send(b"question", true, STALL).await.unwrap();
    let answering = request(server).await;
    assert_eq!(body(&answering).await.unwrap(), b"question");
    answering.respond(200, |_| {}, false).unwrap();
    answering.send(b"answer", false, STALL).await.unwrap();
    answering.trailers(|_| {}).unwrap();
    drop(answering);
    assert_eq!(status(&asking).await.unwrap(), 200);
    assert_eq!(body(&asking).await.unwrap(), b"answer");
    asking
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn an_exchange_costs_one_write_and_one_read_on_each_side() {
    let ((client, near), (server, far)) = pair();
    drop(exchange(&client, &server).await);
    settled().await;
    near.take();
    far.take();
    for _ in 0..10 {
        drop(exchange(&client, &server).await);
        settled().await;
        let (near, far) = (near.take(), far.take());
        assert_eq!((near.0, near.1), (1, 1), "client");
        assert_eq!((far.0, far.1), (1, 1), "server");
        // One to write, one to read.
        assert!(near.2 <= 2 && far.2 <= 2, "polls {near:?} {far:?}");
    }
}

/// Many gRPC clients send a PING along with their requests.
#[tokio::test(flavor = "local", start_paused = true)]
async fn what_a_read_makes_the_machine_say_goes_out_with_the_answer() {
    let (mut peer, far) = duplex(1 << 20);
    let (mux, count) = counted(far, server);
    peer.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    settled().await;
    let serving = spawn_local(async move {
        let stream = request(&mux).await;
        stream.respond(204, |_| {}, true).unwrap();
        mux
    });
    settled().await;
    count.take();
    let get = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x87\x84\x41\x01a";
    peer.write_all(&[b"\0\0\x08\x06\0\0\0\0\0pingping", &get[..]].concat()).await.unwrap();
    let _mux = serving.await.unwrap();
    settled().await;
    let (writes, reads, polls) = count.take();
    assert_eq!((writes, reads), (1, 1));
    assert!(polls <= 3, "{polls} polls");
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn what_streams_do_at_the_same_time_goes_out_together() {
    let ((client, near), (server, far)) = pair();
    drop(exchange(&client, &server).await);
    settled().await;
    near.take();
    far.take();
    let serving = server.clone();
    spawn_local(async move {
        loop {
            let stream = request(&serving).await;
            spawn_local(async move {
                stream.respond(200, |_| {}, false).unwrap();
                stream.send(b"answer", true, STALL).await.unwrap();
            });
        }
    });
    let asking: Vec<_> = (0..50).map(|_| client.open(GET, |_| {}, true).unwrap()).collect();
    for stream in &asking {
        assert_eq!(body(stream).await.unwrap(), b"answer");
    }
    settled().await;
    let (near, far) = (near.take(), far.take());
    assert_eq!((near.0, near.1), (1, 1), "client");
    assert_eq!((far.0, far.1), (1, 1), "server");
    assert!(near.2 <= 3 && far.2 <= 3, "polls {near:?} {far:?}");
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_connection_that_waits_is_not_polled() {
    let ((client, near), (server, far)) = pair();
    let _open = exchange(&client, &server).await;
    let unread = client.open(GET, |_| {}, true).unwrap();
    let feeding = request(&server).await;
    feeding.respond(200, |_| {}, false).unwrap();
    spawn_local(async move { feeding.send(&pattern(4 << 20), true, STALL).await });
    settled().await;
    near.take();
    far.take();
    settled().await;
    assert_eq!((near.take(), far.take()), ((0, 0, 0), (0, 0, 0)));
    drop(unread);
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_large_body_moves_in_large_pieces() {
    const SIZE: usize = 16 << 20;
    let ((client, near), (server, far)) = pair();
    let asking = client.open(GET, |_| {}, true).unwrap();
    let answering = request(&server).await;
    answering.respond(200, |_| {}, false).unwrap();
    near.take();
    far.take();
    let sent = pattern(SIZE);
    let (done, got) = tokio::join!(answering.send(&sent, true, STALL), body(&asking));
    done.unwrap();
    assert!(got.unwrap() == sent);
    let (writes, _, polls) = far.take();
    // A stream's window is 128 KiB, told of in halves.
    assert!(writes < SIZE / (32 * 1024), "{writes} writes");
    assert!(polls < SIZE / (16 * 1024), "{polls} polls");
    let (_, reads, _) = near.take();
    assert!(reads < 2 * SIZE / (32 * 1024), "{reads} reads");
}
