//! The doors of this process: their cores, their keepers, and the handle the
//! rest of the program holds.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cores::Cores;
use crate::door::{Door, DoorSpec, DoorStatus};
use crate::keep;
use crate::settings::DoorsConfig;
use crate::shared::Shared;
use crate::workload::Workload;

/// How long leaving and reporting may take while the control plane is away.
const FAREWELL: Duration = Duration::from_millis(500);
const REPORT: Duration = Duration::from_millis(500);

/// All doors of this process.
pub struct Doors {
    shared: Arc<Shared>,
    /// Listeners, pushes and reports: everything that carries no traffic.
    admin: Option<Runtime>,
    open: Mutex<Vec<Weak<Door>>>,
}

impl Doors {
    /// Starts the cores; no door is open yet.
    ///
    /// # Errors
    /// When threads can't be started.
    pub fn start(config: DoorsConfig) -> io::Result<Self> {
        let admin = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postern-doors")
            .enable_all()
            .build()?;
        let shared = Arc::new(Shared {
            cores: Cores::start(&config)?,
            workload: Workload::watch(config.workload_api.clone(), &admin),
            config,
        });
        Ok(Self { shared, admin: Some(admin), open: Mutex::default() })
    }

    /// Opens a door: from its last-good state at once when there is one, and
    /// from what the control plane pushes from then on.
    #[must_use]
    pub fn add(&self, spec: DoorSpec) -> DoorHandle {
        let meters = self.shared.config.meters.door(&spec.service.to_string());
        let (door, records) = Door::new(spec, meters);
        let keeper = keep::run(Arc::clone(&self.shared), Arc::clone(&door), records);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|known| known.strong_count() > 0);
        open.push(Arc::downgrade(&door));
        let task = self.admin.as_ref().map(|admin| admin.spawn(keeper));
        DoorHandle { shared: Arc::clone(&self.shared), door, task }
    }

    /// Leaves the mesh, so that nobody calls any more; lets open exchanges end
    /// and cuts what is left after the time given; reports what was decided.
    /// Doors can't be added afterwards.
    pub async fn drain(&self, within: Duration) {
        let all = self.known();
        for door in &all {
            door.leaving.send_replace(true);
        }
        wait(FAREWELL, || all.iter().all(|door| !door.status.borrow().connected)).await;
        self.shared.cores.drain(within).await;
        wait(REPORT, || !all.iter().any(|door| door.has_unreported())).await;
    }

    fn known(&self) -> Vec<Arc<Door>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().filter_map(Weak::upgrade).collect()
    }

    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.shared.cores.open()
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        if let Some(admin) = self.admin.take() {
            admin.shutdown_background();
        }
    }
}

/// One open door. Dropping the handle leaves it open; [`DoorHandle::close`]
/// closes it.
pub struct DoorHandle {
    shared: Arc<Shared>,
    door: Arc<Door>,
    task: Option<JoinHandle<()>>,
}

impl DoorHandle {
    /// What it says about itself now.
    #[must_use]
    pub fn status(&self) -> DoorStatus {
        self.door.status.borrow().clone()
    }

    /// Changes of its status.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<DoorStatus> {
        self.door.status.subscribe()
    }

    /// Which door it is.
    #[must_use]
    pub fn spec(&self) -> &DoorSpec {
        &self.door.spec
    }

    /// Closes the listeners, leaves the mesh, and ends every connection: nobody
    /// keeps its world any more, so nothing may go on under it.
    pub fn close(self) {
        if let Some(task) = self.task {
            task.abort();
        }
        self.door.closed.store(true, Ordering::Release);
        let _lost = self.door.hold(None);
        self.shared.cores.end(self.door.number, "this door was closed");
    }
}

async fn wait(at_most: Duration, is_done: impl Fn() -> bool) {
    let done = async {
        while !is_done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // Late is told by what is missing, not here.
    let _late = tokio::time::timeout(at_most, done).await;
}
