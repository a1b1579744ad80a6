//! The way to the authority: connects, follows what it says, and comes back
//! with growing pauses when it is away. What its words mean is the steward's
//! business.

use std::path::{Path, PathBuf};
use std::time::Duration;

use identity::Backoff;
use model::Millis;
use net::OsDice;
use net::grpc::authority::authority_client::AuthorityClient;
use tokio::sync::mpsc;
use tonic::transport::Channel;
use wire::authority::{Entitlements, WatchRequest};

/// A connection to the authority, cheap to clone.
pub(crate) type Authority = AuthorityClient<Channel>;

/// Connecting, and the answer to the first call on it.
const CONNECT_TIME: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Millis = Millis(50);
const LONGEST_PAUSE: Millis = Millis(5_000);
/// Entitlements of one host, as received.
const MESSAGE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What the link tells the steward.
#[derive(Debug)]
pub(crate) enum News {
    /// The authority answers, over this connection.
    Found(Authority),
    /// Its full present state.
    Entitlements(Entitlements),
    /// It is away, for this reason.
    Lost(String),
}

/// Follows the authority at `socket` until nobody listens any longer.
pub(crate) async fn follow(socket: PathBuf, news: mpsc::Sender<News>) {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let mut dice = OsDice::new();
    loop {
        let (reached, reason) = follow_once(&socket, &news).await;
        if reached {
            backoff.reset();
        }
        if news.send(News::Lost(reason)).await.is_err() {
            return;
        }
        let pause = backoff.pause(&mut dice);
        tokio::select! {
            () = tokio::time::sleep(pause.into()) => {}
            () = news.closed() => return,
        }
    }
}

/// One connection from beginning to end: whether the authority answered, and
/// why it is over.
async fn follow_once(socket: &Path, news: &mpsc::Sender<News>) -> (bool, String) {
    let (authority, mut stream) = match tokio::time::timeout(CONNECT_TIME, open(socket)).await {
        Ok(Ok(opened)) => opened,
        Ok(Err(reason)) => return (false, reason),
        Err(_) => return (false, "it does not answer in time".to_owned()),
    };
    let mut found = Some(authority);
    loop {
        let word = match stream.message().await {
            Ok(Some(entitlements)) => News::Entitlements(entitlements),
            Ok(None) => return (found.is_none(), "it ended the stream".to_owned()),
            Err(status) => return (found.is_none(), status.message().to_owned()),
        };
        if let Some(authority) = found.take() {
            let _ = news.send(News::Found(authority)).await;
        }
        if news.send(word).await.is_err() {
            return (true, String::new());
        }
    }
}

async fn open(socket: &Path) -> Result<(Authority, tonic::Streaming<Entitlements>), String> {
    let channel = net::grpc::dial_unix(socket).await.map_err(|error| error.to_string())?;
    let mut authority = AuthorityClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX);
    let stream = authority.watch(WatchRequest {}).await;
    let stream = stream.map_err(|status| status.message().to_owned())?.into_inner();
    Ok((authority, stream))
}
