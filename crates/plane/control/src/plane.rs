//! The control plane at work: its sockets served, its clocks ticking, until it
//! is stopped.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::Clock as _;
use net::SystemClock;
use net::grpc::authority::authority_server::AuthorityServer;
use net::grpc::discovery::aggregated_discovery_service_server::AggregatedDiscoveryServiceServer;
use net::grpc::push::records_server::RecordsServer;
use net::grpc::{serve_mtls_unix, serve_unix};
use net::tls::{ALPN_H2, Inbound};
use net::unix::Listener;
use store::{Ring, Store};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tonic::service::Routes;

use crate::admin::{self, AdminListener, Desk};
use crate::attachments::Attachments;
use crate::authority::AuthorityService;
use crate::event::Event;
use crate::instances::Instances;
use crate::push::{Ground, Push};
use crate::records::{RecordsService, Writer};
use crate::server_identity;
use crate::settings::ControlConfig;

/// How often leases and instances are looked at.
const TICK: Duration = Duration::from_millis(500);
/// The largest message a door or agent may send, in bytes.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Open requests get this long when it stops.
const STOP_TIME: Duration = Duration::from_secs(2);

/// A running control plane. Dropping it ends it at once; [`Control::stop`]
/// ends it in order.
pub struct Control {
    admin: PathBuf,
    ground: Ground,
    /// What ends by itself when told to stop.
    serving: JoinSet<()>,
    /// What never does.
    upkeep: JoinSet<()>,
    stop: watch::Sender<bool>,
    files: Files,
}

/// The open files.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) store: Store,
    pub(crate) decisions: Ring,
}

/// Everything that was opened.
pub(crate) struct Parts {
    pub(crate) config: ControlConfig,
    pub(crate) ground: Ground,
    pub(crate) attachments: Arc<Attachments>,
    pub(crate) instances: Instances,
    pub(crate) files: Files,
}

/// The bound sockets.
pub(crate) struct Sockets {
    pub(crate) admin: Listener,
    pub(crate) authority: Listener,
    pub(crate) push: Listener,
}

impl Control {
    /// Begins to serve.
    pub(crate) fn begin(parts: Parts, sockets: Sockets, stop: watch::Sender<bool>) -> Self {
        let Parts { config, ground, attachments, instances, files } = parts;
        let mut control = Self {
            admin: sockets.admin.path().to_owned(),
            ground,
            serving: JoinSet::new(),
            upkeep: JoinSet::new(),
            stop,
            files,
        };
        let desk = control.desk(config, &attachments);
        control.serve_admin(sockets.admin, desk);
        control.serve_authority(sockets.authority, &attachments);
        control.serve_push(sockets.push);
        control.keep(attachments, instances);
        control
    }

    fn desk(&self, config: ControlConfig, attachments: &Arc<Attachments>) -> Desk {
        Desk {
            documents: Arc::clone(&self.ground.documents),
            fleet: Arc::clone(&self.ground.fleet),
            attachments: Arc::clone(attachments),
            authority: Arc::clone(&self.ground.authority),
            decisions: self.files.decisions.clone(),
            metrics: config.metrics,
            started: SystemClock.now(),
            state: config.state,
            runtime: config.runtime,
        }
    }

    fn serve_admin(&mut self, listener: Listener, desk: Desk) {
        let serving = axum::serve(AdminListener(listener), admin::router(Arc::new(desk)));
        let serving = serving.with_graceful_shutdown(self.stopped());
        self.serve(async move {
            // It ends when it is told to, never by itself.
            let _ = serving.await;
        });
    }

    fn serve_authority(&mut self, listener: Listener, attachments: &Arc<Attachments>) {
        let Ground { authority, documents, events, life, .. } = self.ground.clone();
        let attachments = Arc::clone(attachments);
        let service = AuthorityService { authority, documents, attachments, events, life };
        let server = AuthorityServer::new(service).max_decoding_message_size(MESSAGE_BYTES_MAX);
        self.serve(serve_unix(listener, Routes::new(server), self.stopped()));
    }

    fn serve_push(&mut self, listener: Listener) {
        let documents = Arc::clone(&self.ground.documents);
        let (writer, writing) =
            Writer::to(self.files.decisions.clone(), self.ground.events.clone());
        self.serve(writing);
        let push = AggregatedDiscoveryServiceServer::new(Push(self.ground.clone()))
            .max_decoding_message_size(MESSAGE_BYTES_MAX);
        let records = RecordsServer::new(RecordsService { documents, writer })
            .max_decoding_message_size(MESSAGE_BYTES_MAX);
        let routes = Routes::new(push).add_service(records);
        let tls = Inbound::new(Arc::clone(&self.ground.credentials), &[ALPN_H2]);
        self.serve(serve_mtls_unix(listener, Arc::new(tls), routes, self.stopped()));
    }

    /// Keeps what gets old: leases, instances, our own identity.
    fn keep(&mut self, attachments: Arc<Attachments>, instances: Instances) {
        let Ground { fleet, clock, events, authority, credentials, .. } = self.ground.clone();
        let upkeep = &mut self.upkeep;
        upkeep.spawn(instances.follow(Arc::clone(&fleet), events.clone()));
        upkeep.spawn(server_identity::keep_fresh(authority, credentials, events.clone()));
        upkeep.spawn(async move {
            let mut tick = tokio::time::interval(TICK);
            loop {
                tick.tick().await;
                fleet.expire(clock.now());
                if let Err(error) = attachments.expire().await {
                    let what = format!("leases could not be ended: {error}");
                    events.tell(Event::Trouble { what });
                }
            }
        });
    }

    /// Runs something until it is told to stop and ends by itself.
    fn serve(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.serving.spawn(work);
    }

    fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stop = self.stop.subscribe();
        async move {
            // A sender that is gone means the same.
            let _ = stop.wait_for(|stop| *stop).await;
        }
    }

    /// Where the admin API listens.
    #[must_use]
    pub fn admin_socket(&self) -> &Path {
        &self.admin
    }

    /// What happens here, from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.ground.events.listen()
    }

    /// Ends it: nothing new is taken in, open requests get a moment, decisions
    /// that were taken in are written, and the files are free when it returns.
    pub async fn stop(self) {
        let Self { ground, mut serving, mut upkeep, stop, files, .. } = self;
        stop.send_replace(true);
        drop(ground);
        let ended = async {
            while serving.join_next().await.is_some() {}
            upkeep.shutdown().await;
            // Every stream holds a receiver.
            stop.closed().await;
        };
        // What has not ended by then is cut off.
        let _ = tokio::time::timeout(STOP_TIME, ended).await;
        files.store.close().await;
        files.decisions.close().await;
    }
}
