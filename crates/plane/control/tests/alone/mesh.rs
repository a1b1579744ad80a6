//! A control plane in a folder of its own, and the ways to talk to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use control::{Control, ControlConfig, StartError};
use http::{Method, StatusCode};
use net::http_client::request_unix;
use serde_json::{Value, json};

pub(crate) const SHOP: &str = "\
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: web}
spec: {ports: [{port: 80, protocol: http}]}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: orders}
spec: {ports: [{port: 80, protocol: http, targetPort: 9002}]}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: payments}
spec: {ports: [{port: 80, protocol: http, targetPort: 9003}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: web-orders}
spec: {to: orders, allow: [{from: web, http: GET /v1/**}]}
";

/// A folder with state and sockets; gone with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("postern-alone-{}-{number}", std::process::id()));
        use std::os::unix::fs::DirBuilderExt as _;
        for part in ["state", "run"] {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true).mode(0o700).create(path.join(part)).unwrap();
        }
        Self(path)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    pub(crate) fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    pub(crate) async fn try_start(&self, trust_domain: Option<&str>) -> Result<Mesh, StartError> {
        let control = control::start(ControlConfig {
            state: self.state(),
            runtime: self.run(),
            trust_domain: trust_domain.map(|text| text.parse().unwrap()),
            metrics: Arc::new(|| "# metrics\n".to_owned()),
        })
        .await?;
        Ok(Mesh { control, run: self.run() })
    }

    pub(crate) async fn start(&self) -> Mesh {
        self.try_start(Some("shop")).await.unwrap()
    }

    /// A mesh with the shop's documents.
    pub(crate) async fn shop(&self) -> Mesh {
        let mesh = self.start().await;
        mesh.apply(SHOP).await;
        mesh
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A running control plane.
pub(crate) struct Mesh {
    pub(crate) control: Control,
    run: PathBuf,
}

impl Mesh {
    pub(crate) fn socket(&self, name: &str) -> PathBuf {
        self.run.join(name)
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        uri: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = request_unix(self.admin(), method, uri, body).await.unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn admin(&self) -> &Path {
        self.control.admin_socket()
    }

    pub(crate) async fn get(&self, uri: &str) -> Value {
        let (status, body) = self.ask(Method::GET, uri, None).await;
        assert_eq!(status, StatusCode::OK, "{uri}: {body}");
        body
    }

    pub(crate) async fn post(&self, uri: &str, body: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, uri, Some(body)).await;
        assert_eq!(status, StatusCode::OK, "{uri}: {answer}");
        answer
    }

    /// Applies documents and says the generation.
    pub(crate) async fn apply(&self, text: &str) -> String {
        let body = json!({"sources": [{"name": "a.yaml", "text": text}], "set": "up"});
        let answer = self.post("/v1/documents", body).await;
        answer["generation"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn converged(&self, generation: &str) -> Value {
        self.get(&format!("/v1/convergence?generation={generation}&timeoutMs=20000")).await
    }

    /// Makes this very process the service `name`; says the lease.
    pub(crate) async fn attach(&self, name: &str) -> String {
        let body = json!({"name": name, "pid": std::process::id()});
        let answer = self.post("/v1/attach", body).await;
        answer["lease"].as_str().unwrap().to_owned()
    }
}
