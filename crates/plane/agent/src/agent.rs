//! Starting and stopping: the socket, the link to the authority, the steward
//! and the service, put together.

use std::path::PathBuf;
use std::time::Duration;

use model::Blame;
use net::grpc::workload::spiffe_workload_api_server::SpiffeWorkloadApiServer;
use net::unix::{Access, BindError, Listener};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tonic::transport::Server;

use crate::accept::connections;
use crate::event::Event;
use crate::link;
use crate::steward::Steward;
use crate::workload::WorkloadApi;

/// Events kept for a listener that is slow.
const EVENTS_MAX: usize = 1_024;
/// Streams one connection may hold open.
const STREAMS_MAX: u32 = 32;
const HEADER_BYTES_MAX: u32 = 8 * 1024;
/// Requests of the Workload API are empty.
const REQUEST_BYTES_MAX: usize = 4 * 1024;
/// What the link may say before the steward has heard it.
const NEWS_MAX: usize = 8;
const STOP_TIME: Duration = Duration::from_secs(2);

/// Where things are.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// Where the Workload API is served.
    pub socket: PathBuf,
    /// Where the authority answers.
    pub authority: PathBuf,
    /// Where the trust bundle is kept as PEM.
    pub bundle_file: PathBuf,
}

/// Why the agent didn't start.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The socket is taken, or can't be made.
    #[error("the Workload API can't be served: {0}")]
    Socket(#[from] BindError),
}

impl AgentError {
    /// Whoever starts two agents, or one without the right to its folder.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Socket(_) => Blame::Operator,
        }
    }
}

/// A running agent. Stops when dropped; [`Agent::stop`] waits for it.
#[derive(Debug)]
pub struct Agent {
    events: broadcast::Sender<Event>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
    /// The steward and the link.
    others: [JoinHandle<()>; 2],
}

/// Serves the Workload API. The authority doesn't have to be there yet: until
/// it has spoken, callers are told to try again.
///
/// # Errors
/// [`AgentError::Socket`].
pub async fn start(config: AgentConfig) -> Result<Agent, AgentError> {
    let listener = Listener::bind(&config.socket, Access::Anyone)?;
    let (views_in, views) = watch::channel(None);
    let (events, _) = broadcast::channel(EVENTS_MAX);
    let (news_in, news) = mpsc::channel(NEWS_MAX);
    let steward = Steward::new(config.bundle_file, views_in, events.clone());
    let (stop, stopped) = oneshot::channel();
    let server = serve(listener, WorkloadApi::new(views, events.clone()), stopped);
    Ok(Agent {
        events,
        stop: Some(stop),
        server: tokio::spawn(server),
        others: [
            tokio::spawn(steward.run(news)),
            tokio::spawn(link::follow(config.authority, news_in)),
        ],
    })
}

impl Agent {
    /// What happens from now on. A listener that falls behind by more than
    /// 1,024 events misses the oldest.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Ends all streams, closes the socket and removes its file. Returns when
    /// that is done, or after two seconds.
    pub async fn stop(mut self) {
        self.begin_to_stop();
        if tokio::time::timeout(STOP_TIME, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }

    /// Streams end with the steward, whose view they follow.
    fn begin_to_stop(&mut self) {
        for task in &self.others {
            task.abort();
        }
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.begin_to_stop();
    }
}

async fn serve(listener: Listener, api: WorkloadApi, stopped: oneshot::Receiver<()>) {
    let service = SpiffeWorkloadApiServer::new(api).max_decoding_message_size(REQUEST_BYTES_MAX);
    let served = Server::builder()
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .add_service(service)
        .serve_with_incoming_shutdown(connections(listener), async {
            let _ = stopped.await;
        });
    // It can only fail by an error of the incoming stream, which has none.
    let _ = served.await;
}
