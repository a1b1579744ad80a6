//! Why the store could not do what it was asked, and whose fault that is.

use std::io;

use model::Blame;
use redb::{CommitError, SetDurabilityError, StorageError, TableError, TransactionError};

use crate::refused::OpenError;

/// Why an operation failed. Nothing that failed is half there: either none of
/// it or, when the disk gave up in the very last step, all of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No space left; it works again when there is.
    #[error("the disk under the state is full: nothing was written")]
    Full,
    /// The file system refused.
    #[error("the state can't be read or written: {0}")]
    Io(io::Error),
    /// The file holds something that was never written so.
    #[error("the state file is damaged: {0}")]
    Damaged(String),
    /// After an earlier failure the file could not be opened again.
    #[error("the state file can't be opened again: {0}")]
    Reopen(OpenError),
    /// Over a limit.
    #[error("{what} is over the limit of {max}")]
    TooLarge {
        /// What is.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// There is no such lease, or it ran out.
    #[error("there is no such lease, or it ran out")]
    NoSuchLease,
    /// The process is about to end.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whose fault it is.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Full | Self::Io(_) | Self::Damaged(_) | Self::Reopen(_) => Blame::Operator,
            Self::TooLarge { .. } | Self::NoSuchLease => Blame::Caller,
            Self::Closed => Blame::Us,
        }
    }

    /// Whether the open database can't be used any more.
    pub(crate) const fn spoils(&self) -> bool {
        matches!(self, Self::Full | Self::Io(_) | Self::Damaged(_))
    }

    pub(crate) fn from_io(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}

impl From<StorageError> for StoreError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Io(error) => Self::from_io(error),
            StorageError::Corrupted(what) => Self::Damaged(what),
            other => Self::Io(io::Error::other(other.to_string())),
        }
    }
}

impl From<TransactionError> for StoreError {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Storage(error) => error.into(),
            other => Self::Io(io::Error::other(other.to_string())),
        }
    }
}

impl From<TableError> for StoreError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => error.into(),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<CommitError> for StoreError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Storage(error) => error.into(),
            other => Self::Io(io::Error::other(other.to_string())),
        }
    }
}

impl From<SetDurabilityError> for StoreError {
    fn from(error: SetDurabilityError) -> Self {
        Self::Io(io::Error::other(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(StoreError::from(StorageError::Io(full)), StoreError::Full));
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(matches!(StoreError::from(StorageError::Io(denied)), StoreError::Io(_)));
        assert!(StoreError::Full.spoils() && !StoreError::NoSuchLease.spoils());
    }
}
