//! The Python library `spiffe` as a client of the Workload API.

use std::fs;
use std::time::Duration;

use anyhow::Result;

use super::handshake::documents;
use super::install;
use super::mesh::{Mesh, Postern};
use super::report::{Report, holds, same};
use super::scratch::{Scratch, free_ports};
use crate::workspace;

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let python = install::python()?;
    let mut mesh = short_lived(postern)?;
    let script = workspace::root()?.join("interop/python/watch.py");
    let (python, script) = (python.to_string_lossy(), script.to_string_lossy());
    let words = [&*python, "-u", &script, "2", "20"];
    let said = mesh.run("probe", &[], &words)?.said(PATIENCE)?;
    let own = "\"id\": \"spiffe://interop.example/ns/default/sa/probe\"";
    report.check("fetches its X.509-SVID", holds(&said.out, &["\"fetched\"", own]));
    report.check("and one authority", holds(&said.out, &["\"authorities\": 1"]));
    let rotated = said.out.matches("\"rotated\"").count();
    report.check("sees two rotations of a 10 s leaf", same(rotated, 2));
    report.check("without an error", said.ok().map(drop));

    // The same program with nobody's door: the socket gives it nothing.
    let socket = mesh.scratch().file("r/agent.sock");
    let mut alone = super::process::command(&*python);
    alone.args(["-u", &script, "1", "1"]);
    alone.env("SPIFFE_ENDPOINT_SOCKET", format!("unix://{}", socket.display()));
    let alone = super::process::Running::start(mesh.scratch().path(), "alone", &mut alone)?;
    let said = alone.said(PATIENCE)?;
    report.check("a process without an entry gets none", same(said.code == 0, false));
    let denied = said.err.contains("PERMISSION_DENIED") || said.err.contains("PermissionDenied");
    let check = if denied { Ok(()) } else { Err(anyhow::anyhow!("{}", said.err)) };
    report.check("with the status the specification asks for", check);
    report.check("up exits with 0", same(mesh.stop()?, Some(0)));
    Ok(())
}

/// A mesh whose leaves live as short as they may.
pub(crate) fn short_lived(postern: &Postern) -> Result<Mesh> {
    let scratch = Scratch::new()?;
    let [port] = free_ports()?;
    fs::create_dir(scratch.file("documents"))?;
    scratch.write("documents/mesh.yaml", documents(port, "10s"))?;
    Mesh::start(postern, scratch)
}
