//! All cores together, as listeners and keepers see them: threads with a
//! runtime each, to which connections and swaps are handed.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use model::Limits;
use net::{Credentials, OsDice, SystemClock};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::accept;
use crate::arrival::Arrival;
use crate::core::{Core, Phase};
use crate::door::Door;
use crate::lines::{AllowSampler, Lines};
use crate::pool::Pool;
use crate::settings::DoorsConfig;
use crate::world::World;

/// How often idle connections are looked over.
const SWEEP: Duration = Duration::from_secs(5);
/// How long an access line waits at most before it is handed on.
const FLUSH: Duration = Duration::from_millis(200);

enum Job {
    Arrive(Arrival),
    Rejudge { door: u64, world: Arc<World> },
    Retrust { door: u64, credentials: Arc<Credentials> },
    End { door: Option<u64>, why: &'static str },
    Flush { done: oneshot::Sender<()> },
}

/// All cores. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cores {
    all: Arc<[Reach]>,
    phase: watch::Sender<Phase>,
}

struct Reach {
    jobs: mpsc::UnboundedSender<Job>,
    open: Arc<AtomicUsize>,
}

impl Cores {
    /// Starts the threads.
    pub(crate) fn start(config: &DoorsConfig) -> io::Result<Self> {
        let phase = watch::Sender::new(Phase::Serving);
        let start = |index| start_core(index, config, phase.subscribe());
        let all: io::Result<Vec<Reach>> = (0..config.cores.max(1)).map(start).collect();
        Ok(Self { all: all?.into(), phase })
    }

    /// Hands a connection to the core with the fewest open.
    pub(crate) fn arrive(&self, arrival: Arrival) {
        if *self.phase.borrow() == Phase::Draining {
            return;
        }
        let least = self.all.iter().min_by_key(|core| core.open.load(Ordering::Relaxed));
        if let Some(core) = least {
            core.open.fetch_add(1, Ordering::Relaxed);
            if core.jobs.send(Job::Arrive(arrival)).is_err() {
                core.open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// Has every core judge a door's open connections by its new world.
    pub(crate) fn rejudge(&self, door: &Door, world: &Arc<World>) {
        self.tell(|| Job::Rejudge { door: door.number, world: Arc::clone(world) });
    }

    /// Has every core judge a door's callers by the trust it holds now.
    pub(crate) fn retrust(&self, door: &Door, credentials: &Credentials) {
        let credentials = Arc::new(credentials.clone());
        self.tell(|| Job::Retrust { door: door.number, credentials: Arc::clone(&credentials) });
    }

    /// Ends every connection of a door.
    pub(crate) fn end(&self, door: u64, why: &'static str) {
        self.tell(|| Job::End { door: Some(door), why });
    }

    /// Connections open now.
    pub(crate) fn open(&self) -> usize {
        self.all.iter().map(|core| core.open.load(Ordering::Relaxed)).sum()
    }

    /// Takes no more connections; waits until the open ones have ended, and
    /// ends what is left after `within`.
    pub(crate) async fn drain(&self, within: Duration) {
        self.phase.send_replace(Phase::Draining);
        let deadline = Instant::now() + within;
        let mut cut = false;
        while self.open() > 0 {
            if !cut && Instant::now() >= deadline {
                self.tell(|| Job::End { door: None, why: "the drain time is over" });
                cut = true;
            } else if Instant::now() >= deadline + Duration::from_secs(1) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.flush().await;
    }

    /// Has every core hand on its access lines.
    async fn flush(&self) {
        for core in self.all.iter() {
            let (done, flushed) = oneshot::channel();
            if core.jobs.send(Job::Flush { done }).is_ok() {
                // A core that ends instead has nothing to hand on.
                let _ended = flushed.await;
            }
        }
    }

    fn tell(&self, job: impl Fn() -> Job) {
        for core in self.all.iter() {
            // A core that is gone has nothing open.
            let _gone = core.jobs.send(job());
        }
    }
}

fn start_core(
    index: usize,
    config: &DoorsConfig,
    phase: watch::Receiver<Phase>,
) -> io::Result<Reach> {
    let (jobs, work) = mpsc::unbounded_channel();
    let open = Arc::new(AtomicUsize::new(0));
    let (sink, meters, counter) =
        (Arc::clone(&config.sink), Arc::clone(&config.meters), Arc::clone(&open));
    let (started, starting) = std::sync::mpsc::channel();
    let run = move || {
        // A local runtime can't be sent to a thread: it is made there.
        let local = match tokio::runtime::LocalRuntime::new() {
            Ok(local) => local,
            Err(error) => return drop(started.send(Err(error))),
        };
        drop(started.send(Ok(())));
        let core = Rc::new(Core {
            pool: Pool::default(),
            register: Rc::default(),
            clock: SystemClock,
            lines: Lines::new(sink),
            allows: AllowSampler::default(),
            meters,
            balancing: Rc::default(),
            dice: RefCell::new(OsDice::new()),
            phase,
        });
        local.block_on(serve(core, work, counter));
    };
    thread::Builder::new().name(format!("postern-core-{index}")).spawn(run)?;
    starting.recv().map_err(io::Error::other)??;
    Ok(Reach { jobs, open })
}

async fn serve(core: Rc<Core>, mut work: mpsc::UnboundedReceiver<Job>, open: Arc<AtomicUsize>) {
    let (mut sweep, mut flush) = (tokio::time::interval(SWEEP), tokio::time::interval(FLUSH));
    loop {
        let job = tokio::select! {
            job = work.recv() => job,
            _ = flush.tick() => {
                core.lines.flush();
                continue;
            }
            _ = sweep.tick() => {
                sweep_up(&core);
                continue;
            }
        };
        match job {
            None => return,
            Some(Job::Arrive(arrival)) => {
                let (core, counted) = (Rc::clone(&core), Counted(Arc::clone(&open)));
                tokio::task::spawn_local(async move {
                    accept::admit(core, arrival).await;
                    drop(counted);
                });
            }
            Some(Job::Rejudge { door, world }) => {
                core.register.rejudge(door, &world);
                core.balancing.forget_others(&world.services);
            }
            Some(Job::Retrust { door, credentials }) => {
                core.register.retrust(door, &credentials.bundles, core.now());
                // Made under the trust of before.
                core.pool.clear();
            }
            Some(Job::End { door, why }) => {
                core.register.end(door, why);
                core.pool.clear();
            }
            Some(Job::Flush { done }) => {
                core.lines.flush();
                let _left = done.send(());
            }
        }
    }
}

fn sweep_up(core: &Core) {
    if let Some(oldest) = Instant::now().checked_sub(Limits::default().pool_idle_time.into()) {
        core.pool.sweep(oldest);
    }
}

/// One open connection in the count of its core.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
