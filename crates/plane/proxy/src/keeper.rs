//! What keeps a door's configuration: the resources it holds, tried against
//! its trust, taken whole, stored, and begun from again.

use std::sync::Arc;
use std::time::Duration;

use config::Snapshot;
use identity::Bundles;
use model::{Clock as _, Secret, Timestamp};
use net::{Credentials, SystemClock};
use tokio::sync::Mutex;
use wire::push::LastGood;

use crate::disk::Disk;
use crate::door::Door;
use crate::shared::Shared;
use crate::slice::{Held, Judge};

/// How long an acknowledgement waits for listeners to open.
const LISTEN_TIME: Duration = Duration::from_secs(2);

/// What the configuration side of a door's keeping holds.
pub(crate) struct Keeper {
    pub(crate) shared: Arc<Shared>,
    pub(crate) door: Arc<Door>,
    pub(crate) held: Held,
    pub(crate) disk: Arc<Mutex<Disk>>,
}

impl Keeper {
    /// Opens from what is on disk, if it is whole, sealed, and the leaf in it
    /// is still good.
    pub(crate) async fn start_from_last_good(&mut self) {
        let state = match self.disk.lock().await.load() {
            Ok(Some(state)) => state,
            Ok(None) => return,
            Err(error) => return self.problem(error.to_string()),
        };
        match self.revive(&state) {
            Ok((held, credentials, snapshot)) => {
                let _none_before = self.door.hold(Some(credentials));
                self.held = held;
                self.run_on(snapshot);
            }
            Err(why) => self.problem(format!("the last-good state is not used: {why}")),
        }
    }

    fn revive(&self, state: &LastGood) -> Result<(Held, Credentials, Snapshot), String> {
        let now = SystemClock.now();
        let pem = std::fs::read(&self.shared.config.bundle);
        let pem =
            pem.map_err(|error| format!("{}: {error}", self.shared.config.bundle.display()))?;
        let domain = self.door.spec.id.trust_domain().clone();
        let bundle = identity::Bundle::from_pem(domain, &pem).map_err(|error| error.to_string())?;
        let bundles = Bundles::new(bundle, Vec::new()).map_err(|error| error.to_string())?;
        let own = identity::verify(&state.chain, &bundles, identity::Role::Server, now)
            .map_err(|refused| format!("its certificate: {refused}"))?;
        if own.id != self.door.spec.id {
            return Err(format!("its certificate is {}'s", own.id));
        }
        let held = Held::from_disk(state);
        let sealed_before = held.sealed_before().unwrap_or(Timestamp(0));
        let snapshot = held.compile(&Judge {
            door: &self.door.spec.service,
            id: &self.door.spec.id,
            bundles: &bundles,
            now: now.min(sealed_before),
        });
        let snapshot = snapshot.map_err(|refused| refused.to_string())?;
        let credentials = Credentials {
            chain: state.chain.clone(),
            key_pkcs8: Secret::new(state.key.clone()),
            bundles,
            id: own.id,
            not_after: own.not_after,
        };
        Ok((held, credentials, snapshot))
    }

    fn problem(&self, what: String) {
        self.door.set_trouble(Some(what.clone()));
        self.door.status.send_modify(|status| status.problems.push(what));
    }

    fn run_on(&self, snapshot: Snapshot) {
        let world = self.door.run_on(snapshot);
        self.shared.cores.rejudge(&self.door, &world);
        self.door.status.send_modify(|status| status.refused = None);
    }

    /// Takes a compiled generation on: stores it, opens and closes listeners,
    /// keeps it on disk. After this it may be acknowledged.
    ///
    /// # Errors
    /// What can't be opened or saved. The generation runs all the same, but
    /// saying that all is well would not be true.
    pub(crate) async fn take(&mut self, held: Held, snapshot: Snapshot) -> Result<(), String> {
        let slices = held.to_disk();
        let generation = snapshot.generation.to_string();
        self.held = held;
        self.door.set_trouble(None);
        self.run_on(snapshot);
        let version = self.door.world().version;
        let mut listening = self.door.listening.subscribe();
        let opened = async { listening.wait_for(|open| *open >= version).await.is_ok() };
        // A listener that can't open is told in the status, not by silence.
        let _late = tokio::time::timeout(LISTEN_TIME, opened).await;
        let saved = self.disk.lock().await.keep_slices(generation, slices);
        if let Err(error) = saved {
            let problem = format!("the last-good state can't be saved: {error}");
            self.problem(problem.clone());
            return Err(problem);
        }
        let problems = self.door.status.borrow().problems.join("; ");
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}
