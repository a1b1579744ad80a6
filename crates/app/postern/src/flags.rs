//! The flags that every verb takes.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::place;

/// What every verb takes.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// The admin socket of the running mesh [default: admin.sock in the runtime directory]
    #[arg(long, global = true, value_name = "SOCKET", env = "POSTERN_ADMIN")]
    admin: Option<PathBuf>,
}

impl Global {
    /// The socket to ask: the flag's, else the one of the default runtime
    /// directory.
    pub(crate) fn admin_socket(&self) -> PathBuf {
        self.admin_socket_in(&place::runtime())
    }

    /// The socket to ask: the flag's, else the one in `runtime`.
    pub(crate) fn admin_socket_in(&self, runtime: &Path) -> PathBuf {
        self.admin.clone().unwrap_or_else(|| runtime.join(place::ADMIN_SOCKET))
    }
}
