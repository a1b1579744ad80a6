//! The small corpus that is checked in below `fuzz/`: one folder for each
//! target, one file for each input.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// An input and where it stands.
#[derive(Clone, Debug)]
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The inputs for the target of this name, by file name.
///
/// # Errors
/// The file system's, and when there is none: a target without a corpus would
/// be tried with next to nothing.
pub fn inputs(target: &str) -> io::Result<Vec<Input>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    let mut inputs = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let bytes = fs::read(&path)?;
        inputs.push(Input { path, bytes });
    }
    inputs.sort_by(|a, b| a.path.cmp(&b.path));
    if inputs.is_empty() {
        return Err(io::Error::other(format!("{} is empty", folder.display())));
    }
    Ok(inputs)
}
