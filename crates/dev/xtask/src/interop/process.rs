//! Other programs: started with their output in files, ended by their own
//! process id, and never outliving this one.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::deadline::until;

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Its output, or an error with all it said when it failed.
    pub(crate) fn ok(self) -> Result<String> {
        if self.code != 0 {
            bail!("exit code {}\n{}{}", self.code, self.out, self.err);
        }
        Ok(self.out)
    }
}

/// A program that runs. Killed when dropped.
pub(crate) struct Running {
    name: String,
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

/// A command that dies with this process. Only the main thread may start it:
/// the kernel watches the thread.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    // Python's peers lie in the work tree and leave nothing there.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

impl Running {
    /// Starts it; its output goes to `NAME.out` and `NAME.err` in `folder`.
    pub(crate) fn start(folder: &Path, name: &str, command: &mut Command) -> Result<Self> {
        Self::open(folder, name, command.stdin(Stdio::null()))
    }

    /// The same with bytes for its standard input.
    pub(crate) fn start_with(
        folder: &Path,
        name: &str,
        command: &mut Command,
        input: &[u8],
    ) -> Result<Self> {
        let path = folder.join(format!("{name}.in"));
        fs::write(&path, input)?;
        Self::open(folder, name, command.stdin(File::open(&path)?))
    }

    fn open(folder: &Path, name: &str, command: &mut Command) -> Result<Self> {
        let (out, err) = (folder.join(format!("{name}.out")), folder.join(format!("{name}.err")));
        let child = command
            .stdout(File::create(&out)?)
            .stderr(File::create(&err)?)
            .spawn()
            .with_context(|| format!("{name} can't be started"))?;
        Ok(Self { name: name.to_owned(), child, out, err })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to its standard output so far.
    pub(crate) fn out(&self) -> Result<String> {
        read(&self.out)
    }

    /// And to its standard error.
    pub(crate) fn err(&self) -> Result<String> {
        read(&self.err)
    }

    /// Waits until its output holds `part`.
    pub(crate) fn says(&mut self, part: &str, within: Duration) -> Result<()> {
        let what = format!("{} says `{part}`", self.name);
        until(&what, within, || {
            if self.out()?.contains(part) || self.err()?.contains(part) {
                return Ok(Some(()));
            }
            match self.child.try_wait()? {
                Some(status) => bail!("{} ended with {status}: {}", self.name, self.err()?),
                None => Ok(None),
            }
        })
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).context("no pid")?;
        kill_process(pid, signal).with_context(|| format!("{} can't be signalled", self.name))
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self, within: Duration) -> Result<ExitStatus> {
        let what = format!("{} ends", self.name);
        until(&what, within, || Ok(self.child.try_wait()?))
    }

    /// Asks it to end, and waits.
    pub(crate) fn stop(&mut self, within: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.end(within)
    }

    /// Waits for its end and gives all it said.
    pub(crate) fn said(mut self, within: Duration) -> Result<Said> {
        let status = self.end(within).with_context(|| {
            let tail = |text: Result<String>| text.unwrap_or_default();
            format!("{}{}", tail(self.out()), tail(self.err()))
        })?;
        Ok(Said { code: status.code().unwrap_or(-1), out: self.out()?, err: self.err()? })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(path: &Path) -> Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
}
