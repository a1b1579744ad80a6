//! The first bytes of a TLS connection, at a door and at the edge: whatever
//! they are, the handshake ends, the decision is the same however they are
//! split, and what is sent back is bounded.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use model::Millis;
use net::tls::{ALPN_H2, ALPN_HTTP, Edge, Inbound};
use net::{Credentials, Swap};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Runtime;

use crate::{authority, parts};

/// A whole flight with certificates, several times over.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
const LONG: Millis = Millis::from_secs(3_600);

struct Ground {
    inbound: Inbound,
    edge: Edge,
    runtime: Runtime,
}

pub(super) fn run(input: &[u8]) {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    let ground = GROUND.get_or_init(lay);
    let whole = [vec![input.len()]];
    let said: Vec<_> =
        whole.iter().chain(&parts::ways(input)).map(|ends| meet(ground, input, ends)).collect();
    assert!(said.iter().all(|other| *other == said[0]), "{said:?}");
}

/// How it ended at a door and at the edge, in words.
fn meet(ground: &Ground, input: &[u8], ends: &[usize]) -> [String; 2] {
    let (mut at_door, mut at_edge) = (Line::new(input, ends), Line::new(input, ends));
    let words = ground.runtime.block_on(async {
        let door = ground.inbound.accept(&mut at_door, LONG).await.map(|_| ());
        let edge = ground.edge.accept(&mut at_edge, LONG).await.map(|_| ());
        // Nobody can have finished one: our share of the key is drawn anew.
        [door.expect_err("a handshake").to_string(), edge.expect_err("a handshake").to_string()]
    });
    for line in [&at_door, &at_edge] {
        assert!(line.sent <= ANSWER_BYTES_MAX, "{} bytes sent", line.sent);
    }
    words
}

fn lay() -> Ground {
    let own: Option<Credentials> = Some(authority::credentials());
    let alpn = [ALPN_H2, ALPN_HTTP];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    Ground {
        inbound: Inbound::new(Arc::new(Swap::new(own)), &alpn),
        edge: Edge::self_signed(&["shop.example".to_owned()], &alpn).expect("an edge"),
        runtime: runtime.expect("a runtime"),
    }
}

/// A connection on which the input arrives in pieces and then ends; what is
/// sent back is counted.
struct Line<'a> {
    input: &'a [u8],
    ends: &'a [usize],
    at: usize,
    sent: usize,
}

impl<'a> Line<'a> {
    const fn new(input: &'a [u8], ends: &'a [usize]) -> Self {
        Self { input, ends, at: 0, sent: 0 }
    }
}

impl AsyncRead for Line<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let end = self.ends.iter().find(|end| **end > self.at).copied().unwrap_or(self.at);
        let end = end.min(self.at + out.remaining());
        out.put_slice(&self.input[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.sent += bytes.len();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
