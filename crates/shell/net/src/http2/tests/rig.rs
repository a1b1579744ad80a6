//! What the tests of whole connections share.

use model::{Limits, Millis};
use tokio::io::{DuplexStream, duplex};
use tokio::task::{JoinHandle, spawn_local};
use wire::http2::RequestLine;

use crate::http2::{End, Incoming, Mux, Readable, Stream, StreamError, client, server};

pub(super) const STALL: Millis = Millis(5_000);

pub(super) const GET: RequestLine<'static> = RequestLine {
    method: "GET",
    scheme: "https",
    authority: "orders.example",
    path: "/v1",
    protocol: None,
};

pub(super) const POST: RequestLine<'static> = RequestLine { method: "POST", ..GET };

/// Two connected ends, both driven.
pub(super) struct Pair {
    pub(super) client: Mux,
    pub(super) server: Mux,
    pub(super) client_end: JoinHandle<End>,
    pub(super) server_end: JoinHandle<End>,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with(&Limits::default(), 64 * 1024)
    }

    /// With so many bytes between them.
    pub(super) fn with(limits: &Limits, between: usize) -> Self {
        let (near, far) = duplex(between);
        let (client, driver) = client(near, limits);
        let client_end = spawn_local(driver);
        let (server, driver) = server(far, limits);
        let server_end = spawn_local(driver);
        Self { client, server, client_end, server_end }
    }

    /// A request without a body, and its other end.
    pub(super) async fn get(&self) -> (Stream, Stream) {
        let asking = self.client.open(GET, |_| {}, true).unwrap();
        (asking, request(&self.server).await)
    }

    /// A request that goes on, and its other end.
    pub(super) async fn post(&self) -> (Stream, Stream) {
        let asking = self.client.open(POST, |_| {}, false).unwrap();
        (asking, request(&self.server).await)
    }
}

/// The next request. One that comes while others are still being let go of may
/// be refused.
pub(super) async fn request(mux: &Mux) -> Stream {
    loop {
        match mux.accept().await {
            Some(Incoming::Request { stream, .. }) => return stream,
            Some(Incoming::Refused { .. }) => {}
            other => panic!("no request: {other:?}"),
        }
    }
}

/// All of a message's body.
pub(super) async fn body(stream: &Stream) -> Result<Vec<u8>, StreamError> {
    let mut all = Vec::new();
    while stream.readable().await? == Readable::Data {
        stream.take(usize::MAX, &mut all);
    }
    Ok(all)
}

/// The final answer's status; interim ones are passed over.
pub(super) async fn status(stream: &Stream) -> Result<u16, StreamError> {
    loop {
        let (head, _) = stream.answer().await?;
        if !head.is_interim() {
            return Ok(head.status());
        }
    }
}

/// The connection has to end in order.
pub(super) async fn in_order(end: JoinHandle<End>) {
    let end = end.await.unwrap();
    assert!(end.is_orderly(), "{end}");
}

/// Bytes that differ from place to place.
pub(super) fn pattern(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at * 31 + (at >> 8)) as u8).collect()
}

/// One end for raw bytes against our server.
pub(super) fn raw_client(limits: &Limits) -> (DuplexStream, Mux, JoinHandle<End>) {
    let (near, far) = duplex(1 << 20);
    let (mux, driver) = server(far, limits);
    (near, mux, spawn_local(driver))
}

/// One end for raw bytes against our client.
pub(super) fn raw_server(limits: &Limits) -> (DuplexStream, Mux, JoinHandle<End>) {
    let (near, far) = duplex(1 << 20);
    let (mux, driver) = client(far, limits);
    (near, mux, spawn_local(driver))
}
