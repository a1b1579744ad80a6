//! The SPIFFE Workload API (SPIFFE_Workload_API.md, the X.509-SVID profile)
//! as a gRPC service: who may ask at all, and grants as messages.

use std::pin::Pin;

use futures_util::Stream;
use model::SpiffeId;
use net::grpc::workload::spiffe_workload_api_server::SpiffeWorkloadApi;
use tokio::sync::broadcast;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};
use wire::workload::{
    X509BundlesRequest, X509BundlesResponse, X509svid, X509svidRequest, X509svidResponse,
};

use crate::event::Event;
use crate::follow::Follow;
use crate::judge::{Given, Grant};
use crate::peer::Peer;
use crate::view::Views;

/// Proof that whoever asks can set a header, which a browser or a request
/// forged on a server can't (SPIFFE_Workload_Endpoint.md, section 3).
const HEADER: &str = "workload.spiffe.io";

/// Serves every connection.
#[derive(Clone)]
pub(crate) struct WorkloadApi {
    views: Views,
    events: broadcast::Sender<Event>,
    /// The process of the agent itself.
    own: i32,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl WorkloadApi {
    pub(crate) fn new(views: Views, events: broadcast::Sender<Event>) -> Self {
        let own = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
        Self { views, events, own }
    }

    async fn answer<Q, T: Send + 'static>(
        &self,
        request: Request<Q>,
        message: fn(&Grant) -> T,
    ) -> Result<Response<Answers<T>>, Status> {
        check_header(request.metadata())?;
        let peer = request.extensions().get::<Peer>().cloned();
        let peer = peer.ok_or_else(|| Status::internal("the connection names no peer"))?;
        let who = peer.who();
        let mut follow = Follow::new(self.views.clone(), peer, self.own);
        let first = follow.first().await.map_err(|refusal| {
            let status = refusal.status();
            // Nobody has to listen.
            let _ = self.events.send(Event::Refused { who, reason: refusal.to_string() });
            status
        })?;
        Ok(Response::new(Box::pin(follow.stream(&first, message))))
    }
}

#[tonic::async_trait]
impl SpiffeWorkloadApi for WorkloadApi {
    type FetchX509SVIDStream = Answers<X509svidResponse>;
    type FetchX509BundlesStream = Answers<X509BundlesResponse>;

    async fn fetch_x509svid(
        &self,
        request: Request<X509svidRequest>,
    ) -> Result<Response<Self::FetchX509SVIDStream>, Status> {
        self.answer(request, svids).await
    }

    async fn fetch_x509_bundles(
        &self,
        request: Request<X509BundlesRequest>,
    ) -> Result<Response<Self::FetchX509BundlesStream>, Status> {
        self.answer(request, bundles).await
    }
}

/// Exactly `true`, and nothing else beside it.
fn check_header(metadata: &MetadataMap) -> Result<(), Status> {
    let mut values = metadata.get_all(HEADER).iter();
    match (values.next(), values.next()) {
        (Some(value), None) if value == "true" => Ok(()),
        _ => Err(Status::invalid_argument("the metadata `workload.spiffe.io: true` is missing")),
    }
}

fn svids(grant: &Grant) -> X509svidResponse {
    let bundle = grant.bundle.anchors().concat();
    let svid = |given: &Given| X509svid {
        spiffe_id: given.svid.id.to_string(),
        x509_svid: given.svid.chain.clone(),
        x509_svid_key: given.svid.key.expose().clone(),
        bundle: bundle.clone(),
        hint: given.hint.clone(),
    };
    X509svidResponse { svids: grant.given.iter().map(svid).collect(), ..Default::default() }
}

fn bundles(grant: &Grant) -> X509BundlesResponse {
    let own = SpiffeId::of_trust_domain(grant.bundle.trust_domain()).to_string();
    let bundles = [(own, grant.bundle.anchors().concat())].into();
    X509BundlesResponse { bundles, ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(values: &[&'static str]) -> Option<tonic::Code> {
        let mut metadata = MetadataMap::new();
        for value in values {
            metadata.append(HEADER, value.parse().unwrap());
        }
        check_header(&metadata).err().map(|status| status.code())
    }

    #[test]
    fn only_the_exact_header_opens() {
        assert_eq!(code(&["true"]), None);
        for bad in [&[][..], &["True"], &["1"], &[""], &["true "], &["false"], &["true", "true"]] {
            assert_eq!(code(bad), Some(tonic::Code::InvalidArgument), "{bad:?}");
        }
    }
}
