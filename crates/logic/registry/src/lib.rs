//! Which instances of which services there are: who registered, who went
//! away, who is only out of sight.
//!
//! It deliberately doesn't know how it hears of them, keeps no clock and
//! stores nothing.

mod instance;
mod registry;

pub use instance::{Instance, Presence, Registration, Session};
pub use registry::{Patience, RegisterError, Registry};
