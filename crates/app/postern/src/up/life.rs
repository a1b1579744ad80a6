//! One service of `up`: started when its door is open, restarted when it dies,
//! stopped when the mesh is.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use config::Run;
use model::{Generation, ServiceName, SpiffeId};
use proxy::DoorStatus;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::backoff::Backoff;
use super::event::Event;
use super::screen::Screen;
use crate::admin::Admin;
use crate::doorway::attach::{Lease, Request};
use crate::doorway::environment::{Who, environment};
use crate::doorway::nursery::{Launch, Nursery};
use crate::doorway::opening::{opened, reason};
use crate::paint::Tint;

/// A line of output beyond this is cut into several.
const LINE_BYTES_MAX: u64 = 16 << 10;
/// From SIGTERM to SIGKILL.
const STOP_TIME: Duration = Duration::from_secs(5);

/// What every service's life needs from its surroundings.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) nursery: Nursery,
    pub(crate) screen: Arc<Screen>,
    pub(crate) admin: Admin,
    pub(crate) agent: PathBuf,
}

/// Which service, and how it is started.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) service: ServiceName,
    pub(crate) id: SpiffeId,
    pub(crate) run: Run,
    /// The generation whose documents said so.
    pub(crate) since: Generation,
}

/// How a service is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pulse {
    /// Its process, while it runs.
    pub(crate) pid: Option<u32>,
    /// How often it was started again.
    pub(crate) restarts: u32,
}

/// A service being kept alive.
pub(crate) struct Life {
    pulse: watch::Receiver<Pulse>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Life {
    /// Begins to keep the service alive behind the door that says `status`.
    pub(crate) fn begin(house: House, spec: Spec, status: watch::Receiver<DoorStatus>) -> Self {
        let (tell, pulse) = watch::channel(Pulse::default());
        let (stop, stopped) = watch::channel(false);
        let living = Living { house, spec, status, tell, stopped };
        Self { pulse, stop, task: tokio::spawn(living.run()) }
    }

    /// How it is now.
    pub(crate) fn pulse(&self) -> Pulse {
        self.pulse.borrow().clone()
    }

    /// Asks it to end.
    pub(crate) fn ask_to_stop(&self) {
        let _ = self.stop.send(true);
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

struct Living {
    house: House,
    spec: Spec,
    status: watch::Receiver<DoorStatus>,
    tell: watch::Sender<Pulse>,
    stopped: watch::Receiver<bool>,
}

impl Living {
    async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let Some(door) = self.wait_for_door().await else { return };
            let born = Instant::now();
            let what = self.live(&door).await;
            if *self.stopped.borrow() {
                return;
            }
            let pause = backoff.after(born.elapsed());
            let text = format!("{what}; starting again in {} ms", pause.as_millis());
            self.say("service-died", text, Tint::Bad);
            self.tell.send_modify(|pulse| pulse.restarts = pulse.restarts.saturating_add(1));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = self.stopped.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// `None` when it is time to stop.
    async fn wait_for_door(&mut self) -> Option<DoorStatus> {
        let (service, screen) = (self.spec.service.clone(), Arc::clone(&self.house.screen));
        let complain = move |status: &DoorStatus| {
            let text = format!("waits for its door: {}", reason(status));
            screen.event(&Event::of(&service, "door-waits", text).tinted(Tint::Warn));
        };
        tokio::select! {
            door = opened(self.status.clone(), self.spec.since, complain) => door,
            _ = self.stopped.wait_for(|stop| *stop) => None,
        }
    }

    /// From start to end of one process; says how it ended.
    async fn live(&mut self, door: &DoorStatus) -> String {
        let started = self.house.nursery.spawn(self.launch(door)).await;
        let mut child = match started {
            Ok(child) => child,
            Err(error) => return format!("can't be started: {error}"),
        };
        let Some(pid) = child.id() else { return "ended at once".to_owned() };
        let _lease = self.attach(pid);
        self.tell.send_modify(|pulse| pulse.pid = Some(pid));
        self.say_started(pid);
        self.pass_on(child.stdout.take());
        self.pass_on(child.stderr.take());
        let status = self.wait(&mut child, pid).await;
        self.tell.send_modify(|pulse| pulse.pid = None);
        status.map_or_else(|error| format!("was lost: {error}"), describe)
    }

    fn launch(&self, door: &DoorStatus) -> Launch {
        let spec = &self.spec;
        let who = Who { service: &spec.service, id: &spec.id, agent: &self.house.agent };
        let mut variables = environment(&who, door);
        variables.extend(spec.run.env.iter().map(|(name, value)| (name.clone(), value.clone())));
        Launch {
            command: spec.run.command.iter().map(Into::into).collect(),
            environment: variables,
            directory: spec.run.directory.as_ref().map(PathBuf::from),
            is_apart: true,
        }
    }

    /// The process and what it starts get the service's own identity, and no
    /// other of those this `up` holds.
    fn attach(&self, pid: u32) -> Lease {
        let service = &self.spec.service;
        let request = Request {
            name: service.name.to_string(),
            namespace: service.namespace.to_string(),
            port: None,
            protocol: "http",
            target_port: None,
            pid,
        };
        Lease::begin(self.house.admin.clone(), request, |_| ())
    }

    async fn wait(&mut self, child: &mut Child, pid: u32) -> std::io::Result<ExitStatus> {
        tokio::select! {
            status = child.wait() => {
                // What it started and left behind goes with it.
                signal_group(pid, Signal::KILL);
                return status;
            }
            _ = self.stopped.wait_for(|stop| *stop) => {}
        }
        signal_group(pid, Signal::TERM);
        let ended = tokio::time::timeout(STOP_TIME, child.wait()).await;
        signal_group(pid, Signal::KILL);
        match ended {
            Ok(status) => status,
            Err(_) => child.wait().await,
        }
    }

    fn say(&self, name: &'static str, text: String, tint: Tint) {
        self.house.screen.event(&Event::of(&self.spec.service, name, text).tinted(tint));
    }

    fn say_started(&self, pid: u32) {
        let text = format!("started, pid {pid}");
        let event = Event::of(&self.spec.service, "service-started", text).with("pid", pid);
        self.house.screen.event(&event.tinted(Tint::Good));
    }

    fn pass_on(&self, output: Option<impl AsyncRead + Unpin + Send + 'static>) {
        let Some(output) = output else { return };
        let (screen, name) = (Arc::clone(&self.house.screen), self.spec.service.to_string());
        tokio::spawn(async move {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while let Ok(1..) =
                (&mut output).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await
            {
                screen.output(&name, &printable(&line));
                line.clear();
            }
        });
    }
}

/// A line without its end and without what could steer a terminal.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let safe = |c: &char| !c.is_control() || matches!(c, '\t' | '\x1b');
    text.trim_end().chars().filter(safe).collect()
}

fn signal_group(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, signal);
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_in_words() {
        assert_eq!(describe(ExitStatus::from_raw(0)), "ended with exit code 0");
        assert_eq!(describe(ExitStatus::from_raw(3 << 8)), "ended with exit code 3");
        assert_eq!(describe(ExitStatus::from_raw(9)), "was ended by signal 9");
    }

    #[test]
    fn output_lines_lose_what_moves_the_cursor() {
        assert_eq!(printable(b"a\tb\r\n"), "a\tb");
        assert_eq!(printable(b"a\x08\x07b\n"), "ab");
        assert_eq!(printable(&[b'a', 0xff, b'\n']), "a\u{fffd}");
    }
}
