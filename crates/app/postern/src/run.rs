//! `postern run -- CMD`: a command behind its own door in this process,
//! attached to a running `up`. The command's exit code is ours.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use model::{Label, ServiceName, SpiffeId};
use proxy::{DoorHandle, DoorSpec, DoorStatus, Doors};
use tokio::process::Child;

use crate::admin::Admin;
use crate::answer::Attached;
use crate::doorway::attach::{Lease, News, Request, attach};
use crate::doorway::environment::{Who, environment};
use crate::doorway::log::{self, LogArgs};
use crate::doorway::metrics;
use crate::doorway::nursery::{Launch, Nursery};
use crate::doorway::opening::{doors, opened, reason};
use crate::failure::Failure;
use crate::flags::Global;
use crate::output;
use crate::place::{self, Places};
use crate::signal::Passed;

/// A door that isn't open by then won't be.
const OPEN_TIME: Duration = Duration::from_secs(30);
const DRAIN_TIME: Duration = Duration::from_secs(15);

/// What to run, and as which service.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  postern run --name files --port 8000 -- python3 -m http.server 8000
  postern run --name client -- curl http://files:8000/
  postern run --name db --port 5432 --protocol tcp -- postgres -D data -p 5432

The command finds what it may call in its environment: FILES_ADDR, FILES_HOST, FILES_PORT,
and behind http_proxy by name. Allow calls with `postern allow client files`.")]
pub(crate) struct RunArgs {
    /// The service it is
    #[arg(long)]
    name: Label,
    /// The service's namespace
    #[arg(long, default_value = "default")]
    namespace: Label,
    /// The port others call; left out by who only calls, or when documents say it
    #[arg(long)]
    port: Option<u16>,
    /// What is spoken on the port
    #[arg(long, value_enum, default_value_t)]
    protocol: Protocol,
    /// The port the command listens on [default: the same]
    #[arg(long, value_name = "PORT", requires = "port")]
    target_port: Option<u16>,
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    log: LogArgs,
    /// Serve GET /metrics on this address
    #[arg(long, value_name = "ADDR")]
    metrics: Option<SocketAddr>,
    /// Threads that carry traffic [default: one per core]
    #[arg(long, value_name = "N")]
    cores: Option<std::num::NonZero<usize>>,
    /// The program and its arguments
    #[arg(last = true, required = true, num_args = 1.., value_name = "CMD")]
    command: Vec<OsString>,
}

/// What a service's port speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http,
    /// HTTP/2 without TLS, known beforehand.
    Http2,
    /// gRPC.
    Grpc,
    /// Any stream of bytes.
    Tcp,
}

impl RunArgs {
    fn request(&self) -> Request {
        Request {
            name: self.name.to_string(),
            namespace: self.namespace.to_string(),
            port: self.port,
            protocol: match self.protocol {
                Protocol::Http => "http",
                Protocol::Http2 => "http2",
                Protocol::Grpc => "grpc",
                Protocol::Tcp => "tcp",
            },
            target_port: self.target_port.or(self.port),
            pid: std::process::id(),
        }
    }

    fn service(&self) -> ServiceName {
        ServiceName::new(self.namespace.clone(), self.name.clone())
    }
}

/// Runs the command to its end.
pub(crate) async fn run(args: RunArgs, global: &Global) -> Result<ExitCode, Failure> {
    let mut signals = Passed::listen()?;
    if let Err(error) = host::set_undumpable() {
        output::warn(&format!("keys could be read from a core dump: {error}"));
    }
    let admin = Admin::at(global.admin_socket_in(&args.places.runtime()));
    let attached = attach(&admin, &args.request()).await?;
    let runtime = PathBuf::from(&attached.runtime);
    let id: SpiffeId =
        attached.spiffe_id.parse().context("the mesh gave an identity that is none")?;
    let lease = Lease::keep(admin, args.request(), attached.clone(), tell);
    let (doors, sink) = open_doors(&args, &attached).await?;
    let service = args.service();
    let door = doors.add(DoorSpec {
        service: service.clone(),
        id: id.clone(),
        instance: format!("{}.{}-{}", service.name, service.namespace, std::process::id()),
        serves: attached.serves,
        has_app: true,
    });
    let status = tokio::select! {
        status = wait_for(&door, &attached) => status?,
        signal = signals.next() => return Ok(code_of(ExitStatus::from_raw(signal.as_raw()))),
    };
    let agent = runtime.join(place::AGENT_SOCKET);
    let who = Who { service: &service, id: &id, agent: &agent };
    let launch = Launch {
        command: args.command.clone(),
        environment: environment(&who, &status),
        ..Launch::default()
    };
    let nursery = Nursery::start().context("can't start a thread")?;
    let child = nursery.spawn(launch).await.context("can't start the command")?;
    let ended = accompany(child, &mut signals, &doors, attached.serves).await;
    doors.drain(DRAIN_TIME).await;
    log::close(&sink);
    drop(lease);
    Ok(code_of(ended.context("the command was lost")?))
}

async fn open_doors(
    args: &RunArgs,
    attached: &Attached,
) -> anyhow::Result<(Doors, Arc<telemetry::Sink>)> {
    let state = PathBuf::from(&attached.state);
    let service = args.service();
    let watch = log::open(&args.log, &log::Whose::Run(&state, &service))?;
    if let Some(address) = args.metrics {
        let bound = metrics::serve(address, watch.render()).await?;
        output::note(&format!("postern: metrics at http://{bound}/metrics"));
    }
    let doors = doors(&PathBuf::from(&attached.runtime), &state, args.cores, &watch)?;
    Ok((doors, watch.sink))
}

async fn wait_for(door: &DoorHandle, attached: &Attached) -> anyhow::Result<DoorStatus> {
    let complain = |status: &DoorStatus| {
        output::note(&format!("postern: waiting for the door: {}", reason(status)));
    };
    let present = attached.generation.parse().unwrap_or_default();
    let open = opened(door.watch(), present, complain);
    match tokio::time::timeout(OPEN_TIME, open).await {
        Ok(Some(status)) => Ok(status),
        Ok(None) => anyhow::bail!("the door closed again"),
        Err(_) => anyhow::bail!("the door did not open: {}", reason(&door.status())),
    }
}

fn tell(news: News) {
    output::note(&match news {
        News::Away => "postern: the mesh is away; going on with what is there".to_owned(),
        News::Back => "postern: attached again".to_owned(),
        News::Refused(why) => format!("postern: the mesh refuses to attach: {why}"),
    });
}

/// Passes signals on until the command ends. SIGTERM to a service drains its
/// door first; a second one goes straight through.
async fn accompany(
    mut child: Child,
    signals: &mut Passed,
    doors: &Doors,
    serves: bool,
) -> std::io::Result<ExitStatus> {
    let mut drains = serves;
    loop {
        let signal = tokio::select! {
            status = child.wait() => return status,
            signal = signals.next() => signal,
        };
        if drains && signal == rustix::process::Signal::TERM {
            drains = false;
            tokio::select! {
                () = doors.drain(DRAIN_TIME) => {}
                status = child.wait() => return status,
                _ = signals.next() => {}
            }
        }
        if let Some(pid) = child.id() {
            crate::signal::send(pid, signal);
        }
    }
}

/// The shell's way: 128 and the signal for who was ended by one.
fn code_of(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(code & 0xff).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(line: &[&str]) -> Result<RunArgs, clap::Error> {
        let line = ["postern", "run"].iter().chain(line);
        match Cli::try_parse_from(line)?.command {
            Command::Run(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_stands_after_two_dashes() {
        let args = args(&["--name", "a", "--port", "80", "--", "sleep", "--help"]).unwrap();
        assert_eq!(args.command, ["sleep", "--help"]);
        let request = args.request();
        assert_eq!((request.port, request.target_port), (Some(80), Some(80)));
        assert_eq!(request.protocol, "http");
    }

    #[test]
    fn what_makes_no_sense_is_wrong_usage() {
        assert!(args(&["--name", "a", "--target-port", "80", "--", "x"]).is_err());
        assert!(args(&["--name", "A_b", "--", "x"]).is_err());
        assert!(args(&["--name", "a"]).is_err());
    }

    #[test]
    fn exit_codes_are_the_commands_own() {
        assert_eq!(code_of(ExitStatus::from_raw(3 << 8)), ExitCode::from(3));
        assert_eq!(code_of(ExitStatus::from_raw(15)), ExitCode::from(143));
    }
}
