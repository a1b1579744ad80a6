//! A ring of records: found by their id for a while, bounded in number and
//! age. Not the journal: the oldest records go, and a file that can't be read
//! is set aside rather than keeping the mesh from starting.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{Millis, Timestamp};
use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table,
    TableDefinition,
};
use tokio::task::spawn_blocking;

use crate::codec::{Cut, put_bytes, put_u64};
use crate::fault::StoreError;
use crate::open;
use crate::refused::OpenError;
use crate::slot::{Slot, joined};

const ROWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("ring rows");
const PLACES: TableDefinition<'_, &str, u64> = TableDefinition::new("ring places");

/// How much a ring holds.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most records.
    pub count_max: u64,
    /// How old one may get.
    pub age_max: Millis,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is found by. Of two with one id the later counts.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// Its content.
    pub value: Vec<u8>,
}

/// A handle on the ring; clones share it.
#[derive(Clone)]
pub struct Ring(Arc<Inner>);

struct Inner {
    slot: Slot,
    bounds: Bounds,
}

/// A file that was in the way of a ring and where it is now.
#[derive(Debug)]
pub struct SetAside {
    /// What is wrong with it.
    pub error: OpenError,
    /// Where it was put.
    pub path: PathBuf,
}

impl Ring {
    /// Opens the file, or makes it. One that can't be read is renamed, beside
    /// a new one.
    ///
    /// # Errors
    /// When another process has it, the disk is full, or the file system
    /// refuses.
    pub async fn open(path: &Path, bounds: Bounds) -> Result<(Self, Option<SetAside>), OpenError> {
        let owned = path.to_owned();
        let opened = spawn_blocking(move || open_or_set_aside(&owned, bounds)).await;
        opened.unwrap_or_else(|error| {
            Err(OpenError::Damaged { path: path.to_owned(), what: error.to_string() })
        })
    }

    /// Adds records and lets go of the oldest. On the disk when it returns.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn push(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        let inner = Arc::clone(&self.0);
        let write = move || inner.slot.with(|db| push(db, &rows, inner.bounds));
        joined(spawn_blocking(write).await)
    }

    /// Lets go of the file, once what is under way is done.
    pub async fn close(&self) {
        let inner = Arc::clone(&self.0);
        // Nothing is left to do where there are no threads any more.
        let _ = spawn_blocking(move || inner.slot.close()).await;
    }

    /// The record of this id, when it is there and not too old at `now`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get(&self, id: &str, now: Timestamp) -> Result<Option<Row>, StoreError> {
        let (inner, id) = (Arc::clone(&self.0), id.to_owned());
        let oldest = now.minus(inner.bounds.age_max);
        let read = move || inner.slot.with(|db| get(&db.begin_read()?, &id));
        Ok(joined(spawn_blocking(read).await)?.filter(|row| row.time >= oldest))
    }
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ring({:?})", self.0.bounds)
    }
}

fn open_or_set_aside(path: &Path, bounds: Bounds) -> Result<(Ring, Option<SetAside>), OpenError> {
    let (database, aside) = match open::open(path) {
        Ok(database) => (database, None),
        Err(error @ (OpenError::Locked(_) | OpenError::Full(_) | OpenError::Io { .. })) => {
            return Err(error);
        }
        Err(error) => {
            let beside = path.with_extension("broken");
            fs::rename(path, &beside)
                .map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
            (open::open(path)?, Some(SetAside { error, path: beside }))
        }
    };
    let again = path.to_owned();
    let slot = Slot::new(database, Box::new(move || open::open_existing(&again)));
    Ok((Ring(Arc::new(Inner { slot, bounds })), aside))
}

fn push(db: &Database, rows: &[Row], bounds: Bounds) -> Result<(), StoreError> {
    let txn = db.begin_write()?;
    {
        let mut table = txn.open_table(ROWS)?;
        let mut places = txn.open_table(PLACES)?;
        let mut place = table.last()?.map_or(0, |(place, _)| place.value());
        for row in rows {
            place = place.saturating_add(1);
            if let Some(former) = places.insert(row.id.as_str(), place)? {
                table.remove(former.value())?;
            }
            table.insert(place, encode(row).as_slice())?;
        }
        let newest = rows.iter().map(|row| row.time).max().unwrap_or_default();
        trim(&mut table, &mut places, (bounds, newest.minus(bounds.age_max)))?;
    }
    Ok(txn.commit()?)
}

/// Records come nearly in the order of time, so the first young one ends it.
fn trim(
    table: &mut Table<'_, u64, &'static [u8]>,
    places: &mut Table<'_, &'static str, u64>,
    (bounds, oldest): (Bounds, Timestamp),
) -> Result<(), StoreError> {
    loop {
        let is_over = table.len()? > bounds.count_max;
        let Some((place, row)) = table.first()?.map(|(at, row)| (at.value(), decode(row.value())))
        else {
            return Ok(());
        };
        if !is_over && row.as_ref().is_some_and(|row| row.time >= oldest) {
            return Ok(());
        }
        table.remove(place)?;
        if let Some(row) = row {
            places.remove(row.id.as_str())?;
        }
    }
}

fn get(txn: &ReadTransaction, id: &str) -> Result<Option<Row>, StoreError> {
    let (rows, places) = match (txn.open_table(ROWS), txn.open_table(PLACES)) {
        (Err(redb::TableError::TableDoesNotExist(_)), _) => return Ok(None),
        (rows, places) => (rows?, places?),
    };
    let Some(place) = places.get(id)?.map(|place| place.value()) else { return Ok(None) };
    Ok(rows.get(place)?.and_then(|row| decode(row.value())))
}

fn encode(row: &Row) -> Vec<u8> {
    let mut out = Vec::with_capacity(row.value.len() + row.id.len() + 24);
    put_u64(&mut out, row.time.0);
    put_bytes(&mut out, row.id.as_bytes());
    put_bytes(&mut out, &row.value);
    out
}

fn decode(bytes: &[u8]) -> Option<Row> {
    let mut cut = Cut::new(bytes);
    let time = Timestamp(cut.u64()?);
    Some(Row { time, id: cut.text()?.to_owned(), value: cut.bytes()?.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { count_max: 3, age_max: Millis(100) };

    /// A folder that goes away with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("postern-ring-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("decisions.redb")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn row(id: &str, time: u64) -> Row {
        Row { id: id.into(), time: Timestamp(time), value: id.as_bytes().to_vec() }
    }

    async fn has(ring: &Ring, id: &str, now: u64) -> bool {
        ring.get(id, Timestamp(now)).await.unwrap().is_some()
    }

    #[tokio::test]
    async fn the_oldest_go_when_there_are_too_many() {
        let folder = Folder::new("count");
        let path = folder.file();
        let (ring, _) = Ring::open(&path, BOUNDS).await.unwrap();
        assert!(!has(&ring, "a", 1).await);
        ring.push(vec![row("a", 1), row("b", 2), row("c", 3)]).await.unwrap();
        ring.push(vec![row("d", 4)]).await.unwrap();
        assert!(!has(&ring, "a", 4).await && has(&ring, "b", 4).await && has(&ring, "d", 4).await);
        drop(ring);
        let (ring, _) = Ring::open(&path, BOUNDS).await.unwrap();
        assert_eq!(ring.get("c", Timestamp(4)).await.unwrap(), Some(row("c", 3)));
    }

    #[tokio::test]
    async fn the_old_go_by_age_and_are_not_shown_before_that() {
        let folder = Folder::new("age");
        let (ring, _) = Ring::open(&folder.file(), BOUNDS).await.unwrap();
        ring.push(vec![row("a", 1)]).await.unwrap();
        assert!(has(&ring, "a", 101).await && !has(&ring, "a", 102).await);
        ring.push(vec![row("b", 200)]).await.unwrap();
        assert!(!has(&ring, "a", 50).await);
    }

    #[tokio::test]
    async fn one_id_is_one_record() {
        let folder = Folder::new("twice");
        let (ring, _) = Ring::open(&folder.file(), BOUNDS).await.unwrap();
        ring.push(vec![row("a", 1), row("a", 2), row("b", 2), row("c", 2)]).await.unwrap();
        assert_eq!(ring.get("a", Timestamp(2)).await.unwrap(), Some(row("a", 2)));
        assert!(has(&ring, "b", 2).await);
    }

    #[tokio::test]
    async fn a_broken_file_is_set_aside_and_a_held_one_is_not() {
        let folder = Folder::new("broken");
        let path = folder.file();
        fs::write(&path, "something else").unwrap();
        let (ring, aside) = Ring::open(&path, BOUNDS).await.unwrap();
        let aside = aside.unwrap();
        assert_eq!(fs::read(aside.path).unwrap(), b"something else");
        assert!(matches!(aside.error, OpenError::Foreign(_)));
        assert!(matches!(Ring::open(&path, BOUNDS).await, Err(OpenError::Locked(_))));
        ring.push(vec![row("a", 1)]).await.unwrap();
    }
}
