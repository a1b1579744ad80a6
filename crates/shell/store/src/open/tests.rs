//! Real files: made once, opened again, and every broken kind of them named
//! and left alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use redb::TableDefinition;

use super::*;
use crate::txn::{Op, Txn};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("postern-open-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("postern.redb")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A state file with a few hundred keys, closed cleanly or as after a kill.
fn filled(path: &Path, cleanly: bool) -> Vec<u8> {
    let db = open(path).unwrap();
    let put = |i| Op::put(format!("/k/{i:04}"), vec![b'v'; 3_000]);
    let txn = Txn { success: (0..300).map(put).collect(), ..Txn::default() };
    crate::engine::apply(&db, &txn, crate::engine::Keep::default()).unwrap();
    if cleanly {
        drop(db);
        fs::read(path).unwrap()
    } else {
        let bytes = fs::read(path).unwrap();
        drop(db);
        fs::write(path, &bytes).unwrap();
        bytes
    }
}

/// Opening this must fail, and must not change a byte.
fn refused(path: &Path, bytes: &[u8]) -> OpenError {
    fs::write(path, bytes).unwrap();
    let error = open(path).map(drop).unwrap_err();
    assert!(fs::read(path).unwrap() == bytes, "{error}: the file was changed");
    error
}

#[test]
fn a_file_is_made_once_for_its_owner_alone_and_opened_again() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    for cleanly in [true, false] {
        filled(&folder.file(), cleanly);
        let db = open(&folder.file()).unwrap();
        let keys = Reading::begin(&db).unwrap().entries("/k/").unwrap();
        assert_eq!(keys.len(), 300);
    }
    assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_second_opener_is_told_that_it_is_locked() {
    let folder = Folder::new();
    let _first = open(&folder.file()).unwrap();
    assert!(matches!(open(&folder.file()), Err(OpenError::Locked(_))));
}

#[test]
fn what_a_kill_left_beside_the_place_does_no_harm() {
    let folder = Folder::new();
    fs::write(folder.0.join("postern.new"), "half a file").unwrap();
    assert!(open(&folder.file()).is_ok());
}

#[test]
fn an_empty_file_is_not_taken_for_a_new_one() {
    let folder = Folder::new();
    assert!(matches!(refused(&folder.file(), b""), OpenError::Empty(_)));
}

#[test]
fn a_foreign_file_is_left_alone() {
    let folder = Folder::new();
    for bytes in [b"{}".as_slice(), b"redb", &[0; 10_000], b"SQLite format 3\0 and so on"] {
        assert!(matches!(refused(&folder.file(), bytes), OpenError::Foreign(_)));
    }
}

#[test]
fn another_programs_redb_file_is_left_alone() {
    let folder = Folder::new();
    let other: TableDefinition<'_, u64, u64> = TableDefinition::new("other");
    let db = Database::create(folder.file()).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(other).unwrap().insert(1, 1).unwrap();
    txn.commit().unwrap();
    drop(db);
    assert!(matches!(open(&folder.file()), Err(OpenError::Foreign(_))));
    let db = Database::create(folder.file()).unwrap();
    let names = |db: &Database| db.begin_write().unwrap().list_tables().unwrap().count();
    assert_eq!(names(&db), 1);
}

#[test]
fn a_newer_format_is_refused() {
    let folder = Folder::new();
    let db = open(&folder.file()).unwrap();
    let writing = Writing::begin(&db).unwrap();
    writing.tables().unwrap().count(Counter::Format, FORMAT + 1).unwrap();
    writing.commit().unwrap();
    drop(db);
    assert!(matches!(open(&folder.file()), Err(OpenError::Format { found: 2, .. })));
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    let folder = Folder::new();
    for cleanly in [true, false] {
        let bytes = filled(&folder.file(), cleanly);
        for len in [1, 8, 24, 63, 100, 320, 4_095, 4_096, 8_192, 40_960, 65_536 + 7] {
            let error = refused(&folder.file(), &bytes[..len]);
            let foreign = matches!(error, OpenError::Foreign(_));
            assert!(foreign == (len < 9), "{len}: {error}");
            assert!(foreign || matches!(error, OpenError::Damaged { .. }), "{len}: {error}");
        }
        refused(&folder.file(), &bytes[..bytes.len() - 1]);
        fs::remove_file(folder.file()).unwrap();
    }
}

#[test]
fn no_truncation_to_whole_pages_loses_a_key_silently() {
    let folder = Folder::new();
    for cleanly in [true, false] {
        let bytes = filled(&folder.file(), cleanly);
        for len in (4_096..bytes.len()).step_by(97 * 4_096) {
            fs::write(folder.file(), &bytes[..len]).unwrap();
            if let Ok(db) = open(&folder.file()) {
                assert_eq!(Reading::begin(&db).unwrap().entries("/k/").unwrap().len(), 300);
            }
        }
        fs::remove_file(folder.file()).unwrap();
    }
}

#[test]
fn a_doubled_file_is_refused() {
    let folder = Folder::new();
    for cleanly in [true, false] {
        let bytes = filled(&folder.file(), cleanly);
        let error = refused(&folder.file(), &[bytes.as_slice(), &bytes].concat());
        let half = bytes.len() as u64;
        assert!(matches!(error, OpenError::Doubled { at, .. } if at == half), "{error}");
        fs::remove_file(folder.file()).unwrap();
    }
}

#[test]
fn a_flipped_bit_in_what_is_in_use_is_found() {
    let folder = Folder::new();
    let bytes = filled(&folder.file(), true);
    let value = bytes.windows(64).position(|window| window == [b'v'; 64]).unwrap();
    let mut flipped = bytes;
    flipped[value] ^= 1;
    assert!(matches!(refused(&folder.file(), &flipped), OpenError::Damaged { .. }));
}

#[test]
fn a_folder_in_its_place_or_no_folder_at_all_is_an_error() {
    let folder = Folder::new();
    assert!(matches!(open(&folder.0), Err(OpenError::Io { .. })));
    assert!(matches!(open(&folder.0.join("no/such/state")), Err(OpenError::Io { .. })));
}
