//! Where the open database sits: one that failed is closed, and opened again
//! by the next call. A full disk that has space again heals so.

use parking_lot::RwLock;
use redb::Database;
use tokio::task::JoinError;

use crate::fault::StoreError;
use crate::refused::OpenError;

pub(crate) type Opener = Box<dyn Fn() -> Result<Database, OpenError> + Send + Sync>;

/// An open database, or the way back to one.
pub(crate) struct Slot {
    opener: Opener,
    place: RwLock<Place>,
}

enum Place {
    Open(Database),
    /// After a failure, until the next call.
    Broken,
    /// For good.
    Closed,
}

impl Slot {
    pub(crate) fn new(database: Database, opener: Opener) -> Self {
        Self { opener, place: RwLock::new(Place::Open(database)) }
    }

    pub(crate) fn is_broken(&self) -> bool {
        matches!(*self.place.read(), Place::Broken)
    }

    pub(crate) fn with<T>(
        &self,
        work: impl Fn(&Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.is_broken() {
            self.reopen()?;
        }
        let done = match &*self.place.read() {
            Place::Open(database) => work(database),
            Place::Broken | Place::Closed => Err(StoreError::Closed),
        };
        if done.as_ref().is_err_and(StoreError::spoils) {
            let mut place = self.place.write();
            if matches!(*place, Place::Open(_)) {
                *place = Place::Broken;
            }
        }
        done
    }

    /// Waits for work that is under way, and lets go of the file.
    pub(crate) fn close(&self) {
        *self.place.write() = Place::Closed;
    }

    fn reopen(&self) -> Result<(), StoreError> {
        let mut place = self.place.write();
        if matches!(*place, Place::Broken) {
            let opened = (self.opener)().map_err(|error| match error {
                OpenError::Full(_) => StoreError::Full,
                error => StoreError::Reopen(error),
            });
            *place = Place::Open(opened?);
        }
        Ok(())
    }
}

/// What became of work on a thread that may block.
pub(crate) fn joined<T>(done: Result<Result<T, StoreError>, JoinError>) -> Result<T, StoreError> {
    match done {
        Ok(done) => done,
        Err(error) if error.is_panic() => {
            Err(StoreError::Damaged("reading it failed unexpectedly".into()))
        }
        Err(_) => Err(StoreError::Closed),
    }
}
