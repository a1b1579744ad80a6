//! `postern up`: control plane, agent, doors and services in one process, put
//! together here and nowhere else. The planes meet on their sockets, as they
//! would in several processes.

mod backoff;
mod event;
mod ground;
mod household;
mod life;
mod live;
mod planes;
mod screen;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use config::{Severity, Spec};
use model::TrustDomain;
use serde_json::json;

use crate::admin::Admin;
use crate::answer::{Status, read};
use crate::command::apply::{self, Set};
use crate::doorway::log::{self, LogArgs};
use crate::doorway::metrics;
use crate::doorway::nursery::Nursery;
use crate::doorway::opening::doors;
use crate::failure::Failure;
use crate::flags::Global;
use crate::output;
use crate::paint::Tint;
use crate::place::{self, Places};
use crate::signal::Endings;
use crate::sources;
use event::Event;
use ground::Ground;
use household::Household;
use life::House;
use planes::Planes;
use screen::Screen;

/// How often the picture is refreshed, before and after the mesh is ready.
const EAGER_TIME: Duration = Duration::from_millis(25);
const CALM_TIME: Duration = Duration::from_millis(500);
/// What `up` cuts after it was asked to end.
const DRAIN_TIME: Duration = Duration::from_secs(15);

/// What to start and where.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  postern up examples/shop
  postern up                           an empty mesh, for `postern run` and `postern allow`
  postern up --state ./state --runtime ./run mesh.yaml

Ctrl-C or SIGTERM drains the doors, stops the services and exits with 0.")]
pub(crate) struct UpArgs {
    /// Documents: files and folders
    #[arg(value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
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
    /// State that services share this host unisolated: silences the warning
    #[arg(long)]
    shared_host: bool,
}

/// Runs until Ctrl-C or SIGTERM.
pub(crate) async fn up(args: Box<UpArgs>, _global: &Global) -> Result<(), Failure> {
    let mut endings = Endings::listen()?;
    let screen = Arc::new(Screen::new());
    if !args.shared_host {
        warn_of_explicit_mode();
    }
    let trust_domain = first_look(&args.paths)?;
    let ground = Ground::take(args.places.state(), args.places.runtime())?;
    if let Err(error) = host::set_undumpable() {
        output::warn(&format!("keys could be read from a core dump: {error}"));
    }
    let started = tokio::select! {
        started = Mesh::start(&args, &ground, trust_domain, &screen) => started?,
        () = endings.next() => return Ok(()),
    };
    started.run(&mut endings).await
}

fn warn_of_explicit_mode() {
    output::warn(
        "explicit mode: services share this host's network, so any process on this host can reach \
         a service around its door, or call as a service through that service's own. Say \
         --shared-host when that is what you want.",
    );
}

/// Reads the documents before anything is opened: their problems, and the trust
/// domain they name.
fn first_look(paths: &[PathBuf]) -> Result<Option<TrustDomain>, Failure> {
    let (documents, problems) = config::parse(&sources::read(paths)?);
    problems.iter().for_each(|problem| output::note(&problem.to_string()));
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(Failure::refused("the documents have problems; nothing was started"));
    }
    Ok(documents.iter().find_map(|document| match &document.spec {
        Spec::Mesh(mesh) => Some(mesh.trust_domain.clone()),
        _ => None,
    }))
}

/// Everything that runs.
struct Mesh {
    planes: Planes,
    admin: Admin,
    screen: Arc<Screen>,
    household: Household,
    began: Instant,
    is_ready: bool,
    generation: String,
    sink: Arc<telemetry::Sink>,
}

impl Mesh {
    async fn start(
        args: &UpArgs,
        ground: &Ground,
        trust_domain: Option<TrustDomain>,
        screen: &Arc<Screen>,
    ) -> Result<Self, Failure> {
        let began = Instant::now();
        let watch = log::open(&args.log, &log::Whose::Up(&ground.state))?;
        if let Some(address) = args.metrics {
            let bound = metrics::serve(address, watch.render()).await?;
            let text = format!("metrics at http://{bound}/metrics");
            screen.event(&Event::new("metrics", text).with("address", bound.to_string()));
        }
        let planes = Planes::start(ground, trust_domain, watch.render()).await?;
        planes.tell(screen);
        let admin = Admin::at(ground.runtime.join(place::ADMIN_SOCKET));
        apply_documents(&args.paths, &admin, screen).await?;
        let resident = json!({"pid": std::process::id()});
        admin.post("/v1/resident", &resident).await.map_err(anyhow::Error::from)?;
        let house = House {
            nursery: Nursery::start().context("can't start a thread")?,
            screen: Arc::clone(screen),
            admin: admin.clone(),
            agent: ground.runtime.join(place::AGENT_SOCKET),
        };
        let doors = doors(&ground.runtime, &ground.state, args.cores, &watch)?;
        let household = Household::new(house, doors);
        let (is_ready, generation) = (false, String::new());
        let screen = Arc::clone(screen);
        let sink = Arc::clone(&watch.sink);
        Ok(Self { planes, admin, screen, household, began, is_ready, generation, sink })
    }

    /// Until asked to end; then drains. A second request to end cuts short.
    async fn run(mut self, endings: &mut Endings) -> Result<(), Failure> {
        loop {
            if let Err(error) = self.refresh().await {
                let text = format!("{error:#}");
                self.screen.event(&Event::new("trouble", text).tinted(Tint::Bad));
            }
            let pause = if self.is_ready { CALM_TIME } else { EAGER_TIME };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = endings.next() => break,
            }
        }
        self.screen.event(&Event::new("draining", "draining; once more to stop at once"));
        let screen = Arc::clone(&self.screen);
        tokio::select! {
            () = self.close() => {}
            () = endings.next() => return Err(Failure::refused("stopped without draining")),
        }
        screen.event(&Event::new("stopped", "stopped"));
        Ok(())
    }

    async fn close(self) {
        self.household.close(DRAIN_TIME).await;
        self.planes.stop().await;
        log::close(&self.sink);
    }

    /// Looks at the mesh once, follows its documents, and draws.
    async fn refresh(&mut self) -> anyhow::Result<()> {
        let answer = self.admin.get("/v1/status").await?;
        let status: Status = read(&answer)?;
        if status.generation != self.generation {
            self.household.follow_documents().await?;
            self.generation.clone_from(&status.generation);
        }
        self.household.tell_problems();
        self.tell_ready(&status);
        if self.screen.is_live() {
            let colours = self.screen.colours();
            self.screen.draw(&live::picture(&status, self.household.rows(), colours));
        }
        Ok(())
    }

    fn tell_ready(&mut self, status: &Status) {
        let is_ready = status.ready && self.household.is_ready();
        if is_ready == self.is_ready {
            return;
        }
        self.is_ready = is_ready;
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let event = if is_ready {
            let edges = self.household.edges();
            let at =
                if edges.is_empty() { String::new() } else { format!(" at {}", edges.join(", ")) };
            Event::new("ready", format!("ready{at} after {ms} ms"))
                .with("edges", edges)
                .tinted(Tint::Good)
        } else {
            Event::new("not-ready", "no longer ready").tinted(Tint::Warn)
        };
        let event = event.with("generation", status.generation.clone());
        self.screen.event(&event.with("ms", ms));
    }
}

async fn apply_documents(paths: &[PathBuf], admin: &Admin, screen: &Screen) -> Result<(), Failure> {
    if paths.is_empty() {
        return Ok(());
    }
    let set = Set { paths: paths.to_vec(), prune: true, dry_run: false, parent: None };
    let answer = apply::send(admin, &set).await?;
    let applied: crate::answer::Applied = read(&answer)?;
    for warning in &applied.warnings {
        let text = apply::warning_text(warning);
        screen.event(&Event::new("warning", text).tinted(Tint::Warn));
    }
    Ok(())
}
