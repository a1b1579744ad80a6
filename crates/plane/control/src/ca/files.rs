//! Private files: read only when nobody else could have read or written them,
//! written whole and durably or not at all. What is in them is not known here.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use model::Secret;
use rustix::fs::OFlags;

use super::error::CaError;

/// No key or certificate of an authority comes near this size.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Names a file system error.
pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> CaError {
    let path = path.to_owned();
    move |error| CaError::Io { path, reason: error.to_string() }
}

/// Whether anything stands at the path, be it a dangling link.
pub(super) fn exists(path: &Path) -> Result<bool, CaError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io(path)(error)),
    }
}

/// The names in a directory that belongs to us alone.
pub(super) fn names(dir: &Path) -> Result<Vec<String>, CaError> {
    let metadata = fs::symlink_metadata(dir).map_err(io(dir))?;
    if !metadata.is_dir() {
        return Err(CaError::WrongKind(dir.to_owned()));
    }
    check_private(dir, &metadata)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(io(dir))? {
        let entry = entry.map_err(io(dir))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Makes a directory for us alone, with its parents.
pub(super) fn make_dir(dir: &Path) -> Result<(), CaError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io(dir))
}

/// Reads a plain file that belongs to us alone.
pub(super) fn read(path: &Path) -> Result<Secret<Vec<u8>>, CaError> {
    let mut options = OpenOptions::new();
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
    options.read(true).custom_flags(i32::try_from(flags).unwrap_or(0));
    let file = match options.open(path) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Err(CaError::WrongKind(path.to_owned()));
        }
        opened => opened.map_err(io(path))?,
    };
    let metadata = file.metadata().map_err(io(path))?;
    if !metadata.is_file() {
        return Err(CaError::WrongKind(path.to_owned()));
    }
    check_private(path, &metadata)?;
    let damaged = |reason: &str| CaError::Damaged { path: path.to_owned(), reason: reason.into() };
    match metadata.len() {
        0 => return Err(damaged("it is empty")),
        FILE_BYTES_MAX.. => return Err(damaged("it is far too long")),
        _ => {}
    }
    read_exactly(&file, metadata.len()).map_err(io(path))
}

/// Reads into room made beforehand: a buffer that grows leaves copies behind.
fn read_exactly(mut file: &File, length: u64) -> io::Result<Secret<Vec<u8>>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let outcome = file.read_exact(&mut bytes);
    let bytes = Secret::new(bytes);
    outcome.map(|()| bytes)
}

fn check_private(path: &Path, metadata: &Metadata) -> Result<(), CaError> {
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(CaError::NotOurs(path.to_owned()));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(CaError::TooOpen { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Writes a file of mode 0600 so that after a crash it is there whole or not
/// at all. One that stands there already is replaced.
pub(super) fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), CaError> {
    let (path, unfinished) = (dir.join(name), dir.join(format!(".{name}.new")));
    remove(&unfinished)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&unfinished).map_err(io(&unfinished))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // What is left behind is never read, and replaced the next time.
        let _ = fs::remove_file(&unfinished);
        return Err(io(&path)(error));
    }
    fs::rename(&unfinished, &path).map_err(io(&path))?;
    sync_dir(dir)
}

/// Removes a file; one that isn't there is no error.
pub(super) fn remove(path: &Path) -> Result<(), CaError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io(path)(error)),
        _ => Ok(()),
    }
}

/// Puts a finished directory in its place, where at most an empty one may be.
pub(super) fn place_dir(finished: &Path, at: &Path) -> Result<(), CaError> {
    fs::rename(finished, at).map_err(io(at))?;
    sync_dir(&parent(at))
}

/// The directory a path lies in.
pub(super) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), CaError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io(dir))
}
