//! Why a state file was refused. Every one of these left the file exactly as
//! it was.

use std::io;
use std::path::PathBuf;

use model::Blame;

/// Why the state file could not be opened. It was not changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{0}: another process has this state open; is another `postern` running on it?")]
    Locked(PathBuf),
    /// The file is there and has no content.
    #[error("{0}: the state file is empty; put a backup in its place, or remove it to begin anew")]
    Empty(PathBuf),
    /// The file is something else.
    #[error("{0}: this is no Postern state file; it was left alone")]
    Foreign(PathBuf),
    /// A second state file begins inside.
    #[error(
        "{path}: a second state file begins at byte {at}; it was copied onto itself or two were \
         joined; put a backup in its place"
    )]
    Doubled {
        /// The file.
        path: PathBuf,
        /// Where the second begins.
        at: u64,
    },
    /// Cut off, or bits changed.
    #[error("{path}: the state file is truncated or damaged ({what}); put a backup in its place")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the checks found.
        what: String,
    },
    /// Written by a newer Postern.
    #[error("{path}: state format {found}; this Postern reads format {reads}")]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The format that can be read.
        reads: u64,
    },
    /// No space to make or check it.
    #[error("{0}: the disk is full")]
    Full(PathBuf),
    /// The file system refused.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

impl OpenError {
    /// Whose fault it is: always something only an operator can mend.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        Blame::Operator
    }
}
