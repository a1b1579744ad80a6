//! The servers of the grid and their mesh: each behind a door of its own that
//! `up` opens, started by `up`, with its log in the scratch folder.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::super::deadline::until;
use super::super::install;
use super::super::scratch::{Scratch, free_ports};
use super::tally::Request;
use crate::{run, workspace};

/// A server.
pub(super) struct Peer {
    /// Its service, too.
    pub(super) name: &'static str,
    pub(super) port: u16,
    /// How it is started, for a shell.
    line: String,
}

/// All of them, and the gateway before them.
pub(super) struct Grid {
    pub(super) peers: Vec<Peer>,
    pub(super) gateway: u16,
    folder: std::path::PathBuf,
}

const NAMES: [&str; 9] =
    ["nginx", "apache", "haproxy", "lighttpd", "node", "python", "gunicorn", "uvicorn", "go"];

/// Settings with `@FOLDER@` and `@PORT@` to be filled in.
const SETTINGS: [(&str, &str); 4] = [
    ("nginx", "nginx.conf"),
    ("apache", "apache.conf"),
    ("haproxy", "haproxy.cfg"),
    ("lighttpd", "lighttpd.conf"),
];

impl Grid {
    /// Writes settings and documents; starts nothing.
    pub(super) fn set(scratch: &Scratch) -> Result<Self> {
        let [gateway, ports @ ..] = free_ports::<{ NAMES.len() + 1 }>()?;
        let folder = scratch.path().to_owned();
        fs::create_dir(folder.join("empty"))?;
        fs::create_dir(folder.join("documents"))?;
        let (python, go) = (install::python()?, build_go()?);
        let peer = |(name, port): (&'static str, u16)| -> Result<Peer> {
            fill_in(scratch, name, port)?;
            let line = line(name, port, &folder, &python.to_string_lossy(), &go)?;
            Ok(Peer { name, port, line })
        };
        let peers = NAMES.into_iter().zip(ports).map(peer).collect::<Result<Vec<_>>>()?;
        scratch.write("documents/mesh.yaml", documents(&peers, gateway, &folder))?;
        Ok(Self { peers, gateway, folder })
    }

    /// Waits until each server takes connections.
    pub(super) fn wait_until_open(&self, within: Duration) -> Result<()> {
        for peer in &self.peers {
            let what = format!("{} listens", peer.name);
            until(&what, within, || {
                Ok(TcpStream::connect(("127.0.0.1", peer.port)).ok().map(drop))
            })?;
        }
        Ok(())
    }

    /// The requests each has noted.
    pub(super) fn all_seen(&self) -> Result<Vec<Vec<Request>>> {
        self.peers.iter().map(|peer| self.seen(peer)).collect()
    }

    /// The requests a server has noted.
    pub(super) fn seen(&self, peer: &Peer) -> Result<Vec<Request>> {
        let path = self.folder.join(format!("{}.seen", peer.name));
        let text = fs::read(&path).with_context(|| path.display().to_string())?;
        Ok(String::from_utf8_lossy(&text).lines().map(Request::noted).collect())
    }
}

/// Go's server, out of the standard library alone.
fn build_go() -> Result<String> {
    let root = workspace::root()?;
    let program = root.join("target/interop/grid-go").to_string_lossy().into_owned();
    let source = root.join("interop/grid/go_http.go").to_string_lossy().into_owned();
    run::run("go", &["build", "-trimpath", "-o", &program, &source])?;
    Ok(program)
}

fn fill_in(scratch: &Scratch, name: &str, port: u16) -> Result<()> {
    let Some((_, file)) = SETTINGS.iter().find(|(own, _)| *own == name) else { return Ok(()) };
    let text = fs::read_to_string(workspace::root()?.join("interop/grid").join(file))?;
    let folder = scratch.path().to_string_lossy();
    let text = text.replace("@FOLDER@", &folder).replace("@PORT@", &port.to_string());
    scratch.write(file, text).map(drop)
}

/// The command line; each replaces its shell.
fn line(name: &str, port: u16, folder: &Path, python: &str, go: &str) -> Result<String> {
    let apps = workspace::root()?.join("interop/grid");
    let (apps, folder) = (apps.to_string_lossy(), folder.to_string_lossy());
    Ok(match name {
        "nginx" => format!("exec nginx -c {folder}/nginx.conf -e {folder}/nginx.error"),
        "apache" => format!("exec apache2 -f {folder}/apache.conf -X"),
        "haproxy" => format!("exec haproxy -db -f {folder}/haproxy.cfg > {folder}/haproxy.seen"),
        "lighttpd" => format!("exec lighttpd -D -f {folder}/lighttpd.conf"),
        "node" => format!("exec node {apps}/node_http.js {port}"),
        "python" => format!("exec python3 {apps}/python_http.py {port}"),
        "gunicorn" => format!(
            "exec {python} -m gunicorn --log-level critical --keep-alive 120 --bind 127.0.0.1:{port} \
             --pythonpath {apps} --worker-class gthread --threads 8 apps:wsgi"
        ),
        "uvicorn" => format!(
            "exec {python} -m uvicorn --log-level critical --no-access-log --timeout-keep-alive 120 --http h11 \
             --app-dir {apps} --host 127.0.0.1 --port {port} apps:asgi"
        ),
        _ => format!("exec {go} {port}"),
    })
}

fn documents(peers: &[Peer], gateway: u16, folder: &Path) -> String {
    let mut text = format!(
        "apiVersion: postern.dev/v1
kind: Mesh
metadata: {{name: interop}}
spec: {{trustDomain: interop.example}}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: outside}}
spec: {{to: edge, allow: [{{from: anonymous}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: edge}}
spec:
  gatewayClassName: postern
  listeners:
  - name: https
    port: {gateway}
    protocol: HTTPS
    tls: {{options: {{postern.dev/certificate: self-signed}}}}
"
    );
    for Peer { name, port, line } in peers {
        let log = folder.join(format!("{name}.seen"));
        text += &format!(
            "---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: {name}}}
spec:
  ports: [{{port: 8080, protocol: http, targetPort: {port}}}]
  run:
    command: [sh, -c, '{line}']
    env: {{GRID_LOG: {log}, PYTHONDONTWRITEBYTECODE: '1'}}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: to-{name}}}
spec: {{to: {name}, allow: [{{from: [edge, 'spiffe://interop.example/ns/default/sa/probe']}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: to-{name}}}
spec:
  parentRefs: [{{name: edge}}]
  hostnames: [{name}.test]
  rules: [{{backendRefs: [{{name: {name}, port: 8080}}]}}]
",
            log = log.display(),
        );
    }
    text
}
