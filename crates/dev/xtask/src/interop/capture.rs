//! What goes over the wire between doors, seen by tcpdump: nothing that can
//! be read. The same marker on the app's own port proves that it would be.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::deadline::until;
use super::handshake;
use super::mesh::{Mesh, Postern};
use super::process::{Running, command};
use super::report::{Report, same};
use super::web::curl_as;

const CAPTURE_TIME: Duration = Duration::from_secs(15);

pub(crate) fn run(postern: &Postern, report: &mut Report) -> Result<()> {
    let mut mesh = handshake::open(postern)?;
    let door = port(&mesh.inbound("orders")?)?;
    let app = app_port(&mesh)?;
    let marker = format!("marker-{}-{door}", std::process::id());
    let mut between = Capture::start(&mesh, "between", &door)?;
    let mut behind = Capture::start(&mesh, "behind", &app)?;

    let url = format!("http://orders:8080/v1/{marker}");
    let answer = curl_as(&mesh, "probe", &["-X", "GET", "-d", &marker, &url])?;
    report.check("the call is served", same(answer.status, 200));
    let echoed = answer.json()?["body"].as_str().map(str::to_owned);
    report.check("and the app got the body", same(echoed, Some(marker.clone())));

    let seen = until("the marker behind the door", CAPTURE_TIME, || {
        Ok(behind.contains(marker.as_bytes())?.then_some(()))
    });
    report.check("the marker is read behind the door", seen);
    let bytes = between.close()?;
    behind.close()?;
    report.note(&format!("{} bytes captured between the doors", bytes.len()));
    report.check("the wire between the doors was seen", enough(&bytes));
    report.check("the marker is not in it", lacks(&bytes, &marker));
    report.check("nor is the path", lacks(&bytes, "/v1/"));
    report.check("up exits with 0", same(mesh.stop()?, Some(0)));
    Ok(())
}

/// tcpdump on one port of the loopback interface.
struct Capture {
    tcpdump: Running,
    file: std::path::PathBuf,
}

impl Capture {
    fn start(mesh: &Mesh, name: &str, port: &str) -> Result<Self> {
        let file = mesh.scratch().file(&format!("{name}.pcap"));
        let mut command = command("tcpdump");
        command.args(["-i", "lo", "-s", "0", "-U", "--immediate-mode", "-Z", "root", "-w"]);
        command.arg(&file).args(["tcp", "port", port]);
        let mut tcpdump = Running::start(mesh.scratch().path(), name, &mut command)?;
        tcpdump.says("listening on", CAPTURE_TIME)?;
        Ok(Self { tcpdump, file })
    }

    fn contains(&self, marker: &[u8]) -> Result<bool> {
        Ok(has(&read(&self.file)?, marker))
    }

    /// Ends it and gives all it saw.
    fn close(&mut self) -> Result<Vec<u8>> {
        self.tcpdump.stop(CAPTURE_TIME)?;
        read(&self.file)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| path.display().to_string())
}

fn has(bytes: &[u8], marker: &[u8]) -> bool {
    bytes.windows(marker.len()).any(|window| window == marker)
}

fn lacks(bytes: &[u8], marker: &str) -> Result<()> {
    ensure!(!has(bytes, marker.as_bytes()), "`{marker}` went over the wire in the clear");
    Ok(())
}

/// A handshake and an exchange are more than this; an empty capture proves
/// nothing.
fn enough(bytes: &[u8]) -> Result<()> {
    ensure!(bytes.len() > 3_000, "only {} bytes", bytes.len());
    Ok(())
}

fn port(address: &str) -> Result<String> {
    Ok(address.rsplit(':').next().context("no port")?.to_owned())
}

/// The port the app itself listens on, as its document says.
fn app_port(mesh: &Mesh) -> Result<String> {
    let text = fs::read_to_string(mesh.scratch().file("documents/mesh.yaml"))?;
    let rest = text.split("targetPort: ").nth(1).context("no targetPort")?;
    Ok(rest.chars().take_while(char::is_ascii_digit).collect())
}
