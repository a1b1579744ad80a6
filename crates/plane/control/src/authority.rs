//! The authority's service for agents: what there is to hand out, kept
//! current, and the signing of it. Only the owner's processes reach it.

use std::sync::Arc;

use model::{Blame, Clock as _, SpiffeId};
use net::SystemClock;
use net::grpc::authority::authority_server;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use wire::authority::{Entitlements, IssueRequest, IssueResponse, WatchRequest};

use crate::attachments::Attachments;
use crate::ca::Authority;
use crate::documents::Documents;
use crate::entitlements::entries;
use crate::event::{Event, Events};

/// The service.
#[derive(Clone)]
pub(crate) struct AuthorityService {
    pub(crate) authority: Arc<Authority>,
    pub(crate) documents: Arc<Documents>,
    pub(crate) attachments: Arc<Attachments>,
    pub(crate) events: Events,
    /// Held by every stream: what stops us waits until all are gone.
    pub(crate) life: watch::Receiver<bool>,
}

#[tonic::async_trait]
impl authority_server::Authority for AuthorityService {
    type WatchStream = ReceiverStream<Result<Entitlements, Status>>;

    async fn watch(
        &self,
        _request: Request<WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (outbox, messages) = mpsc::channel(1);
        tokio::spawn(self.clone().keep_telling(outbox));
        Ok(Response::new(ReceiverStream::new(messages)))
    }

    async fn issue(
        &self,
        request: Request<IssueRequest>,
    ) -> Result<Response<IssueResponse>, Status> {
        let IssueRequest { spiffe_id, csr, .. } = request.into_inner();
        self.sign(&spiffe_id, &csr).map(Response::new).inspect_err(|status| {
            let why = status.message().to_owned();
            self.events.tell(Event::NotIssued { id: spiffe_id.clone(), why });
        })
    }
}

impl AuthorityService {
    fn entitlements(&self) -> Entitlements {
        Entitlements {
            entries: entries(&self.documents.current(), &self.attachments.current()),
            bundle: self.authority.bundle(),
            trust_domain: self.documents.trust_domain().to_string(),
        }
    }

    /// Sends the whole state at once and after every change of it.
    async fn keep_telling(self, outbox: mpsc::Sender<Result<Entitlements, Status>>) {
        let mut documents = self.documents.subscribe();
        let mut attached = self.attachments.subscribe();
        let mut life = self.life.clone();
        let mut told = None;
        loop {
            documents.mark_unchanged();
            attached.mark_unchanged();
            let present = self.entitlements();
            if told.as_ref() != Some(&present) {
                if outbox.send(Ok(present.clone())).await.is_err() {
                    return;
                }
                told = Some(present);
            }
            let changed = tokio::select! {
                changed = documents.changed() => changed,
                changed = attached.changed() => changed,
                () = outbox.closed() => return,
                _ = life.changed() => return,
            };
            if changed.is_err() {
                return;
            }
        }
    }

    /// Signs for an identity that is somebody's; whose, the agent attests.
    fn sign(&self, spiffe_id: &str, csr: &[u8]) -> Result<IssueResponse, Status> {
        let invalid = |error: &dyn std::fmt::Display| Status::invalid_argument(error.to_string());
        let id: SpiffeId = spiffe_id.parse().map_err(|error| invalid(&error))?;
        let (current, attached) = (self.documents.current(), self.attachments.current());
        let text = id.to_string();
        if !entries(&current, &attached).iter().any(|entry| entry.spiffe_id == text) {
            return Err(Status::permission_denied(format!("nobody is entitled to {id}")));
        }
        let lifetime = current.world.mesh().svid_lifetime;
        match self.authority.issue(&id, csr, lifetime, SystemClock.now()) {
            Ok(chain) => Ok(IssueResponse { chain }),
            Err(error) if error.blame() == Blame::Caller => Err(invalid(&error)),
            Err(error) => Err(Status::internal(error.to_string())),
        }
    }
}
