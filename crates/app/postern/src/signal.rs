//! Signals: those that ask `up` to end, and those `run` passes on.

use std::io::IsTerminal as _;
use std::task::Poll;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and SIGTERM, as one stream.
pub(crate) struct Endings {
    interrupt: Signal,
    terminate: Signal,
}

impl Endings {
    /// Listens from now on.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let on = |kind| signal(kind).context("can't listen for signals");
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Waits for the first Ctrl-C or SIGTERM.
pub(crate) async fn ended() -> anyhow::Result<()> {
    Endings::listen()?.next().await;
    Ok(())
}

/// The signals `run` passes on to its command.
pub(crate) struct Passed {
    streams: Vec<(Signalled, Signal)>,
}

type Signalled = rustix::process::Signal;

impl Passed {
    /// Takes them over from now on. Ctrl-C and Ctrl-\ on a terminal reach the
    /// command by themselves, so they are only held back here.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let kinds = [
            Signalled::TERM,
            Signalled::HUP,
            Signalled::USR1,
            Signalled::USR2,
            Signalled::INT,
            Signalled::QUIT,
        ];
        let listen = |kind: Signalled| {
            let stream = signal(SignalKind::from_raw(kind.as_raw()));
            stream.map(|stream| (kind, stream)).context("can't listen for signals")
        };
        Ok(Self { streams: kinds.into_iter().map(listen).collect::<anyhow::Result<_>>()? })
    }

    /// The next one that has to be passed on.
    pub(crate) async fn next(&mut self) -> Signalled {
        let has_terminal = std::io::stdin().is_terminal();
        loop {
            let kind = std::future::poll_fn(|context| {
                let came = self.streams.iter_mut().find_map(|(kind, stream)| {
                    matches!(stream.poll_recv(context), Poll::Ready(Some(()))).then_some(*kind)
                });
                came.map_or(Poll::Pending, Poll::Ready)
            })
            .await;
            if !(has_terminal && matches!(kind, Signalled::INT | Signalled::QUIT)) {
                return kind;
            }
        }
    }
}

/// Sends a signal to one process, if it is still there.
pub(crate) fn send(pid: u32, signal: Signalled) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}
