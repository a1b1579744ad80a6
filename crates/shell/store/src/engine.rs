//! What a transaction does to the tables: compares, writes, the log row, and
//! the trimming of old ones. Synchronous; `store` makes it a service.

use model::Millis;
use redb::{Database, ReadableTable};

use crate::database::{Counter, Tables, Writing};
use crate::entry::{Entry, Revision};
use crate::fault::StoreError;
use crate::lease::LeaseId;
use crate::log::{self, Event};
use crate::txn::{Compare, Op, Outcome, Txn, check_limits};

/// How much of the log is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keep {
    pub(crate) commits_max: u64,
    pub(crate) bytes_max: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self { commits_max: log::COMMITS_KEPT_MAX, bytes_max: log::BYTES_KEPT_MAX }
    }
}

/// Judges and does one transaction; durable when it returns.
pub(crate) fn apply(db: &Database, txn: &Txn, keep: Keep) -> Result<Outcome, StoreError> {
    check_limits(txn)?;
    let writing = Writing::begin(db)?;
    let mut tables = writing.tables()?;
    let succeeded = all_hold(&tables, &txn.compares)?;
    let ops = if succeeded { &txn.success } else { &txn.failure };
    let before = Revision(tables.counter(Counter::Revision)?);
    let mut step = Step { tables: &mut tables, revision: before.next(), events: Vec::new() };
    for op in ops {
        step.run(op)?;
    }
    let Step { revision, events, .. } = step;
    if events.is_empty() {
        return Ok(Outcome { succeeded, revision: before });
    }
    append(&mut tables, revision, &events, keep)?;
    drop(tables);
    writing.commit()?;
    Ok(Outcome { succeeded, revision })
}

/// A new lease; durable when it returns.
pub(crate) fn grant(db: &Database, ttl: Millis) -> Result<LeaseId, StoreError> {
    let writing = Writing::begin(db)?;
    let mut tables = writing.tables()?;
    let id = tables.counter(Counter::LastLease)?.saturating_add(1);
    tables.count(Counter::LastLease, id)?;
    tables.leases.insert(id, ttl.0)?;
    drop(tables);
    writing.commit()?;
    Ok(LeaseId(id))
}

/// Ends a lease and removes what it holds, in one commit.
pub(crate) fn revoke(db: &Database, lease: LeaseId, keep: Keep) -> Result<Revision, StoreError> {
    let writing = Writing::begin(db)?;
    let mut tables = writing.tables()?;
    if tables.leases.remove(lease.0)?.is_none() {
        return Err(StoreError::NoSuchLease);
    }
    let before = Revision(tables.counter(Counter::Revision)?);
    let held = held_by(&tables, lease)?;
    let mut step = Step { tables: &mut tables, revision: before.next(), events: Vec::new() };
    for key in &held {
        step.delete(key)?;
    }
    let Step { revision, events, .. } = step;
    let after = if events.is_empty() { before } else { revision };
    if !events.is_empty() {
        append(&mut tables, revision, &events, keep)?;
    }
    drop(tables);
    writing.commit()?;
    Ok(after)
}

/// Forgets the log up to and including `upto`.
pub(crate) fn compact(db: &Database, upto: Revision) -> Result<(), StoreError> {
    let writing = Writing::begin(db)?;
    let mut tables = writing.tables()?;
    let revision = tables.counter(Counter::Revision)?;
    let target = upto.0.min(revision);
    while tables.counter(Counter::Compacted)? < target {
        trim_one(&mut tables)?;
    }
    drop(tables);
    writing.commit()
}

fn all_hold(tables: &Tables<'_>, compares: &[Compare]) -> Result<bool, StoreError> {
    for compare in compares {
        let entry = tables.entry(compare.key())?;
        let holds = match (compare, &entry) {
            (Compare::Present(_), found) => found.is_some(),
            (Compare::Absent(_), found) => found.is_none(),
            (Compare::Value(_, value), Some(found)) => found.value == *value,
            (Compare::Modified(_, revision), Some(found)) => found.modified == *revision,
            (Compare::Value(..) | Compare::Modified(..), None) => false,
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The writes of one commit.
struct Step<'a, 't> {
    tables: &'a mut Tables<'t>,
    revision: Revision,
    events: Vec<Event>,
}

impl Step<'_, '_> {
    fn run(&mut self, op: &Op) -> Result<(), StoreError> {
        match op {
            Op::Put { key, value, lease } => self.put(key, value, *lease),
            Op::Delete(key) => self.delete(key),
            Op::DeletePrefix(prefix) => {
                for key in keys_under(self.tables, prefix)? {
                    self.delete(&key)?;
                }
                Ok(())
            }
        }
    }

    fn put(&mut self, key: &str, value: &[u8], lease: Option<LeaseId>) -> Result<(), StoreError> {
        if let Some(lease) = lease
            && self.tables.leases.get(lease.0)?.is_none()
        {
            return Err(StoreError::NoSuchLease);
        }
        let old = self.tables.entry(key)?;
        self.let_go(old.as_ref())?;
        if let Some(lease) = lease {
            self.tables.held.insert((lease.0, key), ())?;
        }
        let entry = Entry {
            key: key.to_owned(),
            value: value.to_vec(),
            created: old.as_ref().map_or(self.revision, |old| old.created),
            modified: self.revision,
            version: old.as_ref().map_or(1, |old| old.version.saturating_add(1)),
            lease,
        };
        self.tables.keys.insert(key, entry.encode().as_slice())?;
        self.events.push(Event::Put(entry));
        Ok(())
    }

    fn delete(&mut self, key: &str) -> Result<(), StoreError> {
        let Some(old) = self.tables.entry(key)? else { return Ok(()) };
        self.let_go(Some(&old))?;
        self.tables.keys.remove(key)?;
        self.events.push(Event::Delete(key.to_owned()));
        Ok(())
    }

    fn let_go(&mut self, old: Option<&Entry>) -> Result<(), StoreError> {
        if let Some((old, lease)) = old.and_then(|old| old.lease.map(|lease| (old, lease))) {
            self.tables.held.remove((lease.0, old.key.as_str()))?;
        }
        Ok(())
    }
}

fn keys_under(tables: &Tables<'_>, prefix: &str) -> Result<Vec<String>, StoreError> {
    let mut out = Vec::new();
    for row in tables.keys.range(prefix..)? {
        let key = row?.0.value().to_owned();
        if !key.starts_with(prefix) {
            break;
        }
        out.push(key);
    }
    Ok(out)
}

fn held_by(tables: &Tables<'_>, lease: LeaseId) -> Result<Vec<String>, StoreError> {
    let mut out = Vec::new();
    for row in tables.held.range((lease.0, "")..(lease.0.saturating_add(1), ""))? {
        out.push(row?.0.value().1.to_owned());
    }
    Ok(out)
}

/// Writes the log row of a commit and trims the oldest ones.
fn append(
    tables: &mut Tables<'_>,
    revision: Revision,
    events: &[Event],
    keep: Keep,
) -> Result<(), StoreError> {
    let row = log::encode(events);
    let bytes = tables.counter(Counter::LogBytes)?.saturating_add(row.len() as u64);
    tables.log.insert(revision.0, row.as_slice())?;
    tables.count(Counter::LogBytes, bytes)?;
    tables.count(Counter::Revision, revision.0)?;
    loop {
        let oldest_kept = tables.counter(Counter::Compacted)?;
        let commits = revision.0.saturating_sub(oldest_kept);
        let over = commits > keep.commits_max
            || tables.counter(Counter::LogBytes)? > keep.bytes_max && commits > 1;
        if !over {
            return Ok(());
        }
        trim_one(tables)?;
    }
}

fn trim_one(tables: &mut Tables<'_>) -> Result<(), StoreError> {
    let oldest = tables.counter(Counter::Compacted)?.saturating_add(1);
    let freed = tables.log.remove(oldest)?.map_or(0, |row| row.value().len() as u64);
    let bytes = tables.counter(Counter::LogBytes)?.saturating_sub(freed);
    tables.count(Counter::LogBytes, bytes)?;
    tables.count(Counter::Compacted, oldest)
}
