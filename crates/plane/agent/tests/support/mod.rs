//! A stand-in for the authority on a real Unix socket, an agent in front of
//! it, and a Workload API client. Certificates are real ones.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of it")]

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent::{Agent, AgentConfig};
use futures_util::{Stream, StreamExt};
use identity::{CaCertificate, Csr, LocalKey, Validity, Wanted, issue, root_certificate, template};
use model::{Clock, Millis, SpiffeId, TrustDomain};
use net::grpc::authority::authority_server::{Authority, AuthorityServer};
use net::grpc::workload::spiffe_workload_api_client::SpiffeWorkloadApiClient;
use net::unix::{Access, Listener};
use net::{OsDice, SystemClock};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};
use wire::authority::{Entitlements, Entry, IssueRequest, IssueResponse, WatchRequest};
use wire::workload::{X509BundlesRequest, X509svidRequest, X509svidResponse};

/// Nothing here takes nearly as long unless it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: too slow"))
}

pub fn own_pid() -> i32 {
    i32::try_from(std::process::id()).unwrap()
}

pub fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid()
}

pub fn trust_domain() -> TrustDomain {
    "shop.example".parse().unwrap()
}

pub fn id(name: &str) -> SpiffeId {
    format!("spiffe://shop.example/ns/default/sa/{name}").parse().unwrap()
}

/// An entry whose leaf lives for an hour.
pub fn entry(name: &str, selectors: &[String]) -> Entry {
    Entry {
        spiffe_id: id(name).to_string(),
        selectors: selectors.to_vec(),
        lifetime_ms: 3_600_000,
        renew_ms: 1_800_000,
        hint: name.to_owned(),
    }
}

pub fn mine() -> Vec<String> {
    vec![format!("unix:uid:{}", own_uid())]
}

pub struct Root {
    pub certificate: CaCertificate,
    pub key: LocalKey,
}

impl Root {
    pub fn new() -> Arc<Self> {
        let key = LocalKey::generate().unwrap();
        let validity = Validity::beginning(SystemClock.now(), Millis::from_secs(86_400));
        let certificate =
            root_certificate(&trust_domain(), &key, validity, &mut OsDice::new()).unwrap();
        Arc::new(Self { certificate, key })
    }
}

/// What the stand-in says and does; shared with the running server.
#[derive(Clone)]
struct Desk {
    said: watch::Receiver<Option<Entitlements>>,
    root: Arc<Mutex<Arc<Root>>>,
    evidence: Arc<Mutex<Vec<String>>>,
}

pub struct FakeAuthority {
    socket: PathBuf,
    say: watch::Sender<Option<Entitlements>>,
    desk: Desk,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl FakeAuthority {
    fn new(socket: PathBuf) -> Self {
        let (say, said) = watch::channel(None);
        let root = Arc::new(Mutex::new(Root::new()));
        let desk = Desk { said, root, evidence: Arc::default() };
        Self { socket, say, desk, running: None }
    }

    pub fn start(&mut self) {
        let listener = Listener::bind(&self.socket, Access::Owner).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let routes = Routes::new(AuthorityServer::new(self.desk.clone()));
        let task = tokio::spawn(net::grpc::serve_unix(listener, routes, async {
            let _ = stopped.await;
        }));
        self.running = Some((stop, task));
    }

    pub async fn stop(&mut self) {
        let (stop, task) = self.running.take().unwrap();
        drop(stop);
        task.await.unwrap();
    }

    pub fn say(&self, entries: Vec<Entry>) {
        self.say_with_bundle(entries, vec![self.root().certificate.der().to_vec()]);
    }

    pub fn say_with_bundle(&self, entries: Vec<Entry>, bundle: Vec<Vec<u8>>) {
        let trust_domain = trust_domain().to_string();
        self.say.send_replace(Some(Entitlements { entries, bundle, trust_domain }));
    }

    pub fn root(&self) -> Arc<Root> {
        Arc::clone(&self.desk.root.lock().unwrap())
    }

    pub fn replace_root(&self) {
        *self.desk.root.lock().unwrap() = Root::new();
    }

    /// What the agent named as evidence in its last request.
    pub fn evidence(&self) -> Vec<String> {
        self.desk.evidence.lock().unwrap().clone()
    }
}

#[tonic::async_trait]
impl Authority for Desk {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<Entitlements, Status>> + Send>>;

    async fn watch(&self, _: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let mut said = self.said.clone();
        said.mark_changed();
        let stream = futures_util::stream::unfold(said, async |mut said| {
            said.changed().await.ok()?;
            let now = said.borrow_and_update().clone();
            Some((now, said))
        });
        Ok(Response::new(Box::pin(stream.filter_map(async |said| said.map(Ok)))))
    }

    async fn issue(
        &self,
        request: Request<IssueRequest>,
    ) -> Result<Response<IssueResponse>, Status> {
        let request = request.into_inner();
        let entries = self.said.borrow().clone().map(|said| said.entries).unwrap_or_default();
        let entry = entries.iter().find(|entry| entry.spiffe_id == request.spiffe_id);
        let entry = entry.ok_or_else(|| Status::permission_denied("no such entry"))?;
        let csr = Csr::parse(&request.csr).unwrap();
        *self.evidence.lock().unwrap() = request.evidence;
        let root = Arc::clone(&self.root.lock().unwrap());
        let id = request.spiffe_id.parse().unwrap();
        let wanted = Wanted { id: &id, key: csr.key(), lifetime: Millis(entry.lifetime_ms) };
        let now = SystemClock.now();
        let template = template(&wanted, &root.certificate, now, &mut OsDice::new()).unwrap();
        let leaf = issue(&template, &root.certificate, &root.key).unwrap();
        Ok(Response::new(IssueResponse { chain: vec![leaf] }))
    }
}

/// A folder of one test, removed with it.
pub struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pa-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An agent, its authority, and where they are.
pub struct Stage {
    pub authority: FakeAuthority,
    pub agent: Agent,
    pub folder: Folder,
}

impl Stage {
    /// Both running; the authority hasn't said anything yet.
    pub async fn silent() -> Self {
        let folder = Folder::new();
        let mut authority = FakeAuthority::new(folder.path("authority.sock"));
        authority.start();
        let config = AgentConfig {
            socket: folder.path("agent.sock"),
            authority: folder.path("authority.sock"),
            bundle_file: folder.path("bundle.pem"),
        };
        let agent = agent::start(config).await.unwrap();
        Self { authority, agent, folder }
    }

    /// Both running, and the agent has heard these entries.
    pub async fn with(entries: Vec<Entry>) -> Self {
        let stage = Self::silent().await;
        let mut events = stage.agent.events();
        stage.authority.say(entries);
        in_time("the first entitlements", async {
            while events.recv().await.unwrap() != agent::Event::AuthorityFound {}
        })
        .await;
        stage.settled().await;
        stage
    }

    /// Waits until the agent no longer answers that it is starting.
    async fn settled(&self) {
        in_time("the first view", async {
            while let Err(status) = self.client().await.fetch().await
                && status.code() == tonic::Code::Unavailable
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path("agent.sock")
    }

    pub async fn client(&self) -> Client {
        Client::at(&self.socket()).await
    }
}

pub struct Client(pub SpiffeWorkloadApiClient<Channel>);

impl Client {
    pub async fn at(socket: &Path) -> Self {
        Self(SpiffeWorkloadApiClient::new(net::grpc::dial_unix(socket).await.unwrap()))
    }

    pub async fn open(&mut self) -> Result<Streaming<X509svidResponse>, Status> {
        let answer = self.0.fetch_x509svid(with_header(X509svidRequest {})).await;
        answer.map(Response::into_inner)
    }

    /// The first message of a new stream.
    pub async fn fetch(&mut self) -> Result<X509svidResponse, Status> {
        let mut stream = self.open().await?;
        Ok(next(&mut stream).await?.expect("a message"))
    }

    pub fn bundles_request() -> Request<X509BundlesRequest> {
        with_header(X509BundlesRequest {})
    }
}

pub async fn next<T>(stream: &mut Streaming<T>) -> Result<Option<T>, Status> {
    in_time("the next message", stream.message()).await
}

pub fn with_header<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("workload.spiffe.io", "true".parse().unwrap());
    request
}

pub fn names(answer: &X509svidResponse) -> Vec<String> {
    answer.svids.iter().map(|svid| svid.spiffe_id.clone()).collect()
}
