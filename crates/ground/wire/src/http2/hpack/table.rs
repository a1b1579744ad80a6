//! The dynamic table of a decoder (RFC 7541, section 2.3.2): the newest entry
//! first, the oldest given up when there is no room. Entries lie one behind
//! the other in one buffer, so that adding one allocates nothing for long.

use std::collections::VecDeque;

/// The size both sides begin with, and the largest a peer may choose.
pub(super) const SIZE_MAX: usize = 4096;
/// What an entry costs besides its bytes (RFC 7541, section 4.1).
pub(super) const OVERHEAD: usize = 32;

#[derive(Clone, Debug)]
pub(super) struct Table {
    bytes: Vec<u8>,
    /// The oldest in front.
    entries: VecDeque<Entry>,
    size: usize,
    size_max: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: usize,
    name: usize,
    value: usize,
}

impl Entry {
    const fn size(&self) -> usize {
        self.name + self.value + OVERHEAD
    }
}

impl Table {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new(), entries: VecDeque::new(), size: 0, size_max: SIZE_MAX }
    }

    /// Name and value of an entry; 0 is the newest.
    pub(super) fn get(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let at = self.entries.len().checked_sub(index.checked_add(1)?)?;
        let entry = self.entries.get(at)?;
        let bytes = self.bytes.get(entry.start..entry.start + entry.name + entry.value)?;
        bytes.split_at_checked(entry.name)
    }

    /// Takes over a size the peer chose, which is not above [`SIZE_MAX`].
    pub(super) fn resize(&mut self, size_max: usize) {
        self.size_max = size_max.min(SIZE_MAX);
        self.make_room(0);
    }

    /// Adds an entry. One that is larger than the table empties it, and that
    /// is no error (RFC 7541, section 4.4).
    pub(super) fn add(&mut self, name: &[u8], value: &[u8]) {
        let entry = Entry { start: 0, name: name.len(), value: value.len() };
        self.make_room(entry.size());
        if entry.size() > self.size_max {
            return;
        }
        if self.bytes.len() + name.len() + value.len() > 2 * SIZE_MAX {
            self.close_gap();
        }
        self.entries.push_back(Entry { start: self.bytes.len(), ..entry });
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.size += entry.size();
    }

    fn make_room(&mut self, wanted: usize) {
        while self.size + wanted > self.size_max
            && let Some(oldest) = self.entries.pop_front()
        {
            self.size -= oldest.size();
        }
        if self.entries.is_empty() {
            self.bytes.clear();
        }
    }

    /// Moves what is still in the table to the front of the buffer.
    fn close_gap(&mut self) {
        let gap = self.entries.front().map_or(self.bytes.len(), |oldest| oldest.start);
        self.bytes.drain(..gap);
        self.entries.iter_mut().for_each(|entry| entry.start -= gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the plainest model there is: a list of owned pairs.
    #[test]
    fn it_is_a_list_that_forgets_its_oldest() {
        let (mut table, mut model) = (Table::new(), Vec::<(Vec<u8>, Vec<u8>)>::new());
        let mut size_max = SIZE_MAX;
        for step in 0..5000_usize {
            if step % 97 == 0 {
                size_max = (step * 31) % (SIZE_MAX + 1);
                table.resize(size_max);
            } else {
                let name = vec![b'a'; step % 41];
                let value = step.to_string().repeat(step * 7 % 67).into_bytes();
                table.add(&name, &value);
                model.insert(0, (name, value));
            }
            let size = |model: &[(Vec<u8>, Vec<u8>)]| -> usize {
                model.iter().map(|(name, value)| name.len() + value.len() + 32).sum()
            };
            while size(&model) > size_max {
                model.pop();
            }
            for (index, (name, value)) in model.iter().enumerate() {
                assert_eq!(table.get(index), Some((&name[..], &value[..])), "{step} {index}");
            }
            assert_eq!((table.get(model.len()), table.get(usize::MAX)), (None, None));
            assert!(table.bytes.capacity() <= 4 * SIZE_MAX, "{}", table.bytes.capacity());
        }
    }

    #[test]
    fn an_entry_larger_than_the_table_empties_it() {
        let mut table = Table::new();
        table.add(b"a", b"b");
        table.add(b"a", &[0; SIZE_MAX - 33]);
        assert!(table.get(0).is_some(), "it fits exactly");
        table.add(b"a", &[0; SIZE_MAX - 32]);
        assert_eq!((table.get(0), table.size), (None, 0));
    }
}
