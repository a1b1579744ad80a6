//! A mesh of one's own: `postern up` in a scratch folder, the commands that
//! speak to it, and its access log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use super::deadline::until;
use super::process::{Running, Said, command};
use super::scratch::Scratch;
use crate::{run, workspace};

/// How long `up` may take on a busy machine. The product's own promise is
/// measured, not assumed: see [`Mesh::ready_after`].
const READY_TIME: Duration = Duration::from_secs(20);
const COMMAND_TIME: Duration = Duration::from_secs(30);
const STOP_TIME: Duration = Duration::from_secs(20);

/// The program under test.
pub(crate) struct Postern {
    program: PathBuf,
}

impl Postern {
    /// Builds it; the build `cargo xtask test` makes too, unless released. A
    /// program named by `POSTERN_INTEROP_PROGRAM` is taken as it is.
    pub(crate) fn build(is_release: bool) -> Result<Self> {
        if let Some(program) = std::env::var_os("POSTERN_INTEROP_PROGRAM") {
            return Ok(Self { program: program.into() });
        }
        let flags: &[&str] = if is_release { &["--release"] } else { &[] };
        run::run("cargo", &[&["build", "--locked", "--package", "postern"], flags].concat())?;
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => workspace::root()?.join("target"),
        };
        let profile = if is_release { "release" } else { "debug" };
        Ok(Self { program: target.join(profile).join("postern") })
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }
}

/// One mesh, ended and removed when dropped.
pub(crate) struct Mesh {
    program: PathBuf,
    // Before the scratch: what runs there ends first.
    up: Option<Running>,
    scratch: Scratch,
    documents: Option<PathBuf>,
    ready_after: Duration,
    started: u32,
}

impl Mesh {
    /// Starts one with the documents in `scratch`'s folder `documents`, or
    /// empty, and waits until it is ready.
    pub(crate) fn start(postern: &Postern, scratch: Scratch) -> Result<Self> {
        let documents = Some(scratch.file("documents")).filter(|folder| folder.exists());
        let program = postern.program().to_owned();
        let (ready_after, started) = (Duration::ZERO, 0);
        let mut mesh = Self { program, up: None, scratch, documents, ready_after, started };
        mesh.up()?;
        Ok(mesh)
    }

    /// Starts `up` again, on the state it left behind.
    pub(crate) fn up(&mut self) -> Result<()> {
        let began = Instant::now();
        self.started += 1;
        let mut command = self.command(&["up", "--shared-host", "--access-log"]);
        command.arg(self.scratch.file("access.log")).args(&self.documents);
        let name = format!("up-{}", self.started);
        let up = Running::start(self.scratch.path(), &name, &mut command)?;
        self.up = Some(up);
        let wait = format!("{}s", READY_TIME.as_secs());
        let said = self.say(&["status", "--wait", &wait])?;
        self.ready_after = began.elapsed();
        said.ok().with_context(|| self.words()).context("the mesh is not ready")?;
        Ok(())
    }

    /// From the start of `up` to the moment `status --wait` came back.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    pub(crate) fn process(&mut self) -> Result<&mut Running> {
        self.up.as_mut().context("the mesh is down")
    }

    /// The trust anchors, as `up` writes them.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.scratch.file("s/bundle.pem")
    }

    /// The folder of the authority.
    pub(crate) fn authority(&self) -> PathBuf {
        self.scratch.file("s/ca")
    }

    /// A command that finds this mesh by its environment.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = command(&self.program);
        command
            .args(words)
            .current_dir(self.scratch.path())
            .env("POSTERN_STATE", self.scratch.file("s"))
            .env("POSTERN_RUNTIME", self.scratch.file("r"));
        command
    }

    /// Runs a command to its end.
    pub(crate) fn say(&self, words: &[&str]) -> Result<Said> {
        let name = format!("command-{}", words.first().unwrap_or(&""));
        Running::start(self.scratch.path(), &name, &mut self.command(words))?.said(COMMAND_TIME)
    }

    /// A command's answer as JSON.
    pub(crate) fn ask(&self, words: &[&str]) -> Result<Value> {
        let text = self.say(&[words, &["-o", "json"]].concat())?.ok()?;
        serde_json::from_str(&text).with_context(|| text)
    }

    /// Starts `postern run FLAGS -- COMMAND` as `name`.
    pub(crate) fn run(&self, name: &str, flags: &[&str], words: &[&str]) -> Result<Running> {
        let log = self.scratch.file(&format!("{name}.log"));
        let mut command = self.command(&["run", "--name", name]);
        command.arg("--access-log").arg(log).args(flags).arg("--").args(words);
        Running::start(self.scratch.path(), name, &mut command)
    }

    /// The same to its end.
    pub(crate) fn run_to_end(&self, name: &str, words: &[&str]) -> Result<Said> {
        self.run(name, &[], words)?.said(COMMAND_TIME)
    }

    /// Where the inbound door of a service listens.
    pub(crate) fn inbound(&self, service: &str) -> Result<String> {
        until(&format!("{service} has an instance"), COMMAND_TIME, || {
            let status = self.ask(&["status"])?;
            let services = status["services"].as_array().cloned().unwrap_or_default();
            let it = services.iter().find(|entry| {
                entry["name"].as_str().is_some_and(|name| name.rsplit('/').next() == Some(service))
            });
            let address = it.and_then(|entry| entry["instances"][0]["address"].as_str());
            Ok(address.map(str::to_owned))
        })
    }

    /// A line of the access log of `up` that satisfies `is_it`, waiting for it.
    pub(crate) fn logged(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Result<Value> {
        self.logged_in("access.log", what, is_it)
    }

    /// The same in another log of this mesh.
    pub(crate) fn logged_in(
        &self,
        file: &str,
        what: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let path = self.scratch.file(file);
        let found = until(&format!("{file} shows {what}"), Duration::from_secs(5), || {
            Ok(lines(&path).into_iter().find(|line| is_it(line)))
        });
        found.with_context(|| {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let last: Vec<_> = text.lines().rev().take(5).collect();
            format!("the last lines of {file}:\n{}", last.join("\n"))
        })
    }

    /// Ends `up` as Ctrl-C does; gives its exit code.
    pub(crate) fn stop(&mut self) -> Result<Option<i32>> {
        let status = self.process()?.stop(STOP_TIME)?;
        self.up = None;
        Ok(status.code())
    }

    /// Ends `up` as a crash does.
    pub(crate) fn kill(&mut self) {
        self.up = None;
    }

    fn words(&self) -> String {
        let Some(up) = &self.up else { return String::new() };
        format!("{}{}", up.out().unwrap_or_default(), up.err().unwrap_or_default())
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
