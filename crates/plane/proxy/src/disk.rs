//! A door's last-good state and when it is written: with each generation taken
//! and each certificate renewed, and only once both are there.

use std::io;
use std::path::{Path, PathBuf};

use model::ServiceName;
use wire::push::{LastGood, NamedSlice};

use crate::last_good::{self, LoadError};

/// The state as it is on disk, or will be with the next write.
pub(crate) struct Disk {
    path: PathBuf,
    state: LastGood,
}

impl Disk {
    pub(crate) fn at(folder: &Path, door: &ServiceName) -> Self {
        Self { path: last_good::path(folder, door), state: LastGood::default() }
    }

    /// Reads what is there.
    pub(crate) fn load(&mut self) -> Result<Option<LastGood>, LoadError> {
        let found = last_good::load(&self.path)?;
        if let Some(state) = &found {
            self.state = state.clone();
        }
        Ok(found)
    }

    /// The port the inbound listener had, 0 when none is known.
    pub(crate) fn inbound_port(&self) -> u16 {
        u16::try_from(self.state.inbound_port).unwrap_or(0)
    }

    pub(crate) fn keep_slices(
        &mut self,
        generation: String,
        slices: Vec<NamedSlice>,
    ) -> io::Result<()> {
        self.state.generation = generation;
        self.state.slices = slices;
        self.save()
    }

    pub(crate) fn keep_identity(&mut self, chain: Vec<Vec<u8>>, key: Vec<u8>) -> io::Result<()> {
        self.state.chain = chain;
        self.state.key = key;
        self.save()
    }

    pub(crate) fn keep_port(&mut self, port: u16) {
        self.state.inbound_port = u32::from(port);
    }

    fn save(&self) -> io::Result<()> {
        if self.state.slices.is_empty() || self.state.chain.is_empty() {
            return Ok(());
        }
        last_good::save(&self.path, &self.state)
    }
}
