//! The state a door keeps on disk: a file is read as it was written or called
//! damaged, and what is in it is judged like a push.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs, process};

use aws_lc_rs::digest;
use prost::Message;
use wire::push::LastGood;

use super::resource;
use crate::door::last_good::{LoadError, load};
use crate::door::slice::Held;

const MAGIC: &[u8] = b"postern last-good state, version 1\n";

pub(super) fn run(input: &[u8]) {
    if !input.starts_with(MAGIC) {
        assert!(matches!(read(input), Err(LoadError::Damaged { .. })));
    }
    let sum = digest::digest(&digest::SHA256, input);
    let whole = [MAGIC, sum.as_ref(), input].concat();
    let cut = &whole[..whole.len() - 1];
    assert!(matches!(read(cut), Err(LoadError::Damaged { .. })), "a byte is missing");
    match read(&whole) {
        Err(LoadError::Damaged { .. }) => assert!(LastGood::decode(input).is_err()),
        Err(error) => panic!("{error}"),
        Ok(None) => panic!("there is a file"),
        Ok(Some(state)) => {
            assert_eq!(LastGood::decode(input), Ok(state.clone()));
            let held = Held::from_disk(&state);
            assert!(held.versions().len() <= state.slices.len());
            _ = resource::try_held(&held);
        }
    }
}

fn read(bytes: &[u8]) -> Result<Option<LastGood>, LoadError> {
    fs::write(file(), bytes).expect("a file can be written");
    let state = load(file());
    fs::remove_file(file()).expect("it is there");
    state
}

/// One file for this process, in memory where there is such a place.
fn file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let memory = PathBuf::from("/dev/shm");
        let folder = if memory.is_dir() { memory } else { env::temp_dir() };
        folder.join(format!("postern-fuzz-{}.state", process::id()))
    })
}
