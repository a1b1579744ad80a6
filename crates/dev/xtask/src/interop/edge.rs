//! A mesh with services and a gateway before them: one listener for each
//! service, all with one certificate that clients can check.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::authority::openssl;
use super::deadline::until;
use super::mesh::{Mesh, Postern};
use super::scratch::{Scratch, free_ports};

/// Who calls from behind its own door.
pub(crate) const CLIENT: &str = "spiffe://interop.example/ns/default/sa/client";
/// Who the gateway is.
pub(crate) const EDGE: &str = "spiffe://interop.example/ns/default/sa/edge";
const START_TIME: Duration = Duration::from_secs(30);
/// The port by which a service is called.
pub(crate) const PORT: u16 = 8080;

/// A service with its app, started by `up`.
pub(crate) struct Service<'a> {
    pub(crate) name: &'a str,
    /// The word of the document: http, http2, grpc.
    pub(crate) protocol: &'a str,
    /// The app's command; `{port}` stands for where it has to listen.
    pub(crate) command: Vec<String>,
    /// What the client and the gateway may do: the items of `allow`, without
    /// `from`.
    pub(crate) may: &'a [&'a str],
    /// Names of gRPC services to route by; empty for a route that takes all.
    pub(crate) grpc: &'a [&'a str],
}

impl<'a> Service<'a> {
    /// One that may be called for everything.
    pub(crate) fn open(name: &'a str, protocol: &'a str, command: &[&str]) -> Self {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        Self { name, protocol, command, may: &[""], grpc: &[] }
    }
}

/// The mesh, ready.
pub(crate) struct Edge {
    pub(crate) mesh: Mesh,
    /// The certificate of the gateway, to be trusted as it is.
    pub(crate) certificate: PathBuf,
    places: Vec<Place>,
}

struct Place {
    name: String,
    app: u16,
    gateway: u16,
}

impl Edge {
    pub(crate) fn start(postern: &Postern, services: &[Service<'_>]) -> Result<Self> {
        let scratch = Scratch::new()?;
        let certificate = make_certificate(&scratch)?;
        let places = services.iter().map(Place::of).collect::<Result<Vec<_>>>()?;
        fs::create_dir(scratch.file("documents"))?;
        let mut text = mesh_documents(&scratch, &places);
        for (service, place) in services.iter().zip(&places) {
            text.push_str(&service_documents(service, place));
        }
        scratch.write("documents/mesh.yaml", text)?;
        let edge = Self { mesh: Mesh::start(postern, scratch)?, certificate, places };
        edge.apps_listen()?;
        Ok(edge)
    }

    /// Waits until every app has come up.
    fn apps_listen(&self) -> Result<()> {
        for place in &self.places {
            until(&format!("{} listens", place.name), START_TIME, || {
                Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, place.app)).ok().map(drop))
            })?;
        }
        Ok(())
    }

    /// Where the app itself listens, on 127.0.0.1.
    pub(crate) fn app(&self, service: &str) -> Result<u16> {
        Ok(self.place(service)?.app)
    }

    /// Where the gateway listens for a service, on 127.0.0.1.
    pub(crate) fn gateway(&self, service: &str) -> Result<u16> {
        Ok(self.place(service)?.gateway)
    }

    fn place(&self, service: &str) -> Result<&Place> {
        self.places.iter().find(|place| place.name == service).context("no such service")
    }

    pub(crate) fn ca(&self) -> String {
        self.certificate.to_string_lossy().into_owned()
    }
}

impl Place {
    fn of(service: &Service<'_>) -> Result<Self> {
        let [app, gateway] = free_ports()?;
        Ok(Self { name: service.name.to_owned(), app, gateway })
    }
}

fn make_certificate(scratch: &Scratch) -> Result<PathBuf> {
    let (certificate, key) = (scratch.file("edge.pem"), scratch.file("edge.key"));
    let names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
    let words = [
        "req",
        "-new",
        "-x509",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-subj",
        "/CN=localhost",
        "-days",
        "2",
        "-addext",
        names,
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-keyout",
        &key.to_string_lossy(),
        "-out",
        &certificate.to_string_lossy(),
    ];
    openssl(scratch, &words)?;
    Ok(certificate)
}

fn mesh_documents(scratch: &Scratch, places: &[Place]) -> String {
    let options = json!({
        "postern.dev/certificate-file": scratch.file("edge.pem"),
        "postern.dev/key-file": scratch.file("edge.key"),
    });
    let listener = |place: &Place| {
        json!({"name": place.name, "port": place.gateway, "protocol": "HTTPS",
               "tls": {"mode": "Terminate", "options": options}})
    };
    let listeners: Vec<_> = places.iter().map(listener).collect();
    format!(
        "apiVersion: postern.dev/v1
kind: Mesh
metadata: {{name: interop}}
spec: {{trustDomain: interop.example}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: edge}}
spec: {}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: visitors}}
spec: {{to: edge, allow: [{{from: anonymous}}]}}
",
        json!({"gatewayClassName": "postern", "listeners": listeners})
    )
}

fn service_documents(service: &Service<'_>, place: &Place) -> String {
    let name = service.name;
    let port = place.app.to_string();
    let command: Vec<_> =
        service.command.iter().map(|word| word.replace("{port}", &port)).collect();
    let spec = json!({
        "ports": [{"port": PORT, "protocol": service.protocol, "targetPort": place.app}],
        "run": {"command": command},
    });
    let rules: Vec<_> = [CLIENT, EDGE]
        .iter()
        .flat_map(|from| service.may.iter().map(move |what| rule(from, what)))
        .collect();
    format!(
        "---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: {name}}}
spec: {spec}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: {name}-rules}}
spec: {{to: {name}, allow: [{}]}}
{}",
        rules.join(", "),
        route(service)
    )
}

fn rule(from: &str, what: &str) -> String {
    let comma = if what.is_empty() { "" } else { ", " };
    format!("{{from: \"{from}\"{comma}{what}}}")
}

fn route(service: &Service<'_>) -> String {
    let name = service.name;
    let parent = json!([{"name": "edge", "sectionName": name}]);
    let backend = json!([{"name": name, "port": PORT}]);
    let by_service = |name: &&str| json!({"method": {"type": "Exact", "service": name}});
    let (kind, matches) = match service.grpc {
        [] => ("HTTPRoute", json!([{"path": {"type": "PathPrefix", "value": "/"}}])),
        names => ("GRPCRoute", names.iter().map(by_service).collect()),
    };
    let rules = json!([{"matches": matches, "backendRefs": backend}]);
    format!(
        "---
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: {name}}}
spec: {}
",
        json!({"parentRefs": parent, "rules": rules})
    )
}
