//! The change log: what each commit did, kept long enough for watchers to
//! catch up, bounded in number and bytes.

use crate::codec::{Cut, put_bytes, put_u64};
use crate::entry::{Entry, Revision};

/// The most commits kept for watchers.
pub(crate) const COMMITS_KEPT_MAX: u64 = 10_000;
/// The most bytes of them.
pub(crate) const BYTES_KEPT_MAX: u64 = 64 * 1024 * 1024;

/// What happened to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was written and stands there so.
    Put(Entry),
    /// It was removed.
    Delete(String),
}

impl Event {
    /// The key it happened to.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Put(entry) => &entry.key,
            Self::Delete(key) => key,
        }
    }
}

/// What one commit did, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit.
    pub revision: Revision,
    /// What it did.
    pub events: Vec<Event>,
}

const PUT: u8 = 1;
const DELETE: u8 = 2;

pub(crate) fn encode(events: &[Event]) -> Vec<u8> {
    let mut out = Vec::new();
    put_u64(&mut out, events.len() as u64);
    for event in events {
        match event {
            Event::Put(entry) => {
                out.push(PUT);
                put_bytes(&mut out, entry.key.as_bytes());
                put_bytes(&mut out, &entry.encode());
            }
            Event::Delete(key) => {
                out.push(DELETE);
                put_bytes(&mut out, key.as_bytes());
            }
        }
    }
    out
}

/// The events whose keys begin with `prefix`; `None` when the bytes are no
/// list of events.
pub(crate) fn decode(bytes: &[u8], prefix: &str) -> Option<Vec<Event>> {
    let mut cut = Cut::new(bytes);
    let mut events = Vec::new();
    for _ in 0..cut.u64()? {
        let kind = cut.u8()?;
        let key = cut.text()?;
        let event = match kind {
            PUT => Event::Put(Entry::decode(key, cut.bytes()?)?),
            DELETE => Event::Delete(key.to_owned()),
            _ => return None,
        };
        if key.starts_with(prefix) {
            events.push(event);
        }
    }
    cut.is_empty().then_some(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str) -> Entry {
        Entry {
            key: key.into(),
            value: b"v".to_vec(),
            created: Revision(1),
            modified: Revision(1),
            version: 1,
            lease: None,
        }
    }

    #[test]
    fn events_round_trip_through_a_prefix() {
        let events = vec![
            Event::Put(entry("/a/1")),
            Event::Delete("/b/1".into()),
            Event::Delete("/a/2".into()),
        ];
        let bytes = encode(&events);
        assert_eq!(decode(&bytes, ""), Some(events));
        let a: Vec<_> = decode(&bytes, "/a/").unwrap();
        assert_eq!(a.iter().map(Event::key).collect::<Vec<_>>(), ["/a/1", "/a/2"]);
    }

    #[test]
    fn cut_off_or_foreign_bytes_are_refused() {
        let bytes = encode(&[Event::Put(entry("/a")), Event::Delete("/b".into())]);
        for len in 0..bytes.len() {
            assert_eq!(decode(&bytes[..len], ""), None, "{len}");
        }
        let mut foreign = encode(&[Event::Delete("/b".into())]);
        foreign[8] = 9;
        assert_eq!(decode(&foreign, ""), None);
    }
}
