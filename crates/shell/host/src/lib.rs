//! Facts that only the kernel can tell: which process is at the other end of
//! a socket, whether it still lives, what it runs, who started it.
//!
//! It deliberately knows no policy and no identity: it reports, others judge.
//! Nothing a process says about itself (environment, command line, cgroup
//! path) is ever a fact here.

mod own;
mod peer;
mod pidfd;
pub mod process;
mod stat;
mod tcp;
mod tcp_table;

pub use own::{OwnError, die_with_parent, set_undumpable};
pub use peer::{PeerError, PeerProcess};
pub use pidfd::{OpenError, ProcessHandle};
pub use process::{Facts, FactsError};
pub use tcp::{Owner, socket_owner};
