//! Opening a state file without touching it: what the database would write
//! goes to memory instead. So a file that can't be opened, or only by a repair
//! that then fails, is left exactly as it was.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use parking_lot::Mutex;
use redb::StorageBackend;

const PAGE_BYTES: u64 = 4096;

/// A file whose changes are kept in memory, page by page.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    file: File,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    len: u64,
    /// Pages that were written, by number.
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Rehearsal {
    pub(crate) fn on(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self { file, state: Mutex::new(State { len, pages: BTreeMap::new() }) })
    }

    /// The page as it would be now.
    fn page(&self, state: &State, number: u64) -> io::Result<Vec<u8>> {
        if let Some(page) = state.pages.get(&number) {
            return Ok(page.clone());
        }
        let mut page = vec![0; page_len()];
        let mut filled = 0;
        while let Some(rest) = page.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, number * PAGE_BYTES + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }
}

impl StorageBackend for Rehearsal {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state.lock().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state.lock();
        if offset.saturating_add(out.len() as u64) > state.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut at = offset;
        let mut out = out;
        while !out.is_empty() {
            let page = self.page(&state, at / PAGE_BYTES)?;
            let found = page.get(within(at)..).unwrap_or_default();
            let step = found.len().min(out.len());
            let (now, later) = out.split_at_mut(step);
            now.copy_from_slice(found.get(..step).unwrap_or_default());
            (at, out) = (at + step as u64, later);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.pages.retain(|number, _| number * PAGE_BYTES < len);
        state.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        let mut at = offset;
        let mut data = data;
        while !data.is_empty() {
            let mut page = self.page(&state, at / PAGE_BYTES)?;
            let place = page.get_mut(within(at)..).unwrap_or_default();
            let (now, later) = data.split_at(place.len().min(data.len()));
            place.iter_mut().zip(now).for_each(|(place, byte)| *place = *byte);
            state.pages.insert(at / PAGE_BYTES, page);
            (at, data) = (at + now.len() as u64, later);
        }
        state.len = state.len.max(at);
        Ok(())
    }
}

fn page_len() -> usize {
    usize::try_from(PAGE_BYTES).unwrap_or(0)
}

fn within(offset: u64) -> usize {
    usize::try_from(offset % PAGE_BYTES).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn writes_are_read_back_across_pages_and_the_file_stays() {
        let path = std::env::temp_dir().join(format!("postern-rehearsal-{}", std::process::id()));
        let before: Vec<u8> = (0..10_000_u32).map(|i| i.to_le_bytes()[0]).collect();
        fs::write(&path, &before).unwrap();
        let rehearsal = Rehearsal::on(File::open(&path).unwrap()).unwrap();
        let mut expected = before.clone();
        expected[4_000..8_300].fill(7);
        rehearsal.write(4_000, &[7; 4_300]).unwrap();
        rehearsal.set_len(20_000).unwrap();
        expected.resize(20_000, 0);
        let mut seen = vec![1; 20_000];
        rehearsal.read(0, &mut seen).unwrap();
        assert!(seen == expected);
        assert!(rehearsal.read(19_999, &mut [0; 2]).is_err());
        assert!(fs::read(&path).unwrap() == before);
        fs::remove_file(path).unwrap();
    }
}
