//! Opening the file, or making it: what is there and isn't ours, or isn't
//! whole, is named and left exactly as it is.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use redb::{Builder, Database, DatabaseError, StorageError};

use crate::database::{Counter, FORMAT, Reading, Writing};
use crate::fault::StoreError;
use crate::refused::OpenError;
use crate::rehearsal::Rehearsal;

/// Memory for pages read.
const CACHE_BYTES: usize = 64 * 1024 * 1024;
const PAGE_BYTES: u64 = 4096;
/// How every redb file begins.
const MAGIC: [u8; 9] = [b'r', b'e', b'd', b'b', 0x1A, 0x0A, 0xA9, 0x0D, 0x0A];
/// Where the geometry stands behind it, which a second copy shares.
const HEAD_BYTES: usize = 24;

/// Opens the file, or makes it when there is none.
pub(crate) fn open(path: &Path) -> Result<Database, OpenError> {
    match path.symlink_metadata() {
        Ok(_) => open_existing(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(path)?;
            open_existing(path)
        }
        Err(error) => Err(from_io(path, error)),
    }
}

/// Opens the file; never makes one. It is checked in rehearsal first, page by
/// page: a state file is small, and a wrong bit must not pass for a document.
pub(crate) fn open_existing(path: &Path) -> Result<Database, OpenError> {
    let file = File::open(path).map_err(|error| from_io(path, error))?;
    check_lock(path, &file)?;
    check_shape(path, &file)?;
    let rehearsal = Rehearsal::on(file).map_err(|error| from_io(path, error))?;
    let mut checking = builder();
    let rehearsed = checking.set_check_integrity_on_open(true).create_with_backend(rehearsal);
    check_format(path, &rehearsed.map_err(|error| from_redb(path, error))?)?;
    builder().open(path).map_err(|error| from_redb(path, error))
}

pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Fills a new database with empty tables and the format.
pub(crate) fn initialise(db: &Database) -> Result<(), StoreError> {
    let writing = Writing::begin(db)?;
    let mut tables = writing.tables()?;
    tables.count(Counter::Format, FORMAT)?;
    drop(tables);
    writing.commit()
}

/// Makes the file beside its place and links it there, so that the place only
/// ever holds a whole file and never loses one.
fn create(path: &Path) -> Result<(), OpenError> {
    let fail = |error| from_io(path, error);
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(error)),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(fail)?;
    let db = builder().create(&beside).map_err(|error| from_redb(path, error))?;
    initialise(&db).map_err(|error| from_store(path, error))?;
    db.close().map_err(|error| from_redb(path, error))?;
    match fs::hard_link(&beside, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(fail(error)),
        _ => fs::remove_file(&beside).map_err(fail)?,
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new("."))).and_then(|dir| dir.sync_all()).map_err(fail)
}

/// Whether another process has it; held until `file` is closed.
fn check_lock(path: &Path, file: &File) -> Result<(), OpenError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(from_io(path, error)),
    }
}

/// What can be told from the outside.
fn check_shape(path: &Path, file: &File) -> Result<(), OpenError> {
    let fail = |error| from_io(path, error);
    let len = file.metadata().map_err(fail)?.len();
    if len == 0 {
        return Err(OpenError::Empty(path.to_owned()));
    }
    let mut head = [0; HEAD_BYTES];
    match file.read_exact_at(&mut head, 0) {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(fail(error)),
        _ => {}
    }
    if !head.starts_with(&MAGIC) {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let geometry = head.get(12..).unwrap_or_default();
    let mut seen = [0; HEAD_BYTES];
    for at in (1..len / PAGE_BYTES).map(|page| page * PAGE_BYTES) {
        file.read_exact_at(&mut seen, at).map_err(fail)?;
        if seen.starts_with(&MAGIC) && seen.get(12..) == Some(geometry) {
            return Err(OpenError::Doubled { path: path.to_owned(), at });
        }
    }
    Ok(())
}

fn check_format(path: &Path, db: &Database) -> Result<(), OpenError> {
    let found = Reading::begin(db).and_then(|reading| reading.counter(Counter::Format));
    match found {
        Ok(FORMAT) => Ok(()),
        Ok(found) => Err(OpenError::Format { path: path.to_owned(), found, reads: FORMAT }),
        // A redb file without our tables.
        Err(StoreError::Damaged(_)) => Err(OpenError::Foreign(path.to_owned())),
        Err(error) => Err(from_store(path, error)),
    }
}

fn from_io(path: &Path, error: io::Error) -> OpenError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            OpenError::Full(path.to_owned())
        }
        _ => OpenError::Io { path: path.to_owned(), error },
    }
}

fn from_store(path: &Path, error: StoreError) -> OpenError {
    match error {
        StoreError::Full => OpenError::Full(path.to_owned()),
        StoreError::Io(error) => from_io(path, error),
        other => OpenError::Damaged { path: path.to_owned(), what: other.to_string() },
    }
}

pub(crate) fn from_redb(path: &Path, error: DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            OpenError::Locked(path.to_owned())
        }
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() != io::ErrorKind::UnexpectedEof =>
        {
            from_io(path, error)
        }
        DatabaseError::Storage(StorageError::Corrupted(what)) => {
            OpenError::Damaged { path: path.to_owned(), what }
        }
        other => OpenError::Damaged { path: path.to_owned(), what: other.to_string() },
    }
}

#[cfg(test)]
mod tests;
