//! The door's end of the push: one delta xDS stream to the control plane. A
//! generation is taken whole and acknowledged, or refused with its reason
//! while the door stays on the last good one.

use std::collections::HashMap;
use std::sync::Arc;

use model::Clock as _;
use net::SystemClock;
use net::grpc::discovery::aggregated_discovery_service_client::AggregatedDiscoveryServiceClient;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::transport::Channel;
use wire::discovery::{DeltaDiscoveryRequest, DeltaDiscoveryResponse, Node};

use crate::door::Door;
use crate::keeper::Keeper;
use crate::slice::{Judge, TYPE_URL};

/// Requests of ours that may wait to be sent: an acknowledgement each.
const QUEUE: usize = 16;

/// Follows one stream until it ends.
pub(crate) async fn follow(keeper: &mut Keeper, channel: Channel) -> Status {
    let (requests, outgoing) = mpsc::channel(QUEUE);
    let first = DeltaDiscoveryRequest {
        node: Some(node(&keeper.door)),
        type_url: TYPE_URL.to_owned(),
        resource_names_subscribe: vec!["*".to_owned()],
        initial_resource_versions: keeper.held.versions(),
        ..DeltaDiscoveryRequest::default()
    };
    if requests.send(first).await.is_err() {
        return Status::internal("the stream could not be opened");
    }
    let mut client = AggregatedDiscoveryServiceClient::new(channel);
    let opened = client.delta_aggregated_resources(ReceiverStream::new(outgoing)).await;
    let mut responses = match opened {
        Ok(opened) => opened.into_inner(),
        Err(status) => return status,
    };
    keeper.door.status.send_modify(|status| status.connected = true);
    let announced = keeper.door.status.borrow().inbound;
    let door = Arc::clone(&keeper.door);
    let mut troubled = false;
    loop {
        let message = tokio::select! {
            message = responses.message() => message,
            () = left(&door) => return farewell(&requests, responses).await,
            () = healed(&door), if troubled => {
                return Status::ok("what could not be opened is open now");
            }
        };
        let response = match message {
            Ok(Some(response)) => response,
            Ok(None) => return Status::unavailable("the control plane ended the stream"),
            Err(status) => return status,
        };
        let answer = take(keeper, &response).await;
        troubled = answer.error_detail.is_some() && !door.status.borrow().problems.is_empty();
        if requests.send(answer).await.is_err() {
            return Status::unavailable("the stream is closed");
        }
        if keeper.door.status.borrow().inbound != announced {
            // Where we are is said once per stream: say it anew.
            return Status::ok("the door has another address now");
        }
    }
}

/// Ends when the door is to leave.
async fn left(door: &Door) {
    let mut leaving = door.leaving.subscribe();
    // A sender that is gone is a door that is gone.
    let _gone = leaving.wait_for(|leaving| *leaving).await.is_err();
}

/// Ends when no problem is left.
async fn healed(door: &Door) {
    let mut status = door.status.subscribe();
    let _gone = status.wait_for(|status| status.problems.is_empty()).await.is_err();
}

/// Unsubscribes from everything, which takes the instance out of the registry
/// at once, and waits until the server has heard it.
async fn farewell(
    requests: &mpsc::Sender<DeltaDiscoveryRequest>,
    mut responses: tonic::Streaming<DeltaDiscoveryResponse>,
) -> Status {
    let request = DeltaDiscoveryRequest {
        type_url: TYPE_URL.to_owned(),
        resource_names_unsubscribe: vec!["*".to_owned()],
        ..DeltaDiscoveryRequest::default()
    };
    if requests.send(request).await.is_ok() {
        while let Ok(Some(_)) = responses.message().await {}
    }
    Status::cancelled("the door leaves")
}

/// Takes a generation on, or says why not.
async fn take(keeper: &mut Keeper, response: &DeltaDiscoveryResponse) -> DeltaDiscoveryRequest {
    let mut answer = DeltaDiscoveryRequest {
        type_url: TYPE_URL.to_owned(),
        response_nonce: response.nonce.clone(),
        ..DeltaDiscoveryRequest::default()
    };
    if let Err(why) = try_to_take(keeper, response).await {
        keeper.door.status.send_modify(|status| status.refused = Some(why.clone()));
        // INVALID_ARGUMENT of google.rpc.Code.
        answer.error_detail = Some(wire::discovery::Status { code: 3, message: why });
    }
    answer
}

async fn try_to_take(keeper: &mut Keeper, response: &DeltaDiscoveryResponse) -> Result<(), String> {
    let next = keeper.held.with(response).map_err(|refused| refused.to_string())?;
    let door = Arc::clone(&keeper.door);
    let credentials = door.credentials.load_full();
    let held = credentials.as_ref().as_ref().ok_or("this door has no identity now")?;
    let judge = Judge {
        door: &door.spec.service,
        id: &door.spec.id,
        bundles: &held.bundles,
        now: SystemClock.now(),
    };
    let snapshot = next.compile(&judge).map_err(|refused| refused.to_string())?;
    keeper.take(next, snapshot).await
}

/// Who we are and where we can be reached, which registers the instance.
fn node(door: &Door) -> Node {
    let status = door.status.borrow().clone();
    let mut fields = HashMap::from([("door".to_owned(), text(&full(door)))]);
    if let Some(address) = status.inbound {
        fields.insert("address".to_owned(), text(&address.to_string()));
    }
    Node {
        id: door.spec.instance.clone(),
        cluster: full(door),
        metadata: Some(prost_types::Struct { fields: fields.into_iter().collect() }),
        user_agent_name: "postern".to_owned(),
        user_agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        client_features: Vec::new(),
    }
}

fn full(door: &Door) -> String {
    format!("{}/{}", door.spec.service.namespace, door.spec.service.name)
}

fn text(value: &str) -> prost_types::Value {
    let kind = prost_types::value::Kind::StringValue(value.to_owned());
    prost_types::Value { kind: Some(kind) }
}
