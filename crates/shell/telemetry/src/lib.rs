//! What is left of an exchange: one access record, and meters.
//!
//! It deliberately decides nothing, and never sees header values, bodies or
//! query strings, so no secret can pass through it.

mod access;
mod door;
mod edge;
mod json;
pub mod names;
mod page;
mod registry;
mod sink;

pub use access::{AccessRecord, write_json};
pub use door::{DoorMeters, OpenConnection};
pub use edge::{Edge, OpenStream, Outcome};
pub use registry::{EdgeLabels, Registry};
pub use sink::Sink;
