//! Real doors on real sockets for tests: an authority, doors started from
//! last-good state without any control plane, a backend that records every
//! byte, and callers that send raw ones. Never shipped.

mod arena;
mod attack;
mod authority;
mod backend;
mod caller;
pub mod cost;
mod findings;
pub mod http2;
pub mod http2_attack;
mod leaf;
mod place;
mod seen;
mod server;
mod stage;
mod switching;
mod wait;

pub use arena::Arena;
pub use attack::{Row, get, post, row, run_table, status_of};
pub use authority::Authority;
pub use backend::{Backend, Reply};
pub use caller::{Caller, Conversation, Heard, Silent, dial_plain};
pub use findings::{Expected, Findings};
pub use leaf::{Leaf, der_head};
pub use place::{Guest, Place};
pub use seen::{Seen, requests};
pub use server::server_with;
pub use stage::{Stage, StageDoor, panics};
pub use switching::{SwitchingApp, Turn};
pub use wait::{until, within};
