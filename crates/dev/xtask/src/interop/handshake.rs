//! `openssl s_client` against an inbound door: what it shows, and everything
//! it must refuse, each with its reason in the door's log.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::authority::{Authority, Claims, Leaf, openssl};
use super::mesh::{Mesh, Postern};
use super::process::{Running, Said, command};
use super::report::{Report, holds, same};
use super::scratch::{Scratch, free_ports};

const PROBE: &str = "spiffe://interop.example/ns/default/sa/probe";
const OTHER: &str = "spiffe://interop.example/ns/default/sa/other";
const TALK_TIME: Duration = Duration::from_secs(15);
const REQUEST: &[u8] = b"GET /v1/x HTTP/1.1\r\nhost: orders:8080\r\nconnection: close\r\n\r\n";

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let mesh = open(postern)?;
    let door = mesh.inbound("orders")?;
    let own = Authority::of_mesh(mesh.scratch(), &mesh.authority())?;
    let good = own.leaf(&leaf("good", &[PROBE]))?;
    let said = talk(&mesh, &door, Some(&good), &["-tls1_3"])?;
    report.check("who has an SVID is served", holds(&said.out, &["HTTP/1.1 200"]));
    shows(&mesh, &door, &good, report)?;
    for refusal in refusals(&mesh, &own)? {
        refuses(&mesh, &door, &refusal, report)?;
    }
    let said = talk(&mesh, &door, Some(&good), &["-tls1_3"])?;
    report.check("and is still served afterwards", holds(&said.out, &["HTTP/1.1 200"]));
    report.check("up exits with 0", same({ mesh }.stop()?, Some(0)));
    Ok(())
}

/// A mesh with one echo service that `probe` may read.
pub(crate) fn open(postern: &Postern) -> Result<Mesh> {
    let scratch = Scratch::new()?;
    let [port] = free_ports()?;
    fs::create_dir(scratch.file("documents"))?;
    scratch.write("documents/mesh.yaml", documents(port, "25h"))?;
    Mesh::start(postern, scratch)
}

/// `orders` behind a door, whose leaves live so long.
pub(crate) fn documents(port: u16, lifetime: &str) -> String {
    format!(
        "apiVersion: postern.dev/v1
kind: Mesh
metadata: {{name: interop}}
spec: {{trustDomain: interop.example, identity: {{lifetime: {lifetime}}}}}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {{name: orders}}
spec:
  ports: [{{port: 8080, protocol: http, targetPort: {port}}}]
  run: {{command: [postern, echo, --http, \"{port}\"]}}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {{name: probe-reads-orders}}
spec: {{to: orders, allow: [{{from: \"{PROBE}\", http: \"GET /v1/**\"}}]}}
"
    )
}

fn shows(mesh: &Mesh, door: &str, good: &Leaf, report: &mut Report) -> Result<()> {
    let bundle = mesh.bundle().to_string_lossy().into_owned();
    let verify = ["-CAfile", bundle.as_str(), "-verify_return_error", "-showcerts"];
    let said = s_client(mesh, door, Some(good), &verify)?;
    let shown = format!("{}{}", said.out, said.err);
    report.check("TLS 1.3", holds(&shown, &["New, TLSv1.3"]));
    report.check(
        "the chain holds against the bundle",
        holds(&shown, &["Verify return code: 0 (ok)"]),
    );
    let leaf = mesh.scratch().write("shown.pem", &shown)?;
    let leaf = leaf.to_string_lossy();
    let words =
        ["x509", "-in", &leaf, "-noout", "-ext", "subjectAltName,keyUsage,basicConstraints"];
    let text = openssl(mesh.scratch(), &words)?;
    let own = "URI:spiffe://interop.example/ns/default/sa/orders";
    report.check("the leaf says who it is", holds(&text, &[own, "Digital Signature", "CA:FALSE"]));
    report.check("by one URI", same(text.matches("URI:").count(), 1));
    Ok(())
}

/// A peer that is to be turned away.
struct Refusal {
    what: &'static str,
    leaf: Option<Leaf>,
    flags: &'static [&'static str],
    reason: &'static str,
}

fn refusals(mesh: &Mesh, own: &Authority<'_>) -> Result<Vec<Refusal>> {
    let scratch = mesh.scratch();
    let stranger = Authority::make(scratch, "stranger", "spiffe://evil.example")?;
    let old = Claims { is_old: true, ..leaf("old", &[PROBE]) };
    let ca = Claims { is_ca: true, ..leaf("ca-leaf", &[PROBE]) };
    let of = |what, leaf, reason| Refusal { what, leaf, flags: &["-tls1_3"], reason };
    Ok(vec![
        of("no certificate", None, "showed no certificate"),
        of(
            "another authority's",
            Some(stranger.leaf(&leaf("foreign", &["spiffe://evil.example/ns/default/sa/probe"]))?),
            "no trust bundle for `evil.example`",
        ),
        of(
            "our ID, signed by a foreign trust domain's CA",
            Some(stranger.leaf(&leaf("forged", &[PROBE]))?),
            "not issued by an authority of `interop.example`",
        ),
        of("an expired one", Some(own.leaf(&old)?), "the certificate expired at"),
        of("two URI SANs", Some(own.leaf(&leaf("two", &[PROBE, OTHER]))?), "2 URIs instead of one"),
        of(
            "a CA certificate as leaf",
            Some(own.leaf(&ca)?),
            "a CA certificate was shown as a leaf",
        ),
        Refusal {
            what: "TLS 1.2",
            leaf: Some(own.leaf(&leaf("good-old-tls", &[PROBE]))?),
            flags: &["-tls1_2"],
            reason: "does not offer TLS 1.3",
        },
    ])
}

fn refuses(mesh: &Mesh, door: &str, refusal: &Refusal, report: &mut Report) -> Result<()> {
    let what = refusal.what;
    let said = talk(mesh, door, refusal.leaf.as_ref(), refusal.flags)?;
    report.check(&format!("refused: {what}"), is_refused(&said));
    let logged = mesh.logged(refusal.reason, |line| {
        let reason = line["reason"].as_str().unwrap_or_default();
        line["door"] == "orders" && reason.contains(refusal.reason)
    });
    let blamed = logged.and_then(|line| same(line["blame"].clone(), Value::from("caller")));
    report.check(&format!("logged: {what}: {}", refusal.reason), blamed);
    Ok(())
}

fn is_refused(said: &Said) -> Result<()> {
    ensure!(!said.out.contains("HTTP/1.1"), "it was served: {}", said.out);
    ensure!(said.err.contains("alert"), "no alert: {}{}", said.out, said.err);
    Ok(())
}

/// Shows a certificate and asks for something.
fn talk(mesh: &Mesh, door: &str, leaf: Option<&Leaf>, flags: &[&str]) -> Result<Said> {
    s_client(mesh, door, leaf, &[&["-quiet"], flags].concat())
}

fn s_client(mesh: &Mesh, door: &str, leaf: Option<&Leaf>, flags: &[&str]) -> Result<Said> {
    let mut client = command("openssl");
    client.args(["s_client", "-connect", door, "-alpn", "http/1.1", "-ign_eof"]);
    client.args(["-servername", "p8080.orders.default.interop.example"]).args(flags);
    if let Some(leaf) = leaf {
        client.arg("-cert").arg(&leaf.certificate).arg("-key").arg(&leaf.key);
        client.arg("-cert_chain").arg(&leaf.chain);
    }
    Running::start_with(mesh.scratch().path(), "s_client", &mut client, REQUEST)?.said(TALK_TIME)
}

fn leaf<'a>(name: &'a str, uris: &'a [&'a str]) -> Claims<'a> {
    Claims { name, uris, is_ca: false, is_old: false }
}
