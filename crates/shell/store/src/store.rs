//! The store as a service: every operation runs on a thread that may block,
//! commits one after the other, and opens the file again after a failure.

use std::path::Path;
use std::sync::Arc;

use model::{Millis, Timestamp};
use parking_lot::Mutex;
use redb::Database;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::database::Reading;
use crate::engine::{self, Keep};
use crate::entry::{Entry, Revision};
use crate::fault::StoreError;
use crate::lease::{Deadlines, LeaseId};
use crate::open;
use crate::refused::OpenError;
use crate::slot::{Opener, Slot, joined};
use crate::txn::{Op, Outcome, Txn};

/// A handle on the journal; clones share it.
///
/// A commit is on the disk when the call returns. A call whose future is
/// dropped half-way goes on and commits or fails whole.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

/// Everything under a prefix as it stood at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// When; a watch from here misses nothing.
    pub revision: Revision,
    /// In the order of the keys.
    pub entries: Vec<Entry>,
}

struct Inner {
    slot: Slot,
    keep: Keep,
    /// Held through a commit and the telling of it.
    deadlines: Mutex<Deadlines>,
    tip: watch::Sender<Revision>,
}

impl Store {
    /// Opens the file at `path`, or makes it when there is none.
    ///
    /// # Errors
    /// When it is locked, empty, foreign, truncated, doubled or damaged, or
    /// the disk is full. What is there is never changed then.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        let path = path.to_owned();
        let at = path.clone();
        let opened = spawn_blocking(move || {
            let database = open::open(&path)?;
            let again = path.clone();
            Self::on(database, Box::new(move || open::open_existing(&again)), Keep::default())
                .map_err(|error| OpenError::Damaged { path, what: error.to_string() })
        });
        // The join fails only when the reader panicked on what it read.
        opened
            .await
            .unwrap_or_else(|error| Err(OpenError::Damaged { path: at, what: error.to_string() }))
    }

    pub(crate) fn on(database: Database, opener: Opener, keep: Keep) -> Result<Self, StoreError> {
        let reading = Reading::begin(&database)?;
        let leases = reading.leases()?;
        let deadlines =
            Deadlines::of(leases.into_iter().map(|(id, ttl)| (LeaseId(id), Millis(ttl))));
        let tip = watch::Sender::new(reading.revision()?);
        drop(reading);
        let slot = Slot::new(database, opener);
        let deadlines = Mutex::new(deadlines);
        Ok(Self(Arc::new(Inner { slot, keep, deadlines, tip })))
    }

    /// What stands under `key`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        let key = key.to_owned();
        self.blocking(move |inner| inner.with(|db| Reading::begin(db)?.entry(&key))).await
    }

    /// Everything whose key begins with `prefix`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn range(&self, prefix: &str) -> Result<Range, StoreError> {
        let prefix = prefix.to_owned();
        self.blocking(move |inner| {
            inner.with(|db| {
                let reading = Reading::begin(db)?;
                Ok(Range { revision: reading.revision()?, entries: reading.entries(&prefix)? })
            })
        })
        .await
    }

    /// The revision of the last commit known here.
    #[must_use]
    pub fn revision(&self) -> Revision {
        *self.0.tip.borrow()
    }

    /// Does one transaction.
    ///
    /// # Errors
    /// See [`StoreError`]. That a compare does not hold is no error: the
    /// outcome says so.
    pub async fn txn(&self, txn: Txn) -> Result<Outcome, StoreError> {
        self.blocking(move |inner| {
            let _one_at_a_time = inner.deadlines.lock();
            let outcome = inner.with(|db| engine::apply(db, &txn, inner.keep))?;
            inner.tell(outcome.revision);
            Ok(outcome)
        })
        .await
    }

    /// Writes one key, whatever stood there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn put(
        &self,
        key: impl Into<String>,
        value: impl Into<Vec<u8>>,
    ) -> Result<Revision, StoreError> {
        let txn = Txn { success: vec![Op::put(key, value)], ..Txn::default() };
        Ok(self.txn(txn).await?.revision)
    }

    /// Removes one key, if it is there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delete(&self, key: impl Into<String>) -> Result<Revision, StoreError> {
        let txn = Txn { success: vec![Op::Delete(key.into())], ..Txn::default() };
        Ok(self.txn(txn).await?.revision)
    }

    /// Forgets the changes up to and including `upto`. A watch that has not
    /// seen them is told to begin anew.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn compact(&self, upto: Revision) -> Result<(), StoreError> {
        self.blocking(move |inner| {
            let _one_at_a_time = inner.deadlines.lock();
            inner.with(|db| engine::compact(db, upto))
        })
        .await
    }

    /// A new lease of `ttl`, counted from `now`. `now` should come from a
    /// clock that does not step.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn grant(&self, ttl: Millis, now: Timestamp) -> Result<LeaseId, StoreError> {
        self.blocking(move |inner| {
            let mut deadlines = inner.deadlines.lock();
            let id = inner.with(|db| engine::grant(db, ttl))?;
            deadlines.grant(id, ttl, now);
            Ok(id)
        })
        .await
    }

    /// Gives a lease its whole time again, from `now`. Costs no write.
    ///
    /// # Errors
    /// [`StoreError::NoSuchLease`] when it ran out or never was.
    pub fn keep_alive(&self, lease: LeaseId, now: Timestamp) -> Result<(), StoreError> {
        let kept = self.0.deadlines.lock().keep_alive(lease, now);
        if kept { Ok(()) } else { Err(StoreError::NoSuchLease) }
    }

    /// Ends a lease and removes its keys.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn revoke(&self, lease: LeaseId) -> Result<Revision, StoreError> {
        self.blocking(move |inner| {
            let mut deadlines = inner.deadlines.lock();
            inner.revoke(&mut deadlines, lease)
        })
        .await
    }

    /// Ends every lease that has run out at `now` and says which. Somebody
    /// has to call this now and then.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn expire(&self, now: Timestamp) -> Result<Vec<LeaseId>, StoreError> {
        self.blocking(move |inner| {
            let mut deadlines = inner.deadlines.lock();
            let due = deadlines.due(now);
            for lease in &due {
                inner.revoke(&mut deadlines, *lease)?;
            }
            Ok(due)
        })
        .await
    }

    /// Lets go of the file, once what is under way is done: when this returns
    /// another process may open it. Every later call fails.
    pub async fn close(&self) {
        let inner = Arc::clone(&self.0);
        // Nothing is left to do where there are no threads any more.
        let _ = spawn_blocking(move || inner.slot.close()).await;
    }

    pub(crate) fn tip(&self) -> watch::Receiver<Revision> {
        self.0.tip.subscribe()
    }

    /// Reads on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl Fn(&Reading) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.blocking(move |inner| inner.with(|db| read(&Reading::begin(db)?))).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        joined(spawn_blocking(move || work(&inner)).await)
    }
}

impl Inner {
    fn with<T>(&self, work: impl Fn(&Database) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.slot.is_broken() {
            // The commit that failed may have reached the disk after all.
            self.tell(self.slot.with(|db| Reading::begin(db)?.revision())?);
        }
        self.slot.with(work)
    }

    fn revoke(&self, deadlines: &mut Deadlines, lease: LeaseId) -> Result<Revision, StoreError> {
        let revision = self.with(|db| engine::revoke(db, lease, self.keep))?;
        deadlines.revoke(lease);
        self.tell(revision);
        Ok(revision)
    }

    fn tell(&self, revision: Revision) {
        self.tip.send_if_modified(|tip| {
            let moved = *tip < revision;
            *tip = revision.max(*tip);
            moved
        });
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store(revision {})", self.revision())
    }
}

#[cfg(test)]
mod tests;
