//! Real doors on real sockets for tests: an authority, doors started from
//! last-good state without any control plane, a backend that records every
//! byte, and callers that send raw ones. Never shipped.

mod arena;
mod attack;
mod authority;
mod backend;
mod caller;
mod findings;
mod leaf;
mod seen;
mod server;
mod stage;
mod wait;

pub use arena::{Arena, Guest, Place};
pub use attack::{Row, get, post, row, run_table, status_of};
pub use authority::Authority;
pub use backend::{Backend, Reply};
pub use caller::{Caller, Conversation, Heard, dial_plain};
pub use findings::{Expected, Findings};
pub use leaf::{Leaf, der_head};
pub use seen::{Seen, requests};
pub use server::server_with;
pub use stage::{Stage, StageDoor, panics};
pub use wait::until;
