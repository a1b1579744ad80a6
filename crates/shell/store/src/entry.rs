//! What stands under a key, and the counter that numbers every change.

use std::fmt;

use crate::codec::{Cut, put_bytes, put_u64};
use crate::lease::LeaseId;

/// The number of a commit. Grows by one with each commit that changed
/// anything; 0 is the empty store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    pub(crate) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One key as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Vec<u8>,
    /// The commit that made it.
    pub created: Revision,
    /// The last commit that wrote it.
    pub modified: Revision,
    /// How often it was written since it was made; 1 at first.
    pub version: u64,
    /// The lease it goes away with.
    pub lease: Option<LeaseId>,
}

impl Entry {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.value.len() + 40);
        put_u64(&mut out, self.created.0);
        put_u64(&mut out, self.modified.0);
        put_u64(&mut out, self.version);
        put_u64(&mut out, self.lease.map_or(0, |lease| lease.0));
        put_bytes(&mut out, &self.value);
        out
    }

    /// `None` when the bytes are not an entry.
    pub(crate) fn decode(key: &str, bytes: &[u8]) -> Option<Self> {
        let mut cut = Cut::new(bytes);
        let created = Revision(cut.u64()?);
        let modified = Revision(cut.u64()?);
        let version = cut.u64()?;
        let lease = Some(cut.u64()?).filter(|id| *id != 0).map(LeaseId);
        let value = cut.bytes()?.to_vec();
        cut.is_empty().then_some(Self {
            key: key.to_owned(),
            value,
            created,
            modified,
            version,
            lease,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_round_trip_and_nothing_else_passes_for_one() {
        let entry = Entry {
            key: "k".into(),
            value: vec![1, 2, 3],
            created: Revision(4),
            modified: Revision(9),
            version: 2,
            lease: Some(LeaseId(7)),
        };
        let bytes = entry.encode();
        assert_eq!(Entry::decode("k", &bytes), Some(entry));
        for len in 0..bytes.len() {
            assert_eq!(Entry::decode("k", &bytes[..len]), None, "{len}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(Entry::decode("k", &longer), None);
    }
}
