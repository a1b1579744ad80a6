//! Kept-alive onward connections, so that a steady load does not open one per
//! request. It keeps a handful per address and never longer than a door's own
//! idle time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const IDLE_TIME: Duration = Duration::from_secs(20);
const IDLE_MAX: usize = 64;

type Sender = SendRequest<Full<Bytes>>;

/// Idle connections by address.
#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<HashMap<SocketAddr, Vec<(Instant, Sender)>>>,
}

impl Pool {
    /// Sends `request` to `address`, over an idle connection when there is one.
    /// A request that an idle connection gave back unsent goes over a new one.
    pub(super) async fn send(
        &self,
        address: SocketAddr,
        mut request: Request<Full<Bytes>>,
    ) -> anyhow::Result<(Response<Incoming>, Sender)> {
        while let Some(mut sender) = self.take(address) {
            match sender.try_send_request(request).await {
                Ok(response) => return Ok((response, sender)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(error.into_error().into()),
                },
            }
        }
        let mut sender = connect(address).await?;
        let response = sender.send_request(request).await?;
        Ok((response, sender))
    }

    /// Takes a connection whose answer has been read to its end.
    pub(super) fn give_back(&self, address: SocketAddr, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let here = idle.entry(address).or_default();
        if here.len() < IDLE_MAX {
            here.push((Instant::now(), sender));
        }
    }

    fn take(&self, address: SocketAddr) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let here = idle.get_mut(&address)?;
        here.retain(|(since, sender)| since.elapsed() < IDLE_TIME && !sender.is_closed());
        let at = here.iter().rposition(|(_, sender)| sender.is_ready())?;
        Some(here.swap_remove(at).1)
    }
}

async fn connect(address: SocketAddr) -> anyhow::Result<Sender> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("connect {address}"))?;
    stream.set_nodelay(true).context("TCP_NODELAY")?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}
