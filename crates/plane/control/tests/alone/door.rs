//! A door of nothing: it gets its identity from the authority and listens to
//! the push stream like a real one.

use std::collections::BTreeMap;
use std::sync::Arc;

use identity::{Bundle, Bundles, LocalKey, Sealed, make_csr, server_id, verify_seal};
use model::{Clock as _, Secret, SpiffeId, Timestamp};
use net::grpc::authority::authority_client::AuthorityClient;
use net::grpc::discovery::aggregated_discovery_service_client::AggregatedDiscoveryServiceClient;
use net::grpc::{dial_mtls_unix, dial_unix};
use net::tls::{ALPN_H2, Outbound};
use net::{Credentials, Swap, SystemClock};
use prost::Message as _;
use prost_types::value::Kind;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use wire::authority::{IssueRequest, WatchRequest};
use wire::discovery::{self, DeltaDiscoveryRequest, DeltaDiscoveryResponse};
use wire::push::{Seal, Slice, slice::Content};

use crate::mesh::Mesh;

const TYPE_URL: &str = "type.googleapis.com/postern.push.v1.Slice";

/// The bundle as the authority tells it.
pub(crate) async fn bundle(mesh: &Mesh) -> Vec<Vec<u8>> {
    let channel = dial_unix(&mesh.socket("authority.sock")).await.unwrap();
    let mut client = AuthorityClient::new(channel);
    let mut told = client.watch(WatchRequest {}).await.unwrap().into_inner();
    told.message().await.unwrap().unwrap().bundle
}

/// Has an identity issued, as the agent would.
pub(crate) async fn credentials(mesh: &Mesh, id: &str) -> Result<Credentials, Status> {
    let channel = dial_unix(&mesh.socket("authority.sock")).await.unwrap();
    let key = LocalKey::generate().unwrap();
    let csr = make_csr(&key).unwrap();
    let request = IssueRequest { spiffe_id: id.to_owned(), csr, evidence: Vec::new() };
    let chain = AuthorityClient::new(channel).issue(request).await?.into_inner().chain;
    let id: SpiffeId = id.parse().unwrap();
    let bundle = Bundle::new(id.trust_domain().clone(), bundle(mesh).await).unwrap();
    Ok(Credentials {
        chain,
        key_pkcs8: Secret::new(key.pkcs8().expose().clone()),
        bundles: Bundles::alone(bundle),
        id,
        not_after: Timestamp(u64::MAX),
    })
}

/// A channel to the push socket under these credentials.
pub(crate) async fn dial(
    mesh: &Mesh,
    credentials: &Credentials,
) -> Result<Channel, net::grpc::DialError> {
    let server = server_id(credentials.id.trust_domain());
    let held = Arc::new(Swap::new(Some(credentials.clone())));
    let outbound = Outbound::new(held, &[server], &[ALPN_H2]);
    dial_mtls_unix(&mesh.socket("push.sock"), Arc::new(outbound)).await
}

/// A stream to the push socket, and what the door has from it.
pub(crate) struct Door {
    pub(crate) credentials: Credentials,
    requests: mpsc::Sender<DeltaDiscoveryRequest>,
    responses: Streaming<DeltaDiscoveryResponse>,
    pub(crate) held: BTreeMap<String, (String, Vec<u8>)>,
}

impl Door {
    /// Connects as the instance `{service}-1` of a service.
    pub(crate) async fn connect(mesh: &Mesh, service: &str) -> Self {
        let id = format!("spiffe://shop/ns/default/sa/{service}");
        let credentials = credentials(mesh, &id).await.unwrap();
        Self::present(mesh, credentials, service, BTreeMap::new()).await
    }

    /// Connects with credentials at hand, saying to be the door of `service`.
    pub(crate) async fn present(
        mesh: &Mesh,
        credentials: Credentials,
        service: &str,
        held: BTreeMap<String, (String, Vec<u8>)>,
    ) -> Self {
        let channel = dial(mesh, &credentials).await.unwrap();
        let (requests, outbox) = mpsc::channel(16);
        let versions = held.iter().map(|(name, (version, _))| (name.clone(), version.clone()));
        let first = DeltaDiscoveryRequest {
            node: Some(node(service)),
            type_url: TYPE_URL.into(),
            initial_resource_versions: versions.collect(),
            ..Default::default()
        };
        requests.send(first).await.unwrap();
        let mut client = AggregatedDiscoveryServiceClient::new(channel);
        let responses = client.delta_aggregated_resources(ReceiverStream::new(outbox)).await;
        Self { credentials, requests, responses: responses.unwrap().into_inner(), held }
    }

    /// The next response, taken in and checked against its seal.
    pub(crate) async fn next(&mut self) -> Result<DeltaDiscoveryResponse, Status> {
        let response = tokio::time::timeout(std::time::Duration::from_secs(20), async {
            self.responses.message().await.map(|message| message.expect("the stream goes on"))
        });
        let response = response.await.expect("a response in time")?;
        for name in &response.removed_resources {
            self.held.remove(name);
        }
        let mut seal = None;
        for resource in &response.resources {
            let body = resource.resource.clone().unwrap().value;
            if resource.name == "seal" {
                seal = Some(body);
            } else {
                let held = (resource.version.clone(), body);
                self.held.insert(resource.name.clone(), held);
            }
        }
        self.check_seal(&response, &seal.expect("every response is sealed"));
        Ok(response)
    }

    fn check_seal(&self, response: &DeltaDiscoveryResponse, seal: &[u8]) {
        let Some(Content::Seal(seal)) = Slice::decode(seal).unwrap().content else {
            panic!("the seal is no seal")
        };
        let Seal { generation, door, digest, signature, chain } = seal;
        assert_eq!(generation, response.system_version_info);
        assert_eq!(door, self.credentials.id.to_string());
        let mut bytes = Vec::new();
        for (name, (_, body)) in &self.held {
            for part in [name.as_bytes(), body] {
                bytes.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
                bytes.extend_from_slice(part);
            }
        }
        assert_eq!(digest, aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes).as_ref());
        let sealed = Sealed { generation: &generation, door: &door, digest: &digest };
        let trust = (&self.credentials.bundles, SystemClock.now());
        verify_seal(&sealed, &signature, &chain, trust).unwrap();
    }

    pub(crate) async fn ack(&self, response: &DeltaDiscoveryResponse) {
        self.answer(response, None).await;
    }

    pub(crate) async fn nack(&self, response: &DeltaDiscoveryResponse, why: &str) {
        let status = discovery::Status { code: 3, message: why.into() };
        self.answer(response, Some(status)).await;
    }

    async fn answer(
        &self,
        response: &DeltaDiscoveryResponse,
        error_detail: Option<discovery::Status>,
    ) {
        let request = DeltaDiscoveryRequest {
            type_url: TYPE_URL.into(),
            response_nonce: response.nonce.clone(),
            error_detail,
            ..Default::default()
        };
        // The stream may have ended meanwhile; whoever reads on will see.
        let _ = self.requests.send(request).await;
    }

    pub(crate) async fn farewell(&self) {
        let request = DeltaDiscoveryRequest {
            type_url: TYPE_URL.into(),
            resource_names_unsubscribe: vec!["*".into()],
            ..Default::default()
        };
        self.requests.send(request).await.unwrap();
    }

    /// Takes responses in, and accepts them, until this generation is there.
    pub(crate) async fn run(&mut self, generation: &str) {
        loop {
            let response = self.next().await.unwrap();
            self.ack(&response).await;
            if response.system_version_info == generation {
                return;
            }
        }
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.held.keys().map(String::as_str).collect()
    }

    pub(crate) fn content(&self, name: &str) -> Content {
        Slice::decode(self.held[name].1.as_slice()).unwrap().content.unwrap()
    }
}

fn node(service: &str) -> discovery::Node {
    let text = |text: String| prost_types::Value { kind: Some(Kind::StringValue(text)) };
    let fields = [
        ("door".to_owned(), text(format!("default/{service}"))),
        ("address".to_owned(), text("127.0.0.1:41234".to_owned())),
    ];
    discovery::Node {
        id: format!("{service}-1"),
        metadata: Some(prost_types::Struct { fields: fields.into() }),
        ..Default::default()
    }
}
