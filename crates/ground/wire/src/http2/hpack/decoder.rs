//! Decodes field blocks (RFC 7541, section 6) into a list. It knows the limits
//! and the table, and not what a field means.

use model::Limits;

use super::error::HpackError;
use super::fixed::{self, FIXED};
use super::list::FieldList;
use super::table::{SIZE_MAX, Table};
use super::{huffman, integer};

/// More changes of the table size than this in one block mean nothing
/// (RFC 7541, section 4.2).
const RESIZES_MAX: usize = 2;

/// The decoder of one connection. Its table has at most 4096 bytes, and the
/// peer is never told another size.
#[derive(Clone, Debug)]
pub struct Decoder {
    table: Table,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder with an empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self { table: Table::new() }
    }

    /// Decodes a whole field block into `list`, which is cleared first. A list
    /// over the limits stays empty and says so; the table is right all the
    /// same.
    ///
    /// # Errors
    /// When the block is malformed, decodes to more than four times
    /// `head_bytes_max`, or names more than the table can hold: a
    /// head of 64 KiB would otherwise cost its sender a few bytes (HPACK bomb).
    /// The decoder is of no use afterwards.
    pub fn decode(
        &mut self,
        block: &[u8],
        list: &mut FieldList,
        limits: &Limits,
    ) -> Result<(), HpackError> {
        list.restart(limits);
        let mut rest = self.resize(block)?;
        while let Some(first) = rest.first() {
            rest = match first {
                0x80.. => self.indexed(rest, list)?,
                0x40.. => self.literal(rest, 6, list)?,
                0x20.. => return Err(HpackError::TableSize),
                // Without indexing, or never indexed: the same to us, because
                // what we pass on is never indexed.
                _ => self.literal(rest, 4, list)?,
            };
        }
        Ok(())
    }

    /// Follows changes of the table size, which stand first.
    fn resize<'a>(&mut self, block: &'a [u8]) -> Result<&'a [u8], HpackError> {
        let (mut rest, mut count) = (block, 0);
        while let Some(0x20..0x40) = rest.first() {
            let (size, after) = integer::read(rest, 5)?;
            count += 1;
            if size > SIZE_MAX || count > RESIZES_MAX {
                return Err(HpackError::TableSize);
            }
            self.table.resize(size);
            rest = after;
        }
        Ok(rest)
    }

    /// A field that stands in a table as a whole.
    fn indexed<'a>(&self, input: &'a [u8], list: &mut FieldList) -> Result<&'a [u8], HpackError> {
        let (index, rest) = integer::read(input, 7)?;
        let (name, value) = self.entry(index)?;
        if index > FIXED {
            list.borrow(name.len().saturating_add(value.len()))?;
        }
        list.push(name, value)?;
        Ok(rest)
    }

    /// A field whose value, and maybe name, stand here; with a prefix of six
    /// bits it goes into the table.
    fn literal<'a>(
        &mut self,
        input: &'a [u8],
        prefix_bits: u32,
        list: &mut FieldList,
    ) -> Result<&'a [u8], HpackError> {
        let (index, mut rest) = integer::read(input, prefix_bits)?;
        let draft = list.begin();
        if index == 0 {
            rest = read_string(rest, list.buffer())?;
        } else {
            // A copy: the entry may have to go for the new one.
            let name = self.entry(index)?.0;
            if index > FIXED {
                list.borrow(name.len())?;
            }
            list.buffer().extend_from_slice(name);
        }
        let draft = list.named(draft);
        rest = read_string(rest, list.buffer())?;
        if prefix_bits == 6 {
            let (name, value) = list.drafted(draft);
            self.table.add(name, value);
        }
        list.finish(draft)?;
        Ok(rest)
    }

    fn entry(&self, index: usize) -> Result<(&[u8], &[u8]), HpackError> {
        if let Some((name, value)) = fixed::entry(index) {
            return Ok((name.as_bytes(), value.as_bytes()));
        }
        let entry = index.checked_sub(FIXED + 1).and_then(|index| self.table.get(index));
        entry.ok_or(HpackError::Index)
    }
}

/// Reads a string behind what is in `out` (RFC 7541, section 5.2).
fn read_string<'a>(input: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], HpackError> {
    let is_huffman = input.first().is_some_and(|first| first & 0x80 != 0);
    let (length, rest) = integer::read(input, 7)?;
    let (text, rest) = rest.split_at_checked(length).ok_or(HpackError::Truncated)?;
    if is_huffman {
        huffman::decode(text, out)?;
    } else {
        out.extend_from_slice(text);
    }
    Ok(rest)
}
