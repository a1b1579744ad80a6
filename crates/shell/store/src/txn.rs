//! A transaction as a value: what must hold, and what to do then or else.

use crate::entry::Revision;
use crate::fault::StoreError;
use crate::lease::LeaseId;

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 1024;
/// The longest value, in bytes.
pub const VALUE_BYTES_MAX: usize = 1024 * 1024;
/// The most operations in one branch of a transaction.
pub const OPS_MAX: usize = 20_000;

/// Compares, and one of two lists of operations. All of it is one commit: it
/// happens whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Txn {
    /// All must hold for `success`.
    pub compares: Vec<Compare>,
    /// Done in order when all compares hold.
    pub success: Vec<Op>,
    /// Done in order when one does not.
    pub failure: Vec<Op>,
}

/// Something that must hold about one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compare {
    /// The key stands there.
    Present(String),
    /// The key does not.
    Absent(String),
    /// The key has exactly this value.
    Value(String, Vec<u8>),
    /// The key was last written by this commit.
    Modified(String, Revision),
}

impl Compare {
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Present(key)
            | Self::Absent(key)
            | Self::Value(key, _)
            | Self::Modified(key, _) => key,
        }
    }
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Writes a key; `lease` replaces the one it had.
    Put {
        /// The key.
        key: String,
        /// The value.
        value: Vec<u8>,
        /// The lease it goes away with.
        lease: Option<LeaseId>,
    },
    /// Removes a key; nothing happens when it isn't there.
    Delete(String),
    /// Removes every key that begins so.
    DeletePrefix(String),
}

impl Op {
    /// Writes a key that stays until it is removed.
    pub fn put(key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self::Put { key: key.into(), value: value.into(), lease: None }
    }
}

/// How a transaction went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether all compares held, so that `success` was done.
    pub succeeded: bool,
    /// The revision of the store afterwards.
    pub revision: Revision,
}

/// Refuses what is over a limit before anything is done.
pub(crate) fn check_limits(txn: &Txn) -> Result<(), StoreError> {
    let ops = || txn.success.iter().chain(&txn.failure);
    if txn.success.len().max(txn.failure.len()).max(txn.compares.len()) > OPS_MAX {
        return Err(StoreError::TooLarge { what: "a transaction", max: OPS_MAX });
    }
    let keys = ops().map(Op::key).chain(txn.compares.iter().map(Compare::key));
    if keys.into_iter().any(|key| key.len() > KEY_BYTES_MAX) {
        return Err(StoreError::TooLarge { what: "a key", max: KEY_BYTES_MAX });
    }
    if ops().any(|op| op.value_len() > VALUE_BYTES_MAX) {
        return Err(StoreError::TooLarge { what: "a value", max: VALUE_BYTES_MAX });
    }
    Ok(())
}

impl Op {
    fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Delete(key) | Self::DeletePrefix(key) => key,
        }
    }

    const fn value_len(&self) -> usize {
        match self {
            Self::Put { value, .. } => value.len(),
            Self::Delete(_) | Self::DeletePrefix(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_held_at_its_edge() {
        let with = |op| Txn { success: vec![op], ..Txn::default() };
        assert!(check_limits(&with(Op::put("k".repeat(KEY_BYTES_MAX), "v"))).is_ok());
        assert!(check_limits(&with(Op::put("k".repeat(KEY_BYTES_MAX + 1), "v"))).is_err());
        assert!(check_limits(&with(Op::put("k", vec![0; VALUE_BYTES_MAX]))).is_ok());
        assert!(check_limits(&with(Op::put("k", vec![0; VALUE_BYTES_MAX + 1]))).is_err());
        let many = Txn { failure: vec![Op::Delete("k".into()); OPS_MAX + 1], ..Txn::default() };
        assert!(check_limits(&many).is_err());
    }
}
