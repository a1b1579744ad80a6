//! Listening on TCP: one socket per address, an accept loop that outlives
//! every error, and a cap on what is open.
//!
//! It hands plain sockets on, so that the thread that serves a connection is
//! the one that registers it with its own runtime.

mod holder;
mod listener;
mod slot;

pub use listener::{Accepted, BindError, Listener};
pub use slot::{Cap, Slot};
