//! Starting processes from one thread that lives as long as this process. The
//! kernel ends children with the *thread* that forked them, so a runtime's
//! worker would be the wrong parent.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::child::own_binary;

/// What to start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Launch {
    /// The program and its arguments.
    pub(crate) command: Vec<OsString>,
    /// Added to the environment of this process, in order; the last one wins.
    pub(crate) environment: Vec<(String, String)>,
    /// Where it runs; here when `None`.
    pub(crate) directory: Option<PathBuf>,
    /// Kept apart from our terminal: a process group of its own, no input, and
    /// output through pipes.
    pub(crate) is_apart: bool,
}

type Order = (Launch, oneshot::Sender<io::Result<Child>>);

/// The thread that starts processes.
#[derive(Clone, Debug)]
pub(crate) struct Nursery {
    orders: mpsc::UnboundedSender<Order>,
}

impl Nursery {
    /// Starts the thread. To be called inside a runtime, which then watches
    /// the children.
    ///
    /// # Errors
    /// When a thread can't be started.
    pub(crate) fn start() -> io::Result<Self> {
        let (orders, mut waiting) = mpsc::unbounded_channel::<Order>();
        let runtime = Handle::current();
        std::thread::Builder::new().name("postern-nursery".to_owned()).spawn(move || {
            let _inside = runtime.enter();
            while let Some((launch, answer)) = waiting.blocking_recv() {
                let _ = answer.send(command(&launch).spawn());
            }
        })?;
        Ok(Self { orders })
    }

    /// Starts a process that dies with this one.
    ///
    /// # Errors
    /// When it can't be forked. A program that isn't there shows as exit code
    /// 127 instead.
    pub(crate) async fn spawn(&self, launch: Launch) -> io::Result<Child> {
        let (answer, started) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts processes is gone");
        self.orders.send((launch, answer)).map_err(|_| gone())?;
        started.await.map_err(|_| gone())?
    }
}

fn command(launch: &Launch) -> Command {
    let mut command = Command::new(own_binary());
    command
        .arg0("postern")
        .args(["__child", "--parent", &std::process::id().to_string(), "--"])
        .args(&launch.command)
        .envs(launch.environment.iter().map(|(name, value)| (name, value)));
    if let Some(directory) = &launch.directory {
        command.current_dir(directory);
    }
    if launch.is_apart {
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    command
}
