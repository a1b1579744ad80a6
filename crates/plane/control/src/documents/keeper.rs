//! The keeper of the documents: one change after the other, each planned,
//! written, and then shown to whoever follows.

use std::sync::Arc;

use model::TrustDomain;
use store::Store;
use tokio::sync::{Mutex, watch};

use super::journal::{Journal, LoadError};
use super::plan::{self, Plan, Standing};
use super::wanted::{Applied, ApplyError, Current, Wanted};
use crate::event::{Event, Events};

/// The documents of the mesh.
#[derive(Debug)]
pub(crate) struct Documents {
    journal: Journal,
    trust_domain: TrustDomain,
    standing: Mutex<Standing>,
    current: watch::Sender<Arc<Current>>,
    events: Events,
}

impl Documents {
    /// Reads what stands. A store without documents gets the mesh itself.
    pub(crate) async fn open(
        store: Store,
        trust_domain: TrustDomain,
        events: Events,
    ) -> Result<Self, LoadError> {
        let journal = Journal::on(store);
        let standing = journal.load().await?;
        let (generation, world) = (standing.generation, standing.world.clone());
        let current = watch::Sender::new(Arc::new(Current { generation, world }));
        let standing = Mutex::new(standing);
        let documents = Self { journal, trust_domain, standing, current, events };
        // Adds the document of the mesh where it is missing.
        documents.change(Wanted::default()).await.map_err(LoadError::from)?;
        Ok(documents)
    }

    /// What stands.
    pub(crate) fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.borrow())
    }

    /// For whoever has to know of each change.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Current>> {
        self.current.subscribe()
    }

    /// The trust domain every document is for.
    pub(crate) const fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// Makes a change, or says why not.
    pub(crate) async fn change(&self, wanted: Wanted) -> Result<Applied, ApplyError> {
        let mut standing = self.standing.lock().await;
        if let Some(parent) = wanted.parent.filter(|parent| *parent != standing.generation) {
            return Err(ApplyError::Parent { wanted: parent, found: standing.generation });
        }
        let dry_run = wanted.dry_run;
        let plan = plan::plan(&standing, wanted, &self.trust_domain)?;
        let warnings = plan.world.warnings().to_vec();
        let changes = plan.changes.clone();
        if !dry_run {
            self.carry_out(&mut standing, plan).await?;
        }
        Ok(Applied { generation: standing.generation, changes, warnings })
    }

    async fn carry_out(&self, standing: &mut Standing, plan: Plan) -> Result<(), ApplyError> {
        let next = self.journal.write(standing, plan).await?;
        let moved = next.generation != standing.generation;
        let changes = config::diff(&standing.world, &next.world).len();
        *standing = next;
        if moved {
            let (generation, world) = (standing.generation, standing.world.clone());
            self.current.send_replace(Arc::new(Current { generation, world }));
            self.events.tell(Event::Applied { generation, changes });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
