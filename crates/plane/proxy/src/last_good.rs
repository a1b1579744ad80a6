//! The state a door keeps on disk, so that it starts without the control
//! plane: its resources under their seal, and its own certificate.
//!
//! A file that is damaged, foreign or not sealed by the server is refused with
//! a reason and left as it is; the door then waits for a push.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use model::ServiceName;
use prost::Message;
use wire::push::LastGood;

const MAGIC: &[u8] = b"postern last-good state, version 1\n";
const DIGEST_BYTES: usize = 32;
/// More than any door's slice comes to; a larger file is not read.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Where the state of a door lies.
pub(crate) fn path(folder: &Path, door: &ServiceName) -> PathBuf {
    folder.join(format!("{}.{}.state", door.namespace, door.name))
}

/// Why a state file is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("{path}: {error}", path = .path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{path} is damaged: {what}; it is not used, and replaced by the next push", path = .path.display())]
    Damaged { path: PathBuf, what: &'static str },
}

/// Reads a state; `None` when there is no file.
pub(crate) fn load(path: &Path) -> Result<Option<LastGood>, LoadError> {
    let failed = |error| LoadError::Io { path: path.into(), error };
    let damaged = |what| LoadError::Damaged { path: path.into(), what };
    let bytes = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
        Ok(meta) if meta.len() > FILE_BYTES_MAX => return Err(damaged("it is too large")),
        Ok(_) => fs::read(path).map_err(failed)?,
    };
    let rest = bytes.strip_prefix(MAGIC).ok_or(damaged("it does not begin as a state file"))?;
    let (sum, body) = rest.split_at_checked(DIGEST_BYTES).ok_or(damaged("it is cut short"))?;
    if digest::digest(&digest::SHA256, body).as_ref() != sum {
        return Err(damaged("its checksum does not fit"));
    }
    let state = LastGood::decode(body).map_err(|_| damaged("its content can't be read"))?;
    Ok(Some(state))
}

/// Replaces a state, whole or not at all: written beside it, synced, renamed.
///
/// # Errors
/// The file system's; the earlier state is then still there.
pub(crate) fn save(path: &Path, state: &LastGood) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).create(folder)?;
    let body = state.encode_to_vec();
    let beside = path.with_extension("state.new");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(MAGIC)?;
    file.write_all(digest::digest(&digest::SHA256, &body).as_ref())?;
    file.write_all(&body)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder of its own, gone with the test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let name = format!("postern-{}-{name}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn file(&self) -> PathBuf {
            self.0.join("default.web.state")
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _left = fs::remove_dir_all(&self.0);
        }
    }

    fn state() -> LastGood {
        LastGood { generation: "1.7".into(), key: vec![7; 40], ..LastGood::default() }
    }

    #[test]
    fn what_was_saved_is_loaded_and_for_the_owner_only() {
        let scratch = Scratch::new("round");
        let path = scratch.file();
        save(&path, &state()).unwrap();
        save(&path, &state()).unwrap();
        assert_eq!(load(&path).unwrap().unwrap(), state());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn no_file_is_no_error() {
        assert!(load(&Scratch::new("none").file()).unwrap().is_none());
    }

    #[test]
    fn a_damaged_file_is_refused_wherever_it_is_damaged() {
        let scratch = Scratch::new("damaged");
        let path = scratch.file();
        save(&path, &state()).unwrap();
        let good = fs::read(&path).unwrap();
        let mut bad: Vec<Vec<u8>> = (0..good.len()).map(|end| good[..end].to_vec()).collect();
        bad.push([good.clone(), good.clone()].concat());
        for at in 0..good.len() {
            let mut flipped = good.clone();
            flipped[at] ^= 1;
            bad.push(flipped);
        }
        for bytes in bad {
            fs::write(&path, &bytes).unwrap();
            assert!(matches!(load(&path), Err(LoadError::Damaged { .. })));
            assert_eq!(fs::read(&path).unwrap(), bytes, "it is left as it is");
        }
    }
}
