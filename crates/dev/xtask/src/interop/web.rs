//! HTTP by curl, the client everybody has.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::mesh::Mesh;
use super::process::{Running, Said, command};

const TIME: Duration = Duration::from_secs(20);
/// Stands between the body and the status in curl's output.
const MARK: &str = "\n<<status>>";

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Head and body as they came.
    pub(crate) text: String,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| self.text.clone())
    }

    /// Reads what curl printed for [`arguments`].
    pub(crate) fn of(said: Said) -> Result<Self> {
        let printed = said.out.clone();
        let context = || format!("curl: exit code {}: {}{}", said.code, said.out, said.err);
        let (text, status) = printed.rsplit_once(MARK).with_context(context)?;
        let status = status.trim().parse().with_context(context)?;
        let body = text.rsplit_once("\r\n\r\n").map_or(text, |(_, body)| body).to_owned();
        anyhow::ensure!(said.code == 0, context());
        Ok(Self { status, text: text.to_owned(), body })
    }
}

/// What curl is told besides the URL: no settings of the user, any
/// certificate, head and body and status printed.
pub(crate) fn arguments() -> Vec<String> {
    let format = format!("{MARK}%{{http_code}}");
    ["-q", "-s", "-S", "-k", "-i", "--max-time", "15", "-w", &format].map(str::to_owned).to_vec()
}

/// Asks from outside any door: without the environment's proxies.
pub(crate) fn curl(mesh: &Mesh, words: &[&str]) -> Result<Answer> {
    let mut curl = command("curl");
    direct(&mut curl).args(arguments()).args(words);
    Answer::of(Running::start(mesh.scratch().path(), "curl", &mut curl)?.said(TIME)?)
}

/// Asks from behind the door of `name`.
pub(crate) fn curl_as(mesh: &Mesh, name: &str, words: &[&str]) -> Result<Answer> {
    let mut all = vec!["curl".to_owned()];
    all.extend(arguments());
    all.extend(words.iter().map(|word| (*word).to_owned()));
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    Answer::of(mesh.run_to_end(name, &all)?)
}

fn direct(command: &mut Command) -> &mut Command {
    for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    command
}
