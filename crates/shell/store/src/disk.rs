//! A disk for tests: it counts its steps, fills up, and loses power with
//! whatever was not synced lost, kept or torn, as the dice say.

use std::io;
use std::sync::Arc;

use model::{Dice, SeededDice};
use parking_lot::Mutex;
use redb::StorageBackend;

/// The unit a real disk writes whole.
const SECTOR: usize = 512;

/// One disk; clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Platter>>);

#[derive(Debug, Default)]
struct Platter {
    /// What a power cut leaves for sure.
    synced: Vec<u8>,
    /// What reads see.
    seen: Vec<u8>,
    /// Writes since the last sync.
    pending: Vec<(usize, Vec<u8>)>,
    steps: u64,
    /// The step at which the power goes.
    cut_at: Option<u64>,
    /// Whether there is no space.
    full: bool,
}

impl Disk {
    /// A disk with this on it, all synced.
    pub(crate) fn holding(bytes: Vec<u8>) -> Self {
        let platter = Platter { synced: bytes.clone(), seen: bytes, ..Platter::default() };
        Self(Arc::new(Mutex::new(platter)))
    }

    /// Writes, resizes and syncs so far.
    pub(crate) fn steps(&self) -> u64 {
        self.0.lock().steps
    }

    pub(crate) fn cut_power_at(&self, step: u64) {
        self.0.lock().cut_at = Some(step);
    }

    pub(crate) fn set_full(&self, full: bool) {
        self.0.lock().full = full;
    }

    /// What is on the disk after the power went: each unsynced sector is
    /// there or not as the dice say.
    pub(crate) fn after_power_cut(&self, seed: u64) -> Vec<u8> {
        let platter = self.0.lock();
        let mut dice = SeededDice::new(seed);
        let mut left = platter.synced.clone();
        for (offset, data) in &platter.pending {
            for (i, sector) in data.chunks(SECTOR).enumerate() {
                let at = offset + i * SECTOR;
                if dice.below(2) == 0 {
                    if left.len() < at + sector.len() {
                        left.resize(at + sector.len(), 0);
                    }
                    left[at..at + sector.len()].copy_from_slice(sector);
                }
            }
        }
        left
    }
}

impl Platter {
    fn step(&mut self, grows: bool) -> io::Result<()> {
        self.steps += 1;
        if self.cut_at.is_some_and(|at| self.steps >= at) {
            return Err(io::Error::other("the power is cut"));
        }
        if self.full && grows {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.0.lock();
        let at = usize::try_from(offset).unwrap();
        let found = platter.seen.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut platter = self.0.lock();
        let len = usize::try_from(len).unwrap();
        let grows = len > platter.seen.len();
        platter.step(grows)?;
        platter.seen.resize(len, 0);
        // The length is metadata that the file system journals by itself.
        platter.synced.resize(len, 0);
        platter.pending.retain(|(offset, data)| offset + data.len() <= len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.0.lock();
        platter.step(false)?;
        platter.synced = platter.seen.clone();
        platter.pending.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platter = self.0.lock();
        platter.step(true)?;
        let at = usize::try_from(offset).unwrap();
        if platter.seen.len() < at + data.len() {
            platter.seen.resize(at + data.len(), 0);
        }
        platter.seen[at..at + data.len()].copy_from_slice(data);
        platter.pending.push((at, data.to_vec()));
        Ok(())
    }
}
