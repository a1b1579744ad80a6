//! The push service as gRPC sees it: every stream is a session of its own,
//! under the identity its connection proved.

use model::SpiffeId;
use net::grpc::PeerId;
use net::grpc::discovery::aggregated_discovery_service_server::AggregatedDiscoveryService;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status, Streaming};
use wire::discovery::{DeltaDiscoveryRequest, DeltaDiscoveryResponse};

use super::ground::Ground;
use super::session::Session;

/// The service.
pub(crate) struct Push(pub(crate) Ground);

#[tonic::async_trait]
impl AggregatedDiscoveryService for Push {
    type DeltaAggregatedResourcesStream = ReceiverStream<Result<DeltaDiscoveryResponse, Status>>;

    async fn delta_aggregated_resources(
        &self,
        request: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<tonic::Response<Self::DeltaAggregatedResourcesStream>, Status> {
        let peer = proved(request.extensions())?;
        // One response is outstanding at a time, and then a status may follow.
        let (outbox, responses) = mpsc::channel(2);
        let requests = request.into_inner();
        let session = Session { ground: self.0.clone(), peer, requests, outbox };
        tokio::spawn(session.serve());
        Ok(tonic::Response::new(ReceiverStream::new(responses)))
    }
}

/// The identity the connection proved. Without one nothing is served.
pub(crate) fn proved(extensions: &tonic::Extensions) -> Result<SpiffeId, Status> {
    let PeerId(id) = extensions
        .get::<PeerId>()
        .ok_or_else(|| Status::unauthenticated("this needs a certificate"))?;
    Ok(id.clone())
}
