//! The directories a mesh stands on, and the locks that keep a second `up`
//! off them. It never widens nor narrows what somebody else made.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rustix::fs::{FlockOperation, flock};

const LOCK_FILE: &str = "up.lock";

/// Both directories, held until dropped.
#[derive(Debug)]
pub(crate) struct Ground {
    /// What has to survive: keys, documents, last-good states.
    pub(crate) state: PathBuf,
    /// Sockets.
    pub(crate) runtime: PathBuf,
    _locks: [File; 2],
}

impl Ground {
    /// Makes the directories where they are missing and takes their locks.
    ///
    /// # Errors
    /// When a directory can't be made, belongs to another user, is open to
    /// others, or another `postern up` stands on it.
    pub(crate) fn take(state: PathBuf, runtime: PathBuf) -> anyhow::Result<Self> {
        let state = prepare(&state, 0o700)?;
        // Passed through on the way to the Workload API, by any user.
        let runtime = prepare(&runtime, 0o711)?;
        if state == runtime {
            bail!("the state and the runtime directory can't be the same: {}", state.display());
        }
        let locks = [lock(&state, "state")?, lock(&runtime, "runtime")?];
        Ok(Self { state, runtime, _locks: locks })
    }
}

/// Makes `path` with the given mode, or checks that it is ours and no more
/// open than that. Gives the absolute path.
fn prepare(path: &Path, widest: u32) -> anyhow::Result<PathBuf> {
    let name = path.display().to_string();
    DirBuilder::new().recursive(true).mode(widest).create(path).with_context(|| name.clone())?;
    let facts = fs::metadata(path).with_context(|| name.clone())?;
    if facts.uid() != rustix::process::geteuid().as_raw() {
        bail!("{name} belongs to another user (uid {})", facts.uid());
    }
    let mode = facts.mode() & 0o777;
    if mode & !widest != 0 {
        bail!("{name} is open to other users (mode {mode:04o}): `chmod {widest:o} {name}`");
    }
    fs::canonicalize(path).with_context(|| name)
}

fn lock(directory: &Path, what: &str) -> anyhow::Result<File> {
    let path = directory.join(LOCK_FILE);
    let name = path.display().to_string();
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .with_context(|| name.clone())?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            bail!(
                "another `postern up` (pid {}) uses the {what} directory {}: stop it, or give \
                 this one its own with --state and --runtime",
                holder.trim(),
                directory.display()
            );
        }
        Err(error) => return Err(anyhow::Error::new(error).context(name)),
    }
    file.set_len(0).with_context(|| name.clone())?;
    file.write_all(std::process::id().to_string().as_bytes()).with_context(|| name)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn place(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("postern-ground-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn a_second_one_is_refused_by_name_of_the_first() {
        let base = place("twice");
        let first = Ground::take(base.join("s"), base.join("r")).unwrap();
        let error = Ground::take(base.join("s"), base.join("r2")).unwrap_err().to_string();
        assert!(error.contains("state directory"), "{error}");
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        let error = Ground::take(base.join("s2"), base.join("r")).unwrap_err().to_string();
        assert!(error.contains("runtime directory"), "{error}");
        drop(first);
        assert!(Ground::take(base.join("s"), base.join("r")).is_ok());
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn new_directories_are_ours_alone_and_open_ones_are_refused() {
        let base = place("mode");
        let ground = Ground::take(base.join("s"), base.join("r")).unwrap();
        assert_eq!(fs::metadata(&ground.state).unwrap().mode() & 0o777, 0o700);
        drop(ground);
        fs::set_permissions(base.join("s"), fs::Permissions::from_mode(0o755)).unwrap();
        let error = Ground::take(base.join("s"), base.join("r")).unwrap_err().to_string();
        assert!(error.contains("chmod 700"), "{error}");
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn one_directory_can_t_be_both() {
        let base = place("same");
        assert!(Ground::take(base.clone(), base.clone()).is_err());
        fs::remove_dir_all(base).unwrap();
    }
}
