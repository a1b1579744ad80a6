//! The tables of the file and the counters in it. No rules: what may be
//! written when is `engine`'s.

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition,
    WriteTransaction,
};

use crate::entry::{Entry, Revision};
use crate::fault::StoreError;

/// The format of the file. A file of another one is refused, never rewritten.
pub(crate) const FORMAT: u64 = 1;

pub(crate) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("postern-store");
const KEYS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("keys");
const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
const LEASES: TableDefinition<'_, u64, u64> = TableDefinition::new("leases");
const HELD: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("held");

/// A counter of the file; 0 until it is first written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counter {
    Format,
    Revision,
    /// The last commit that is no longer in the log.
    Compacted,
    LogBytes,
    LastLease,
}

impl Counter {
    const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Revision => "revision",
            Self::Compacted => "compacted",
            Self::LogBytes => "log bytes",
            Self::LastLease => "last lease",
        }
    }
}

/// A commit in the making. Dropped without [`Writing::commit`] it never was.
pub(crate) struct Writing(WriteTransaction);

impl Writing {
    pub(crate) fn begin(db: &Database) -> Result<Self, StoreError> {
        let mut txn = db.begin_write()?;
        // With two phases the newest commit is never doubtful: a damaged one
        // is an error on open, not a silent step back to the one before.
        txn.set_two_phase_commit(true);
        Ok(Self(txn))
    }

    pub(crate) fn tables(&self) -> Result<Tables<'_>, StoreError> {
        Ok(Tables {
            meta: self.0.open_table(META)?,
            keys: self.0.open_table(KEYS)?,
            log: self.0.open_table(LOG)?,
            leases: self.0.open_table(LEASES)?,
            held: self.0.open_table(HELD)?,
        })
    }

    /// Returns when the disk has it.
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        Ok(self.0.commit()?)
    }
}

/// All tables, open for writing.
pub(crate) struct Tables<'t> {
    meta: Table<'t, &'static str, u64>,
    pub(crate) keys: Table<'t, &'static str, &'static [u8]>,
    pub(crate) log: Table<'t, u64, &'static [u8]>,
    /// Lease to its whole time in milliseconds.
    pub(crate) leases: Table<'t, u64, u64>,
    /// Which keys each lease holds.
    pub(crate) held: Table<'t, (u64, &'static str), ()>,
}

impl Tables<'_> {
    pub(crate) fn counter(&self, counter: Counter) -> Result<u64, StoreError> {
        Ok(self.meta.get(counter.name())?.map_or(0, |found| found.value()))
    }

    pub(crate) fn count(&mut self, counter: Counter, value: u64) -> Result<(), StoreError> {
        self.meta.insert(counter.name(), value)?;
        Ok(())
    }

    pub(crate) fn entry(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        decoded(key, self.keys.get(key)?.map(|found| found.value().to_vec()).as_deref())
    }
}

/// The file as it stood at one commit.
pub(crate) struct Reading(ReadTransaction);

impl Reading {
    pub(crate) fn begin(db: &Database) -> Result<Self, StoreError> {
        Ok(Self(db.begin_read()?))
    }

    pub(crate) fn counter(&self, counter: Counter) -> Result<u64, StoreError> {
        let meta = self.0.open_table(META)?;
        Ok(meta.get(counter.name())?.map_or(0, |found| found.value()))
    }

    pub(crate) fn revision(&self) -> Result<Revision, StoreError> {
        self.counter(Counter::Revision).map(Revision)
    }

    pub(crate) fn entry(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        let keys = self.0.open_table(KEYS)?;
        decoded(key, keys.get(key)?.map(|found| found.value().to_vec()).as_deref())
    }

    pub(crate) fn entries(&self, prefix: &str) -> Result<Vec<Entry>, StoreError> {
        let keys = self.0.open_table(KEYS)?;
        let mut out = Vec::new();
        for row in keys.range(prefix..)? {
            let (key, value) = row?;
            if !key.value().starts_with(prefix) {
                break;
            }
            out.extend(decoded(key.value(), Some(value.value()))?);
        }
        Ok(out)
    }

    /// Up to `max` commits after `after`, as they are in the log.
    pub(crate) fn log(&self, after: Revision, max: usize) -> Result<Vec<Logged>, StoreError> {
        let log = self.0.open_table(LOG)?;
        let mut out = Vec::new();
        for row in log.range(after.next().0..)?.take(max) {
            let (revision, events) = row?;
            out.push(Logged {
                revision: Revision(revision.value()),
                events: events.value().to_vec(),
            });
        }
        Ok(out)
    }

    pub(crate) fn leases(&self) -> Result<Vec<(u64, u64)>, StoreError> {
        let leases = self.0.open_table(LEASES)?;
        let mut out = Vec::new();
        for row in leases.iter()? {
            let (id, ttl) = row?;
            out.push((id.value(), ttl.value()));
        }
        Ok(out)
    }
}

/// One row of the log.
pub(crate) struct Logged {
    pub(crate) revision: Revision,
    pub(crate) events: Vec<u8>,
}

fn decoded(key: &str, value: Option<&[u8]>) -> Result<Option<Entry>, StoreError> {
    let Some(bytes) = value else { return Ok(None) };
    let damaged = || StoreError::Damaged(format!("the entry under `{key}` is unreadable"));
    Entry::decode(key, bytes).map(Some).ok_or_else(damaged)
}
