//! What a field block decodes to: names and values in one buffer that is used
//! again and again. It keeps no more than allowed, and counts on beyond that.

use model::Limits;

use super::error::HpackError;
use super::table::{OVERHEAD, SIZE_MAX};

/// Beyond this, a buffer is given back rather than kept for the next block.
const KEPT_BYTES: usize = 16 * 1024;
/// The same for the list of lengths.
const KEPT_FIELDS: usize = 512;
/// What a block may name from the table besides all that the table can hold.
const SPARE: usize = 1024;
/// So many times the limit, and decoding stops.
const PATIENCE: usize = 4;

/// The fields of one block, in their order, pseudo-header fields included.
#[derive(Clone, Debug, Default)]
pub struct FieldList {
    bytes: Vec<u8>,
    fields: Vec<Lengths>,
    size: usize,
    count: usize,
    size_max: usize,
    count_max: usize,
    is_over: bool,
    /// Bytes that stood in the dynamic table and not in the block.
    borrowed: usize,
}

#[derive(Clone, Copy, Debug)]
struct Lengths {
    name: usize,
    value: usize,
}

/// A field that is being decoded: where it begins, and where its name ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft {
    start: usize,
    name: usize,
}

impl FieldList {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the content and keeps the buffers, unless they grew large.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.fields.clear();
        (self.size, self.count, self.is_over, self.borrowed) = (0, 0, false, 0);
        if self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
        if self.fields.capacity() > KEPT_FIELDS {
            self.fields = Vec::new();
        }
    }

    /// The same, and holds to these limits from now on.
    pub(super) fn restart(&mut self, limits: &Limits) {
        self.clear();
        (self.size_max, self.count_max) = (limits.head_bytes_max, limits.header_count_max);
    }

    /// Names and values in their order; nothing when it is over the limits.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        let mut rest = self.bytes.as_slice();
        self.fields.iter().map(move |lengths| {
            let (name, after) = rest.split_at_checked(lengths.name).unwrap_or_default();
            let (value, after) = after.split_at_checked(lengths.value).unwrap_or_default();
            rest = after;
            (name, value)
        })
    }

    /// Bytes of all names and values and 32 for each field, also of those that
    /// were not kept (RFC 9113, section 6.5.2).
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Bytes that the block only named, because they stood in the dynamic table.
    #[must_use]
    pub const fn borrowed(&self) -> usize {
        self.borrowed
    }

    /// Whether there was more than the limits allow (431). Then nothing was
    /// kept, but the decoder is in step with its peer.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// The buffer, for a decoder to put a name and then a value at its end.
    pub(super) const fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Begins a field whose name comes next.
    pub(super) const fn begin(&self) -> Draft {
        Draft { start: self.bytes.len(), name: 0 }
    }

    /// The name is complete, the value comes next.
    pub(super) const fn named(&self, draft: Draft) -> Draft {
        Draft { name: self.bytes.len() - draft.start, ..draft }
    }

    /// Name and value of what stands in the buffer.
    pub(super) fn drafted(&self, draft: Draft) -> (&[u8], &[u8]) {
        let bytes = self.bytes.get(draft.start..).unwrap_or_default();
        bytes.split_at_checked(draft.name).unwrap_or_default()
    }

    /// Keeps the field in the buffer, or counts it only.
    pub(super) fn finish(&mut self, draft: Draft) -> Result<(), HpackError> {
        let (name, value) = self.drafted(draft);
        let lengths = Lengths { name: name.len(), value: value.len() };
        let is_counted = is_counted(name);
        self.count(lengths, is_counted)?;
        if !self.is_over {
            self.fields.push(lengths);
        }
        Ok(())
    }

    /// Keeps a field from a table, or counts it only.
    pub(super) fn push(&mut self, name: &[u8], value: &[u8]) -> Result<(), HpackError> {
        let lengths = Lengths { name: name.len(), value: value.len() };
        self.count(lengths, is_counted(name))?;
        if !self.is_over {
            self.bytes.extend_from_slice(name);
            self.bytes.extend_from_slice(value);
            self.fields.push(lengths);
        }
        Ok(())
    }

    /// So many bytes come from the dynamic table. An honest block names each
    /// entry about once, so all of them hardly exceed the table.
    pub(super) fn borrow(&mut self, bytes: usize) -> Result<(), HpackError> {
        self.borrowed = self.borrowed.saturating_add(bytes);
        if self.borrowed > SIZE_MAX + SPARE { Err(HpackError::TooLarge) } else { Ok(()) }
    }

    fn count(&mut self, lengths: Lengths, is_counted: bool) -> Result<(), HpackError> {
        let size = lengths.name.saturating_add(lengths.value).saturating_add(OVERHEAD);
        self.size = self.size.saturating_add(size);
        self.count = self.count.saturating_add(usize::from(is_counted));
        if self.size > self.size_max.saturating_mul(PATIENCE) {
            return Err(HpackError::TooLarge);
        }
        if self.size > self.size_max || self.count > self.count_max {
            self.is_over = true;
        }
        if self.is_over {
            self.bytes.clear();
            self.fields.clear();
        }
        Ok(())
    }
}

/// Whether it counts as a field of its own: not a cookie crumb, which is put
/// together with others again, and no pseudo-header field. Their size counts.
fn is_counted(name: &[u8]) -> bool {
    name != b"cookie" && name.first() != Some(&b':')
}

#[cfg(test)]
impl FieldList {
    /// How much memory the buffer has.
    pub(super) fn bytes_kept(&self) -> usize {
        self.bytes.capacity()
    }
}
