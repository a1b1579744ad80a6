//! Which instance of a service gets the next exchange.
//!
//! It deliberately keeps no clock and rolls no dice of its own, and knows
//! nothing of addresses or sockets.

mod balancer;

pub use balancer::{Balancer, Outcome};
