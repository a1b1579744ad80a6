//! Calls over real sockets to a small authority that answers with who asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::SpiffeId;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};
use wire::authority::{Entitlements, IssueRequest, IssueResponse, WatchRequest};

use super::authority::authority_client::AuthorityClient;
use super::authority::authority_server::{Authority, AuthorityServer};
use super::{PeerId, UnixPeer, dial_mtls_unix, dial_unix, serve_mtls_unix, serve_unix};
use crate::testdir::TestDir;
use crate::tls::testing::{Ca, cell};
use crate::tls::{ALPN_H2, Inbound, Outbound};
use crate::unix::{Access, Listener};

/// Answers `Issue` with what it knows of its caller, and `Watch` never.
struct Mirror;

type Never = std::pin::Pin<Box<dyn Stream<Item = Result<Entitlements, Status>> + Send>>;

#[tonic::async_trait]
impl Authority for Mirror {
    type WatchStream = Never;

    async fn watch(&self, _: Request<WatchRequest>) -> Result<Response<Never>, Status> {
        Ok(Response::new(Box::pin(tokio_stream::pending())))
    }

    async fn issue(
        &self,
        request: Request<IssueRequest>,
    ) -> Result<Response<IssueResponse>, Status> {
        let unix = request.extensions().get::<UnixPeer>();
        let id = request.extensions().get::<PeerId>().map(|PeerId(id)| id.to_string());
        let chain = vec![
            id.unwrap_or_default().into_bytes(),
            unix.map(|peer| format!("{:?} {}", peer.pid, peer.uid)).unwrap_or_default().into(),
        ];
        Ok(Response::new(IssueResponse { chain }))
    }
}

struct Served {
    dir: TestDir,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Served {
    fn path(&self) -> PathBuf {
        socket(self.dir.path())
    }

    async fn stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        (&mut self.serving).await.unwrap();
    }
}

fn socket(dir: &Path) -> PathBuf {
    dir.join("authority.sock")
}

fn serve(tls: Option<Inbound>) -> Served {
    serve_in(TestDir::new(), tls)
}

fn serve_in(dir: TestDir, tls: Option<Inbound>) -> Served {
    let listener = Listener::bind(&socket(dir.path()), Access::Owner).unwrap();
    let routes = Routes::new(AuthorityServer::new(Mirror));
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        match tls {
            None => serve_unix(listener, routes, stopped).await,
            Some(tls) => serve_mtls_unix(listener, Arc::new(tls), routes, stopped).await,
        }
    });
    Served { dir, stop: Some(stop), serving }
}

async fn ask(channel: Channel) -> Result<Vec<String>, Status> {
    let answer = AuthorityClient::new(channel).issue(IssueRequest::default()).await?;
    let texts = answer.into_inner().chain.into_iter().map(|text| String::from_utf8(text).unwrap());
    Ok(texts.collect())
}

fn this_process() -> String {
    format!("{:?} {}", Some(std::process::id()), rustix::process::geteuid().as_raw())
}

fn control(ca: &Ca) -> Inbound {
    Inbound::new(cell(ca.credentials("control")), &[ALPN_H2])
}

fn door(ca: &Ca, expected: SpiffeId) -> Arc<Outbound> {
    Arc::new(Outbound::new(cell(ca.credentials("orders")), &[expected], &[ALPN_H2]))
}

#[tokio::test]
async fn a_service_knows_the_process_that_calls() {
    let served = serve(None);
    let channel = dial_unix(&served.path()).await.unwrap();
    assert_eq!(ask(channel).await.unwrap(), [String::new(), this_process()]);
}

#[tokio::test]
async fn under_mtls_it_knows_the_identity_too() {
    let ca = Ca::new("shop");
    let served = serve(Some(control(&ca)));
    let channel = dial_mtls_unix(&served.path(), door(&ca, ca.id("control"))).await.unwrap();
    assert_eq!(ask(channel).await.unwrap(), [ca.id("orders").to_string(), this_process()]);
}

#[tokio::test]
async fn a_server_that_is_another_is_not_called_and_named() {
    let ca = Ca::new("shop");
    let served = serve(Some(control(&ca)));
    let error = dial_mtls_unix(&served.path(), door(&ca, ca.id("other"))).await.unwrap_err();
    assert_eq!(
        error.reason,
        "the server is spiffe://shop/ns/default/sa/control, expected \
         spiffe://shop/ns/default/sa/other"
    );
}

#[tokio::test]
async fn a_caller_of_another_authority_gets_nowhere() {
    let (ca, other) = (Ca::new("shop"), Ca::new("shop"));
    let served = serve(Some(control(&ca)));
    let mut forged = other.credentials("orders");
    forged.bundles = ca.bundles();
    let tls = Outbound::new(cell(forged), &[ca.id("control")], &[ALPN_H2]);
    let outcome = match dial_mtls_unix(&served.path(), Arc::new(tls)).await {
        Err(_) => return,
        Ok(channel) => ask(channel).await,
    };
    assert!(outcome.is_err());
}

#[tokio::test]
async fn nobody_there_is_said_with_its_reason() {
    let dir = TestDir::new();
    let error = dial_unix(&socket(dir.path())).await.unwrap_err();
    assert!(error.reason.contains("No such file"), "{error}");
}

#[tokio::test]
async fn an_unknown_service_is_unimplemented() {
    let served = serve(None);
    let channel = dial_unix(&served.path()).await.unwrap();
    let mut client =
        super::workload::spiffe_workload_api_client::SpiffeWorkloadApiClient::new(channel);
    let error = client.fetch_x509svid(wire::workload::X509svidRequest {}).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
}

#[tokio::test]
async fn stopping_does_not_wait_for_endless_streams_and_ends_them() {
    let mut served = serve(None);
    let channel = dial_unix(&served.path()).await.unwrap();
    let watching = AuthorityClient::new(channel).watch(WatchRequest {}).await.unwrap();
    served.stop().await;
    assert!(watching.into_inner().message().await.is_err());
    assert!(!served.path().exists());
}

#[tokio::test]
async fn a_channel_finds_a_server_that_was_started_again() {
    let mut served = serve(None);
    let channel = dial_unix(&served.path()).await.unwrap();
    ask(channel.clone()).await.unwrap();
    served.stop().await;
    assert!(ask(channel.clone()).await.is_err());
    let again = serve_in(served.dir, None);
    let answer = loop {
        // The first calls may still find the old connection's end.
        match ask(channel.clone()).await {
            Ok(answer) => break answer,
            Err(error) => assert_eq!(error.code(), Code::Unavailable, "{error:?}"),
        }
    };
    assert_eq!(answer, [String::new(), this_process()]);
    drop(again);
}

#[tokio::test]
async fn a_stuck_handshake_does_not_hold_up_the_next_caller() {
    let ca = Ca::new("shop");
    let served = serve(Some(control(&ca)));
    let _silent = crate::unix::connect(&served.path()).await.unwrap();
    let channel = dial_mtls_unix(&served.path(), door(&ca, ca.id("control"))).await.unwrap();
    assert!(ask(channel).await.is_ok());
}
